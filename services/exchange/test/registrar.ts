import { realClock } from "@lienthong/chassis";
import { RecordStatus, RevocationReason } from "@lienthong/contracts/registry/v1/record";
import { RegistrarPen } from "@lienthong/registry-state";
import type { TestBus } from "@lienthong/testkit";

/** The registrar revokes an agency's seal; resolves when the exchange decides by it. */
export async function revokeSeal(bus: TestBus, agency: string): Promise<void> {
  const { registry, registrarKey } = bus.bus;
  const key = registry.state.key(Buffer.from(bus.keyOf(agency).keyId).toString("hex"));
  if (key === undefined) throw new Error(`The registry does not know the seal of ${agency}.`);
  const value = {
    ...key.record,
    status: RecordStatus.RECORD_STATUS_REVOKED,
    revocationReason: RevocationReason.REVOCATION_REASON_LOST,
  };
  const entry = new RegistrarPen(registry.state, registrarKey).entry(
    { $case: "key", value },
    { recordedTime: realClock.now() },
  );
  const { head } = await bus.connection("operator", "registry").registry.appendEntry(entry);
  await registry.waitForSize(head?.size ?? 0n);
}
