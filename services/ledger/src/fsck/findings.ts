/** A copy of the entries: the bundles, the hashes in the tiles, the stream. */
export type Copy = "entries" | "tiles" | "stream";

/** One thing that is not as it must be. Numbers of entries count from 0. */
export type Finding =
  /** There is no head, though something was signed. */
  | { readonly what: "head-missing" }
  /** The head is not a note that the log's key signed. */
  | { readonly what: "head-unsigned"; readonly cause: string }
  /** A larger head was signed before: an old one was put back. */
  | { readonly what: "head-old"; readonly size: number; readonly signedSize: number }
  /** A copy holds another entry than the one that the signed head proves, or none. `count`: how many such entries in all. */
  | {
      readonly what: "entry-wrong";
      readonly copy: Copy;
      readonly index: number;
      readonly missing: boolean;
      readonly count: number;
      /** What the right copy says the entry is, if it is an event. */
      readonly event: EventName | null;
    }
  /** Two copies differ, and no copy as a whole leads to the signed root, so which one is right cannot be told. */
  | {
      readonly what: "copies-differ";
      readonly copies: readonly Copy[];
      readonly index: number;
      readonly event: EventName | null;
    }
  /** All copies agree, but not with what was signed: they were changed together, in entries `from` to `until` - 1, or the head was. */
  | { readonly what: "all-changed"; readonly from: number; readonly until: number; readonly event: EventName | null }
  /** A tile above the leaves holds other hashes than those below it give, or is missing. */
  | {
      readonly what: "tile-wrong";
      readonly path: string;
      readonly missing: boolean;
      readonly from: number;
      readonly until: number;
    }
  /** A bundle's file cannot be taken apart. */
  | { readonly what: "bundle-malformed"; readonly path: string; readonly index: number; readonly cause: string }
  /** The published checkpoint is not a head that this log signed, or names another root. */
  | { readonly what: "published-wrong"; readonly cause: string }
  /** A kept checkpoint is not a head that this log signed, or names another root. */
  | { readonly what: "kept-wrong"; readonly size: number; readonly cause: string }
  /** The file of kept checkpoints cannot be read. */
  | { readonly what: "kept-unreadable"; readonly cause: string }
  /** The stream ends before the signed head. */
  | { readonly what: "stream-short"; readonly lastIndex: number; readonly size: number }
  /** A message lies under a subject that does not follow from what it says, or declares what may not be declared. */
  | { readonly what: "message-odd"; readonly index: number; readonly cause: string };

/** An event, for people. */
export interface EventName {
  /** Official code; null for the shard's own events. */
  readonly dossier: string | null;
  readonly number: number;
  /** True if only the wrong copy is at hand, so this is what it now claims to be. */
  readonly claimed: boolean;
}

/** The entry that a finding names; null where it names none. */
export function entryOf(finding: Finding): number | null {
  switch (finding.what) {
    case "entry-wrong":
    case "copies-differ":
    case "bundle-malformed":
    case "message-odd":
      return finding.index;
    case "all-changed":
    case "tile-wrong":
      return finding.from;
    case "stream-short":
      return finding.lastIndex + 1;
    default:
      return null;
  }
}
