import { link, open, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { makeFolderDurably, syncFolder } from "@lienthong/chassis/durable-file";
import { expectPrivate } from "@lienthong/chassis/secret-file";
import { createUser, fromSeed } from "@nats-io/nkeys";
import { type Role, roles } from "./accounts.ts";
import { NatsServerError } from "./errors.ts";

export interface RoleKey {
  /** Absolute path of a file (mode 0600) that holds the seed. */
  readonly seedFilePath: string;
  readonly publicKey: string;
}

/** Makes the missing seeds and keeps the others, so that services configured once stay able to connect. */
export async function ensureRoleKeys(directory: string): Promise<Record<Role, RoleKey>> {
  await makeFolderDurably(directory);
  const entries = await Promise.all(
    roles.map(async (role) => {
      const seedFilePath = join(directory, `${role}.seed`);
      await createSeedUnlessPresent(seedFilePath);
      return [role, { seedFilePath, publicKey: fromSeed(await readSeed(seedFilePath)).getPublicKey() }] as const;
    }),
  );
  // A seed that a power cut took back would lock out the services that were configured with it.
  await syncFolder(directory);
  return Object.fromEntries(entries) as Record<Role, RoleKey>;
}

/** Reads one seed; the error never contains what was read. */
export async function readSeed(seedFilePath: string): Promise<Uint8Array> {
  await expectPrivate(seedFilePath).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "SECRET_EXPOSED") throw new NatsServerError("CONFIGURATION_INVALID", cause.message, { cause });
  });
  const text = await readFile(seedFilePath, "utf8").catch((cause: unknown) => {
    throw new NatsServerError("CONFIGURATION_INVALID", `The nkey seed file ${seedFilePath} cannot be read.`, { cause });
  });
  const seed = new TextEncoder().encode(text.trim());
  try {
    fromSeed(seed);
  } catch {
    throw new NatsServerError(
      "CONFIGURATION_INVALID",
      `${seedFilePath} does not hold an nkey user seed (a line beginning with SU); restore it, or delete it to have a new one made at the next start.`,
    );
  }
  return seed;
}

async function createSeedUnlessPresent(seedFilePath: string): Promise<void> {
  const incoming = `${seedFilePath}.${process.pid}.incoming`;
  try {
    const file = await open(incoming, "wx", 0o600);
    await file.writeFile(`${new TextDecoder().decode(createUser().getSeed())}\n`);
    await file.sync();
    await file.close();
    // A link never replaces: after a crash before this line there is no seed yet, after it there is a whole one.
    await link(incoming, seedFilePath);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "EEXIST") {
      throw cause;
    }
  } finally {
    await rm(incoming, { force: true });
  }
}
