import { timestampToIso } from "@lienthong/chassis/timestamp";
import { RecordStatus } from "@lienthong/contracts/registry/v1/record";
import {
  type AgencyChange,
  agencyFolder,
  EnrolmentRefusedError,
  networkOfFolder,
  RegistryCopy,
  watchAgency,
} from "@lienthong/enrolment";
import type { HeldKey, RegistryState } from "@lienthong/registry-state";
import { withSession } from "../bus/session.ts";
import type { CommandContext } from "../command-context.ts";
import { algorithmWords, keyPurposeWords } from "../contract-words.ts";
import { hex } from "../json-shapes.ts";
import { localTime } from "../render/local-time.ts";
import { renderTable } from "../render/table.ts";
import { wrapText } from "../render/text-width.ts";
import { networkOption, saying } from "./agency-asking.ts";
import { revocationReasonWords } from "./agency-revoke.ts";
import { wholeNumber } from "./option-values.ts";

const keyCharactersShown = 16;

/** `agency keys list`: keys, delegations and systems of an agency as they stand, each entry checked. */
export async function agencyKeysList(context: CommandContext, { agency }: { readonly agency: string }): Promise<void> {
  await saying(context, () =>
    withSession(context, async (session) => {
      const network = await networkOfFolder(agencyFolder(context.options.data));
      const copy = new RegistryCopy((await session.registry()).registry, network);
      await copy.catchUp();
      const { state } = copy;
      if (state.agency(agency) === undefined) throw new EnrolmentRefusedError("AGENCY_UNKNOWN", { agency });
      const keys = state.keysOfAgency(agency);
      const delegations = delegationsOf(state, agency);
      if (context.json) {
        context.printJson({ agency, keys: keys.map((key) => keyJson(key, keys)), delegations });
        return;
      }
      showKeys(context, agency, keys);
      showDelegations(context, delegations);
    }),
  );
}

/** A key recorded while the agency had others, without any of them signing it. */
function isWithoutOld(key: HeldKey, keys: readonly HeldKey[]): boolean {
  return key.record.replaces.length === 0 && keys.some(({ number }) => number < key.number);
}

function keyJson(key: HeldKey, keys: readonly HeldKey[]) {
  const { record, revoked } = key;
  return {
    keyId: key.keyIdHex,
    algorithm: algorithmWords.nameOf(record.publicKey?.algorithm ?? 0),
    purpose: keyPurposeWords.nameOf(record.purpose),
    entry: Number(key.number),
    replaces: hex(record.replaces),
    signedByEarlierKey: record.replaces.length > 0,
    withoutEarlierKey: isWithoutOld(key, keys),
    demonstration: record.demonstration,
    revoked:
      revoked === null
        ? null
        : {
            entry: Number(revoked.number),
            reason: revocationReasonWords.nameOf(revoked.reason),
            recordedTime: timestampToIso(revoked.recordedTime),
            doubtedSince: timestampToIso(revoked.doubtedSince),
          },
  };
}

interface DelegationLine {
  readonly system: string;
  readonly entry: number;
  readonly stands: boolean;
  readonly systemInForce: boolean;
  readonly tlsKeys: string[];
}

function delegationsOf(state: RegistryState, agency: string): DelegationLine[] {
  return state.delegationsOf(agency).map(({ record, number }) => {
    const system = state.system(record.system);
    return {
      system: record.system,
      entry: Number(number),
      stands: record.status === RecordStatus.RECORD_STATUS_ACTIVE,
      systemInForce: system?.record.status === RecordStatus.RECORD_STATUS_ACTIVE,
      tlsKeys: (system?.record.certificateKeyDigests ?? []).map(hex),
    };
  });
}

function showKeys(context: CommandContext, agency: string, keys: readonly HeldKey[]): void {
  const { keys: text, revocationReasons } = context.messages.enrolment;
  if (keys.length === 0) {
    context.print(text.none(agency));
    return;
  }
  const { algorithms, purposes } = context.messages.agency;
  const { headings } = text;
  const rows = keys.map((key) => {
    const { record, revoked } = key;
    const next = keys.find((other) => hex(other.record.replaces) === key.keyIdHex);
    const reason = revoked === null ? "" : revocationReasonWords.nameOf(revoked.reason);
    const status =
      revoked === null
        ? text.inForce
        : text.revoked(revocationReasons[reason] ?? reason, localTime(revoked.doubtedSince, context.language));
    const remarks = [
      ...(next === undefined ? [] : [text.replacedBy(next.keyIdHex.slice(0, keyCharactersShown))]),
      ...(isWithoutOld(key, keys) ? [text.withoutOld] : []),
      ...(record.demonstration ? [text.demonstration] : []),
    ];
    const algorithm = algorithms[algorithmWords.nameOf(record.publicKey?.algorithm ?? 0)] ?? "";
    const purpose = purposes[keyPurposeWords.nameOf(record.purpose)] ?? "";
    return {
      cells: [
        key.keyIdHex.slice(0, keyCharactersShown),
        `${algorithm}, ${purpose}`,
        String(key.number),
        status,
        remarks.join("; "),
      ],
      ...(revoked === null ? {} : { tone: "dim" as const }),
    };
  });
  context.print(
    renderTable(
      [
        { heading: headings.key },
        { heading: headings.algorithm },
        { heading: headings.entry, align: "right" },
        { heading: headings.status, share: 1, columnsMin: 12 },
        { heading: headings.remark, share: 1, columnsMin: 12 },
      ],
      rows,
      context.columns,
      context.style,
    ),
  );
}

function showDelegations(context: CommandContext, delegations: readonly DelegationLine[]): void {
  const { keys: text } = context.messages.enrolment;
  const { headings } = text;
  if (delegations.length === 0) {
    context.print(text.noDelegations);
    return;
  }
  context.print(text.delegations);
  context.print(
    renderTable(
      [
        { heading: headings.system },
        { heading: headings.entry, align: "right" },
        { heading: headings.status, share: 1, columnsMin: 10 },
        { heading: headings.tlsKeys, share: 1, columnsMin: 10 },
      ],
      delegations.map(({ system, entry, stands, systemInForce, tlsKeys }) => ({
        cells: [
          system,
          String(entry),
          [stands ? text.standing : text.ended, ...(systemInForce ? [] : [text.systemRevoked])].join(", "),
          tlsKeys.map((digest) => digest.slice(0, keyCharactersShown)).join(", "),
        ],
      })),
      context.columns,
      context.style,
    ),
  );
}

/** Options of `agency keys watch`. */
export interface KeysWatchOptions {
  readonly agency: string;
  readonly network?: string;
  readonly count?: string;
}

/** `agency keys watch`: prints changes until Ctrl-C, which is its way to end well. */
export async function agencyKeysWatch(context: CommandContext, options: KeysWatchOptions): Promise<void> {
  const { watch: text } = context.messages.enrolment;
  const count =
    options.count === undefined ? Number.POSITIVE_INFINITY : wholeNumber("--count", options.count, context.messages);
  const told =
    networkOption(context, options.network) ??
    (await saying(context, () => networkOfFolder(agencyFolder(context.options.data))));
  await saying(context, () =>
    withSession(context, async (session) => {
      const { registry } = await session.registry();
      context.talk(text.watching(options.agency));
      let printed = 0;
      const news = watchAgency({
        registry,
        agency: options.agency,
        signal: context.signal,
        onInterruption: (why) => context.talk(text.again(why)),
        ...(told === null ? {} : { network: told }),
      });
      for await (const each of news) {
        if (each.kind === "complete") {
          context.talk(text.complete(String(each.size)));
          continue;
        }
        if (context.json) context.printJson(changeJson(options.agency, each.change));
        else context.print(changeLines(context, each.change).join("\n"));
        printed += 1;
        if (printed >= count) break;
      }
      context.talk(text.ended(printed));
    }),
  );
}

function changeJson(agency: string, change: AgencyChange) {
  const { key, recordedTime, doubtedSince } = change;
  return {
    agency,
    what: change.what,
    entry: Number(change.number),
    entryHash: change.entryHash,
    recordedTime: recordedTime === undefined ? null : timestampToIso(recordedTime),
    keyId: change.keyId ?? "",
    algorithm: key === null ? "" : algorithmWords.nameOf(key.publicKey?.algorithm ?? 0),
    purpose: key === null ? "" : keyPurposeWords.nameOf(key.purpose),
    demonstration: key?.demonstration ?? false,
    replaces: change.replaces ?? "",
    reason: change.reason === 0 ? "" : revocationReasonWords.nameOf(change.reason),
    doubtedSince: doubtedSince === undefined ? null : timestampToIso(doubtedSince),
    system: change.system ?? "",
    tlsKeysAdded: change.tlsKeysAdded,
    tlsKeysRemoved: change.tlsKeysRemoved,
    signedByAgency: change.signedByAgency,
    toBeKnown: change.isToBeKnown,
  };
}

function changeLines(context: CommandContext, change: AgencyChange): string[] {
  const { watch: text } = context.messages.enrolment;
  const { style, language, columns } = context;
  const head = `${localTime(change.recordedTime, language)} · ${text.entry(String(change.number))}`;
  const said = [sentence(context, change)];
  if (change.doubtedSince !== undefined) said.push(text.doubtedSince(localTime(change.doubtedSince, language)));
  if (change.key?.demonstration === true && change.what !== "KEY_REVOKED") said.push(text.demonstration);
  const lines = [style.bold(head), ...said.flatMap((line) => wrapText(line, columns - 2)).map((line) => `  ${line}`)];
  if (change.isToBeKnown) {
    lines.push(...wrapText(text.byRegistrarAlone, columns - 4).map((line) => style.bold(`  ! ${line}`)));
  }
  return lines;
}

function sentence(context: CommandContext, change: AgencyChange): string {
  const { watch: text, revocationReasons } = context.messages.enrolment;
  const short = (id: string | null): string => (id ?? "").slice(0, keyCharactersShown);
  const algorithm =
    context.messages.agency.algorithms[algorithmWords.nameOf(change.key?.publicKey?.algorithm ?? 0)] ?? "";
  const system = change.system ?? "";
  switch (change.what) {
    case "KEY_FIRST":
      return text.KEY_FIRST(short(change.keyId), algorithm);
    case "KEY_ROTATED":
      return text.KEY_ROTATED(short(change.keyId), algorithm, short(change.replaces));
    case "KEY_ADDED":
      return text.KEY_ADDED(short(change.keyId), algorithm);
    case "KEY_AGAIN":
      return text.KEY_AGAIN(short(change.keyId));
    case "KEY_REVOKED": {
      const reason = revocationReasonWords.nameOf(change.reason);
      return text.KEY_REVOKED(short(change.keyId), revocationReasons[reason] ?? reason);
    }
    case "DELEGATION_GIVEN":
      return text.DELEGATION_GIVEN(system);
    case "DELEGATION_ENDED":
      return text.DELEGATION_ENDED(system);
    case "SYSTEM_CHANGED":
      return text.SYSTEM_CHANGED(system, String(change.tlsKeysAdded), String(change.tlsKeysRemoved));
  }
}
