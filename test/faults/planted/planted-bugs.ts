import { allFaults } from "../all-faults.ts";
import type { ViolationKind } from "../check/violations.ts";
import type { Fault, ServiceName, ServiceSettings } from "../fault.ts";
import { patched, type TextPatch } from "./text-patch.ts";

/** A protection taken out of the product, and the faults under which that must be seen. */
export interface PlantedBug {
  readonly name: string;
  readonly patches: readonly TextPatch[];
  readonly services: readonly ServiceName[];
  /** Names of faults; each is done once. */
  readonly faults: readonly string[];
  /** As what it must be seen, at least once. */
  readonly seenAs: readonly ViolationKind[];
}

const exchanges = ["exchange-1", "exchange-2"] as const;

/** Each must make the harness fail: a harness that stays green without the protection would prove nothing with it. */
export const plantedBugs: readonly PlantedBug[] = [
  {
    name: "compare-and-set off",
    services: exchanges,
    faults: ["clients-race", "clients-race", "clients-race", "clients-race"],
    seenAs: ["custody", "misordered"],
    patches: [
      {
        module: "/packages/event-store/src/append.ts",
        find: 'return expected === null ? "" :',
        put: 'return expected === null || expected >= 0 ? "" :',
      },
    ],
  },
  {
    name: "idempotency off",
    services: exchanges,
    faults: ["lose-answers-clients", "lose-answers-clients", "lose-answers-clients"],
    seenAs: ["contradicted"],
    patches: [
      {
        module: "/packages/domain/src/decide.ts",
        find: "  if (recorded !== undefined) {\n    if (hashesEqual(recorded.payloadDigest, payloadDigest))",
        put: "  if (recorded !== undefined && recorded.number < 0) {\n    if (hashesEqual(recorded.payloadDigest, payloadDigest))",
      },
    ],
  },
  {
    // Nothing is remembered outside the store: each life begins with heads of its own.
    name: "durable head off",
    services: exchanges,
    faults: ["store-put-back"],
    seenAs: ["other", "lost"],
    patches: [
      {
        module: "/services/exchange/src/shard-guard.ts",
        find: 'openHeadWriter(join(directory, "head"))',
        put: 'openHeadWriter(join(directory, "head-" + process.pid))',
      },
      {
        module: "/services/exchange/src/shard-guard.ts",
        find: 'openDossierHeads(join(directory, "dossier-heads.sqlite"))',
        put: 'openDossierHeads(join(directory, "dossier-heads-" + process.pid))',
      },
    ],
  },
  {
    name: "gap check off",
    services: ["ledger"],
    faults: ["record-rots"],
    seenAs: ["other", "fork", "gap"],
    patches: [
      {
        module: "/packages/event-store/src/follow.ts",
        find: "if (filterSubject === undefined && sequence !== received + 1) {",
        put: "if (filterSubject === undefined && sequence < 0) {",
      },
    ],
  },
];

/** What a run with the bug differs by. */
export function plantedRun(bug: PlantedBug): {
  readonly faults: readonly Fault[];
  readonly eachOnce: true;
  readonly settings: Partial<Record<ServiceName, ServiceSettings>>;
} {
  const faults = bug.faults.map((name) => {
    const found = allFaults.find((fault) => fault.name === name);
    if (found === undefined) throw new Error(`There is no fault ${name}.`);
    return found;
  });
  const settings = Object.fromEntries(bug.services.map((name) => [name, patched(bug.patches)]));
  return { faults, eachOnce: true, settings };
}
