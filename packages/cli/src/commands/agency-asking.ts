import { join } from "node:path";
import { readTextFile } from "@lienthong/chassis/read-text-file";
import { readSecretFile } from "@lienthong/chassis/secret-file";
import { type Timestamp, timestampFromIso } from "@lienthong/chassis/timestamp";
import {
  agencyFolder,
  askedKey,
  EnrolmentRefusedError,
  type EnrolmentRequest,
  networkOfFolder,
} from "@lienthong/enrolment";
import { importSigningKey, KeyRefusedError, keyIdOf, type SigningKey } from "@lienthong/statement";
import { withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { algorithmWords } from "../contract-words.ts";
import { CliError, EXIT, usageError } from "../exit-codes.ts";
import { hex } from "../json-shapes.ts";

/** Runs a part of enrolment; what it refuses ends the command with a sentence in the user's language. */
export async function saying<T>(context: CommandContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof EnrolmentRefusedError)) throw error;
    const exitCode = error.code === "FILE_UNREADABLE" ? EXIT.usage : EXIT.refused;
    throw new CliError(exitCode, context.language === "vi" ? error.messageVi : error.message, { cause: error });
  }
}

/** An instant of an option. Throws wrong usage. */
export function instantOption(
  context: CommandContext,
  option: string,
  text: string | undefined,
): Timestamp | undefined {
  if (text === undefined) return undefined;
  try {
    return timestampFromIso(text);
  } catch {
    const { usage } = context.messages;
    throw usageError(usage.valueNotAllowed(option, text, usage.instant));
  }
}

/** The hash of `--network`. Throws wrong usage. */
export function networkOption(context: CommandContext, text: string | undefined): Uint8Array | null {
  if (text === undefined) return null;
  const { usage, enrolment } = context.messages;
  if (!/^[0-9a-fA-F]{64}$/.test(text))
    throw usageError(usage.valueNotAllowed("--network", text, enrolment.networkHash));
  return new Uint8Array(Buffer.from(text, "hex"));
}

/** The network to ask in: as told, else that of the agency's folder, else that of the bus that runs on `--data`. */
export async function networkFor(context: CommandContext, told: string | undefined, out: string): Promise<Uint8Array> {
  const known = networkOption(context, told) ?? (await saying(context, () => networkOfFolder(agencyFolder(out))));
  if (known !== null) return known;
  let asked: Uint8Array | null = null;
  try {
    // `--system` of these commands is the system asked for, not the one to connect as.
    const { system: _, ...options } = context.options;
    await withSession({ ...context, options }, async (session) => {
      asked = (await (await session.registry()).registry.getHead()).network;
    });
  } catch (error) {
    throw new CliError(EXIT.usage, context.messages.enrolment.networkMissing, { cause: error });
  }
  return asked ?? new Uint8Array(0);
}

/** The key of a file. Throws wrong usage with why it cannot be read or used. */
export async function signingKeyFile(context: CommandContext, path: string): Promise<SigningKey> {
  const { usage, bus } = context.messages;
  let pem: string;
  try {
    pem = await readSecretFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "SECRET_EXPOSED") throw usageError(bus.keyExposed(path));
    throw usageError(usage.fileUnreadable(path, (error as NodeJS.ErrnoException).code ?? String(error)));
  }
  try {
    return importSigningKey(pem);
  } catch (error) {
    if (!(error instanceof KeyRefusedError)) throw error;
    throw usageError(bus.keyOdd(path, error.message));
  }
}

/** Key ids of the demonstration seals of an agency that lie beside the bus. */
export async function keysOnDisk(folder: string, agency: string): Promise<ReadonlySet<string>> {
  try {
    return new Set([hex(importSigningKey(await readTextFile(join(folder, `${agency}.pem`))).keyId)]);
  } catch {
    // None, or none that could sign: nothing to be wary of.
    return new Set();
  }
}

/** A request in words, line by line. */
export function requestLines(context: CommandContext, request: EnrolmentRequest, agencyName: string): string[] {
  const { request: text, kinds } = context.messages.enrolment;
  const key = askedKey(request);
  const lines = [
    context.style.bold(text.title(kinds[request.kind] ?? request.kind, agencyName)),
    text.network(hex(request.network)),
  ];
  if (key !== null) {
    const algorithm = context.messages.agency.algorithms[algorithmWords.nameOf(key.publicKey?.algorithm ?? 0)] ?? "";
    lines.push(text.seal(hex(keyIdOf(key.publicKey?.publicKey ?? new Uint8Array(0))), algorithm));
    if (key.replaces.length > 0) lines.push(text.replaces(hex(key.replaces)));
  }
  if (request.system !== null) {
    const { id, nameVi } = request.system;
    lines.push(text.certificate(id, nameVi, (request.certificate?.keyDigestHex ?? "").slice(0, 16)));
  }
  for (const { content } of request.records) {
    if (content.$case !== "delegation") continue;
    const { system, status } = content.value;
    lines.push(status === 1 ? text.delegates(system) : text.endsDelegation(system));
  }
  lines.push(context.style.bold(text.fingerprint(request.fingerprint)));
  return lines;
}

/** A request as `--json` shows it. */
export function requestJson(request: EnrolmentRequest) {
  const key = askedKey(request);
  const delegations = request.records.flatMap(({ content }) => (content.$case === "delegation" ? [content.value] : []));
  return {
    kind: request.kind.toUpperCase(),
    agency: request.agency,
    network: hex(request.network),
    fingerprint: request.fingerprint,
    key:
      key === null
        ? null
        : {
            keyId: hex(keyIdOf(key.publicKey?.publicKey ?? new Uint8Array(0))),
            algorithm: algorithmWords.nameOf(key.publicKey?.algorithm ?? 0),
            replaces: hex(key.replaces),
          },
    system: request.system?.id ?? "",
    tlsKey: request.certificate?.keyDigestHex ?? "",
    delegatesTo: delegations.filter(({ status }) => status === 1).map(({ system }) => system),
    endsDelegationTo: delegations.filter(({ status }) => status !== 1).map(({ system }) => system),
  };
}
