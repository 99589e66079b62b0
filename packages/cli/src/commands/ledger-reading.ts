import { writeFile } from "node:fs/promises";
import { timestampToIso } from "@lienthong/chassis/timestamp";
import { BusCallError } from "@lienthong/client";
import type { TrailEntry } from "@lienthong/contracts/exchange/v1/exchange_service";
import { withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import { hex } from "../json-shapes.ts";
import { localTime } from "../render/local-time.ts";
import { renderTable } from "../render/table.ts";
import { wholeNumber } from "./option-values.ts";

/** `ledger checkpoint [LOG]` */
export async function ledgerCheckpoint(context: CommandContext, log: string | undefined): Promise<void> {
  const { ledger: text } = context.messages;
  await withSession(context, async (session) => {
    const { ledger } = await session.ledger();
    const logs = (await ledger.listLogs()).filter(({ name }) => log === undefined || name === log);
    // The refusal names what there is.
    if (log !== undefined && logs.length === 0) await ledger.getCheckpoint({ log });
    const rows = await Promise.all(
      logs.map(async (each) => ({
        ...each,
        checkpoint: await ledger.getCheckpoint({ log: each.name }).catch((error: unknown) => {
          if (error instanceof BusCallError && error.reason === "CHECKPOINT_UNKNOWN") return null;
          throw error;
        }),
      })),
    );
    if (context.json) {
      context.printJson(
        rows.map(({ name, origin, verifierKey, url, stopped, checkpoint }) => ({
          log: name,
          origin,
          verifierKey,
          url,
          stopped: stopped === "" ? null : stopped,
          size: checkpoint === null ? null : Number(checkpoint.size),
          root: checkpoint === null ? null : hex(checkpoint.root),
          note: checkpoint?.note ?? null,
          sealedTime: checkpoint?.sealedTime === undefined ? null : timestampToIso(checkpoint.sealedTime),
          witnessed: checkpoint?.witnessed ?? false,
          witnesses: checkpoint?.cosignatures.map(({ witness }) => witness) ?? [],
          missing: checkpoint?.missing.map(({ witness, reason }) => ({ witness, reason })) ?? [],
        })),
      );
      return;
    }
    const { headings } = text;
    const namesOf = (names: readonly string[]): string => (names.length === 0 ? text.none : names.join(", "));
    context.print(
      renderTable(
        [
          { heading: headings.log, share: 2, columnsMin: 10 },
          { heading: headings.size },
          { heading: headings.sealed, columnsMin: 10 },
          { heading: headings.witnesses, share: 1, columnsMin: 8 },
          { heading: headings.missing, share: 1, columnsMin: 8 },
        ],
        rows.map(({ name, checkpoint }) => ({
          cells: [
            name,
            checkpoint === null ? text.noCheckpoint : String(checkpoint.size),
            localTime(checkpoint?.sealedTime, context.language),
            namesOf(checkpoint?.cosignatures.map(({ witness }) => witness) ?? []),
            namesOf(checkpoint?.missing.map(({ witness }) => witness) ?? []),
          ],
        })),
        context.columns,
        context.style,
      ),
    );
    for (const { name, stopped } of rows) if (stopped !== "") context.talk(text.stopped(name, stopped));
    const reasons = new Map(
      rows.flatMap(({ checkpoint }) => (checkpoint?.missing ?? []).map((each) => [each.witness, each.reason])),
    );
    for (const [witness, reason] of reasons) context.talk(text.missing(witness, reason));
  });
}

/** Options of `ledger receipt`. */
export interface ReceiptOptions {
  readonly event?: string;
  readonly level: string;
  readonly wait: string;
  readonly output?: string;
}

/** `ledger receipt CODE --as AGENCY` */
export async function ledgerReceipt(context: CommandContext, code: string, options: ReceiptOptions): Promise<void> {
  const { messages } = context;
  const text = messages.ledger;
  const { level } = options;
  if (level !== "sealed" && level !== "witnessed") throw usageError(text.levelWrong(level));
  const deadlineMs = Math.max(1, wholeNumber("--wait", options.wait, messages)) * 1_000;
  const wanted = options.event === undefined ? null : wholeNumber("--event", options.event, messages);
  await withSession(context, async (session) => {
    const { agency } = session.actor();
    const exchange = await session.exchange(agency);
    const shard = await session.shardOf(exchange, code, agency);
    const trail: TrailEntry[] = await exchange.exchange.getTrail({ shard, dossier: code, agency });
    const last = Number(trail.at(-1)?.number ?? 0n);
    const found = trail.find(({ number }) => Number(number) === (wanted ?? last));
    if (found === undefined) throw usageError(text.eventUnknown(code, wanted ?? 0, last));
    const { ledger } = await session.ledger();
    const { receipt, leafIndex, leafHash, checkpoint } = await ledger.receipt(
      { log: shard, leafIndex: found.leafIndex, level },
      { deadlineMs },
    );
    const { output } = options;
    if (output !== undefined) {
      await writeFile(output, receipt).catch((error: NodeJS.ErrnoException) => {
        throw new CliError(EXIT.usage, `${output}: ${error.code ?? error.message}`, { cause: error });
      });
    }
    if (context.json) {
      context.printJson({
        dossier: code,
        event: Number(found.number),
        log: shard,
        leafIndex: Number(leafIndex),
        leafHash: hex(leafHash),
        size: Number(checkpoint?.size ?? 0n),
        witnessed: checkpoint?.witnessed ?? false,
        receipt,
      });
    } else if (output === undefined) context.print(receipt.replace(/\n$/, ""));
    else context.print(text.receiptWritten(output, Number(leafIndex), Number(checkpoint?.size ?? 0n)));
  });
}
