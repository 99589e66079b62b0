import { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { type DevelopmentAuthority, openDevelopmentAuthority, replaceDurably } from "@lienthong/chassis";
import {
  approvalText,
  approveRequest,
  askedKey,
  inspectRequest,
  normalisedFingerprint,
  Registrar,
  RegistryCopy,
  readRequestFile,
} from "@lienthong/enrolment";
import { type Session, withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { CliError, EXIT } from "../exit-codes.ts";
import { hex } from "../json-shapes.ts";
import { localTime } from "../render/local-time.ts";
import { instantOption, keysOnDisk, requestJson, requestLines, saying, signingKeyFile } from "./agency-asking.ts";

/** Options of `agency approve`. */
export interface ApproveOptions {
  readonly registrarKey?: string;
  readonly fingerprint?: string;
  readonly out?: string;
  readonly lost?: string;
  readonly doubtedSince?: string;
  readonly additional?: boolean;
  readonly revokeReplaced?: boolean;
  readonly onlyThisTlsKey?: boolean;
  readonly authority?: string;
  readonly registryAddress?: string;
  readonly exchangeAddress?: string;
  readonly documentsAddress?: string;
}

/** `agency approve REQUEST`: shows what is asked; with the registrar's key, records it and writes the approval. */
export async function agencyApprove(context: CommandContext, file: string, options: ApproveOptions): Promise<void> {
  await saying(context, async () => {
    const request = await readRequestFile(file);
    const doubtedSince = instantOption(context, "--doubted-since", options.doubtedSince);
    if (options.fingerprint !== undefined && normalisedFingerprint(options.fingerprint) !== request.fingerprint) {
      const { fingerprintWrong } = context.messages.enrolment;
      throw new CliError(EXIT.refused, fingerprintWrong(options.fingerprint, request.fingerprint));
    }
    const key = options.registrarKey === undefined ? null : await signingKeyFile(context, options.registrarKey);
    await withSession(context, async (session) => {
      const { registry } = await session.registry();
      const registrar = key === null ? null : await Registrar.open({ registry, key });
      const copy = registrar?.copy ?? new RegistryCopy(registry);
      if (registrar === null) await copy.catchUp();
      const keysOnOperatorsDisk = await keysOnDisk(session.run.keys, request.agency);
      inspectRequest(request, copy, keysOnOperatorsDisk);
      const { enrolment } = context.messages;
      const name = copy.state.agency(request.agency)?.record.name?.vi ?? request.agency;
      const lines = requestLines(context, request, enrolment.request.agencyName(name, request.agency));
      if (registrar === null) {
        if (context.json) context.printJson({ ...requestJson(request), recorded: [], approval: "" });
        else context.print(lines.join("\n"));
        context.talk(enrolment.request.onlyShown(file));
        return;
      }
      if (!context.json) context.print(lines.join("\n"));
      const { lost, additional, revokeReplaced, onlyThisTlsKey } = options;
      const { approval, steps, certificateIsNew } = await approveRequest({
        request,
        registrar,
        authority: request.certificate === null ? null : await authorityOf(context, session, options.authority),
        bus: {
          registry: options.registryAddress ?? session.run.registry,
          exchange: options.exchangeAddress ?? session.run.exchange,
          documents: options.documentsAddress ?? session.run.documents,
          shard: session.run.shard,
        },
        keysOnOperatorsDisk,
        additional: additional === true,
        revokeReplaced: revokeReplaced === true,
        onlyThisTlsKey: onlyThisTlsKey === true,
        ...(lost === undefined ? {} : { lost: { key: lost, ...(doubtedSince === undefined ? {} : { doubtedSince }) } }),
      });
      const out = options.out ?? join(dirname(file), `${request.agency}.approval.json`);
      await writeWhole(out, approvalText(approval));
      if (context.json) {
        context.printJson({
          ...requestJson(request),
          recorded: steps.map(({ subject, number, isNew }) => ({ subject, number: Number(number), isNew })),
          certificateIsNew,
          approval: out,
        });
        return;
      }
      const { approve: text } = enrolment;
      for (const { subject, number, isNew } of steps) {
        context.print((isNew ? text.recorded : text.found)(subject, String(number)));
      }
      if (approval.system !== null && approval.certificatePem !== null) {
        context.print(text.certificate(approval.system, validUntil(context, approval.certificatePem)));
      }
      context.talk(text.written(out));
      const replaced = askedKey(request)?.replaces ?? new Uint8Array(0);
      if (replaced.length > 0 && revokeReplaced !== true) context.talk(text.revokeOld(hex(replaced).slice(0, 16)));
    });
  });
}

/** Last moment of a certificate, as people write it. */
export function validUntil(context: CommandContext, certificatePem: string): string {
  const seconds = BigInt(Math.floor(Date.parse(new X509Certificate(certificatePem).validTo) / 1_000));
  return localTime({ seconds, nanos: 0 }, context.language);
}

async function authorityOf(
  context: CommandContext,
  session: Session,
  folder = dirname(session.run.ca),
): Promise<DevelopmentAuthority> {
  // Opening it where there is none would make another authority, whose certificates no server of the bus knows.
  if (!existsSync(join(folder, "authority.key.pem"))) {
    throw new CliError(EXIT.usage, context.messages.enrolment.authorityMissing(folder));
  }
  return openDevelopmentAuthority({ folder });
}

/** Whoever reads sees the old file or the new one, whole. */
async function writeWhole(file: string, text: string): Promise<void> {
  await replaceDurably(file, text, 0o644);
}
