// How fast a bundle is verified, in a process that is started as `lienthong verify` is.
import { startBenchProcess } from "../child-process.ts";
import type { VerifyOrders } from "./verify-process.ts";

/** As packages/cli/bin/lienthong has it for this command. */
const youngGeneration = ["--min-semi-space-size=64", "--max-semi-space-size=64"];

/** Figures of verifying on all cores. */
export async function measureVerify({ quick }: VerifyOrders): Promise<Record<string, number>> {
  const child = startBenchProcess<VerifyOrders, Record<string, number>>("./ledger/verify-process.ts", youngGeneration);
  try {
    return await child.call({ quick });
  } finally {
    await child.end();
  }
}
