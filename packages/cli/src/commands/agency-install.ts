import { installApproval } from "@lienthong/enrolment";
import type { CommandContext } from "../command-context.ts";
import { localTime } from "../render/local-time.ts";
import { saying } from "./agency-asking.ts";

/** `agency install APPROVAL`: puts in place what the registrar approved. */
export async function agencyInstall(
  context: CommandContext,
  file: string,
  { out }: { readonly out: string },
): Promise<void> {
  const { approval, keyId, system, certificateValidUntil } = await saying(context, () => installApproval(out, file));
  const { agency } = approval;
  if (context.json) {
    context.printJson({
      agency,
      keyId: keyId ?? "",
      system: system ?? "",
      certificateValidUntil: certificateValidUntil?.toISOString() ?? null,
      recorded: approval.recorded.map(({ number }) => Number(number)),
      registry: approval.registry,
      exchange: approval.exchange,
    });
    return;
  }
  const { install: text } = context.messages.enrolment;
  if (keyId !== null) context.print(text.seal(agency, keyId));
  if (system !== null && certificateValidUntil !== null) {
    const seconds = BigInt(Math.floor(certificateValidUntil.getTime() / 1_000));
    context.print(text.certificate(system, localTime({ seconds, nanos: 0 }, context.language)));
  }
  context.talk(text.ready(out, agency));
  context.talk(text.watch(out, agency));
}
