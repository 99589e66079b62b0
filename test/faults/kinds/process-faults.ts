import { existsSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { type Fault, type FaultWorld, type ServiceName, serviceNames, type WatchedProcess } from "../fault.ts";

/** Longer than any wait for a store's answer, so that what was under way has an unknown outcome. */
const stoppedMsMax = 7_000;

function killed(name: string, of: (world: FaultWorld) => WatchedProcess): Fault {
  return {
    name: `kill-${name}`,
    async run(world) {
      await of(world).signal("SIGKILL");
      return "SIGKILL";
    },
  };
}

/** The nats-server that a store runs is told to end when the store dies; its end is the fault. */
const killedStore: Fault = {
  name: "kill-store",
  async run(world) {
    const pids = world.replicas === 1 ? world.natsServers.map(({ pid }) => pid) : [];
    await world.services.store.signal("SIGKILL");
    for (const pid of pids) while (pid !== null && existsSync(`/proc/${pid}/exe`)) await wait(5);
    return "SIGKILL";
  },
};

function stopped(name: string, of: (world: FaultWorld) => WatchedProcess): Fault {
  return {
    name: `stop-${name}`,
    async run(world, dice) {
      const process = of(world);
      const ms = dice.chance(0.5) ? dice.between(100, 1_500) : dice.between(2_500, stoppedMsMax);
      await process.signal("SIGSTOP");
      await wait(ms);
      await process.signal("SIGCONT");
      return `SIGSTOP for ${ms} ms`;
    },
  };
}

const service =
  (name: ServiceName) =>
  (world: FaultWorld): WatchedProcess =>
    world.services[name];
const firstNatsServer = (world: FaultWorld): WatchedProcess => world.natsServers[0] as WatchedProcess;

/** Every process dies, or freezes, at any moment. */
export const processFaults: readonly Fault[] = [
  ...serviceNames.flatMap((name) => [
    name === "store" ? killedStore : killed(name, service(name)),
    stopped(name, service(name)),
  ]),
  { ...killed("nats-server", firstNatsServer), weight: 12, replicas: [1] },
  { ...stopped("nats-server", firstNatsServer), weight: 12, replicas: [1] },
  {
    name: "kill-both-exchanges",
    async run(world) {
      await Promise.all([
        world.services["exchange-1"].signal("SIGKILL"),
        world.services["exchange-2"].signal("SIGKILL"),
      ]);
      return "SIGKILL of both at once";
    },
  },
  {
    name: "kill-everything",
    replicas: [1],
    async run(world) {
      const all = [...world.natsServers, ...serviceNames.map((name) => world.services[name])];
      await Promise.all(all.map((process) => process.signal("SIGKILL")));
      return "SIGKILL of every process at once";
    },
  },
  {
    name: "terminate-exchange",
    async run(world, dice) {
      const name = dice.pick(["exchange-1", "exchange-2"] as const);
      await world.services[name].holdDown();
      await world.services[name].start();
      return `${name} drained and started again`;
    },
  },
];
