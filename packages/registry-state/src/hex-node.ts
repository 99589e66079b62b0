/** Lower-case hexadecimal text of some bytes: the form in which hashes and key ids are looked up. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex");
}
