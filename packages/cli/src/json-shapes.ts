import { type Timestamp, timestampToIso } from "@lienthong/chassis/timestamp";
import type { Branch, Dossier } from "@lienthong/contracts/exchange/v1/dossier";
import type { ChainCheck } from "./bus/check-chain.ts";
import type { TrailContent, TrailEvent } from "./bus/trail-events.ts";
import { branchStateWords } from "./contract-words.ts";

/** Lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

function instant(timestamp: Timestamp | undefined): string | null {
  return timestamp === undefined ? null : timestampToIso(timestamp);
}

/** A branch as `--json` shows it. */
export function branchJson(branch: Branch) {
  const { pending } = branch;
  return {
    branch: branch.branch,
    state: branchStateWords.nameOf(branch.state),
    holder: branch.holder,
    unit: branch.unit,
    step: branch.step,
    head: hex(branch.head),
    heldSince: instant(branch.heldSince),
    pending:
      pending === undefined
        ? null
        : {
            forward: hex(pending.handoff?.forward ?? new Uint8Array(0)),
            receiver: { agency: pending.receiver?.agency ?? "", unit: pending.receiver?.unit ?? "" },
            step: pending.step,
            edge: pending.edge,
            delivered: pending.delivered,
          },
  };
}

/** A dossier as `--json` shows it. */
export function dossierJson(dossier: Dossier, simulated: boolean) {
  return {
    dossier: dossier.dossier,
    shard: dossier.shard,
    clock: simulated ? "SIMULATED" : "REAL",
    procedure: dossier.procedure,
    route: dossier.route,
    areaCode: dossier.areaCode,
    openedBy: dossier.openedBy,
    eventCount: Number(dossier.eventCount),
    lastEvent: hex(dossier.lastEvent),
    ended: dossier.ended,
    branches: dossier.branches.map(branchJson),
  };
}

/** What an event says, as `--json` shows it. */
export function contentJson(content: TrailContent) {
  return {
    said: content.said,
    agency: content.agency,
    unit: content.unit,
    system: content.system,
    statementId: content.statementId,
    recordedTime: instant(content.recordedTime),
    wallTime: instant(content.wallTime),
    branches: content.branches,
    targets: content.targets,
    reason: content.reason,
    outcome: content.outcome,
    channel: content.channel,
    documents: content.documents.map(({ sizeBytes, ...document }) => ({ ...document, sizeBytes: Number(sizeBytes) })),
    dueTime: instant(content.dueTime),
    documentKinds: content.documentKinds,
    assignedUnit: content.assignedUnit,
    internalStep: content.internalStep,
    leadBranch: content.leadBranch,
    erasedIds: content.erasedIds,
  };
}

/** An event of a trail as `--json` shows it. */
export function eventJson({ number, leafIndex, hash, content }: TrailEvent) {
  return {
    number: Number(number),
    leafIndex: Number(leafIndex),
    hash: hex(hash),
    withheld: content === null,
    content: content === null ? null : contentJson(content),
  };
}

/** The check of a chain as `--json` shows it. */
export function chainJson(chain: ChainCheck) {
  return chain.whole ? chain : { whole: false, number: Number(chain.number), fault: chain.fault };
}
