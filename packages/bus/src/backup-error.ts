/** A backup that is not what it says, or must not be put back where it was asked for; in a sentence. */
export class BackupRefusedError extends Error {
  override readonly name = "BackupRefusedError";
}
