import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RunFile } from "@lienthong/bus";
import { connect } from "@lienthong/client";
import { HandoffOutcome } from "@lienthong/contracts/audit/v1/audit_service";
import { Promise as BusPromise } from "@lienthong/contracts/ledger/v1/promise";
import { eventStreamName, follow } from "@lienthong/event-store";
import { connectAs } from "@lienthong/nats-server";
import { importSigningKey, promiseCovers, type VerifyingKey } from "@lienthong/statement";
import {
  GrowingRoot,
  hashesEqual,
  leafHash,
  openCheckpoint,
  parsePolicy,
  parseVerifierKey,
  verifyTlogProof,
} from "@lienthong/tlog";
import { LogOverHttp } from "../../../packages/cli/src/commands/read-log.ts";
import { en } from "../../../packages/cli/src/messages/en.ts";
import { readJournal } from "../load/journal.ts";
import { CustodyFold } from "./fold-custody.ts";
import type { Violations } from "./violations.ts";
import type { SeenCheckpoint } from "./watch-checkpoints.ts";

/** Where everything is that is held against each other. */
export interface CheckGround {
  readonly run: RunFile;
  readonly shard: string;
  readonly journal: string;
  readonly natsUrl: string;
  readonly natsSeeds: string;
  readonly audit: string;
  readonly checkpoints: readonly SeenCheckpoint[];
}

/** What clients said and were told, counted. */
export interface StatementCounts {
  readonly offered: number;
  readonly accepted: number;
  readonly refused: number;
  /** Neither: the client gave up asking. */
  readonly unknown: number;
  /** Attempts that ended without an outcome and were made again. */
  readonly unknownAttempts: number;
  readonly repeatedAnswers: number;
  readonly refusedBy: Readonly<Record<string, number>>;
  readonly deliveries: number;
  readonly deliveredAgain: number;
  readonly receipts: number;
  readonly events: number;
  readonly dossiers: number;
  readonly handoffs: number;
  readonly checkpointsSeen: number;
}

/**
 * Holds what clients were promised against what log (over HTTP), stream (over NATS) and index (over gRPC) hold, from the outside: with the verifier's
 * library and rules written down here, never with a service's code.
 */
export async function checkWorld(ground: CheckGround, violations: Violations): Promise<StatementCounts> {
  const entries = await readLog(ground, violations);
  await compareStream(ground, entries, violations);
  const fold = new CustodyFold(violations);
  for (const [leaf, entry] of entries.entries()) fold.add(leaf, entry);
  await checkCheckpoints(ground, entries, violations);
  await compareIndex(ground, entries, fold, violations);
  const counts = await checkJournal(ground, entries, fold, violations);
  return { ...counts, events: entries.length, dossiers: fold.dossiers, handoffs: fold.handoffs.length };
}

function logOf({ run, shard }: CheckGround) {
  const log = run.logs.find(({ name }) => name === shard);
  if (log === undefined || log.url === "") throw new Error(`run.json names no log of ${shard}.`);
  return log;
}

/** The log is sealed within seconds of the last event: all of it is read, once the checkpoint stands still. */
async function readLog(ground: CheckGround, violations: Violations): Promise<Uint8Array[]> {
  const { url, entriesToken, vkey } = logOf(ground);
  const log = new LogOverHttp({ url, token: entriesToken }, en, AbortSignal.timeout(120_000));
  const { note, size } = await log.checkpoint();
  const entries: Uint8Array[] = [];
  for await (const part of log.leaves(size)) if ("entries" in part) entries.push(...part.entries);
  const root = new GrowingRoot();
  for (const entry of entries) root.append(leafHash(entry));
  const opened = await openCheckpoint(note, parseVerifierKey(vkey));
  if (entries.length !== size || !hashesEqual(root.root(), opened.root)) {
    violations.add("fork", `The ${entries.length} entries of the log do not lead to its checkpoint of size ${size}.`);
  }
  return entries;
}

/** Leaf i of the log is message i + 1 of the stream, byte for byte. */
async function compareStream(
  ground: CheckGround,
  entries: readonly Uint8Array[],
  violations: Violations,
): Promise<void> {
  const { natsUrl, natsSeeds, shard } = ground;
  const seedFilePath = join(natsSeeds, "ledger.seed");
  const connection = await connectAs({ url: natsUrl, role: "ledger", seedFilePath, name: "fault check" });
  try {
    const messages: Uint8Array[] = [];
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => {});
    const follower = follow({
      connection,
      streamName: eventStreamName(shard),
      fromSequence: 1,
      onMessages: (batch) => void messages.push(...batch.map(({ payload }) => Uint8Array.from(payload))),
      onGap: (expected, got) => {
        violations.add("gap", `The stream has event ${got} where ${expected} should be.`);
        failed.reject(new Error("gap"));
      },
      onError: (error) => failed.reject(error),
    });
    await Promise.race([follower.caughtUp, failed.promise]).catch((error: Error) => {
      if (error.message !== "gap") throw error;
    });
    await follower.stop();
    if (messages.length !== entries.length) {
      violations.add("gap", `The stream has ${messages.length} events, the log ${entries.length}.`);
    }
    for (let index = 0; index < Math.min(messages.length, entries.length); index++) {
      if (Buffer.compare(messages[index] as Uint8Array, entries[index] as Uint8Array) !== 0) {
        violations.add("gap", `Leaf ${index} of the log is not message ${index + 1} of the stream.`);
      }
    }
  } finally {
    await connection.close();
  }
}

/** Every checkpoint that was ever shown is of this very log, and none was smaller than one shown before. */
async function checkCheckpoints(
  ground: CheckGround,
  entries: readonly Uint8Array[],
  violations: Violations,
): Promise<void> {
  const key = parseVerifierKey(logOf(ground).vkey);
  const bySize = ground.checkpoints.toSorted((a, b) => a.size - b.size);
  const root = new GrowingRoot();
  for (const { note, size } of bySize) {
    if (size > entries.length) {
      violations.add("fork", `A checkpoint of size ${size} was shown, and the log has ${entries.length} leaves.`);
      continue;
    }
    while (root.size < size) root.append(leafHash(entries[root.size] as Uint8Array));
    try {
      const opened = await openCheckpoint(note, key);
      if (!hashesEqual(opened.root, root.root()))
        violations.add("fork", `The checkpoint of size ${size} is of another log.`);
    } catch (error) {
      violations.add("fork", `A checkpoint of size ${size} does not verify: ${(error as Error).message}`);
    }
  }
  for (const [index, { size }] of ground.checkpoints.entries()) {
    const before = ground.checkpoints[index - 1]?.size ?? 0;
    if (size < before) violations.add("fork", `A checkpoint of size ${size} was shown after one of ${before}.`);
  }
}

const outcomes: Readonly<Record<string, HandoffOutcome>> = {
  acknowledge: HandoffOutcome.HANDOFF_OUTCOME_ACKNOWLEDGED,
  refuse: HandoffOutcome.HANDOFF_OUTCOME_REFUSED,
  agreeRecall: HandoffOutcome.HANDOFF_OUTCOME_RECALLED,
};
const auditor = "hn-thanhtra";

/** The index tells the handoffs as the log does. */
async function compareIndex(
  ground: CheckGround,
  entries: readonly Uint8Array[],
  fold: CustodyFold,
  violations: Violations,
): Promise<void> {
  const { run, audit, shard } = ground;
  const files = run.tls.certificates["hn-mot-cua"];
  if (files === undefined) throw new Error("There is no certificate of the inspectorate's system.");
  const tls = {
    caPem: readFileSync(run.tls.ca, "utf8"),
    certPem: readFileSync(files.certificate, "utf8"),
    keyPem: readFileSync(files.key, "utf8"),
  };
  const connection = connect({ address: audit, tls, channel: { serverName: "localhost", sharedConnection: false } });
  try {
    const expected = new Map(fold.handoffs.map((handoff) => [handoff.leaf, handoff]));
    let size = 0n;
    for await (const page of connection.audit.exportHandoffs({ agency: auditor })) {
      size = page.asOf.find((one) => one.shard === shard)?.size ?? size;
      for (const { forwarded, dossier, fromAgency, toAgency, outcome, ended } of page.rows) {
        const leaf = Number(forwarded?.leafIndex ?? -1);
        const told = expected.get(leaf);
        expected.delete(leaf);
        const how = told?.ended == null ? HandoffOutcome.HANDOFF_OUTCOME_PENDING : outcomes[told.ended.how];
        const isSame =
          told !== undefined &&
          told.dossier === dossier &&
          told.from === fromAgency &&
          told.to === toAgency &&
          how === outcome &&
          (told.ended === null || told.ended.leaf === Number(ended?.leafIndex ?? -1));
        if (!isSame) violations.add("gap", `The index tells of the handoff at leaf ${leaf} otherwise than the log.`);
      }
    }
    if (Number(size) !== entries.length)
      violations.add("gap", `The index has read ${size} events of ${entries.length}.`);
    for (const leaf of expected.keys()) violations.add("gap", `The index does not know the handoff at leaf ${leaf}.`);
  } finally {
    connection.close();
  }
}

interface Outcome {
  readonly leaf: number;
  readonly isRefused: boolean;
}

async function checkJournal(
  ground: CheckGround,
  entries: readonly Uint8Array[],
  fold: CustodyFold,
  violations: Violations,
): Promise<Omit<StatementCounts, "events" | "dossiers" | "handoffs">> {
  const { run, journal } = ground;
  const keys: VerifyingKey[] = [1, 2].map((index) =>
    importSigningKey(readFileSync(join(run.keys, "..", "promise", `exchange-${index}.pem`), "utf8")),
  );
  const { vkey } = logOf(ground);
  const logKey = parseVerifierKey(vkey);
  const policy = parsePolicy(`log ${vkey}\nquorum none\n`);
  const offered = new Set<string>();
  const outcomesById = new Map<string, Outcome>();
  const delivered = new Set<string>();
  const deliveredInLife = new Set<string>();
  const lastOfLane = new Map<string, number>();
  const refusedBy: Record<string, number> = {};
  const counts = { unknownAttempts: 0, repeatedAnswers: 0, deliveries: 0, deliveredAgain: 0, receipts: 0 };
  for await (const line of readJournal(journal)) {
    if (line.t === "offered") offered.add(line.id);
    else if (line.t === "unknown") counts.unknownAttempts += 1;
    else if (line.t === "violated") violations.add("other", line.sentence);
    else if (line.t === "refused") {
      refusedBy[line.reason] = (refusedBy[line.reason] ?? 0) + 1;
      if (outcomesById.get(line.id)?.isRefused === false) {
        violations.add(
          "contradicted",
          `Statement ${line.id} of ${line.dossier} was accepted, then refused (${line.reason}).`,
        );
      } else outcomesById.set(line.id, { leaf: -1, isRefused: true });
    } else if (line.t === "accepted") {
      if (line.again) counts.repeatedAnswers += 1;
      const before = outcomesById.get(line.id);
      if (before !== undefined && !before.isRefused && before.leaf !== line.leaf) {
        violations.add(
          "duplicated",
          `Statement ${line.id} of ${line.dossier} was answered with leaves ${before.leaf} and ${line.leaf}.`,
        );
      }
      outcomesById.set(line.id, { leaf: line.leaf, isRefused: false });
      const event = Buffer.from(line.event, "base64");
      const entry = entries[line.leaf];
      if (entry === undefined) {
        violations.add("lost", `Leaf ${line.leaf} of ${line.dossier} was promised, and the log has ${entries.length}.`);
      } else if (Buffer.compare(entry, event) !== 0) {
        violations.add("lost", `Leaf ${line.leaf} holds another event than ${line.dossier} was promised there.`);
      }
      if (line.promise !== "") {
        const promise = BusPromise.decode(Buffer.from(line.promise, "base64"));
        if (!keys.some((key) => promiseCovers(key, promise, leafHash(event)))) {
          violations.add("promise", `The promise for leaf ${line.leaf} of ${line.dossier} does not hold.`);
        }
      }
    } else if (line.t === "delivered") {
      counts.deliveries += 1;
      const entry = entries[line.leaf];
      if (entry === undefined || hex(leafHash(entry)) !== line.hash) {
        violations.add("lost", `Leaf ${line.leaf} was delivered to ${line.agency}, and the log has another or none.`);
      }
      delivered.add(`${line.agency}/${line.leaf}`);
      const inLife = `${line.life}/${line.agency}/${line.leaf}`;
      const lane = `${line.life}/${line.agency}/${line.dossier}`;
      if (deliveredInLife.has(inLife)) counts.deliveredAgain += 1;
      else if ((lastOfLane.get(lane) ?? -1) > line.leaf) {
        violations.add(
          "misordered",
          `Leaf ${line.leaf} of ${line.dossier} came to ${line.agency} after leaf ${lastOfLane.get(lane)}.`,
        );
      } else lastOfLane.set(lane, line.leaf);
      deliveredInLife.add(inLife);
    } else if (line.t === "receipt") {
      counts.receipts += 1;
      await verifyTlogProof(line.proof, leafHash(entries[line.leaf] ?? new Uint8Array(0)), policy, [logKey]).catch(
        (error: Error) =>
          violations.add("promise", `The receipt for leaf ${line.leaf} does not verify: ${error.message}`),
      );
    }
  }
  const leafOf = new Map<string, number>();
  for (const { leaf, statementId, dossier, what, concerns } of fold.events) {
    if (statementId !== "") {
      const before = leafOf.get(statementId);
      if (before !== undefined)
        violations.add("duplicated", `Statement ${statementId} of ${dossier} stands at leaves ${before} and ${leaf}.`);
      leafOf.set(statementId, leaf);
      if (outcomesById.get(statementId)?.isRefused === true) {
        violations.add(
          "contradicted",
          `Statement ${statementId} of ${dossier} was refused and stands at leaf ${leaf}.`,
        );
      }
    }
    for (const agency of concerns) {
      if (!delivered.has(`${agency}/${leaf}`))
        violations.add("silent", `${agency} was never told of leaf ${leaf} (${what}) of ${dossier}.`);
    }
  }
  const settled = [...outcomesById.values()];
  return {
    offered: offered.size,
    accepted: settled.filter(({ isRefused }) => !isRefused).length,
    refused: settled.filter(({ isRefused }) => isRefused).length,
    unknown: [...offered].filter((id) => !outcomesById.has(id)).length,
    refusedBy,
    ...counts,
    checkpointsSeen: ground.checkpoints.length,
  };
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
