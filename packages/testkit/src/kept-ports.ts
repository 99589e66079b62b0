import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";

const lowest = 20_000;

/**
 * Ports for processes that come back to the same one. They lie below the range from which the system takes a port for each outgoing connection:
 * one out of that range, free while its process is away, may belong to somebody's connection when it returns. All are held until the last is
 * found, so that they differ.
 */
export async function keptPorts(count: number): Promise<number[]> {
  const range = await readFile("/proc/sys/net/ipv4/ip_local_port_range", "utf8").catch(() => "32768 60999");
  const below = Number.parseInt(range, 10);
  const held: Server[] = [];
  const ports: number[] = [];
  try {
    for (let attempts = 0; ports.length < count; attempts += 1) {
      if (attempts > 1_000 + count) throw new Error(`No ${count} ports are free between ${lowest} and ${below}.`);
      const port = lowest + Math.floor(Math.random() * (below - lowest));
      const probe = createServer();
      try {
        await once(probe.listen(port, "127.0.0.1"), "listening");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
        continue;
      }
      held.push(probe);
      ports.push(port);
    }
    return ports;
  } finally {
    await Promise.all(held.map((probe) => new Promise((resolve) => probe.close(resolve))));
  }
}
