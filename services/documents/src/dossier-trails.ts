import { createReader, eventStreamName, eventSubject } from "@lienthong/event-store";
import type { NatsConnection } from "@nats-io/nats-core";
import { storeError } from "./store-errors.ts";
import { TrailDocuments } from "./trail-documents.ts";

/** Reads what the trails of a shard's dossiers name. */
export interface DossierTrails {
  /** Of one dossier, complete as of the stream's leader; of a dossier that is not open yet, nothing. Rejects with STORE_UNAVAILABLE. */
  documents(dossier: string): Promise<TrailDocuments>;
}

export function createDossierTrails(connection: NatsConnection, shard: string): DossierTrails {
  const reader = createReader({ connection, streamName: eventStreamName(shard) });
  return {
    async documents(dossier) {
      const events = await reader.messagesOfSubject(eventSubject(shard, dossier)).catch((error: unknown) => {
        throw storeError(error);
      });
      return new TrailDocuments(events.map(({ payload }) => payload));
    },
  };
}
