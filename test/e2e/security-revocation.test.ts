// How soon a revocation is in force, measured from outside: every service in a process of its own, two exchange replicas.

import { readFileSync } from "node:fs";
import { get } from "node:https";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { BusCallError, type Connection, connect, createAgencyPen } from "@lienthong/client";
import { RevocationReason } from "@lienthong/contracts/registry/v1/record";
import { endDelegation, Registrar, revokeKey, revokeSystem } from "@lienthong/enrolment";
import { importSigningKey } from "@lienthong/statement";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type EnrolledAgency, ServedBus } from "./served-bus.ts";

/** What agencies are told (docs/enrolment.md). */
const inForceMsMax = 5_000;
const bus = new ServedBus();
const addresses = new Map<string, string>();
const open: Connection[] = [];
let ward: EnrolledAgency;
let police: EnrolledAgency;
let insurance: EnrolledAgency;
let shard: string;
let network: Uint8Array;
let registrar: Registrar;

beforeAll(async () => {
  await bus.serve("store", { LIENTHONG_REPLICAS: "2" });
  addresses.set("registry", await bus.serve("registry"));
  const services = ["documents", "ledger", "audit"];
  const tls = (file: string) => join(bus.data, "tls", file);
  const environment = {
    LIENTHONG_HTTP_CERT: tls("server.pem"),
    LIENTHONG_HTTP_KEY: tls("server.key.pem"),
    LIENTHONG_HTTP_CA: tls("authority.pem"),
  };
  const starting = services.map((name) => bus.serve(name, name === "ledger" ? environment : {}));
  const [first, ...others] = await Promise.all([bus.serve("exchange"), ...starting]);
  addresses.set("exchange", first ?? "");
  for (const [index, name] of services.entries()) addresses.set(name, others[index] ?? "");
  addresses.set("second exchange", await bus.serve("exchange", { LIENTHONG_REPLICA: "exchange-2" }));
  ward = await bus.enrol("hn-w-00004", "ba-dinh");
  police = await bus.enrol("hn-ca-w-00004", "ba-dinh-police");
  insurance = await bus.enrol("hn-w-00008", "ngoc-ha");
  ({ shard, network } = await connected(ward, "exchange").exchange.getShard());
  registrar = await Registrar.open({
    registry: connected(ward, "registry").registry,
    key: importSigningKey(readFileSync(join(bus.data, "keys", "registrar.pem"), "utf8")),
  });
}, 240_000);

afterAll(async () => {
  for (const connection of open) connection.close();
  await bus.stop();
});

function connected(agency: EnrolledAgency, service: string): Connection {
  const connection = connect({ address: addresses.get(service) ?? "", tls: agency.tls() });
  open.push(connection);
  return connection;
}

/** Calls again and again until it is refused for the reason given, and nothing else; how long after `since`. */
async function refusedAfterMs(reason: string, since: number, call: () => Promise<unknown>): Promise<number> {
  for (;;) {
    const outcome = await call().then(
      () => null,
      (error: unknown) => error,
    );
    if (outcome instanceof BusCallError && outcome.reason === reason) return performance.now() - since;
    if (outcome !== null && !(outcome instanceof BusCallError && outcome.reason === "REGISTRY_UNCONFIRMED"))
      throw outcome;
    if (performance.now() - since > 20_000) throw new Error(`Not refused with ${reason} within 20 s.`);
    await wait(50);
  }
}

async function endedAfterMs(reason: string, since: () => number, ended: Promise<unknown>): Promise<number> {
  const why = await ended;
  expect(why).toMatchObject({ reason });
  return performance.now() - since();
}

function report(what: string, measured: Readonly<Record<string, number>>): void {
  const told = Object.entries(measured).map(([name, ms]) => `${name} ${Math.round(ms)}`);
  process.stdout.write(`${what}, in force after so many ms: ${told.join(", ")}\n`);
  for (const [name, ms] of Object.entries(measured))
    expect({ name, inTime: ms < inForceMsMax }).toEqual({ name, inTime: true });
}

/** Promises by name, all awaited. */
async function all(named: Readonly<Record<string, Promise<number>>>): Promise<Record<string, number>> {
  const entries = await Promise.all(Object.entries(named).map(async ([name, ms]) => [name, await ms] as const));
  return Object.fromEntries(entries);
}

test("a key that is revoked signs nothing any more, on either replica, within 5 s", async () => {
  const pen = createAgencyPen({ agency: insurance.agency, keys: [insurance.key()], network, shard });
  let number = 0;
  const submit = (replica: string) => {
    const { exchange } = connected(insurance, replica);
    return () => {
      number += 1;
      // About a dossier that does not exist: with a good key it is refused for that.
      const dossier = `H26-260101-${String(number).padStart(9, "0")}`;
      const { envelope } = pen.acknowledge({ dossier, branch: "0", head: new Uint8Array(32) });
      return exchange.submit(envelope).catch((error: unknown) => {
        if (!(error instanceof BusCallError && error.reason === "DOSSIER_UNKNOWN")) throw error;
      });
    };
  };
  const replicas = { "first replica": submit("exchange"), "second replica": submit("second exchange") };
  for (const call of Object.values(replicas)) await call();
  const keyId = Buffer.from(insurance.key().keyId).toString("hex");
  // From before it is written: the time in force is told too long, never too short.
  const since = performance.now();
  await revokeKey(registrar, keyId, { reason: RevocationReason.REVOCATION_REASON_LOST });
  report(
    "A seal revoked",
    await all(
      Object.fromEntries(
        Object.entries(replicas).map(([name, call]) => [name, refusedAfterMs("KEY_REVOKED", since, call)]),
      ),
    ),
  );
});

test("a delegation that is ended ends what the system receives, says and reads for the agency, everywhere within 5 s", async () => {
  const { agency } = police;
  const [first, second] = [connected(police, "exchange"), connected(police, "second exchange")];
  const receivers = [first, second].map((replica) => {
    const receiver = replica.delivery.receive({ shard, agencies: [agency], subscription: "watched" }, () => {});
    return receiver;
  });
  await Promise.all(receivers.map(({ ready }) => ready));
  const documents = connected(police, "documents").documents;
  const audit = connected(police, "audit").audit;
  const reads = {
    "documents, a call": () => documents.describeDocuments({ shard, agency, dossier: "H26-260101-000000001" }),
    "audit, a call": async () => {
      for await (const page of audit.holdings({ agency })) expect(page).toBeDefined();
    },
    "fetching, first replica": () => first.delivery.fetch({ shard, agencies: [agency] }),
    "fetching, second replica": () => second.delivery.fetch({ shard, agencies: [agency] }),
  };
  for (const call of Object.values(reads)) await call();
  let since = Number.NaN;
  const ended = Object.fromEntries(
    receivers.map((receiver, index) => [
      `receiving, replica ${index + 1}`,
      endedAfterMs("DELEGATION_MISSING", () => since, receiver.ended),
    ]),
  );
  since = performance.now();
  await endDelegation(registrar, agency, police.system);
  const refused = Object.entries(reads).map(([name, call]) => [
    name,
    refusedAfterMs("DELEGATION_MISSING", since, call),
  ]);
  report("A delegation ended", await all({ ...ended, ...Object.fromEntries(refused) }));
});

test("a system that is shut out loses its streams and is refused by every service and replica within 5 s; others go on", async () => {
  const { agency } = ward;
  const [first, second] = [connected(ward, "exchange"), connected(ward, "second exchange")];
  const registry = connected(ward, "registry").registry;
  const documents = connected(ward, "documents").documents;
  const statements = [first, second].map((replica) => replica.exchange.openStream());
  const receivers = [first, second].map((replica) => replica.delivery.receive({ shard, agencies: [agency] }, () => {}));
  await Promise.all(receivers.map(({ ready }) => ready));
  const watch = (async () => {
    const { size } = registrar.copy.state;
    try {
      for await (const _ of registry.watchEntries({ fromNumber: BigInt(size) }));
      return null;
    } catch (error) {
      return error;
    }
  })();
  const calls = {
    "registry, a call": () => registry.getHead(),
    "exchange, a call": () => first.exchange.getShard(),
    "second replica, a call": () => second.exchange.getShard(),
    "documents, a call": () => documents.describeDocuments({ shard, agency, dossier: "H26-260101-000000001" }),
    "ledger, a call": () => connected(ward, "ledger").ledger.listLogs(),
    "audit, a call": () => connected(ward, "audit").audit.getStatus(),
  };
  for (const call of Object.values(calls)) await call();
  let since = Number.NaN;
  const streams: Record<string, Promise<number>> = {
    watching: endedAfterMs("SYSTEM_UNKNOWN", () => since, watch),
  };
  for (const [index, { ended }] of statements.entries())
    streams[`stating, replica ${index + 1}`] = endedAfterMs("SYSTEM_UNKNOWN", () => since, ended);
  for (const [index, { ended }] of receivers.entries())
    streams[`receiving, replica ${index + 1}`] = endedAfterMs("SYSTEM_UNKNOWN", () => since, ended);
  const other = connected(insurance, "exchange").exchange.openStream();
  const own = await Registrar.open({ registry: connected(insurance, "registry").registry, key: registrar.key });
  since = performance.now();
  await revokeSystem(own, ward.system);
  const refused = Object.entries(calls).map(([name, call]) => [name, refusedAfterMs("SYSTEM_UNKNOWN", since, call)]);
  report("A system shut out", await all({ ...streams, ...Object.fromEntries(refused) }));
  await connected(insurance, "exchange").exchange.getShard();
  const over = await Promise.race([other.ended.then(() => true), wait(1_500).then(() => false)]);
  expect(over).toBe(false);
  other.cancel();
});

test("the registrar shuts a system out at the command line, once", async () => {
  const line = [
    "agency",
    "revoke",
    `system:${police.system}`,
    "--registrar-key",
    join(bus.data, "keys", "registrar.pem"),
  ];
  expect(await bus.lienthong(insurance.folder, ...line)).toContain(`the system ${police.system} is shut out`);
  expect(JSON.parse(await bus.lienthong(insurance.folder, ...line, "--json"))).toMatchObject({
    subject: police.system,
    isNew: false,
  });
  await refusedAfterMs("SYSTEM_UNKNOWN", performance.now(), () => connected(police, "exchange").exchange.getShard());
});

test("the ledger serves its logs over TLS with the certificate that it was given by files", async () => {
  const { logs, tls } = JSON.parse(readFileSync(join(bus.data, "run.json"), "utf8"));
  const registryLog = logs.find(({ name }: { name: string }) => name === "registry");
  const { status, headers } = await new Promise<{ status: number; headers: Record<string, unknown> }>(
    (resolve, reject) => {
      const url = registryLog.url.replace("127.0.0.1", "localhost");
      get(`${url}/checkpoint`, { ca: readFileSync(tls.ca), agent: false }, (response) => {
        response.resume();
        resolve({ status: response.statusCode ?? 0, headers: response.headers });
      }).on("error", reject);
    },
  );
  expect(registryLog.url).toMatch(/^https:/);
  expect({ status, hsts: headers["strict-transport-security"] }).toEqual({ status: 200, hsts: "max-age=31536000" });
});
