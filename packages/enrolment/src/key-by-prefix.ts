import type { HeldKey, RegistryState } from "@lienthong/registry-state";
import { EnrolmentRefusedError, refusedContent } from "./refused.ts";

/** Shortest beginning of a key id that is taken. */
const prefixCharactersMin = 8;

/** The key of an agency (null: of any) whose id begins so. Throws EnrolmentRefusedError. */
export function keyByPrefix(state: RegistryState, agency: string | null, typed: string): HeldKey {
  const prefix = typed.toLowerCase();
  if (!/^[0-9a-f]{1,64}$/.test(prefix) || prefix.length < prefixCharactersMin) {
    throw refusedContent(
      "key",
      `is ${JSON.stringify(typed)}`,
      "a key id in hexadecimal, or its first 8 characters or more",
    );
  }
  const exact = prefix.length === 64 ? state.key(prefix) : undefined;
  const agencies = agency === null ? [...state.agencies()].map(({ id }) => id) : [agency];
  const found =
    exact !== undefined && (agency === null || exact.record.agency === agency)
      ? [exact]
      : agencies.flatMap((id) => state.keysOfAgency(id).filter(({ keyIdHex }) => keyIdHex.startsWith(prefix)));
  const [only, ...more] = found;
  if (only === undefined) throw new EnrolmentRefusedError("KEY_UNKNOWN", { agency: agency ?? "AGENCY", key: prefix });
  if (more.length > 0) {
    throw new EnrolmentRefusedError("KEY_AMBIGUOUS", {
      key: prefix,
      keys: found.map(({ keyIdHex }) => keyIdHex.slice(0, prefix.length + 8)).join(", "),
    });
  }
  return only;
}
