import { createPublicKey } from "node:crypto";
import { parsePolicy, samePublicKey, signatureType, type VerifierKey, verifierKey } from "@lienthong/tlog";

/**
 * The key of a log as the policy file names it: the one that the log's key file belongs to. `keyPem`: the key file, null where it is missing; then
 * the log is told by the last part of its origin. Throws an Error with a sentence where the policy names no such log.
 */
export function logKeyOf(name: string, policyText: string, keyPem: string | null): VerifierKey {
  const { logs } = parsePolicy(policyText);
  if (keyPem === null) {
    const found = logs.find(({ key }) => key.name === name || key.name.endsWith(`/${name}`));
    if (found !== undefined) return found.key;
    throw new Error(`The policy file names no log whose origin ends in ${name}, and its key file is missing.`);
  }
  const publicKey = createPublicKey(keyPem).export({ type: "spki", format: "der" }).subarray(-32);
  const own = verifierKey(name, signatureType.ed25519, Uint8Array.from(publicKey));
  const found = logs.find(({ key }) => samePublicKey(key, own));
  if (found !== undefined) return found.key;
  throw new Error(`The policy file names no log with the key of ${name}: one of the two files was replaced.`);
}
