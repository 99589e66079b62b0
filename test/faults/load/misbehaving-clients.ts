import { setTimeout as wait } from "node:timers/promises";
import {
  BusCallError,
  type Connection,
  connect,
  createAgencyPen,
  type SignedStatement,
  submitWithRetry,
} from "@lienthong/client";
import { Channel, Outcome, RecallReason } from "@lienthong/contracts/exchange/v1/statement";
import { leafHash } from "@lienthong/tlog";
import type { LoadWorld } from "./load-process.ts";

const channel = { sharedConnection: false, serverName: "localhost" };

function penOf(world: LoadWorld, agency: string) {
  return createAgencyPen({ agency, keys: [world.keyOf(agency)], network: world.network, shard: world.shard });
}

/** Says it until it is accepted or refused, and keeps the outcome. Null: refused, or the bus could not be asked. */
async function say(
  world: LoadWorld,
  connection: Connection,
  signed: SignedStatement,
  { agency, what }: { agency: string; what: string },
): Promise<Uint8Array | null> {
  const { statementId: id, dossier } = signed;
  world.journal.write({ t: "offered", id, dossier, agency, what });
  try {
    const submit = (envelope: Uint8Array) => connection.exchange.submit(envelope, { deadlineMs: 3_000 });
    const { leafIndex, event: bytes, repeatedAnswer: again } = await submitWithRetry(submit, signed.envelope);
    const event = Buffer.from(bytes).toString("base64");
    world.journal.write({ t: "accepted", id, dossier, leaf: Number(leafIndex), event, promise: "", again });
    return bytes;
  } catch (error) {
    const reason = error instanceof BusCallError ? (error.reason ?? error.message) : String(error);
    const isFinal = error instanceof BusCallError && error.retry === "terminal" && error.reason !== "SHARD_STOPPED";
    world.journal.write(isFinal ? { t: "refused", id, dossier, reason } : { t: "unknown", id, reason });
    return null;
  }
}

const raceShiftMsMax = 10;

/**
 * Receiver and sender speak at the same moment, at different replicas, about the same head: one of them is too late. Both replicas know the dossier by
 * then: one that had to read it first would be later every time, and would have heard of the other.
 */
export async function race(world: LoadWorld, dossiers: number): Promise<void> {
  const plan = world.dice.pick(world.plans);
  const [first, next] = plan.steps;
  if (first === undefined || next === undefined) return;
  const connections = world.ground.exchanges.map((address) =>
    connect({ address, tls: world.tls(world.systemOf(plan.opener)), channel }),
  );
  const ofReceiver = world.ground.exchanges.map((address) =>
    connect({ address, tls: world.tls(world.systemOf(next.agency)), channel }),
  );
  const [here, there] = [connections[0] as Connection, ofReceiver.at(-1) as Connection];
  const sender = { pen: penOf(world, plan.opener), agency: plan.opener };
  const receiver = { pen: penOf(world, next.agency), agency: next.agency };
  const branch = "0";
  const forwardedHead = async (): Promise<{ dossier: string; head: Uint8Array } | null> => {
    const dossier = world.newDossier();
    const { areaCode, open } = plan;
    const signed = sender.pen.open({ dossier, areaCode, ...open, channel: Channel.CHANNEL_ONLINE });
    const opened = await say(world, here, signed, { agency: sender.agency, what: "open" });
    if (opened === null) return null;
    const step = { dossier, branch, head: leafHash(opened), step: first.step, outcome: Outcome.OUTCOME_DONE };
    const held = first.completionRequired
      ? await say(world, here, sender.pen.complete(step), { agency: sender.agency, what: "complete" })
      : opened;
    if (held === null) return null;
    const target = { branch, step: next.step, edge: next.edge, receiver: { agency: next.agency } };
    const forward = sender.pen.forward({ dossier, branch, head: leafHash(held), targets: [target] });
    const forwarded = await say(world, here, forward, { agency: sender.agency, what: "forward" });
    if (forwarded === null) return null;
    const tooEarly = receiver.pen.acknowledge({ dossier, branch, head: leafHash(held) });
    await say(world, there, tooEarly, { agency: receiver.agency, what: "acknowledge" });
    return { dossier, head: leafHash(forwarded) };
  };
  const heads = await Promise.all(Array.from({ length: dossiers }, forwardedHead));
  // One dossier after the other: of many at once, most would wait for a replica's earlier batch and hear of the other's meanwhile. One replica is
  // always a little quicker than the other, by as much as the machine has to do: so each dossier shifts the two against each other by something else.
  for (const forwarded of heads) {
    if (forwarded === null) continue;
    const at = { ...forwarded, branch };
    const recall = sender.pen.askRecall({ ...at, reason: RecallReason.RECALL_REASON_CORRECTION });
    const acknowledgement = receiver.pen.acknowledge(at);
    const shiftMs = world.dice.between(-raceShiftMsMax, raceShiftMsMax);
    await Promise.all([
      wait(Math.max(0, shiftMs)).then(() => say(world, here, recall, { agency: sender.agency, what: "askRecall" })),
      wait(Math.max(0, -shiftMs)).then(() =>
        say(world, there, acknowledgement, { agency: receiver.agency, what: "acknowledge" }),
      ),
    ]);
  }
  for (const connection of [...connections, ...ofReceiver]) connection.close();
}

/** Says as much at once as it can and looks at the answers only to count them. What is accepted is kept in the journal like everything else. */
export async function flood(world: LoadWorld, statements: number): Promise<void> {
  const plan = world.dice.pick(world.plans);
  const pen = penOf(world, plan.opener);
  const address = world.dice.pick(world.ground.exchanges);
  const connection = connect({ address, tls: world.tls(world.systemOf(plan.opener)), channel });
  const stream = connection.exchange.openStream({ inFlightMax: statements });
  const answers = Array.from({ length: statements }, async () => {
    const dossier = world.newDossier();
    const signed = pen.open({ dossier, areaCode: plan.areaCode, ...plan.open, channel: Channel.CHANNEL_ONLINE });
    world.journal.write({ t: "offered", id: signed.statementId, dossier, agency: plan.opener, what: "open" });
    try {
      const accepted = await stream.submit(signed.envelope);
      world.journal.write({
        t: "accepted",
        id: signed.statementId,
        dossier,
        leaf: Number(accepted.leafIndex),
        event: Buffer.from(accepted.event).toString("base64"),
        promise: "",
        again: accepted.repeatedAnswer,
      });
    } catch (error) {
      const reason = error instanceof BusCallError ? (error.reason ?? error.message) : String(error);
      const id = signed.statementId;
      const isFinal = error instanceof BusCallError && error.scope === "statement" && !error.outcomeUnknown;
      world.journal.write(isFinal ? { t: "refused", id, dossier, reason } : { t: "unknown", id, reason });
    }
  });
  await Promise.all(answers);
  connection.close();
}

/** Takes deliveries under a name of its own and settles none, and does not even read on when its credit is used up. */
export async function neverSettle(world: LoadWorld, milliseconds: number): Promise<void> {
  const agencies = [...new Set(world.plans.map(({ opener }) => opener))];
  const system = world.systemOf(agencies[0] as string);
  const own = agencies.filter((agency) => world.systemOf(agency) === system);
  const address = world.dice.pick(world.ground.exchanges);
  const connection = connect({ address, tls: world.tls(system), channel });
  const subscription = "never-settles";
  const receiver = connection.delivery.receive(
    { shard: world.shard, agencies: own, subscription, credit: 1_000, fromLeafIndex: 0n },
    () => {},
  );
  await Promise.race([receiver.ended, wait(milliseconds)]);
  connection.close();
}

/** Bytes that are no statement; one id said twice with other words; a statement about a dossier that is not there. All are refused, by name. */
export async function poison(world: LoadWorld): Promise<void> {
  const plan = world.dice.pick(world.plans);
  const pen = penOf(world, plan.opener);
  const address = world.dice.pick(world.ground.exchanges);
  const connection = connect({ address, tls: world.tls(world.systemOf(plan.opener)), channel });
  const expectRefusal = async (what: string, envelope: Uint8Array): Promise<void> => {
    try {
      await connection.exchange.submit(envelope, { deadlineMs: 5_000 });
      world.journal.write({ t: "violated", sentence: `${what} was accepted.` });
    } catch (error) {
      if (error instanceof BusCallError && error.reason === "INTERNAL") {
        world.journal.write({ t: "violated", sentence: `${what} was answered with INTERNAL.` });
      }
    }
  };
  try {
    await expectRefusal("Bytes that are no statement", world.dice.bytes(world.dice.between(1, 2_000)));
    const dossier = world.newDossier();
    const signed = pen.open({ dossier, areaCode: plan.areaCode, ...plan.open, channel: Channel.CHANNEL_ONLINE });
    const broken = Uint8Array.from(signed.envelope);
    const at = world.dice.below(broken.length);
    broken[at] = (broken[at] as number) ^ (1 << world.dice.below(8));
    await expectRefusal("An envelope with a flipped bit", broken);
    const nowhere = pen.complete({
      dossier: world.newDossier(),
      branch: "0",
      head: world.dice.bytes(32),
      step: plan.open.step,
      outcome: Outcome.OUTCOME_DONE,
    });
    await expectRefusal("A statement about a dossier that is not there", nowhere.envelope);
  } finally {
    connection.close();
  }
}
