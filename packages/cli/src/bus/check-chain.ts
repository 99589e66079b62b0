import type { TrailEntry } from "@lienthong/contracts/exchange/v1/exchange_service";
import { type ReadEvent, readEvent } from "@lienthong/statement";
import { hashesEqual, leafHash } from "@lienthong/tlog";

/** Why a trail does not hold together. */
export type ChainFault = "numberWrong" | "hashWrong" | "previousWrong" | "dossierWrong" | "unreadable";

/** Whether every event names the hash of the one before. */
export type ChainCheck =
  | { readonly whole: true; readonly events: number; readonly withheld: number }
  | { readonly whole: false; readonly number: bigint; readonly fault: ChainFault };

/**
 * Checks the chain of a whole trail by its bytes alone. An event that is withheld is known by its hash only, which the event after it
 * must name; between two withheld events nothing can be checked here.
 */
export function checkChain(dossier: string, entries: readonly TrailEntry[]): ChainCheck {
  const broken = (number: bigint, fault: ChainFault): ChainCheck => ({ whole: false, number, fault });
  let previous: Uint8Array = new Uint8Array(0);
  let withheld = 0;
  for (const [index, entry] of entries.entries()) {
    const { number, hash, event } = entry;
    if (number !== BigInt(index + 1)) return broken(BigInt(index + 1), "numberWrong");
    if (event.length === 0) {
      withheld += 1;
    } else {
      let read: ReadEvent;
      try {
        read = readEvent(event);
      } catch {
        return broken(BigInt(index + 1), "unreadable");
      }
      if (read.header.number !== number) return broken(BigInt(index + 1), "numberWrong");
      if (read.dossier !== dossier) return broken(BigInt(index + 1), "dossierWrong");
      if (!hashesEqual(leafHash(event), hash)) return broken(BigInt(index + 1), "hashWrong");
      if (!hashesEqual(read.header.previous, previous)) return broken(BigInt(index + 1), "previousWrong");
    }
    previous = hash;
  }
  return { whole: true, events: entries.length, withheld };
}
