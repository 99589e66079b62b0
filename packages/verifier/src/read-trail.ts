import { messageDescriptor } from "@lienthong/contracts/descriptors";
import { Event } from "@lienthong/contracts/exchange/v1/event";
import { Statement, type StatementEnvelope } from "@lienthong/contracts/exchange/v1/statement";
import {
  MessageRefusedError,
  type ReadEvent,
  readEvent,
  type StrictMessage,
  strictMessage,
} from "@lienthong/statement";
import { hashesEqual, leafHash } from "@lienthong/tlog";
import type { BundleEvent } from "./bundle.ts";
import type { Findings } from "./finding.ts";

/** An event as it stands in a file; `event` is null where it is withheld or cannot be read. */
export interface TrailItem {
  readonly number: number;
  readonly leafIndex: number;
  readonly hash: Uint8Array;
  readonly event: ReadEvent | null;
  /** Null where it is withheld. */
  readonly bytes: Uint8Array | null;
  /** Of a statement: its envelope. */
  readonly envelope: StatementEnvelope | null;
  readonly path: readonly Uint8Array[];
}

let strictEvent: StrictMessage | undefined;
let strictStatement: StrictMessage | undefined;

/** Reads one event strictly. Throws MessageRefusedError. */
export function readEventStrictly(bytes: Uint8Array): { event: ReadEvent; envelope: StatementEnvelope | null } {
  strictEvent ??= strictMessage(messageDescriptor("lienthong.exchange.v1.Event"));
  strictStatement ??= strictMessage(messageDescriptor("lienthong.exchange.v1.Statement"));
  strictEvent.check(bytes, "event");
  const { header, body } = Event.decode(bytes);
  if (header === undefined || body?.$case !== "statement") return { event: readEvent(bytes), envelope: null };
  const { payload } = body.value;
  strictStatement.check(payload, "statement");
  const statement = Statement.decode(payload);
  // What `readEvent` would say, without decoding everything again.
  const event: ReadEvent = { header, body: { $case: "statement", statement, payload }, dossier: statement.dossier };
  return { event, envelope: body.value };
}

/** Reads the events of a file and checks that they are one dossier's, numbered and chained. `onRead` is told of each as soon as it is read. */
export function readTrailItems(
  events: readonly BundleEvent[],
  { shard, dossier }: { readonly shard: string; readonly dossier: string },
  findings: Findings,
  onRead: (item: TrailItem) => void,
): TrailItem[] {
  const items = events.map((shown) => {
    const item = readItem(shown, findings);
    onRead(item);
    return item;
  });
  if (items.length === 0) findings.add("eventMissing", 1, {});
  for (const [index, item] of items.entries()) {
    const expected = index + 1;
    if (item.number !== expected) {
      findings.add("eventMissing", expected, { found: item.number });
      return items.slice(0, index);
    }
    const before = items[index - 1];
    if (before !== undefined && item.leafIndex <= before.leafIndex) {
      findings.add("eventOutOfPlace", item.number, { leaf: item.leafIndex });
    }
    const { event } = item;
    if (event === null) continue;
    const { header } = event;
    if (Number(header.number) !== item.number || header.shard !== shard || event.dossier !== dossier) {
      const says = `${header.shard} ${event.dossier ?? "-"} ${header.number}`;
      findings.add("eventOutOfPlace", item.number, { leaf: item.leafIndex, says });
    }
    if (!hashesEqual(header.previous, before?.hash ?? new Uint8Array(0))) {
      findings.add("eventChainBroken", item.number, { before: item.number - 1 });
    }
  }
  return items;
}

function readItem(shown: BundleEvent, findings: Findings): TrailItem {
  const { number, leafIndex, path } = shown;
  if (shown.event === null) {
    return {
      number,
      leafIndex,
      path,
      hash: shown.hash ?? new Uint8Array(0),
      event: null,
      bytes: null,
      envelope: null,
    };
  }
  const place = { number, leafIndex, path, bytes: shown.event, hash: leafHash(shown.event) };
  try {
    return { ...place, ...readEventStrictly(shown.event) };
  } catch (error) {
    const why = error instanceof MessageRefusedError ? error.message : String(error);
    findings.add("eventUnreadable", number, { why });
    return { ...place, event: null, envelope: null };
  }
}
