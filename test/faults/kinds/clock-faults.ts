import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Fault, type FaultWorld, type ServiceName, type ServiceSettings, serviceNames } from "../fault.ts";

const clockOf = (directory: string, service: ServiceName): string => join(directory, `clock-${service}`);

/** What every service of the world is started with, so that its clock can be set while it runs. */
export function clockSettings(directory: string, service: ServiceName): ServiceSettings {
  return {
    preload: [new URL("../planted/shifted-clock.ts", import.meta.url)],
    environment: { FAULT_HARNESS_CLOCK: clockOf(directory, service) },
  };
}

function setClock(world: FaultWorld, service: ServiceName, offsetMs: number): void {
  writeFileSync(clockOf(world.directory, service), String(offsetMs));
  const { pid } = world.services[service];
  if (pid !== null) process.kill(pid, "SIGUSR2");
}

const spansMs = [1_500, 20_000, 3_600_000, 26 * 3_600_000];

/** Clocks of our processes jump, both ways, alone or several at once, and back again after a while. */
export const clockFaults: readonly Fault[] = [
  {
    name: "clocks-jump",
    weight: 8,
    async run(world, dice) {
      const shifted = serviceNames.filter(() => dice.chance(0.4));
      const chosen = shifted.length === 0 ? [dice.pick(["exchange-1", "exchange-2"] as const)] : shifted;
      const ms = dice.between(500, 4_000);
      const told: string[] = [];
      for (const service of chosen) {
        const offsetMs = dice.pick(spansMs) * (dice.chance(0.5) ? 1 : -1);
        setClock(world, service, offsetMs);
        told.push(`${service} ${offsetMs / 1_000} s`);
      }
      await wait(ms);
      for (const service of chosen) setClock(world, service, 0);
      return `${told.join(", ")} for ${ms} ms`;
    },
  },
];
