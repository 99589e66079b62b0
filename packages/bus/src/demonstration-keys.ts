import { existsSync } from "node:fs";
import { join } from "node:path";
import { keepPrivateFile, readSecretFile } from "@lienthong/chassis";
import { exportSigningKey, generateSigningKey, importSigningKey, type SigningKey } from "@lienthong/statement";

/** A kind of key that statements can be signed with. */
export type KeyKind = "ed25519" | "p256" | "rsa";

/** Kind of key an office gets here; the bus takes all three, so the demonstration uses all three. */
export function demonstrationKeyKind(agency: string): KeyKind {
  if (agency === "hn-so-yt") return "rsa";
  return agency.startsWith("hn-ca-") ? "p256" : "ed25519";
}

/** Reads a key, or makes it: PKCS#8 PEM that only its owner may read. */
export async function ensureSigningKey(path: string, kind: KeyKind): Promise<SigningKey> {
  if (existsSync(path)) return importSigningKey(await readSecretFile(path));
  // Durable before anybody hears of it: the registry will name this key, and one that a power cut takes back cannot be made again.
  return importSigningKey(await keepPrivateFile(path, exportSigningKey(generateSigningKey(kind))));
}

/** Reads or makes the demonstration seal of every agency named. In earnest an agency makes its own key and never shows it. */
export async function ensureAgencyKeys(
  folder: string,
  agencies: readonly string[],
  kindOf: (agency: string) => KeyKind,
): Promise<Map<string, SigningKey>> {
  const keys = new Map<string, SigningKey>();
  for (let start = 0; start < agencies.length; start += 64) {
    const part = agencies.slice(start, start + 64);
    const made = await Promise.all(
      part.map((agency) => ensureSigningKey(join(folder, `${agency}.pem`), kindOf(agency))),
    );
    for (const [index, agency] of part.entries()) keys.set(agency, made[index] as SigningKey);
  }
  return keys;
}
