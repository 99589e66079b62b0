import { dirname, join } from "node:path";
import { ensureSigningKey } from "@lienthong/bus";
import { ShardClock } from "@lienthong/contracts/registry/v1/record";
import { closeShard, declareShard, type RecordedStep, Registrar, RegistryCopy } from "@lienthong/enrolment";
import { withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import { renderTable } from "../render/table.ts";
import { saying, signingKeyFile } from "./agency-asking.ts";

const promiseHoursMax = 720;
/** Checked before anything is made: the registry would refuse it, but then the key of its log would lie there. */
const shardNamePattern = /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/;

/** Options of `shard open`. */
export interface ShardOpenOptions {
  readonly registrarKey: string;
  readonly origin?: string;
  readonly area?: readonly string[];
  readonly promiseHours: string;
  readonly close?: string;
}

/** `shard list` */
export async function shardList(context: CommandContext): Promise<void> {
  const { shard: text } = context.messages;
  await withSession(context, async (session) => {
    const copy = new RegistryCopy((await session.registry()).registry);
    await copy.catchUp();
    const shards = [...copy.state.shards()].map(({ record }) => ({
      name: record.name,
      origin: record.origin,
      simulated: record.clock === ShardClock.SHARD_CLOCK_SIMULATED,
      closed: record.closed,
      areas: record.areaCodes,
    }));
    if (context.json) {
      context.printJson(shards);
      return;
    }
    const { headings } = text;
    context.print(
      renderTable(
        [
          { heading: headings.name },
          { heading: headings.origin, share: 1, columnsMin: 20 },
          { heading: headings.clock },
          { heading: headings.open },
          { heading: headings.areas },
        ],
        shards.map(({ name, origin, simulated, closed, areas }) => ({
          cells: [
            name,
            origin,
            simulated ? text.clocks.simulated : text.clocks.real,
            closed ? text.closed : text.takes,
            areas.join(", "),
          ],
        })),
        context.columns,
        context.style,
      ),
    );
  });
}

/** `shard open NAME`: makes the key of its log on the operator's side, and declares it under the registrar's signature. */
export async function shardOpen(context: CommandContext, name: string, options: ShardOpenOptions): Promise<void> {
  const { shard: text } = context.messages;
  if (!shardNamePattern.test(name) || name === "registry") throw usageError(text.nameWrong(name));
  const promiseHours = Number(options.promiseHours);
  if (!Number.isInteger(promiseHours) || promiseHours < 1 || promiseHours > promiseHoursMax) {
    throw usageError(text.promiseHoursWrong(options.promiseHours));
  }
  const key = await signingKeyFile(context, options.registrarKey);
  await saying(context, () =>
    withSession(context, async (session) => {
      const registrar = await Registrar.open({ registry: (await session.registry()).registry, key });
      if (options.close !== undefined) expectDeclared(context, registrar, options.close);
      // Beside the demonstration seals, as the first shard's: the key stays where the log will be.
      const logKeys = join(dirname(session.run.keys), "logs");
      const logKey = await ensureSigningKey(join(logKeys, `${name}.pem`), "ed25519");
      const opened = await declareShard(registrar, {
        name,
        origin: options.origin ?? `lienthong.example/${name}`,
        // The last 32 bytes of an Ed25519 SubjectPublicKeyInfo are the raw key (RFC 8410).
        logPublicKey: logKey.publicKey.slice(-32),
        promiseDelaySeconds: promiseHours * 3_600,
        simulated: false,
        areaCodes: options.area ?? ["01"],
      });
      const closed = options.close === undefined ? null : await closeShard(registrar, options.close);
      if (context.json) {
        context.printJson({ opened: stepJson(opened), closed: closed === null ? null : stepJson(closed) });
        return;
      }
      const say = opened.isNew ? text.opened : text.known;
      context.print(say(opened.subject, String(opened.number)));
      if (closed !== null) context.print(text.ended(closed.subject, String(closed.number)));
    }),
  );
}

/** `shard close NAME` */
export async function shardClose(
  context: CommandContext,
  name: string,
  options: { readonly registrarKey: string },
): Promise<void> {
  const key = await signingKeyFile(context, options.registrarKey);
  await saying(context, () =>
    withSession(context, async (session) => {
      const registrar = await Registrar.open({ registry: (await session.registry()).registry, key });
      expectDeclared(context, registrar, name);
      const closed = await closeShard(registrar, name);
      if (context.json) context.printJson(stepJson(closed));
      else context.print(context.messages.shard.ended(closed.subject, String(closed.number)));
    }),
  );
}

function expectDeclared(context: CommandContext, registrar: Registrar, name: string): void {
  if (registrar.state.shard(name) !== undefined) return;
  const names = [...registrar.state.shards()].map(({ id }) => id).join(", ");
  throw new CliError(EXIT.refused, context.messages.shard.unknown(name, names));
}

function stepJson({ subject, number, isNew }: RecordedStep) {
  return { shard: subject, entry: Number(number), isNew };
}
