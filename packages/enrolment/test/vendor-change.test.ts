// The old vendor's system may not carry a single further statement or delivery, on calls it makes and on streams it holds.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDevelopmentAuthority } from "@lienthong/chassis";
import type { BusCallError } from "@lienthong/client";
import { dossierCode, startTestBus, type TestBus } from "@lienthong/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { agencyFolder, approveRequest, Registrar, requestEnrolment } from "../src/index.ts";
import { sealIn } from "./enrolment-fixture.ts";

const ward = "hn-wold-00001";
const oldSystem = "hn-mot-cua";
const procedure = "social-home-admission";
const endedWithinMs = 5_000;

let bus: TestBus;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lienthong-vendor-"));
  bus = await startTestBus();
});
afterAll(async () => {
  await bus?.stop();
  await rm(folder, { recursive: true, force: true });
});

test("within 5 s of the change the old vendor's system can neither submit nor receive, on streams it holds either", async () => {
  const { registry: calls } = bus.connection("operator", "registry");
  const registrar = await Registrar.open({ registry: calls, key: bus.bus.registrarKey });
  const atWard = agencyFolder(join(folder, "ward"));
  await sealIn(atWard, ward, bus.keyOf(ward));
  const request = await requestEnrolment({
    folder: atWard,
    network: registrar.state.network,
    agency: ward,
    system: { id: "new-vendor" },
    endDelegationTo: [oldSystem],
  });

  const office = bus.office(ward);
  const connection = bus.newConnection(oldSystem);
  const stream = connection.exchange.openStream();
  const before = await stream.submit(office.signOpen(dossierCode(), "00001", procedure).envelope);
  expect(before.event.length).toBeGreaterThan(0);
  const receiver = connection.delivery.receive(
    { shard: bus.bus.shard.name, agencies: [ward], subscription: "vendor" },
    () => {},
  );
  await receiver.ready;

  const { steps } = await approveRequest({
    request,
    registrar,
    authority: await openDevelopmentAuthority({ folder: bus.bus.folder.tls }),
    bus: { ...bus.bus.run.grpc, shard: bus.bus.shard.name },
  });
  const recordedAtMs = performance.now();
  expect(steps.map(({ isNew }) => isNew)).toEqual([true, true, true]);
  await bus.bus.registry.waitForSize(registrar.state.size, endedWithinMs);

  const refusal = async (call: Promise<unknown>): Promise<string | null> =>
    call.then(
      () => "accepted",
      (error: BusCallError) => error.reason,
    );
  const signed = office.signOpen(dossierCode(), "00001", procedure).envelope;
  expect(await refusal(connection.exchange.submit(signed))).toBe("DELEGATION_MISSING");
  expect(await refusal(stream.submit(office.signOpen(dossierCode(), "00001", procedure).envelope))).toBe(
    "DELEGATION_MISSING",
  );
  const why = (await receiver.ended) as BusCallError;
  expect(why.reason).toBe("DELEGATION_MISSING");
  expect(performance.now() - recordedAtMs).toBeLessThan(endedWithinMs);
  const again = connection.delivery.receive({ shard: bus.bus.shard.name, agencies: [ward] }, () => {});
  expect(((await again.ended) as BusCallError).reason).toBe("DELEGATION_MISSING");
  await stream.end();
  connection.close();
});
