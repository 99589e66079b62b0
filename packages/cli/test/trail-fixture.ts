import { timestampFromIso } from "@lienthong/chassis/timestamp";
import { type AgencyPen, createAgencyPen, type SignedStatement } from "@lienthong/client";
import { type Branch, BranchState, type Dossier } from "@lienthong/contracts/exchange/v1/dossier";
import type { TrailEntry } from "@lienthong/contracts/exchange/v1/exchange_service";
import { Channel, Outcome, RefusalReason } from "@lienthong/contracts/exchange/v1/statement";
import { type EventBody, encodeEvent, generateSigningKey } from "@lienthong/statement";
import { leafHash } from "@lienthong/tlog";
import { checkChain } from "../src/bus/check-chain.ts";
import { readTrail } from "../src/bus/trail-events.ts";
import type { TrailView } from "../src/bus/trail-view.ts";

export const dossierCode = "H26-250505-0001";
const network = new Uint8Array(32).fill(1);
const key = generateSigningKey("ed25519");
const noHash = new Uint8Array(0);

const ward = "hn-wold-00004";
const police = "hn-ca-wold-00004";
const insurance = "hn-bhxh-d-001";

const offices: Record<string, string> = {
  [ward]: "UBND phường Trúc Bạch",
  "hn-wold-00004-mot-cua": "Bộ phận Một cửa UBND phường Trúc Bạch",
  [police]: "Công an phường Trúc Bạch",
  [insurance]: "Bảo hiểm xã hội quận Ba Đình",
};
const steps: Record<string, string> = {
  "birth-registration": "Tiếp nhận và đăng ký khai sinh",
  residence: "Đăng ký thường trú",
  "health-insurance": "Cấp thẻ bảo hiểm y tế",
  "collect-and-return": "Tập hợp và trả kết quả",
};

/** The birth group: a fork, a refusal tried again, a join, the result. Ends before the end if `events` says so. */
export function birthTrail(options: { readonly upTo?: number; readonly readBy?: "ward" | "police" } = {}): {
  entries: TrailEntry[];
  view: TrailView;
} {
  const entries: TrailEntry[] = [];
  let minute = 0;
  const append = (body: EventBody): Uint8Array => {
    minute += 37;
    const time = timestampFromIso("2025-05-05T08:00:00+07:00");
    const recordedTime = { seconds: time.seconds + BigInt(minute * 60), nanos: 0 };
    const header = {
      version: 1,
      shard: "hanoi-scenario",
      generation: 1,
      number: BigInt(entries.length + 1),
      previous: entries.at(-1)?.hash ?? noHash,
      registryHead: { size: 9n, root: new Uint8Array(32) },
      system: "hn-mot-cua",
      recordedTime,
      wallTime: recordedTime,
    };
    const event = encodeEvent(header, body);
    const hash = leafHash(event);
    entries.push({ number: header.number, leafIndex: 40n + header.number, hash, event });
    return hash;
  };
  const pens = new Map<string, AgencyPen>();
  const pen = (agency: string, unit = "") => {
    const name = `${agency}/${unit}`;
    const made = pens.get(name) ?? createAgencyPen({ agency, unit, keys: [key], network, shard: "hanoi-scenario" });
    pens.set(name, made);
    return made;
  };
  const say = ({ envelope }: SignedStatement) => append({ $case: "statement", envelopeBytes: envelope });
  const deliver = (cause: Uint8Array, branch: string, receiver: string) =>
    append({
      $case: "bus",
      value: {
        id: new Uint8Array(32),
        dossier: dossierCode,
        cause,
        branch,
        receiver,
        ordinal: 0,
        what: { $case: "delivered", value: { system: "ca-cu-tru", subscription: "main" } },
      },
    });
  const on = (branch: string, head: Uint8Array) => ({ dossier: dossierCode, branch, head });
  const desk = pen(ward, "hn-wold-00004-mot-cua");
  const entry = new Uint8Array(32).fill(2);

  const opened = say(
    desk.open({
      dossier: dossierCode,
      areaCode: "00004",
      procedureEntry: entry,
      routeEntry: entry,
      calendarEntry: entry,
      step: "birth-registration",
      channel: Channel.CHANNEL_IN_PERSON,
    }),
  );
  const granted = { outcome: Outcome.OUTCOME_GRANTED };
  const completed = say(desk.complete({ ...on("0", opened), step: "birth-registration", ...granted }));
  const forked = say(
    desk.forward({
      ...on("0", completed),
      targets: [
        { branch: "0.1", step: "residence", edge: "birth-to-residence", receiver: { agency: police } },
        { branch: "0.2", step: "health-insurance", edge: "birth-to-insurance", receiver: { agency: insurance } },
      ],
    }),
  );
  deliver(forked, "0.1", police);
  const residence = say(pen(police).acknowledge(on("0.1", forked)));
  const refused = say(pen(insurance).refuse({ ...on("0.2", forked), reason: RefusalReason.REFUSAL_REASON_INCOMPLETE }));
  const again = say(
    desk.forward({
      ...on("0.2", refused),
      targets: [
        { branch: "0.2", step: "health-insurance", edge: "birth-to-insurance", receiver: { agency: insurance } },
      ],
    }),
  );
  const card = say(pen(insurance).acknowledge(on("0.2", again)));
  const back = { step: "collect-and-return", receiver: { agency: ward, unit: "hn-wold-00004-mot-cua" } };
  const fromPolice = say(
    pen(police).forward({ ...on("0.1", residence), targets: [{ branch: "0.1", edge: "residence-to-ward", ...back }] }),
  );
  const fromInsurance = say(
    pen(insurance).forward({ ...on("0.2", card), targets: [{ branch: "0.2", edge: "insurance-to-ward", ...back }] }),
  );
  const first = say(desk.acknowledge(on("0.1", fromPolice)));
  const second = say(desk.acknowledge(on("0.2", fromInsurance)));
  const branches = [
    { branch: "0.1", head: first },
    { branch: "0.2", head: second },
  ];
  const joined = say(desk.join({ dossier: dossierCode, branches, into: "0", step: "collect-and-return" }));
  say(desk.returnToCitizen({ ...on("0", joined), ...granted, channel: Channel.CHANNEL_IN_PERSON }));

  const whole = entries.slice(0, options.upTo ?? entries.length);
  const seen =
    options.readBy === "police"
      ? whole.map((item) => ([3n, 4n, 5n].includes(item.number) ? item : { ...item, event: noHash }))
      : whole;
  return { entries: seen, view: viewOf(seen, whole.length === entries.length ? endedBranches : openBranches) };
}

const since = timestampFromIso("2025-05-05T11:05:00+07:00");
const branch = (part: Partial<Branch> & Pick<Branch, "branch" | "state">): Branch => ({
  holder: "",
  unit: "",
  step: "birth-registration",
  head: new Uint8Array(32),
  pending: undefined,
  heldSince: since,
  ...part,
});
const endedBranches = [
  branch({ branch: "0", state: BranchState.BRANCH_STATE_RETURNED }),
  branch({ branch: "0.1", state: BranchState.BRANCH_STATE_JOINED }),
  branch({ branch: "0.2", state: BranchState.BRANCH_STATE_JOINED }),
];
const openBranches = [
  branch({ branch: "0", state: BranchState.BRANCH_STATE_FORKED }),
  branch({ branch: "0.1", state: BranchState.BRANCH_STATE_WORKING, holder: police, step: "residence" }),
  branch({
    branch: "0.2",
    state: BranchState.BRANCH_STATE_HANDED_OVER,
    holder: ward,
    unit: "hn-wold-00004-mot-cua",
    pending: {
      handoff: { forward: new Uint8Array(32).fill(7), branch: "0.2" },
      receiver: { agency: insurance, unit: "" },
      step: "health-insurance",
      edge: "birth-to-insurance",
      delivered: false,
    },
  }),
];

function viewOf(entries: readonly TrailEntry[], branches: Branch[]): TrailView {
  const dossier: Dossier = {
    dossier: dossierCode,
    shard: "hanoi-scenario",
    procedure: "birth-group-nd63",
    route: "birth-group/1",
    areaCode: "00004",
    openedBy: ward,
    eventCount: BigInt(entries.length),
    lastEvent: entries.at(-1)?.hash ?? noHash,
    branches,
    ended: branches === endedBranches,
  };
  return {
    dossier,
    events: readTrail(entries),
    chain: checkChain(dossierCode, entries),
    procedureName: "Đăng ký khai sinh, đăng ký thường trú, cấp thẻ bảo hiểm y tế cho trẻ em dưới 6 tuổi",
    simulated: true,
    names: {
      office: (agency, unit = "") => offices[unit] ?? offices[agency] ?? agency,
      step: (id) => steps[id] ?? id,
      asksOpinion: (id) => id === "opinions",
      goesBack: (id) => id.includes("-back-"),
    },
  };
}
