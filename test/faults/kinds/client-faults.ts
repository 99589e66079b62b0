import type { Fault } from "../fault.ts";

/** Clients that misbehave, or lost their memory. */
export const clientFaults: readonly Fault[] = [
  {
    name: "client-floods",
    async run(world, dice) {
      const statements = dice.between(500, 8_000);
      await world.tellLoad({ kind: "flood", statements });
      return `${statements} statements at once`;
    },
  },
  {
    name: "client-never-settles",
    async run(world, dice) {
      const milliseconds = dice.between(1_000, 4_000);
      await world.tellLoad({ kind: "never-settle", milliseconds });
      return `no settlement for ${milliseconds} ms`;
    },
  },
  {
    name: "client-restored",
    async run(world) {
      await world.tellLoad({ kind: "restore-client" });
      return "outbox and inbox of a system put back, or its inbox lost";
    },
  },
  {
    name: "clients-race",
    async run(world, dice) {
      const dossiers = dice.between(10, 40);
      await world.tellLoad({ kind: "race", dossiers });
      return `${dossiers} dossiers acknowledged and asked back at once, at different replicas`;
    },
  },
  {
    name: "client-poison",
    async run(world) {
      await world.tellLoad({ kind: "poison" });
      return "no statements, broken ones, unfounded ones";
    },
  },
];
