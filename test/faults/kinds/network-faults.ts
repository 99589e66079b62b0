import { setTimeout as wait } from "node:timers/promises";
import type { TcpProxy } from "../../../packages/testkit/src/tcp-proxy.ts";
import type { Dice } from "../../fuzz/dice.ts";
import { type Fault, type FaultWorld, type ProxiedService, serviceNames } from "../fault.ts";

interface Harm {
  readonly name: string;
  /** Says what it did. The proxy is healed afterwards. */
  readonly does: (proxy: TcpProxy, dice: Dice) => Promise<string>;
}

const harms: readonly Harm[] = [
  {
    name: "cut",
    async does(proxy) {
      proxy.cut();
      return "connections cut";
    },
  },
  {
    name: "refuse",
    async does(proxy, dice) {
      const ms = dice.between(200, 4_000);
      proxy.refuse();
      await wait(ms);
      return `nobody there for ${ms} ms`;
    },
  },
  {
    name: "mute",
    async does(proxy, dice) {
      const ms = dice.between(500, 7_000);
      proxy.swallow("both");
      await wait(ms);
      return `half open, mute both ways for ${ms} ms`;
    },
  },
  {
    // Every write of this time is done, and nobody is told.
    name: "lose-answers",
    async does(proxy, dice) {
      const ms = dice.between(300, 4_000);
      proxy.swallow("toClient");
      await wait(ms);
      return `every answer lost for ${ms} ms`;
    },
  },
  {
    name: "slow",
    async does(proxy, dice) {
      const ms = dice.between(1_000, 4_000);
      const delayMs = dice.between(50, 800);
      proxy.slow({ delayMs });
      await wait(ms);
      return `${delayMs} ms on each way for ${ms} ms`;
    },
  },
  {
    name: "jitter",
    async does(proxy, dice) {
      const ms = dice.between(1_000, 4_000);
      const jitterMs = dice.between(50, 500);
      proxy.jitter({ jitterMs, random: () => dice.below(1_000_000) / 1_000_000 });
      await wait(ms);
      return `up to ${jitterMs} ms on each piece for ${ms} ms`;
    },
  },
];

function onProxies(
  where: string,
  proxiesOf: (world: FaultWorld, dice: Dice) => { readonly named: string; readonly proxies: readonly TcpProxy[] },
): Fault[] {
  return harms.map(({ name, does }) => ({
    name: `${name}-${where}`,
    async run(world, dice) {
      const { named, proxies } = proxiesOf(world, dice);
      try {
        const done = await Promise.all(proxies.map((proxy) => does(proxy, dice)));
        return `${named}: ${done[0]}`;
      } finally {
        for (const proxy of proxies) proxy.heal();
      }
    },
  }));
}

const proxied = serviceNames.filter((name): name is ProxiedService => name !== "store");

/** The network between agencies and exchange, and between services and nats-server. */
export const networkFaults: readonly Fault[] = [
  ...onProxies("clients", ({ clientProxies }, dice) => {
    const chosen = dice.below(clientProxies.length + 1);
    const one = clientProxies[chosen];
    return one === undefined
      ? { named: "both exchanges", proxies: clientProxies }
      : { named: `exchange-${chosen + 1}`, proxies: [one] };
  }),
  ...onProxies("nats", ({ natsProxies }, dice) => {
    // The exchanges write; what happens between them and the store matters most.
    const name = dice.chance(0.5) ? dice.pick(["exchange-1", "exchange-2"] as const) : dice.pick(proxied);
    return { named: name, proxies: [natsProxies[name]] };
  }).map((fault) => ({ ...fault, weight: 8 })),
];
