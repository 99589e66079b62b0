/**
 * Writes the test vectors beside this file: `node packages/statement/test/vectors/make-vectors.ts`. Everything follows from fixed
 * keys, ids and times, so a second run changes nothing. The one exception are the P-256 and RSA keys, whose private halves are
 * not kept: their signatures stay as they are while they verify, and are made anew with new keys when the statement changes.
 */
import { createPrivateKey } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { messageDescriptor } from "@lienthong/contracts/descriptors";
import {
  type BusStatement,
  type EventHeader,
  type ShardEvent,
  WarningKind,
} from "@lienthong/contracts/exchange/v1/event";
import { Statement } from "@lienthong/contracts/exchange/v1/statement";
import { PromiseBody } from "@lienthong/contracts/ledger/v1/promise";
import { SignatureAlgorithm } from "@lienthong/contracts/registry/v1/envelope";
import { ShardClock } from "@lienthong/contracts/registry/v1/record";
import { leafHash, sha256 } from "@lienthong/tlog";
import {
  busStatementId,
  encodeEvent,
  exportSigningKey,
  generateSigningKey,
  importSigningKey,
  importVerifyingKey,
  MessageRefusedError,
  payloadTypes,
  preAuthenticationEncoding,
  promiseBatch,
  type SigningKey,
  signPayload,
  signStatementPayload,
  strictMessage,
  verifyPayloadSync,
} from "../../src/index.ts";
import { editAt, readFields, varint, wireField, writeFields } from "../wire-fields.ts";
import { dossier, filled, network, sampleStatements, shard } from "./sample-statements.ts";

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const fileOf = (name: string) => new URL(`./${name}.json`, import.meta.url);
const write = (name: string, vectors: unknown) => writeFileSync(fileOf(name), `${JSON.stringify(vectors, null, 2)}\n`);

/** An Ed25519 key from a seed of 32 equal bytes (RFC 8410: PKCS#8 with the seed as it is). */
function seededKey(byte: number): { key: SigningKey; seed: Uint8Array } {
  const seed = filled(byte);
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  const pem = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }).export({ format: "pem", type: "pkcs8" });
  return { key: importSigningKey(pem as string), seed };
}

const keys = { seal: seededKey(0x51), officer: seededKey(0x52), promise: seededKey(0x53) };

const algorithmName = (algorithm: SignatureAlgorithm) =>
  Object.entries(SignatureAlgorithm).find(([, number]) => number === algorithm)![0];

write(
  "keys",
  Object.entries(keys).map(([name, { key, seed }]) => ({
    name,
    algorithm: algorithmName(key.algorithm),
    seed: hex(seed),
    public_key: hex(key.publicKey),
    key_id: hex(key.keyId),
  })),
);

const statements = sampleStatements.map((statement) => {
  const payload = Statement.encode(statement).finish();
  // An officer signs beside the seal where the citizen is answered.
  const signers = statement.what!.$case === "return" ? [keys.seal, keys.officer] : [keys.seal];
  const envelope = signStatementPayload(
    payload,
    signers.map(({ key }) => key),
  );
  const pae = preAuthenticationEncoding(payloadTypes.statement, payload);
  return {
    name: statement.what!.$case,
    payload: hex(payload),
    payload_sha256: hex(sha256(payload)),
    pae_sha256: hex(sha256(pae)),
    signatures: signers.map(({ key }) => ({
      key_id: hex(key.keyId),
      signature: hex(signPayload(key, payloadTypes.statement, payload)),
    })),
    envelope: hex(envelope),
  };
});
write("statements", statements);

const payloadOf = (name: string) =>
  Buffer.from(statements.find((statement) => statement.name === name)!.payload, "hex");
const short = Buffer.from("xin chào");
write(
  "pre-authentication-encodings",
  [
    ...Object.values(payloadTypes).map((type) => ({ type, payload: short as Uint8Array })),
    { type: payloadTypes.statement, payload: new Uint8Array(0) },
    { type: payloadTypes.statement, payload: payloadOf("acknowledge") },
  ].map(({ type, payload }) => ({ type, payload: hex(payload), pae: hex(preAuthenticationEncoding(type, payload)) })),
);

interface VerifyOnly {
  algorithm: string;
  public_key: string;
  key_id: string;
  payload: string;
  signature: string;
}

function verifyOnly(kind: "p256" | "rsa", kept: VerifyOnly | undefined): VerifyOnly {
  const payload = payloadOf("acknowledge");
  if (kept !== undefined && kept.payload === hex(payload)) {
    const algorithm = SignatureAlgorithm[kept.algorithm as keyof typeof SignatureAlgorithm];
    const key = importVerifyingKey(algorithm, Buffer.from(kept.public_key, "hex"));
    if (verifyPayloadSync(key, payloadTypes.statement, payload, Buffer.from(kept.signature, "hex"))) return kept;
  }
  const key = importSigningKey(exportSigningKey(generateSigningKey(kind)));
  return {
    algorithm: algorithmName(key.algorithm),
    public_key: hex(key.publicKey),
    key_id: hex(key.keyId),
    payload: hex(payload),
    signature: hex(signPayload(key, payloadTypes.statement, payload)),
  };
}

const keptFile = fileOf("verify-only-signatures");
const kept = existsSync(keptFile) ? (JSON.parse(readFileSync(keptFile, "utf8")) as VerifyOnly[]) : [];
write(
  "verify-only-signatures",
  (["p256", "rsa"] as const).map((kind, at) => verifyOnly(kind, kept[at])),
);

const header = (number: number, previous: Uint8Array): EventHeader => ({
  version: 1,
  shard,
  generation: 1,
  number: BigInt(number),
  previous,
  registryHead: { size: 812n, root: filled(0xb0) },
  system: "hanoi-one-stop",
  recordedTime: { seconds: 1_746_406_800n + BigInt(number), nanos: 0 },
  wallTime: { seconds: 1_790_000_000n + BigInt(number), nanos: 250_000_000 },
});

const opened = encodeEvent(header(1, new Uint8Array(0)), {
  $case: "statement",
  envelopeBytes: Buffer.from(statements[0]!.envelope, "hex"),
});
const forwarded = encodeEvent(header(2, leafHash(opened)), {
  $case: "statement",
  envelopeBytes: Buffer.from(statements[1]!.envelope, "hex"),
});
const cause = leafHash(forwarded);
const busOf = (what: NonNullable<BusStatement["what"]>, kind: number, ordinal = 0): BusStatement => ({
  id: busStatementId(cause, "0.1", "police-hang-bac", kind, ordinal),
  dossier,
  cause,
  branch: "0.1",
  receiver: "police-hang-bac",
  ordinal,
  what,
});
const dueTime = { seconds: 1_746_493_200n, nanos: 0 };
const busStatements = [
  busOf({ $case: "delivered", value: { system: "ministry-police", subscription: "main" } }, 16),
  busOf({ $case: "warning", value: { kind: WarningKind.WARNING_KIND_NOT_ANSWERED, dueTime } }, 17, 1),
  busOf({ $case: "expired", value: { dueTime } }, 18),
  busOf(
    { $case: "reassigned", value: { registryEntry: filled(0xe4), to: { agency: "police-hoan-kiem", unit: "" } } },
    19,
  ),
  busOf({ $case: "deemedConsent", value: { registryEntry: filled(0xe2), dueTime } }, 20),
];
const shardEvents: NonNullable<ShardEvent["what"]>[] = [
  {
    $case: "opened",
    value: {
      network,
      shardEntry: filled(0xe5),
      origin: "lienthong.example/hanoi-2025q2",
      clock: ShardClock.SHARD_CLOCK_SIMULATED,
      simulatedStartTime: { seconds: 1_746_378_000n, nanos: 0 },
    },
  },
  {
    $case: "generationStarted",
    value: {
      generation: 2,
      from: 41_007n,
      prefixRoot: filled(0xb1),
      oldOrigin: "lienthong.example/hanoi-2025q2",
      oldCheckpoint: new TextEncoder().encode("lienthong.example/hanoi-2025q2\n41000\n"),
      origin: "lienthong.example/hanoi-2025q2-g2",
    },
  },
  { $case: "clockAdvanced", value: { to: { seconds: 1_746_464_400n, nanos: 0 } } },
  { $case: "closed", value: { shardEntry: filled(0xe6) } },
  { $case: "sealed", value: { size: 500_001n } },
];
const events = [
  { name: "statement open", bytes: opened },
  { name: "statement forward", bytes: forwarded },
  ...busStatements.map((value, at) => ({
    name: `bus ${value.what!.$case}`,
    bytes: encodeEvent(header(3 + at, filled(0xc0 + at)), { $case: "bus", value }),
  })),
  ...shardEvents.map((what, at) => ({
    name: `shard ${what.$case}`,
    bytes: encodeEvent(header(1 + at, at === 0 ? new Uint8Array(0) : filled(0xc8 + at)), {
      $case: "shard",
      value: { what },
    }),
  })),
];
write(
  "events",
  events.map(({ name, bytes }) => ({ name, event: hex(bytes), leaf_hash: hex(leafHash(bytes)) })),
);
write(
  "bus-statement-ids",
  busStatements.map(({ branch, receiver, ordinal, id }, at) => ({
    cause: hex(cause),
    branch,
    receiver,
    // As text: no language's number type is asked for.
    kind: String(16 + at),
    ordinal: String(ordinal),
    id: hex(id),
  })),
);

const leafHashes = events.map(({ bytes }) => leafHash(bytes));
write(
  "promises",
  [1, 2, 7, 12].map((size) => {
    const promises = promiseBatch(keys.promise.key, {
      network,
      origin: "lienthong.example/hanoi-2025q2",
      leafHashes: leafHashes.slice(0, size),
      includeBy: { seconds: 1_790_086_400n, nanos: 250_000_000 },
    });
    return {
      key_id: hex(keys.promise.key.keyId),
      payload: hex(promises[0]!.payload),
      batch_root: hex(PromiseBody.decode(promises[0]!.payload).batchRoot),
      signature: hex(promises[0]!.signature),
      leaf_hashes: leafHashes.slice(0, size).map(hex),
      paths: promises.map(({ path }) => path.map(hex)),
    };
  }),
);

const acknowledge = payloadOf("acknowledge");
const without = (number: number) =>
  editAt(acknowledge, [], (fields) => fields.filter((field) => field.number !== number));
const replaced = (number: number, content: number | string | Uint8Array) =>
  editAt(acknowledge, [], (fields) =>
    fields.map((field) => (field.number === number ? wireField(number, content) : field)),
  );
const oddPayloads: [name: string, payload: Uint8Array][] = [
  ["fields in reverse order", editAt(acknowledge, [], (fields) => fields.toReversed())],
  ["tags and lengths three bytes longer than needed", writeFields(readFields(acknowledge), 3)],
  ["version as a varint of ten bytes", Buffer.concat([varint(8), varint(1, 9), without(1)])],
  ["an empty unit written out", editAt(acknowledge, [4], (fields) => [fields[0]!, wireField(2, "")])],
  ["cut in the middle", acknowledge.subarray(0, 100)],
  ["unknown field", Buffer.concat([acknowledge, writeFields([wireField(100, 1)])])],
  ["unknown nested field", editAt(acknowledge, [18, 1], (fields) => [...fields, wireField(3, 1)])],
  ["version twice", Buffer.concat([acknowledge, writeFields([wireField(1, 1)])])],
  ["acknowledge beside join", Buffer.concat([acknowledge, writeFields([wireField(21, new Uint8Array(0))])])],
  ["version 2", replaced(1, 2)],
  ["no network", without(2)],
  ["network of 31 bytes", replaced(2, new Uint8Array(31))],
  ["no author", without(4)],
  ["UUID in capitals", replaced(5, "01969E0F-9D00-7000-8000-000000000003")],
  ["UUID of version 4", replaced(5, "01969e0f-9d00-4000-8000-000000000003")],
  ["dossier code with a Cyrillic letter", replaced(6, "Н26-250505-0001")],
  ["dossier code with a byte order mark", replaced(6, "\ufeffH26-250505-0001")],
  ["shard that is not UTF-8", replaced(3, Uint8Array.of(0xc3, 0x28))],
  ["shard as a number", replaced(3, 1)],
  ["nothing said", without(18)],
  [
    "length with bits beyond 32",
    Buffer.concat([without(3), varint(26), varint((1n << 32n) | 12n), Buffer.from(shard)]),
  ],
  [
    "reason unspecified",
    editAt(payloadOf("refuse"), [19], (fields) =>
      fields.map((field) => (field.number === 2 ? wireField(2, 0) : field)),
    ),
  ],
  [
    "reason that nobody knows",
    editAt(payloadOf("refuse"), [19], (fields) =>
      fields.map((field) => (field.number === 2 ? wireField(2, 99) : field)),
    ),
  ],
];
const strict = strictMessage(messageDescriptor("lienthong.exchange.v1.Statement"));
write(
  "odd-payloads",
  oddPayloads.map(([name, payload]) => {
    try {
      strict.check(payload, "statement");
      return { name, payload: hex(payload), accepted: true };
    } catch (error) {
      if (!(error instanceof MessageRefusedError)) throw error;
      return { name, payload: hex(payload), accepted: false, reason: error.reason, field: error.field };
    }
  }),
);
