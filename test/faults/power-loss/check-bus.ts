import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { eventStreamName, openDossierHeads, openDurableHead, registryStreamName } from "@lienthong/event-store";
import {
  fsck,
  logKeyOf,
  readStream,
  registryLogName,
  registryRules,
  type StreamMessage,
  shardRules,
} from "@lienthong/ledger";
import { connectAs, startEmbeddedNats } from "@lienthong/nats-server";
import { startTestBus } from "@lienthong/testkit";
import { hashesEqual, leafHash, rootOf, signatureType } from "@lienthong/tlog";
import { dataFolderAt } from "../../../packages/bus/src/data-folder.ts";
import { KeptCheckpoints } from "../../../services/ledger/src/kept-checkpoints.ts";
import { keptFileName } from "../../../services/ledger/src/log-files.ts";
import { openLogWriter } from "../../../services/ledger/src/log-writer.ts";
import { realDisk } from "../../../services/ledger/test/small-log.ts";
import type { AnsweredStatement, Promised, ShownHead } from "./programs/run-bus.ts";

export function promisesIn(journal: string): Promised[] {
  return journal
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Promised);
}

const isAnswered = (promised: Promised): promised is AnsweredStatement => promised.kind === "answered";
const isShown = (promised: Promised): promised is ShownHead => promised.kind === "shown";

/**
 * What a data folder lacks of what was promised, told by the stores alone: a nats-server is started on it, the streams are read, logs and heads are held
 * against them. Empty: nothing, and nothing runs ahead of its stream.
 */
export async function faultsInStores(
  dataDirectory: string,
  promises: readonly Promised[],
  natsBinary: string,
): Promise<string[]> {
  const faults: string[] = [];
  const folder = dataFolderAt(dataDirectory);
  const nats = await startEmbeddedNats({ binaryPath: natsBinary, dataDirectory: folder.nats });
  const { seedFilePath } = nats.credentials.ledger;
  const connection = await connectAs({ url: nats.url, role: "ledger", seedFilePath, name: "power loss" });
  try {
    const policy = await readFile(folder.policy, "utf8");
    const streams = new Map<string, StreamMessage[]>();
    for (const name of namesIn(folder.ledger)) {
      const isRegistry = name === registryLogName;
      const stream: StreamMessage[] = [];
      for await (const { sequence, subject, payload } of readStream(
        connection,
        isRegistry ? registryStreamName : eventStreamName(name),
      )) {
        if (sequence !== stream.length + 1) faults.push(`${name}: message ${stream.length + 1} is missing.`);
        stream.push({ sequence, subject, payload: Uint8Array.from(payload) });
      }
      streams.set(name, stream);
      const hashes = stream.map(({ payload }) => leafHash(payload));
      for (const { size, root } of promises.filter(isShown).filter(({ log }) => log === name)) {
        if (size > stream.length)
          faults.push(`${name}: a head of ${size} was shown; the stream ends at ${stream.length}.`);
        else if (!Buffer.from(rootOf(hashes.slice(0, size))).equals(Buffer.from(root, "base64")))
          faults.push(`${name}: the stream has another root at ${size} than was shown.`);
      }
      const directory = join(folder.ledger, name);
      const pem = await readFile(join(folder.logKeys, `${name}.pem`), "utf8").catch(() => null);
      const key = logKeyOf(name, policy, pem);
      faults.push(...(await logFaults(name, directory, key, stream, shownSize(promises, name))));
    }
    const shards = [...streams.keys()].filter((name) => name !== registryLogName);
    for (const shard of shards) {
      const stream = streams.get(shard) ?? [];
      for (const { leafIndex, event, dossier } of promises.filter(isAnswered)) {
        const found = stream[leafIndex]?.payload;
        if (found === undefined) faults.push(`${shard}: event ${leafIndex} (${dossier}) was accepted and is gone.`);
        else if (!Buffer.from(found).equals(Buffer.from(event, "base64")))
          faults.push(`${shard}: event ${leafIndex} (${dossier}) is another one than was accepted.`);
      }
      const accepted = Math.max(0, ...promises.filter(isAnswered).map(({ leafIndex }) => leafIndex + 1));
      for (const replica of namesIn(join(folder.exchange, shard))) {
        faults.push(...headFaults(join(folder.exchange, shard, replica), stream, accepted));
      }
    }
  } finally {
    await connection.close();
    await nats.stop();
  }
  return faults;
}

function namesIn(path: string): string[] {
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .map(({ name }) => name);
}

function shownSize(promises: readonly Promised[], name: string): number {
  return Math.max(
    -1,
    ...promises
      .filter(isShown)
      .filter(({ log }) => log === name)
      .map(({ size }) => size),
  );
}

async function logFaults(
  name: string,
  directory: string,
  key: ReturnType<typeof logKeyOf>,
  stream: readonly StreamMessage[],
  shown: number,
): Promise<string[]> {
  const keptFile = join(directory, keptFileName);
  const kept = existsSync(keptFile) ? new KeptCheckpoints(keptFile) : null;
  const signed = kept?.signedSize() ?? -1;
  kept?.close();
  if (signed < shown) return [`${name}: a head of ${shown} was shown; the checkpoints on disk end at ${signed}.`];
  if (!existsSync(join(directory, "head"))) return shown > 0 ? [`${name}: its head is gone.`] : [];
  // The signature is only checked here, so the key without its secret part does.
  if (key.type !== signatureType.ed25519) return [`${name}: its key is of type ${key.type}.`];
  const signer = { ...key, type: key.type, sign: () => Promise.reject(new Error("Nothing is signed here.")) };
  const writer = await openLogWriter({ name, directory, signer, disk: realDisk, shownSize: signed }).catch(
    (error: Error) => error,
  );
  if (writer instanceof Error) return [`${name}: ${writer.message}`];
  if (writer.size > stream.length)
    return [`${name}: its head is of ${writer.size} entries, the stream ends at ${stream.length}.`];
  const rules = name === registryLogName ? registryRules : shardRules(name, key.name);
  const messages = (async function* () {
    yield* stream;
  })();
  const { findings } = await fsck({ directory, key, stream: messages, rules });
  return findings.map((finding) => `${name}: ${JSON.stringify(finding)}`);
}

function headFaults(directory: string, stream: readonly StreamMessage[], accepted: number): string[] {
  const faults: string[] = [];
  const path = join(directory, "head");
  const held = (whose: string, found: { sequence: number; leafHash: Uint8Array } | null): void => {
    if (found === null) return;
    const message = stream[found.sequence - 1];
    if (message === undefined) faults.push(`${whose} is at ${found.sequence}, the stream ends at ${stream.length}.`);
    else if (!hashesEqual(leafHash(message.payload), found.leafHash))
      faults.push(`${whose} names another event ${found.sequence} than the stream's.`);
  };
  if (existsSync(path)) {
    const head = openDurableHead(path);
    const found = head.read();
    head.close();
    held("The durable head", found);
    if ((found?.sequence ?? 0) < accepted)
      faults.push(`The durable head is at ${found?.sequence ?? 0}, but event ${accepted} was accepted.`);
  } else if (accepted > 0) faults.push(`The durable head ${path} is gone.`);
  const tablePath = join(directory, "dossier-heads.sqlite");
  if (existsSync(tablePath)) {
    const table = openDossierHeads(tablePath);
    if (table.origin.kind === "rebuilt") faults.push(`The table of dossier heads was damaged: ${table.origin.reason}`);
    held("The table of dossier heads", table.position());
    table.close();
  }
  return faults;
}

/**
 * What goes wrong when a whole bus starts on a data folder: every statement that was answered is sent again and must get the same event, a new dossier must
 * pass, and the log must cover it.
 */
export async function faultsAfterStart(dataDirectory: string, promises: readonly Promised[]): Promise<string[]> {
  const faults: string[] = [];
  const bus = await startTestBus({ dataDirectory });
  try {
    const stopped = bus.bus.replicas[0]?.exchange.stopped() ?? bus.bus.ledger?.ledger.stopped() ?? null;
    if (stopped !== null) return [typeof stopped === "string" ? stopped : stopped.message];
    for (const { agency, envelope, event, leafIndex, dossier } of promises.filter(isAnswered)) {
      const answer = await bus
        .connection(bus.systemOf(agency))
        .exchange.submit(Buffer.from(envelope, "base64"))
        .catch((error: Error) => error);
      if (answer instanceof Error) faults.push(`Event ${leafIndex} (${dossier}), asked for again: ${answer.message}`);
      else if (
        Number(answer.leafIndex) !== leafIndex ||
        !Buffer.from(answer.event).equals(Buffer.from(event, "base64"))
      )
        faults.push(`Event ${leafIndex} (${dossier}) was answered anew as event ${answer.leafIndex}.`);
    }
    const office = bus.office("hn-wold-00001");
    const code = `H26-250505-${String(900_000_000 + promises.length)}`;
    const fresh = await office.submit(office.signOpen(code, "00001", "birth-group-nd63"));
    const { receipt } = await bus
      .connection("operator", "ledger")
      .ledger.receipt({ log: bus.bus.shard.name, leafIndex: fresh.leafIndex });
    if (receipt.length === 0) faults.push("The new event got no receipt.");
  } finally {
    await bus.stop();
  }
  return faults;
}
