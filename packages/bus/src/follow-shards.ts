import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "@lienthong/chassis";
import type { ShardRecord } from "@lienthong/contracts/registry/v1/record";
import type { RegistryFollower } from "@lienthong/registry";

const retryPauseMs = 1_000;

/**
 * Does something once for every shard that the registry declares, closed ones included: first for those that it declares now, then for each
 * that is added. What fails for a later shard is tried again every second and told in the log; for a first one it rejects.
 */
export async function followShards(
  registry: RegistryFollower,
  begin: (record: ShardRecord) => Promise<void>,
  logger: Logger,
): Promise<{ stop(): Promise<void> }> {
  const begun = new Set<string>();
  const missing = (): ShardRecord[] =>
    [...registry.state.shards()].map(({ record }) => record).filter(({ name }) => !begun.has(name));

  for (const record of missing()) {
    await begin(record);
    begun.add(record.name);
  }

  const ending = new AbortController();
  async function follow(): Promise<void> {
    while (!ending.signal.aborted) {
      let failed = false;
      const { size } = registry.state;
      for (const record of missing()) {
        try {
          await begin(record);
          begun.add(record.name);
          logger.info({ shard: record.name }, "A shard that the registry declares is served from now on.");
        } catch (error) {
          failed = true;
          logger.error({ err: error, shard: record.name }, "A shard that the registry declares cannot be served yet.");
        }
      }
      if (failed) await wait(retryPauseMs, undefined, { signal: ending.signal }).catch(() => {});
      else {
        // Ends with the follower itself: whoever runs it says why.
        const grown = await registry.waitForSize(size + 1, undefined, ending.signal).then(
          () => true,
          () => false,
        );
        if (!grown) return;
      }
    }
  }

  const following = follow();
  return {
    async stop() {
      ending.abort();
      await following;
    },
  };
}
