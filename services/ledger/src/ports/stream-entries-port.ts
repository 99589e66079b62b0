import { busError, type HandlerFor, Places, serverStreamHandler } from "@lienthong/chassis";
import type { LedgerServiceService } from "@lienthong/contracts/ledger/v1/ledger_service";
import { tileWidth } from "@lienthong/tlog";
import { expectReaderOfEntries, knownSystem } from "../entitlement.ts";
import { numberOf } from "../prove.ts";
import { registryLogName } from "../served-logs.ts";
import type { LedgerServiceOptions } from "./port-context.ts";

const entryStreamsMaxDefault = 16;
/** gRPC takes several messages before it tells that the caller does not read. */
const messageBytesMax = 1_048_576;

/** LedgerService/StreamEntries. */
export function streamEntriesPort(on: LedgerServiceOptions): HandlerFor<LedgerServiceService["streamEntries"]> {
  const places = new Places(on.entryStreamsMax ?? entryStreamsMaxDefault, "streams of entries");
  return serverStreamHandler(async (request, stream, context) => {
    const mayRead = (): void => {
      if (request.log !== registryLogName && on.confirmed?.() === false) throw busError("REGISTRY_UNCONFIRMED");
      const registry = on.registry();
      expectReaderOfEntries(registry, knownSystem(registry, context.identity), request.agency, request.log);
    };
    const log = on.logs.expect(request.log);
    mayRead();
    const { size } = log.head();
    const from = numberOf(request.fromIndex, "from_index");
    if (from > size) throw busError("LEAF_UNKNOWN", { field: "from_index", log: log.name, size: String(size) });
    const end = request.limit === 0n ? size : Math.min(size, from + numberOf(request.limit, "limit"));
    const leave = places.take(context.identity?.systemId ?? "");
    try {
      for (let index = from; index < end; ) {
        if (context.ended) throw context.endReason();
        if (context.drainSignal.aborted) throw busError("DRAINING");
        const bundle = Math.floor(index / tileWidth);
        const width = Math.min(tileWidth, size - bundle * tileWidth);
        const first = index - bundle * tileWidth;
        const wanted = (await log.files.entries({ index: bundle, width })).slice(
          first,
          Math.min(width, end - bundle * tileWidth),
        );
        for (const part of partsOf(wanted)) {
          // A scope that was withdrawn meanwhile ends the stream.
          mayRead();
          await stream.send({ firstIndex: BigInt(index), entries: part.map(asBuffer) });
          index += part.length;
        }
      }
    } finally {
      leave();
    }
  });
}

/** Entries in messages of bounded size. */
function* partsOf(entries: readonly Uint8Array[]): Generator<Uint8Array[]> {
  let part: Uint8Array[] = [];
  let bytes = 0;
  for (const entry of entries) {
    if (part.length > 0 && bytes + entry.length > messageBytesMax) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(entry);
    bytes += entry.length;
  }
  if (part.length > 0) yield part;
}

/** The same bytes, not a copy. */
function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
