import { setTimeout as wait } from "node:timers/promises";
import { eventStreamName } from "@lienthong/event-store";
import type { Dice } from "../../fuzz/dice.ts";
import type { Fault, FaultWorld, WatchedProcess } from "../fault.ts";

/** As long as an election takes, and longer. */
const awayMsMax = 15_000;
const upToDateWithinMs = 60_000;

type Choice = (world: FaultWorld, dice: Dice) => Promise<number>;
const leader: Choice = async (world) => (await world.cluster?.leaderOf(eventStreamName(world.shard))) ?? 0;
const follower: Choice = async (world, dice) => ((await leader(world, dice)) + 1 + dice.below(2)) % 3;

function onServer(
  name: string,
  choice: Choice,
  harm: (world: FaultWorld, at: { index: number; server: WatchedProcess }, dice: Dice) => Promise<string>,
): Fault {
  return {
    name,
    replicas: [3],
    weight: 8,
    async run(world, dice) {
      const index = await choice(world, dice);
      const server = world.natsServers[index] as WatchedProcess;
      return `${server.name}: ${await harm(world, { index, server }, dice)}`;
    },
  };
}

const kill = async (_world: FaultWorld, { server }: { server: WatchedProcess }): Promise<string> => {
  await server.signal("SIGKILL");
  return "SIGKILL";
};
const pause = async (_world: FaultWorld, { server }: { server: WatchedProcess }, dice: Dice): Promise<string> => {
  const ms = dice.between(500, awayMsMax);
  await server.signal("SIGSTOP");
  await wait(ms);
  await server.signal("SIGCONT");
  return `SIGSTOP for ${ms} ms`;
};
const isolate = async (world: FaultWorld, { index }: { index: number }, dice: Dice): Promise<string> => {
  const how = dice.pick(["refuse", "swallow"] as const);
  const ms = dice.between(500, awayMsMax);
  world.cluster?.isolate(index, how);
  await wait(ms);
  world.cluster?.heal();
  return `cut off from the others (${how}) for ${ms} ms`;
};

/** What happens to one, or two, of three nats-servers. */
export const clusterFaults: readonly Fault[] = [
  onServer("kill-leader", leader, kill),
  onServer("stop-leader", leader, pause),
  onServer("isolate-leader", leader, isolate),
  onServer("kill-follower", follower, kill),
  onServer("isolate-follower", follower, isolate),
  {
    name: "two-of-three-gone",
    replicas: [3],
    async run(world, dice) {
      const stays = dice.below(3);
      const gone = world.natsServers.filter((_, index) => index !== stays);
      await Promise.all(gone.map((server) => server.holdDown("SIGKILL")));
      // Answers that were under way when the last of the majority fell arrive within a moment.
      await wait(500);
      const isAccepted = await world.nextAccepted(3_000).then(
        () => true,
        () => false,
      );
      if (isAccepted) world.violated("A statement was accepted while two of three nats-servers were gone.");
      await Promise.all(gone.map((server) => server.start()));
      return `${gone.map(({ name }) => name).join(" and ")} gone for some seconds`;
    },
  },
  {
    name: "rolling-restart",
    replicas: [3],
    async run(world) {
      for (const server of world.natsServers) {
        await server.holdDown("SIGTERM");
        await server.start();
        await server.serving(upToDateWithinMs);
      }
      return "one server after the other";
    },
  },
];
