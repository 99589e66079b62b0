import type { Delivery } from "@lienthong/contracts/exchange/v1/delivery_service";
import {
  type Addressee,
  type Forward,
  type ForwardBranch,
  RefusalReason,
} from "@lienthong/contracts/exchange/v1/statement";
import type { RouteEdge } from "@lienthong/contracts/registry/v1/route";
import { readEvent } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import type { CaseFile, What } from "./case-file.ts";
import { type BranchRecord, type HandoffRecord, newBranch } from "./case-record.ts";
import { documentsShownAt, officePaper } from "./paperwork.ts";

const msPerMinute = 60_000;
const msPerHour = 60 * msPerMinute;

/** Offers custody along one edge, or along all edges of a fork. */
export async function forward(
  file: CaseFile,
  branch: BranchRecord,
  edges: readonly RouteEdge[],
  atMs: number,
): Promise<void> {
  const targets = await Promise.all(
    edges.map(async (edge): Promise<ForwardBranch> => {
      const id = edge.fork === "" ? branch.id : newChildId(file, branch);
      const receiver = await file.player(file.step(edge.to));
      return targetOf(file, id, edge, receiver, branch);
    }),
  );
  await handOver(file, branch, targets, atMs);
}

/** A child id that the dossier never had. */
export function newChildId(file: CaseFile, branch: BranchRecord): string {
  return `${branch.id}.${file.count("child", branch.id)}`;
}

/** One branch of a forward or of a request for opinions. */
export function targetOf(
  file: CaseFile,
  branch: string,
  edge: RouteEdge,
  receiver: Addressee,
  { documents }: BranchRecord,
): ForwardBranch {
  return {
    branch,
    step: edge.to,
    edge: edge.id,
    receiver,
    documents: documentsShownAt(file.procedure, edge.to, documents),
    dueTime: undefined,
    copies: [],
  };
}

/** What was refused or given back is put right and offered once more. */
export async function forwardAgain(file: CaseFile, branch: BranchRecord, atMs: number): Promise<void> {
  const { step, edge, receiver, attempt } = handoffOf(file, branch);
  const random = file.choices.random("supplement", branch.id, step, attempt);
  const documents = [...branch.documents, officePaper("supplement", random, atMs)];
  const target = { branch: branch.id, step, edge, receiver, documents, dueTime: undefined, copies: [] };
  await handOver(file, branch, [target], atMs);
}

async function handOver(
  file: CaseFile,
  branch: BranchRecord,
  targets: readonly ForwardBranch[],
  atMs: number,
): Promise<void> {
  const value: Forward = { branches: [...targets] };
  const stateBefore = branch.state === "working" ? "working" : "completed";
  const forked = targets[0]?.branch !== branch.id;
  await offer(
    file,
    branch,
    { $case: "forward", value },
    atMs,
    (hash) => {
      file.letGo(branch, atMs);
      if (!forked) return;
      Object.assign(branch, { state: "forked", head: hash, children: targets.map((target) => target.branch) });
    },
    stateBefore,
  );
}

/**
 * Says an offer of custody, and waits until every receiver's system has it. `afterwards` brings the branch acted on up to date before the
 * branches offered are made.
 */
export async function offer(
  file: CaseFile,
  branch: BranchRecord,
  what: Extract<What, { $case: "forward" | "consult" }>,
  atMs: number,
  afterwards: (hash: Uint8Array) => void,
  stateBefore: BranchRecord["stateBefore"],
): Promise<void> {
  const sender = branch.holder;
  const targets = what.value.branches;
  const said = await file.say(sender, [branch], atMs, targets[0]?.step ?? "", what);
  afterwards(said.hash);
  for (const target of targets) {
    const isSame = target.branch === branch.id;
    const offered = isSame ? branch : newBranch(target.branch, sender, branch.step, said.hash, target.documents);
    if (what.$case === "consult") offered.askedFor = branch.id;
    offered.stateBefore = stateBefore;
    offered.state = "handed over";
    offered.head = said.hash;
    offered.documents = target.documents;
    offered.handoff = {
      edge: target.edge,
      step: target.step,
      receiver: target.receiver as Addressee,
      forwardedMs: atMs,
      forward: said.hash,
      attempt: file.count("offer", target.branch, target.step),
    };
    file.record.branches.set(offered.id, offered);
    file.world.figures.handedOver(file.procedure, target.edge);
  }
  const receivers = new Set(targets.map((target) => target.receiver?.agency ?? ""));
  await Promise.all(
    [...receivers].map(async (agency) => {
      handoffReached(file, await file.world.deliveries.delivered(agency, said.leafIndex));
    }),
  );
}

/** A receiver's system has an offer: somebody will look at it, or the sender wants it back before. */
function handoffReached(file: CaseFile, delivery: Delivery): void {
  const event = readEvent(delivery.event);
  const what = event.body.$case === "statement" ? event.body.statement.what : undefined;
  if (what?.$case !== "forward" && what?.$case !== "consult") {
    throw new Error(`Log entry ${delivery.leafIndex} is not the offer it should be.`);
  }
  const { fate, opinions } = file.record.plan;
  for (const offered of what.value.branches) {
    if (offered.receiver?.agency !== delivery.agency) continue;
    const branch = file.branch(offered.branch);
    branch.head = leafHash(delivery.event);
    if (branch.handoff === null || (fate.kind === "waiting" && fate.step === offered.step)) continue;
    // Its silence counts as agreement: whoever asked does not wait for it.
    if (opinions.some(({ edge, silent }) => silent && edge === offered.edge)) continue;
    const { forwardedMs, attempt } = branch.handoff;
    if (isRecalled(file, branch.handoff)) {
      const dueMs = file.choices.after(forwardedMs, 10 * msPerMinute, 2 * msPerHour, "recall", branch.id);
      file.schedule(dueMs, { kind: "ask recall", branch: branch.id });
      continue;
    }
    const dueMs = file.choices.answeredAt(forwardedMs, branch.id, offered.step, attempt);
    file.schedule(dueMs, { kind: "answer", branch: branch.id });
  }
}

/** The plan wants this offer back. */
function isRecalled(file: CaseFile, { step, attempt }: HandoffRecord): boolean {
  const { happening } = file.record.plan;
  return happening?.kind === "recall" && happening.step === step && attempt === 1;
}

/** The receiver has looked at an offer, and takes custody or does not. */
export async function answer(file: CaseFile, branch: BranchRecord, atMs: number): Promise<void> {
  const { step, attempt } = handoffOf(file, branch);
  const reason = isRecalled(file, handoffOf(file, branch)) ? null : refusalOf(file, branch.id, step, attempt);
  if (reason === null) await acknowledge(file, branch, atMs);
  else await refuse(file, branch, reason, atMs);
}

/** The receiver takes custody. */
export async function acknowledge(file: CaseFile, branch: BranchRecord, atMs: number): Promise<void> {
  const { edge, step, receiver, forwardedMs, forward: offered } = handoffOf(file, branch);
  const handoff = { forward: offered, branch: branch.id };
  const said = await file.say(receiver, [branch], atMs, step, { $case: "acknowledge", value: { handoff } });
  file.world.figures.acknowledged(file.procedure, edge, forwardedMs, atMs);
  Object.assign(branch, { state: "working", holder: receiver, step, head: said.hash, takenUp: { edge, atMs } });
  file.takeUp(branch, atMs);
}

async function refuse(file: CaseFile, branch: BranchRecord, reason: RefusalReason, atMs: number): Promise<void> {
  const { edge, step, receiver, attempt, forward: offered } = handoffOf(file, branch);
  const handoff = { forward: offered, branch: branch.id };
  const said = await file.say(receiver, [branch], atMs, step, {
    $case: "refuse",
    value: { handoff, reason, documents: [] },
  });
  file.world.figures.refused(file.procedure, edge, reason);
  file.record.refusals++;
  await file.told(branch.holder.agency, receiver, said);
  Object.assign(branch, { state: branch.stateBefore, head: said.hash });
  file.schedule(file.choices.correctedAt(atMs, branch.id, step, attempt), { kind: "forward again", branch: branch.id });
}

function refusalOf(file: CaseFile, branch: string, step: string, attempt: number): RefusalReason | null {
  if (file.record.plan.refusedAtStep === step && attempt === 1) return RefusalReason.REFUSAL_REASON_INCOMPLETE;
  return file.choices.refusal(branch, step, attempt);
}

/** The pending or last handoff of a branch. */
export function handoffOf(file: CaseFile, branch: BranchRecord): HandoffRecord {
  if (branch.handoff === null)
    throw new Error(`Branch ${branch.id} of ${file.record.plan.code} was never handed over.`);
  return branch.handoff;
}
