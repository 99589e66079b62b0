// Seals entries without end and prints every size when it is signed and on the disk: for tests that kill it.
import { type SignerKey, signatureType, signerOfSeed } from "@lienthong/tlog";
import { openWriter, origin, someEntries } from "./small-log.ts";

/** The key that a seed gives; 64 hexadecimal digits. */
export function keyOfSeed(hex: string): Promise<SignerKey> {
  return signerOfSeed(origin, signatureType.ed25519, Buffer.from(hex, "hex"));
}

if (import.meta.main) {
  const [directory = "", seed = ""] = process.argv.slice(2);
  const writer = await openWriter(directory, await keyOfSeed(seed));
  process.stdout.write(`${writer.size}\n`);
  for (let count = 1; ; count = (count * 7 + 3) % 300) {
    for (const entry of someEntries(count + 1, writer.size)) writer.append(entry);
    const { size } = await writer.seal();
    process.stdout.write(`${size}\n`);
  }
}
