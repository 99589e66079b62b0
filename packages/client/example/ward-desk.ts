// A desk as an agency's own system would run it: it opens dossiers, takes over what is forwarded to its agencies, does the work of
// the step, passes it on, and gives the result to the citizen. Killed at any moment and started again, it goes on where it was.
//
//   node packages/client/example/ward-desk.ts desk.json
//
// It says one line for each statement that the bus accepted, and ends well on SIGTERM.
import { readFileSync } from "node:fs";
import { connect, createAgencyPen, openOutbox, receiveDurably, type SignedStatement } from "@lienthong/client";
import { type Branch, BranchState, type Dossier } from "@lienthong/contracts/exchange/v1/dossier";
import { Channel, Outcome } from "@lienthong/contracts/exchange/v1/statement";
import { EdgeKind } from "@lienthong/contracts/registry/v1/route";
import { importSigningKey, readEvent } from "@lienthong/statement";

interface DeskSettings {
  /** "host:port" of the exchange and of the registry. */
  readonly exchange: string;
  readonly registry: string;
  /** Files of the system's own certificate and key, and of the authority that it trusts. */
  readonly tls: { readonly ca: string; readonly certificate: string; readonly key: string };
  /** Agencies that it speaks for, and the files of their seals. */
  readonly seals: Readonly<Record<string, string>>;
  /** Folder of its own for what must survive. */
  readonly directory: string;
  readonly procedure: string;
  /** Dossiers that citizens hand in here. */
  readonly open?: { readonly agency: string; readonly areaCode: string; readonly dossiers: readonly string[] };
}

const text = (file: string) => readFileSync(file, "utf8");
const settings = JSON.parse(text(process.argv[2] ?? "desk.json")) as DeskSettings;
const tls = { caPem: text(settings.tls.ca), certPem: text(settings.tls.certificate), keyPem: text(settings.tls.key) };
const bus = connect({ address: settings.exchange, tls });
const registry = connect({ address: settings.registry, tls });

// What is signed names the network and the shard; what is opened pins procedure, route and calendar.
const { shard, network, now } = await bus.exchange.getShard();
const today = new Date((Number(now?.seconds) + 7 * 3_600) * 1_000).toISOString().slice(0, 10);
const procedure = await registry.registry.getProcedure(settings.procedure);
const pinned = procedure.routes[0];
if (pinned?.route === undefined) throw new Error(`${settings.procedure} has no route.`);
const { steps, edges } = pinned.route;
const pens = new Map(
  Object.entries(settings.seals).map(([agency, file]) => [
    agency,
    createAgencyPen({ agency, keys: [importSigningKey(text(file))], network, shard }),
  ]),
);

/** What is being looked at, by dossier: one thing after the other. */
const underWay = new Map<string, Promise<void>>();

// Whatever this desk says goes through the outbox: it is on the disk before it is sent, and sent until it is answered.
const outbox = openOutbox({
  directory: settings.directory,
  connection: bus,
  async onAccepted({ dossier, accepted }) {
    const { body } = readEvent(accepted.event);
    if (body.$case !== "statement") return;
    console.log(dossier, body.statement.what?.$case);
    await workOn(dossier, body.statement.author?.agency ?? "");
  },
  onRefused({ statementId, dossier, refusal }) {
    // The dossier has moved since: somebody was first, or this very desk before it was killed. What is to be said now is found anew.
    if (refusal.reason === "PRIOR_STALE") outbox.forgetRefused(statementId);
    else console.error(dossier, refusal.message);
  },
});

// A delivery is settled when `workOn` is done: then what follows from it is in the outbox.
const inbox = receiveDurably({
  directory: settings.directory,
  connection: bus,
  shard,
  agencies: [...pens.keys()],
  handler: ({ dossier, agency }) => workOn(dossier, agency),
});

for (const dossier of settings.open?.dossiers ?? []) {
  if (settings.open !== undefined && outbox.ofDossier(dossier).length === 0) await openDossier(dossier, settings.open);
}

process.once("SIGTERM", async () => {
  await inbox.close();
  await outbox.close();
  for (const connection of [bus, registry]) connection.close();
});

/** Opens a dossier at the first step of the route. */
async function openDossier(dossier: string, { agency, areaCode }: { agency: string; areaCode: string }): Promise<void> {
  const pen = pens.get(agency);
  if (pen === undefined || now === undefined) throw new Error(`There is no seal of ${agency} here.`);
  const signed = pen.open({
    dossier,
    areaCode,
    procedureEntry: procedure.entry,
    routeEntry: pinned?.entry ?? new Uint8Array(),
    calendarEntry: procedure.calendarEntry,
    step: steps.find(({ start }) => start)?.id ?? "",
    channel: Channel.CHANNEL_IN_PERSON,
    receivedTime: now,
  });
  await outbox.submit(signed);
}

/** Says what is to be said next about a dossier. May be called too often: what is on its way is waited for, and then seen. */
function workOn(code: string, agency: string): Promise<void> {
  const before = underWay.get(code) ?? Promise.resolve();
  const after = before
    .catch(() => {})
    .then(async () => {
      for (const { statementId, state } of outbox.ofDossier(code)) {
        if (state === "pending") await outbox.answered(statementId).catch(() => {});
      }
      const dossier = await bus.exchange.getDossier({ shard, dossier: code, agency });
      for (const branch of dossier.branches) {
        const signed = await nextStatement(dossier, branch, agency);
        if (signed !== null) return outbox.submit(signed);
      }
    })
    .finally(() => {
      if (underWay.get(code) === after) underWay.delete(code);
    });
  underWay.set(code, after);
  return after;
}

/** What an agency says next about a branch; null if it is somebody else's turn. */
async function nextStatement(dossier: Dossier, branch: Branch, agency: string): Promise<SignedStatement | null> {
  const pen = pens.get(agency);
  if (pen === undefined) return null;
  const on = { dossier: dossier.dossier, branch: branch.branch, head: branch.head };
  const { pending } = branch;
  if (pending !== undefined) {
    const isOurs = pending.receiver?.agency === agency && pending.handoff !== undefined;
    return isOurs ? pen.acknowledge({ ...on, forward: pending.handoff.forward }) : null;
  }
  if (branch.holder !== agency) return null;
  const step = steps.find(({ id }) => id === branch.step);
  if (step?.completionRequired === true && branch.state === BranchState.BRANCH_STATE_WORKING) {
    // Here the officials do their work. This desk's are quick.
    return pen.complete({ ...on, step: step.id, outcome: Outcome.OUTCOME_DONE });
  }
  if (step?.end === true) {
    return pen.returnToCitizen({ ...on, outcome: Outcome.OUTCOME_GRANTED, channel: Channel.CHANNEL_IN_PERSON });
  }
  const edge = edges.find(({ from, kind }) => from === branch.step && kind === EdgeKind.EDGE_KIND_FORWARD);
  const role = steps.find(({ id }) => id === edge?.to)?.role;
  if (edge === undefined || role === undefined) throw new Error(`Nothing leads on from ${branch.step}.`);
  const { areaCode } = dossier;
  const question = { role, areaCode, onDate: today, procedure: settings.procedure };
  const [competent] = (await registry.registry.resolveRole(question)).candidates;
  if (competent === undefined) throw new Error(`Nobody is ${role} for ${areaCode}.`);
  const target = { branch: branch.branch, step: edge.to, edge: edge.id, receiver: { agency: competent.agency } };
  return pen.forward({ ...on, targets: [target] });
}
