import { RevocationReason } from "@lienthong/contracts/registry/v1/record";
import { endDelegation, Registrar, revokeKey, revokeSystem } from "@lienthong/enrolment";
import { withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { enumWords } from "../enum-words.ts";
import { usageError } from "../exit-codes.ts";
import { instantOption, saying, signingKeyFile } from "./agency-asking.ts";
import { wordValue } from "./option-values.ts";

export const revocationReasonWords = enumWords(RevocationReason, "REVOCATION_REASON_");

/** Options of `agency revoke`. */
export interface RevokeOptions {
  readonly registrarKey?: string;
  readonly reason?: string;
  readonly doubtedSince?: string;
}

const systemPrefix = "system:";

/** `agency revoke KEY`, `agency revoke AGENCY/SYSTEM` or `agency revoke system:ID`: ends a key for good, a delegation, or a system. */
export async function agencyRevoke(context: CommandContext, subject: string, options: RevokeOptions): Promise<void> {
  const { messages } = context;
  const { enrolment } = messages;
  const [agency = "", system] = subject.split("/", 2);
  const isSystem = subject.startsWith(systemPrefix);
  const isKey = !isSystem && system === undefined;
  if (isKey && options.reason === undefined) throw usageError(enrolment.reasonMissing);
  const reason =
    options.reason === undefined
      ? RevocationReason.REVOCATION_REASON_UNSPECIFIED
      : wordValue<RevocationReason>("--reason", options.reason, revocationReasonWords, messages);
  const doubtedSince = instantOption(context, "--doubted-since", options.doubtedSince);
  if (options.registrarKey === undefined) throw usageError(enrolment.registrarKeyMissing);
  const key = await signingKeyFile(context, options.registrarKey);
  await saying(context, () =>
    withSession(context, async (session) => {
      const registrar = await Registrar.open({ registry: (await session.registry()).registry, key });
      const details = { reason, ...(doubtedSince === undefined ? {} : { doubtedSince }) };
      if (isSystem) {
        const { subject: shutOut, number, isNew } = await revokeSystem(registrar, subject.slice(systemPrefix.length));
        if (context.json) context.printJson({ subject: shutOut, agency: "", number: Number(number), isNew });
        else {
          context.print(enrolment.revoke.system(shutOut, String(number)));
          if (!isNew) context.talk(enrolment.revoke.known);
        }
        return;
      }
      const done = isKey
        ? await revokeKey(registrar, subject, details)
        : { ...(await endDelegation(registrar, agency, system ?? "")), agency };
      if (context.json) {
        const { number, isNew } = done;
        context.printJson({ subject: done.subject, agency: done.agency, number: Number(number), isNew });
        return;
      }
      const { revoke: text } = enrolment;
      const number = String(done.number);
      context.print(isKey ? text.key(done.subject, done.agency, number) : text.delegation(done.subject, number));
      if (!done.isNew) context.talk(text.known);
    }),
  );
}
