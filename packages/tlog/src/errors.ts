/** What was given is not what the format allows. The message is a sentence. */
export class TlogFormatError extends Error {
  override readonly name = "TlogFormatError";
}

/**
 * A signature that should hold does not: of a known key and wrong ("bad-signature"), none of a known key
 * ("no-known-signature"), of a key that is not known under the checkpoint's origin ("other-origin"), or a proof that does not
 * lead to the signed root ("bad-proof"). The message is a sentence.
 */
export class TlogVerificationError extends Error {
  override readonly name = "TlogVerificationError";
  readonly kind: "bad-signature" | "no-known-signature" | "other-origin" | "bad-proof";

  constructor(kind: TlogVerificationError["kind"], message: string) {
    super(message);
    this.kind = kind;
  }
}
