import type { CliBus } from "./cli-bus.ts";

export const ward = "hn-wold-00004";
export const police = "hn-ca-wold-00004";
export const insurance = "hn-bhxh-d-001";
export const labourDivision = "hn-d-001";

const opened = ["open CODE --procedure birth-group-nd63 --as WARD"];
const completed = [...opened, "complete CODE --outcome granted --as WARD"];
const forked = [...completed, "forward CODE --as WARD"];
const arrived = [
  ...forked,
  ...["POLICE", "INSURANCE"].flatMap((agency) => [
    `acknowledge CODE --as ${agency}`,
    `complete CODE --as ${agency}`,
    `forward CODE --as ${agency}`,
  ]),
  "acknowledge CODE --branch 0.1 --as WARD",
  "acknowledge CODE --branch 0.2 --as WARD",
];
const homeOpened = ["open CODE --procedure 2.000286 --as WARD"];
const allowanceOpened = ["open CODE --procedure social-allowance-3tier --as WARD"];
const allowanceForwarded = [...allowanceOpened, "complete CODE --as WARD", "forward CODE --as WARD"];

/** Where a dossier can be brought to, by command lines alone. */
export const stages = {
  nothing: [],
  opened,
  completed,
  forked,
  recallAsked: [...forked, "recall CODE --branch 0.1 --reason correction --as WARD"],
  taken: [...forked, "acknowledge CODE --as POLICE"],
  arrived,
  joined: [...arrived, "join CODE --as WARD"],
  awaited: [...opened, "supplement CODE --request birth-notice --as WARD"],
  unpaid: [...opened, "pay CODE --pause --as WARD"],
  waitsForCourt: [...opened, "pause CODE --reason other-authority --as WARD"],
  homeCompleted: [...homeOpened, "complete CODE --as WARD"],
  allowanceForwarded,
  allowanceTaken: [...allowanceForwarded, `acknowledge CODE --as ${labourDivision}`],
  permitOpened: ["open CODE --procedure construction-permit --as WARD"],
} as const;

/** Name of a stage. */
export type Stage = keyof typeof stages;

/** Brings a dossier to a stage. */
export async function bring(bus: CliBus, code: string, stage: Stage): Promise<void> {
  for (const line of stages[stage]) {
    const words = line
      .replace("CODE", code)
      .replace("WARD", ward)
      .replace("POLICE", police)
      .replace("INSURANCE", insurance);
    await bus.ok(`dossier ${words}`);
  }
}
