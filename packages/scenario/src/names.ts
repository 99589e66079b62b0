import { SeededRandom } from "./seeded-random.ts";

/**
 * A UUIDv7 (RFC 9562) whose time is a simulated instant and whose random part follows from a name. The same act of the same scenario
 * gets the same id in every attempt: that is what lets a play that was cut short be repeated, each statement having its effect once.
 */
export function uuidV7Of(atMs: number, ...name: readonly (string | number)[]): string {
  const bytes = new SeededRandom("uuid", ...name).bytes(16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, Math.floor(atMs / 0x1_0000_0000));
  view.setUint32(2, atMs % 0x1_0000_0000);
  view.setUint8(6, 0x70 | (view.getUint8(6) & 0x0f));
  view.setUint8(8, 0x80 | (view.getUint8(8) & 0x3f));
  const hex = Buffer.from(bytes).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * A dossier code in the scheme of 2024: the city's identifier (H26, QĐ 2918/QĐ-UBND), the day of receipt, and the day's sequence of
 * four digits or more. Unit identifiers of Hanoi are not known, so the code names none.
 *
 * @param localDate day of receipt, YYYY-MM-DD.
 * @param sequence of that day, from 1.
 */
export function dossierCode(localDate: string, sequence: number): string {
  return `H26-${localDate.slice(2).replaceAll("-", "")}-${String(sequence).padStart(4, "0")}`;
}
