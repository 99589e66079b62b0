import type { CompiledRoute } from "@lienthong/route";

/** What `decide` asks the registry, at one head and one legal day. Pure look-ups. */
export interface Rulebook {
  /** True if the shard takes no further `open`. */
  readonly shardClosed: boolean;
  /** Procedure key of a pinned procedure entry (hash, 32 bytes). */
  procedureKey(entry: Uint8Array): string | undefined;
  /** Route of a pinned route entry (hash, 32 bytes). */
  route(entry: Uint8Array): CompiledRoute | undefined;
  /** True if the hash is that of a calendar entry. */
  hasCalendar(entry: Uint8Array): boolean;
  /** Whether an agency may act on this day. */
  agencyStatus(agency: string): "in force" | "not in force" | "unknown";
  /** Whether a unit may act on this day for this agency. */
  unitStatus(unit: string, agency: string): "in force" | "not in force" | "unknown";
  /** True if there is an administrative unit with this code on this day. */
  areaExists(areaCode: string): boolean;
  /** True if the agency plays the role in the area, for the procedure, on this day. */
  isCompetent(question: { agency: string; role: string; areaCode: string; procedure: string }): boolean;
  /** Who plays it: everybody of the nearest area that has anybody, for the sentence of a refusal. */
  competentAgencies(question: { role: string; areaCode: string; procedure: string }): readonly string[];
}
