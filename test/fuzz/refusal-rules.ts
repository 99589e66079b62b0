import { ERROR_CATALOGUE, GRPC_CODE, isReasonName, type ReasonName } from "@lienthong/chassis/status";
import { ErrorInfo, LocalizedMessage } from "@lienthong/contracts/google/rpc/error_details";
import type { Status } from "@lienthong/contracts/google/rpc/status";

/** What a refusal says, and what is wrong with it; null: nothing. */
export interface JudgedRefusal {
  readonly reason: string;
  readonly fault: string | null;
}

/** Never because of what somebody sent. */
const ourFault: ReadonlySet<ReasonName> = new Set(["INTERNAL", "SHARD_STOPPED", "DRAINING"]);

/** Reasons that speak of the caller, a connection or a moment, and not of a field. */
const withoutField: ReadonlySet<ReasonName> = new Set([
  "MESSAGE_MALFORMED",
  "SYSTEM_UNKNOWN",
  "REGISTRY_HEAD_MOVED",
  "UPLOAD_SUPERSEDED",
  "DOCUMENT_NOT_READY",
  "DOCUMENT_UNKNOWN",
  "DOCUMENT_NAMED",
  "DOCUMENT_ERASED",
]);

/** Holds a refusal against the catalogue: one reason of the list, its code, a field where one is at fault, texts in two languages. */
export function judgeRefusal(status: Status): JudgedRefusal {
  const named = (name: string) => status.details.filter(({ typeUrl }) => typeUrl.endsWith(`/${name}`));
  const infos = named("google.rpc.ErrorInfo").map(({ value }) => ErrorInfo.decode(value));
  const [info] = infos;
  if (info === undefined || infos.length !== 1) {
    return {
      reason: `bare code ${status.code}`,
      fault: `${infos.length} reasons beside code ${status.code}: ${status.message}`,
    };
  }
  const { reason, domain, metadata } = info;
  if (!isReasonName(reason)) return { reason, fault: `${reason} is no reason of the catalogue.` };
  const entry = ERROR_CATALOGUE[reason];
  const fault = (sentence: string): JudgedRefusal => ({ reason, fault: `${reason}: ${sentence} (${status.message})` });
  if (ourFault.has(reason)) return fault("a fault of the bus because of what was sent.");
  if (domain !== "lienthong") return fault(`the domain is "${domain}".`);
  if (status.code !== GRPC_CODE[entry.code]) return fault(`the code is ${status.code}, not ${entry.code}.`);
  if (entry.owner === "caller" && !withoutField.has(reason) && (metadata.field ?? "") === "") {
    return fault("no field is named.");
  }
  const texts = named("google.rpc.LocalizedMessage").map(({ value }) => LocalizedMessage.decode(value));
  for (const locale of ["vi", "en"]) {
    const [own, ...more] = texts.filter((one) => one.locale === locale);
    if (own === undefined || more.length > 0 || own.message === "")
      return fault(`${more.length + 1} texts in ${locale}.`);
  }
  return { reason, fault: null };
}
