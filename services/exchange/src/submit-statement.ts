import { type BusError, busError } from "@lienthong/chassis";
import type { RegistryState } from "@lienthong/registry-state";
import { MessageRefusedError, type ReceivedStatement, readStatement } from "@lienthong/statement";
import { hashesEqual, sha256 } from "@lienthong/tlog";
import { delegationRefusal, verifySignatures } from "./authenticate.ts";
import { expectDocumentsReady } from "./documents-ready.ts";
import type { WriteOutcome } from "./proposal.ts";
import type { ServedShards } from "./served-shards.ts";
import type { SignatureCheck } from "./signature-check.ts";
import type { StatementRate } from "./statement-rate.ts";

/** Most bytes an envelope may have, so that its event stays within 61,440. */
const envelopeBytesMax = 60_800;

/** What submitting stands on. */
export interface SubmitDependencies {
  readonly shards: ServedShards;
  readonly signatureCheck: SignatureCheck;
  readonly rate: StatementRate;
  registry(): RegistryState;
}

/** Submits one statement for a system that is authenticated: read, check, verify, look for its documents, write. Never rejects. */
export async function submitStatement(
  envelope: Uint8Array,
  system: string,
  on: SubmitDependencies,
): Promise<WriteOutcome> {
  const refused = on.rate.begin(system, performance.now());
  if (refused !== null) return { kind: "refused", error: refused };
  try {
    const received = readEnvelope(envelope);
    const { statement } = received;
    const registry = on.registry();
    if (!hashesEqual(statement.network, registry.network))
      throw busError("NETWORK_MISMATCH", { field: "statement.network" });
    const shard = on.shards.expect(statement.shard, "statement.shard");
    const author = statement.author?.agency ?? "";
    const undelegated = delegationRefusal(registry, system, author, "statement.author.agency");
    if (undelegated !== null) throw undelegated;
    const tooMany = on.rate.take(author, statement.dossier, performance.now());
    if (tooMany !== null) throw tooMany;
    await verifySignatures(registry, received.envelope, on.signatureCheck);
    await expectDocumentsReady(statement, shard);
    return await shard.writePath.submit({
      kind: "statement",
      dossier: statement.dossier,
      received,
      payloadDigest: sha256(received.envelope.payload),
      system,
    });
  } catch (error) {
    return { kind: "refused", error: error as BusError };
  } finally {
    on.rate.end(system);
  }
}

function readEnvelope(envelope: Uint8Array): ReceivedStatement {
  if (envelope.length > envelopeBytesMax) {
    throw busError("ENTRY_TOO_LARGE", {
      field: "envelope",
      allowed: `at most ${envelopeBytesMax} bytes`,
      found: `${envelope.length} bytes`,
    });
  }
  try {
    return readStatement(envelope);
  } catch (error) {
    if (!(error instanceof MessageRefusedError)) throw error;
    throw busError(
      error.reason,
      { field: error.field, allowed: error.allowed, message: error.message },
      { cause: error },
    );
  }
}
