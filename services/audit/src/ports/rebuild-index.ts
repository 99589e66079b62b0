import { busError, type HandlerFor, serverStreamHandler } from "@lienthong/chassis";
import type { AuditServiceService } from "@lienthong/contracts/audit/v1/audit_service";
import { type AuditServiceOptions, fromIndex } from "../asking.ts";

const tellEveryMs = 250;

/** AuditService/RebuildIndex. */
export function rebuildIndexPort(on: AuditServiceOptions): HandlerFor<AuditServiceService["rebuildIndex"]> {
  return serverStreamHandler(async ({ compareOnly }, stream, context) => {
    const system = on.authorise(context.identity, "");
    if (!on.operators.includes(system)) {
      const message = `The index is made anew by the operator's system alone (${on.operators.join(", ")}), not by ${system}.`;
      throw busError("NOT_ENTITLED", { message });
    }
    let toldMs = 0;
    await fromIndex(on, async () => {
      for await (const { events, eventsTotal, result } of on.index.rebuild({ compareOnly, signal: context.signal })) {
        if (result === null && performance.now() - toldMs < tellEveryMs) continue;
        toldMs = performance.now();
        await stream.send({
          events: BigInt(events),
          eventsTotal: BigInt(eventsTotal),
          differences: (result?.differences ?? []).map((row) => ({ ...row, columns: [...row.columns] })),
          differenceCount: BigInt(result?.differenceCount ?? 0),
          digest: result?.digest ?? new Uint8Array(0),
          done: result !== null,
        });
      }
    });
  });
}
