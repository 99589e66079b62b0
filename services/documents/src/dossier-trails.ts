import { createReader, eventStreamName, eventSubject } from "@lienthong/event-store";
import type { NatsConnection } from "@nats-io/nats-core";
import { storeError } from "./store-errors.ts";
import { TrailDocuments } from "./trail-documents.ts";

/** Reads what the trails of a shard's dossiers name. */
export interface DossierTrails {
  /**
   * Of one dossier, complete as of the stream's leader; of a dossier that is not open yet, nothing. `beforeSequence`: only by events before that one of
   * the stream. Rejects with STORE_UNAVAILABLE.
   */
  documents(dossier: string, beforeSequence?: number): Promise<TrailDocuments>;
}

export function createDossierTrails(connection: NatsConnection, shard: string): DossierTrails {
  const reader = createReader({ connection, streamName: eventStreamName(shard) });
  return {
    async documents(dossier, beforeSequence = Number.POSITIVE_INFINITY) {
      const events = await reader.messagesOfSubject(eventSubject(shard, dossier)).catch((error: unknown) => {
        throw storeError(error);
      });
      const seen = events.filter(({ sequence }) => sequence < beforeSequence);
      return new TrailDocuments(seen.map(({ payload }) => payload));
    },
  };
}
