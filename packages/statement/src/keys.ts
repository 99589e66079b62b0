// Where Node runs, its own crypto; elsewhere WebCrypto, which verifies and does not sign (`imports` in package.json).
export {
  exportSigningKey,
  generateSigningKey,
  importSigningKey,
  importVerifyingKey,
  signPayload,
  verifyPayload,
  verifyPayloadSync,
} from "#keys";
export { KeyRefusedError, keyIdOf, type SigningKey, type VerifyingKey } from "./key-types.ts";
