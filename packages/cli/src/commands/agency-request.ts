import {
  agencyFolder,
  type EnrolmentRequest,
  requestEnrolment,
  requestRenewal,
  requestRotation,
  type SealAlgorithm,
  sealAlgorithms,
} from "@lienthong/enrolment";
import type { CommandContext } from "../command-context.ts";
import { usageError } from "../exit-codes.ts";
import { networkFor, requestJson, requestLines, saying } from "./agency-asking.ts";

/** Options of the commands that make a request. */
interface AskingOptions {
  readonly agency: string;
  readonly out: string;
  readonly network?: string;
}

/** Options of `agency request`. */
export interface RequestOptions extends AskingOptions {
  readonly systemName?: string;
  readonly delegateTo?: string[];
  readonly endDelegation?: string[];
  readonly algorithm: string;
}

/** `agency request`: what an agency needs to take part, asked for with keys made here. */
export async function agencyRequest(context: CommandContext, options: RequestOptions): Promise<void> {
  const { agency, systemName, delegateTo, endDelegation } = options;
  const { system } = context.options;
  const asking = { ...(await askingOf(context, options)), algorithm: algorithmOf(context, options.algorithm) };
  const named = systemName === undefined ? {} : { nameVi: systemName.normalize("NFC") };
  const request = await saying(context, () =>
    requestEnrolment({
      ...asking,
      ...(system === undefined ? {} : { system: { id: system, ...named } }),
      ...(delegateTo === undefined ? {} : { delegateTo }),
      ...(endDelegation === undefined ? {} : { endDelegationTo: endDelegation }),
    }),
  );
  showMade(context, request, agency, asking.folder.requestFile, asking.folder.root);
}

/** Options of `agency rotate`. */
export interface RotateOptions extends AskingOptions {
  readonly algorithm: string;
}

/** `agency rotate`: a new seal, signed by the old one. */
export async function agencyRotate(context: CommandContext, options: RotateOptions): Promise<void> {
  const asking = { ...(await askingOf(context, options)), algorithm: algorithmOf(context, options.algorithm) };
  const request = await saying(context, () => requestRotation(asking));
  showMade(context, request, options.agency, asking.folder.requestFile, asking.folder.root);
}

/** Options of `agency renew`. */
export interface RenewOptions extends AskingOptions {
  readonly newKey?: boolean;
}

/** `agency renew`: a system's certificate anew. */
export async function agencyRenew(context: CommandContext, options: RenewOptions): Promise<void> {
  const { system } = context.options;
  if (system === undefined) throw usageError(context.messages.enrolment.systemMissing);
  const asking = await askingOf(context, options);
  const { newKey = false } = options;
  const request = await saying(context, () => requestRenewal({ ...asking, system, newKey }));
  showMade(context, request, options.agency, asking.folder.requestFile, asking.folder.root);
}

async function askingOf(context: CommandContext, { agency, out, network }: AskingOptions) {
  return { folder: agencyFolder(out), agency, network: await networkFor(context, network, out) };
}

function algorithmOf(context: CommandContext, text: string): SealAlgorithm {
  const found = sealAlgorithms.find((algorithm) => algorithm === text);
  if (found === undefined) {
    throw usageError(context.messages.usage.valueNotAllowed("--algorithm", text, sealAlgorithms.join(", ")));
  }
  return found;
}

function showMade(
  context: CommandContext,
  request: EnrolmentRequest,
  agency: string,
  file: string,
  root: string,
): void {
  if (context.json) {
    context.printJson({ ...requestJson(request), file });
    return;
  }
  const { request: text } = context.messages.enrolment;
  context.print(requestLines(context, request, agency).join("\n"));
  context.talk(text.written(file));
  context.talk(text.stays(root));
}
