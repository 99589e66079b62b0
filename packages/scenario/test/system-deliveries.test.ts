import { expect, test } from "vitest";
import { DeliveryMissingError } from "../src/index.ts";
import { SystemDeliveries } from "../src/system-deliveries.ts";

test("a delivery that does not come is reported with what to look at, not waited for without end", async () => {
  const deliveries = new SystemDeliveries({
    shard: "hanoi-2025q2-scenario",
    subscription: "main",
    consider: () => ({ settle: true, keep: true }),
    deliveredWithinMs: 20,
  });
  const missing = deliveries.delivered("hn-d-001", 17n);
  await expect(missing).rejects.toThrow(DeliveryMissingError);
  await expect(missing).rejects.toThrow(/Log entry 17 was not delivered to hn-d-001 within 20 ms/);
});
