import { setTimeout as wait } from "node:timers/promises";
import { BusCallError, connect, createAgencyPen } from "@lienthong/client";
import { Channel } from "@lienthong/contracts/exchange/v1/statement";
import type { LoadWorld } from "./load-process.ts";

const inFlightMax = 512;

/** Opens so many dossiers as fast as they are taken and leaves them at their desks. Nothing is kept in the journal: this only makes the shard big. */
export async function fillShard(world: LoadWorld, dossiers: number): Promise<void> {
  const openers = [...new Set(world.plans.map(({ opener }) => opener))];
  let opened = 0;
  const lanes = openers.map(async (opener, index) => {
    const plan = world.plans.find((one) => one.opener === opener);
    if (plan === undefined) return;
    const pen = createAgencyPen({
      agency: opener,
      keys: [world.keyOf(opener)],
      network: world.network,
      shard: world.shard,
    });
    const address = world.ground.exchanges[index % world.ground.exchanges.length] as string;
    const channel = { sharedConnection: false, serverName: "localhost" };
    const connection = connect({ address, tls: world.tls(world.systemOf(opener)), channel });
    const stream = connection.exchange.openStream({ inFlightMax });
    const sayOne = async (): Promise<void> => {
      const dossier = world.newDossier();
      const { areaCode, open } = plan;
      const { envelope } = pen.open({ dossier, areaCode, ...open, channel: Channel.CHANNEL_ONLINE });
      for (;;) {
        try {
          await stream.submit(envelope);
          return;
        } catch (error) {
          if (!(error instanceof BusCallError) || error.retry === "terminal") throw error;
          await wait((error.retryAfterMs ?? 0) + 50);
        }
      }
    };
    await Promise.all(
      Array.from({ length: inFlightMax }, async () => {
        while (opened < dossiers) {
          opened += 1;
          await sayOne();
        }
      }),
    );
    await stream.end();
    connection.close();
  });
  await Promise.all(lanes);
}
