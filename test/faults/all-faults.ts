import type { Fault } from "./fault.ts";
import { clientFaults } from "./kinds/client-faults.ts";
import { clockFaults } from "./kinds/clock-faults.ts";
import { clusterFaults } from "./kinds/cluster-faults.ts";
import { durableStepFaults } from "./kinds/durable-steps.ts";
import { mistakeFaults } from "./kinds/mistake-faults.ts";
import { networkFaults } from "./kinds/network-faults.ts";
import { processFaults } from "./kinds/process-faults.ts";
import { storeFaults } from "./kinds/store-faults.ts";

/** All that a run draws from. */
export const allFaults: readonly Fault[] = [
  ...processFaults,
  ...networkFaults,
  ...durableStepFaults,
  ...clientFaults,
  ...clockFaults,
  ...mistakeFaults,
  ...storeFaults,
  ...clusterFaults,
];
