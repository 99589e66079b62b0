import { cpSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Fault, FaultWorld } from "../fault.ts";
import { serviceNames } from "../fault.ts";

/** As long as a bus that is wrong would take to go on. */
const noticedWithinMs = 6_000;
const acceptedWithinMs = 60_000;

const storeOf = (world: FaultWorld): string => join(world.directory, "nats", "jetstream");

async function holdAllDown(world: FaultWorld): Promise<void> {
  // The store last: what the others still have under way is written.
  for (const name of serviceNames.toReversed()) await world.services[name].holdDown();
}

async function startAll(world: FaultWorld): Promise<void> {
  await world.services.store.start();
  await Promise.all(serviceNames.map((name) => world.services[name].start()));
}

/** Puts a copy of the store's folder in its place. */
function putBack(world: FaultWorld, copy: string): void {
  const store = storeOf(world);
  rmSync(store, { recursive: true, force: true });
  renameSync(copy, store);
}

/** The store's disk gives back something else than was written there. Whoever reads it must notice before anything is built on it. */
export const storeFaults: readonly Fault[] = [
  {
    name: "store-put-back",
    replicas: [1],
    weight: 1,
    async run(world) {
      const older = join(world.directory, "store-older");
      const newer = join(world.directory, "store-newer");
      await holdAllDown(world);
      cpSync(storeOf(world), older, { recursive: true });
      await startAll(world);
      await world.nextAccepted(acceptedWithinMs);
      await wait(500);
      await holdAllDown(world);
      renameSync(storeOf(world), newer);
      putBack(world, older);
      await world.services.store.start();
      await Promise.all([
        world.services.registry.start(),
        world.services["exchange-1"].start(),
        world.services["exchange-2"].start(),
      ]);
      const isAccepted = await world.nextAccepted(noticedWithinMs).then(
        () => true,
        () => false,
      );
      if (isAccepted) world.violated("An older copy of the stream was put back, and statements were accepted on it.");
      await holdAllDown(world);
      putBack(world, newer);
      await startAll(world);
      return "an older copy of the stream was in its place; then the right one again";
    },
  },
  {
    name: "record-rots",
    replicas: [1],
    weight: 1,
    async run(world, dice) {
      const { ledger, audit, store } = world.services;
      const whole = join(world.directory, "store-whole");
      // Written while nobody seals, so that the ledger has still to read it.
      await ledger.holdDown();
      await audit.holdDown();
      await world.nextAccepted(acceptedWithinMs);
      const { dossier, leaf } = world.lastAccepted();
      await wait(500);
      await holdAllDown(world);
      cpSync(storeOf(world), whole, { recursive: true });
      if (!flipIn(storeOf(world), dossier, dice.below(8))) {
        putBack(world, whole);
        throw new Error(`The event of ${dossier} is in no block of the store.`);
      }
      await store.start();
      await ledger.start();
      const isGiven = await world.nextReceipt(noticedWithinMs).then(
        () => true,
        () => false,
      );
      if (isGiven)
        world.violated(`Leaf ${leaf} rotted in the stream before it was sealed, and the ledger sealed on without it.`);
      await holdAllDown(world);
      putBack(world, whole);
      await startAll(world);
      return `a bit of leaf ${leaf} flipped before it was sealed; then the right bytes again`;
    },
  },
];

/** Flips a bit of an event's own bytes: behind the last place where a block names its dossier. */
function flipIn(store: string, dossier: string, bit: number): boolean {
  for (const name of readdirSync(store, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".blk") || !name.includes("EVENTS")) continue;
    const path = join(store, name);
    const bytes = readFileSync(path);
    const at = bytes.lastIndexOf(dossier);
    if (at < 0) continue;
    const place = at + dossier.length - 1;
    bytes[place] = (bytes[place] as number) ^ (1 << bit);
    writeFileSync(path, bytes);
    return true;
  }
  return false;
}
