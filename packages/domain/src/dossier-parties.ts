import type { ForwardBranch, Statement } from "@lienthong/contracts/exchange/v1/statement";
import type { ReadEvent } from "@lienthong/statement";
import { isFork } from "./forward-rules.ts";

/** Who has to do with one open branch. Empty strings where nobody. */
export interface BranchParties {
  /** Who holds it; nobody while it is forked. */
  readonly holder: string;
  /** To whom its pending handoff is addressed. */
  readonly receiver: string;
  /** Hash of the forward (or consult) event of the pending handoff, 64 hexadecimal digits. */
  readonly forward: string;
  /** For a branch that gives an opinion: who asked. */
  readonly asker: string;
  /** For such a branch: who leads, and the branch with which the lead goes (empty: the asker leads whatever happens). */
  readonly lead: string;
  readonly leadBranch: string;
}

/**
 * What a follower remembers of an open dossier to know whom its next event must reach: much less than the custody that
 * `decide` needs, and the same of it. About 200 bytes as JSON for a dossier of one branch.
 */
export interface DossierParties {
  /** Agency that opened it. */
  readonly desk: string;
  /** Branches that have not ended, by id. */
  readonly branches: ReadonlyMap<string, BranchParties>;
}

/**
 * The parties after an event; null once the dossier has ended, and for events of no dossier. Pure; trusts like `evolve` that the event
 * was decided. `hash` is the event's leaf hash, 32 bytes.
 */
export function evolveParties(
  before: DossierParties | null,
  event: ReadEvent,
  hash: Uint8Array,
): DossierParties | null {
  if (event.body.$case === "shard") return null;
  // What the bus says so far moves nobody's custody.
  if (event.body.$case === "bus") return before;
  const { statement } = event.body;
  const what = statement.what;
  const author = statement.author?.agency ?? "";
  if (what?.$case === "open") {
    return { desk: author, branches: new Map([["0", { ...nobody, holder: author }]]) };
  }
  // An ended dossier is only ever erased.
  if (before === null) return null;
  const branches = new Map(before.branches);
  const id = statement.prior[0]?.branch ?? "";
  const change = (branch: string, changes: Partial<BranchParties>) =>
    branches.set(branch, { ...(branches.get(branch) ?? nobody), ...changes });
  const offered = (target: ForwardBranch): BranchParties => ({
    ...nobody,
    holder: author,
    receiver: target.receiver?.agency ?? "",
    forward: hexOf(hash),
  });
  switch (what?.$case) {
    case "forward": {
      const [first] = what.value.branches;
      if (first !== undefined && !isFork(id, what.value)) {
        const { receiver, forward } = offered(first);
        change(id, { receiver, forward });
        passLead(branches, id, receiver);
        break;
      }
      change(id, { holder: "" });
      for (const target of what.value.branches) branches.set(target.branch, offered(target));
      break;
    }
    case "consult": {
      const { leadBranch } = what.value;
      const lead = what.value.branches.find((target) => target.branch === leadBranch)?.receiver?.agency ?? author;
      for (const target of what.value.branches) {
        branches.set(target.branch, { ...offered(target), asker: author, lead, leadBranch });
      }
      break;
    }
    case "acknowledge":
      change(id, { holder: author, receiver: "", forward: "" });
      break;
    case "refuse":
    case "agreeRecall":
      change(id, { receiver: "", forward: "" });
      passLead(branches, id, branches.get(id)?.asker ?? "");
      break;
    case "complete":
      if (branches.get(id)?.asker !== "") branches.delete(id);
      break;
    case "join":
      change(what.value.into, { holder: author });
      for (const prior of statement.prior) branches.delete(prior.branch);
      break;
    case "return":
    case "stop":
    case "withdraw":
      for (const ended of endedBranches(statement, before)) branches.delete(ended);
      if (what.$case === "stop") passLead(branches, id, before.branches.get(id)?.asker ?? "");
      break;
    default:
      return before;
  }
  return branches.size === 0 ? null : { desk: before.desk, branches };
}

const nobody: BranchParties = { holder: "", receiver: "", forward: "", asker: "", lead: "", leadBranch: "" };

/** If a branch leads a consultation, tells the open branches asked with it who leads from now on. */
function passLead(branches: Map<string, BranchParties>, leading: string, lead: string): void {
  for (const [id, branch] of branches) if (branch.leadBranch === leading) branches.set(id, { ...branch, lead });
}

/**
 * Branches that a `return`, `stop` or `withdraw` ends: those it names, the opinions they asked for, and a forked branch whose last
 * child was stopped. Empty for every other statement.
 */
export function endedBranches(statement: Statement, before: DossierParties): string[] {
  const what = statement.what?.$case;
  if (what === "withdraw") return [...before.branches.keys()];
  if (what !== "return" && what !== "stop") return [];
  const ended = new Set<string>();
  let ending: string | undefined = statement.prior[0]?.branch;
  while (ending !== undefined && before.branches.has(ending)) {
    addWithOpinions(ending, before, ended);
    ending = forkLeftEmpty(ending, before, ended);
  }
  return [...ended];
}

/** A branch and, all the way down, the open opinions that were asked for it. */
function addWithOpinions(id: string, before: DossierParties, ended: Set<string>): void {
  ended.add(id);
  for (const [other, parties] of before.branches) {
    if (parties.asker !== "" && !ended.has(other) && askingBranch(other, before) === id) {
      addWithOpinions(other, before, ended);
    }
  }
}

/** The parent of a stopped branch, if no other child of its fork is open. */
function forkLeftEmpty(id: string, before: DossierParties, ended: ReadonlySet<string>): string | undefined {
  if (before.branches.get(id)?.asker !== "" || !id.includes(".")) return undefined;
  const parent = parentIdOf(id);
  return openSiblings(id, before).some((sibling) => !ended.has(sibling)) ? undefined : parent;
}

/** The other open children of the fork that a branch belongs to; none for the root and for opinions. */
export function openSiblings(id: string, before: DossierParties): string[] {
  if (!id.includes(".") || before.branches.get(id)?.asker !== "") return [];
  const parent = parentIdOf(id);
  return [...before.branches]
    .filter(([other, { asker }]) => other !== id && asker === "" && parentIdOf(other) === parent)
    .map(([other]) => other);
}

/**
 * The branch for which an opinion is given: the nearest one above it that is open. Its own parent may have been joined, or have
 * given its own opinion, and then the opinion goes on with the branch that became of it.
 */
function askingBranch(id: string, before: DossierParties): string | undefined {
  for (let above = parentIdOf(id); above !== ""; above = parentIdOf(above)) {
    if (before.branches.has(above)) return above;
  }
  return undefined;
}

function parentIdOf(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf(".")));
}

/** Parties as text, for a follower's own store. */
export function partiesToJson({ desk, branches }: DossierParties): string {
  const rows = [...branches].map(([id, { holder, receiver, forward, asker, lead, leadBranch }]) =>
    // Most branches give no opinion: what they have nothing of is left out.
    asker === "" ? [id, holder, receiver, forward] : [id, holder, receiver, forward, asker, lead, leadBranch],
  );
  return JSON.stringify([desk, ...rows]);
}

/** The inverse of `partiesToJson`. Throws for text that it did not write. */
export function partiesFromJson(text: string): DossierParties {
  const [desk, ...rows] = JSON.parse(text) as unknown[];
  const branches = rows.map((row): [string, BranchParties] => {
    if (
      !Array.isArray(row) ||
      !(row.length === 4 || row.length === 7) ||
      !row.every((cell) => typeof cell === "string")
    )
      throw new Error("These are not the parties of a dossier: a branch has 4 or 7 texts.");
    const [id, holder, receiver, forward, asker = "", lead = "", leadBranch = ""] = row as [string, ...string[]];
    return [id, { holder: holder ?? "", receiver: receiver ?? "", forward: forward ?? "", asker, lead, leadBranch }];
  });
  if (typeof desk !== "string") throw new Error("These are not the parties of a dossier: the desk comes first.");
  return { desk, branches: new Map(branches) };
}

/** Bytes as lower-case hexadecimal digits. */
export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
