import { PauseReason } from "@lienthong/contracts/exchange/v1/statement";
import type { ReadEvent } from "@lienthong/statement";
import type { RecordedEvent } from "./trail-recorder.ts";

/**
 * Who holds what, told from the events alone and without `evolve`: a second opinion. It throws at the first event that moves
 * custody other than by the receiver's acknowledgement or the joining of branches held by one agency, that ends what its
 * author may not end, or that says twice what is said once.
 */
export class CustodyReplay {
  /** Holder by branch; null: forked, until its children are joined; undefined: ended. */
  readonly holders = new Map<string, string | null | undefined>();
  /** Pending handoffs by branch. */
  readonly pending = new Map<string, Handoff>();
  /** Handoffs that ended: "<forward>/<branch>" and the event that ended them. */
  readonly ended = new Map<string, { by: RecordedEvent; sender: string; receiver: string }>();
  /** Live children of forks, by parent. */
  readonly children = new Map<string, string[]>();
  /** Open opinions: for which branch they are given now, and who asked. */
  readonly opinions = new Map<string, { under: string; asker: string }>();
  desk = "";
  readonly #steps = new Map<string, string>();
  /** Branches that wait: for the citizen, or until they are resumed. */
  readonly #waiting = new Map<string, { since: string; proof: boolean }>();
  readonly #supplements = new Set<string>();
  readonly #recalls = new Set<string>();
  #extended = false;

  apply(recorded: RecordedEvent): void {
    const { event } = recorded;
    if (event.body.$case !== "statement") return;
    const { statement } = event.body;
    const author = statement.author?.agency ?? "";
    const what = statement.what!;
    const branch = statement.prior[0]?.branch ?? "";
    const here = hex(recorded.hash);
    const step = this.#steps.get(branch) ?? "";
    switch (what.$case) {
      case "open":
        this.#expect(this.holders.size === 0, event, "opens a dossier that exists");
        this.holders.set("0", author);
        this.#steps.set("0", what.value.step);
        this.desk = author;
        break;
      case "forward": {
        this.#works(author, branch, event);
        const sole = what.value.branches.length === 1 && what.value.branches[0]!.branch === branch;
        if (!sole) {
          this.holders.set(branch, null);
          this.children.set(
            branch,
            what.value.branches.map((target) => target.branch),
          );
        }
        for (const target of what.value.branches) {
          this.#expect(sole || !this.holders.has(target.branch), event, `uses branch ${target.branch} again`);
          this.#offer(target.branch, {
            forward: here,
            sender: author,
            receiver: target.receiver!.agency,
            step: target.step,
          });
          if (!sole) this.#steps.set(target.branch, step);
        }
        break;
      }
      case "consult":
        this.#works(author, branch, event);
        for (const target of what.value.branches) {
          this.#expect(!this.holders.has(target.branch), event, `uses branch ${target.branch} again`);
          this.#offer(target.branch, {
            forward: here,
            sender: author,
            receiver: target.receiver!.agency,
            step: target.step,
          });
          this.#steps.set(target.branch, step);
          this.opinions.set(target.branch, { under: branch, asker: author });
        }
        break;
      case "acknowledge":
      case "refuse":
      case "askRecall":
      case "agreeRecall":
      case "refuseRecall": {
        const handoff = what.value.handoff!;
        const pending = this.pending.get(handoff.branch);
        this.#expect(handoff.branch === branch, event, "names another branch in prior than in its handoff");
        this.#expect(pending?.forward === hex(handoff.forward), event, "answers a handoff that is not pending");
        const entitled = what.$case === "askRecall" ? pending!.sender : pending!.receiver;
        this.#expect(entitled === author, event, "answers a handoff that is addressed to another");
        const answers = what.$case === "refuseRecall" || what.$case === "agreeRecall";
        this.#expect(!answers || this.#recalls.has(branch), event, "answers a recall that nobody asked for");
        if (what.$case === "askRecall") this.#recalls.add(branch);
        else this.#recalls.delete(branch);
        if (what.$case === "askRecall" || what.$case === "refuseRecall") break;
        this.#endHandoff(branch, recorded);
        if (what.$case !== "acknowledge") break;
        this.holders.set(branch, author);
        this.#steps.set(branch, pending!.step);
        break;
      }
      case "complete": {
        this.#works(author, branch, event);
        const opinion = this.opinions.get(branch);
        if (opinion !== undefined) this.#end(branch, recorded, opinion.under);
        break;
      }
      case "requestSupplement": {
        this.#works(author, branch, event);
        const key = `${author} ${step}`;
        this.#expect(!this.#supplements.has(key), event, "asks the citizen twice");
        this.#supplements.add(key);
        this.#waiting.set(branch, { since: here, proof: false });
        break;
      }
      case "bringSupplement":
        this.#expect(author === this.desk, event, "brings papers and is not the desk");
        this.#expect(this.#waiting.get(branch)?.since === hex(what.value.request), event, "answers another request");
        this.#waiting.delete(branch);
        break;
      case "pause":
        this.#works(author, branch, event);
        this.#waiting.set(branch, {
          since: here,
          proof: what.value.reason === PauseReason.PAUSE_REASON_FINANCIAL_DUTY,
        });
        break;
      case "resume": {
        const { since, proof } = this.#waiting.get(branch) ?? { since: "", proof: true };
        this.#expect(this.holders.get(branch) === author, event, `resumes ${branch} that it does not hold`);
        this.#expect(since === hex(what.value.pause), event, "ends another pause");
        this.#expect(!proof || what.value.documents.length > 0, event, "resumes without the proof of payment");
        this.#waiting.delete(branch);
        break;
      }
      case "extend":
        this.#works(author, branch, event);
        this.#expect(!this.#extended, event, "moves the date promised a second time");
        this.#extended = true;
        break;
      case "assign":
        this.#works(author, branch, event);
        break;
      case "join": {
        const { into } = what.value;
        const named = statement.prior.map((prior) => prior.branch).sort();
        const children = this.children.get(into)?.toSorted();
        this.#expect(this.holders.get(into) === null, event, `joins into ${into}, which is not forked`);
        this.#expect(JSON.stringify(children) === JSON.stringify(named), event, "joins other branches than the fork's");
        for (const child of named) {
          this.#works(author, child, event);
          this.#end(child, recorded, into);
        }
        this.children.delete(into);
        this.holders.set(into, author);
        this.#steps.set(into, what.value.step);
        break;
      }
      case "return":
        this.#works(author, branch, event);
        this.#expect(branch === "0", event, `returns branch ${branch} to the citizen while its fork is open`);
        this.#end(branch, recorded, null);
        break;
      case "stop": {
        this.#expect(this.holders.get(branch) === author, event, `stops branch ${branch} that it does not hold`);
        this.#stop(branch, recorded);
        break;
      }
      case "withdraw": {
        const open = [...this.holders].filter(([, holder]) => holder !== undefined).map(([id]) => id);
        const named = new Set(statement.prior.map((prior) => prior.branch));
        this.#expect(author === this.desk, event, "withdraws and is not the desk");
        this.#expect(
          open.length === named.size && open.every((id) => named.has(id)),
          event,
          "withdraws other branches than the open ones",
        );
        this.children.clear();
        for (const id of open) this.#end(id, recorded, null);
        break;
      }
      case "erase":
        this.#expect(author === this.desk && statement.prior.length === 0, event, "erases and is not the desk");
        break;
      default:
        this.#expect(false, event, "says nothing");
    }
  }

  #offer(branch: string, handoff: Handoff): void {
    this.holders.set(branch, handoff.sender);
    this.pending.set(branch, handoff);
  }

  #endHandoff(branch: string, by: RecordedEvent): void {
    const pending = this.pending.get(branch);
    if (pending === undefined) return;
    this.pending.delete(branch);
    this.ended.set(`${pending.forward}/${branch}`, { by, sender: pending.sender, receiver: pending.receiver });
  }

  /** A branch ends. Opinions asked for it go on under the branch it became part of; null: they end with it. */
  #end(branch: string, by: RecordedEvent, partOf: string | null): void {
    this.#endHandoff(branch, by);
    this.#recalls.delete(branch);
    this.#waiting.delete(branch);
    this.holders.set(branch, undefined);
    this.opinions.delete(branch);
    for (const [id, opinion] of [...this.opinions]) {
      if (opinion.under !== branch) continue;
      if (partOf === null) this.#end(id, by, null);
      else this.opinions.set(id, { ...opinion, under: partOf });
    }
  }

  #stop(branch: string, by: RecordedEvent): void {
    const isOpinion = this.opinions.has(branch);
    this.#end(branch, by, null);
    if (isOpinion) return;
    const parent = [...this.children].find(([, children]) => children.includes(branch));
    if (parent === undefined) return;
    const left = parent[1].filter((child) => child !== branch);
    if (left.length > 0) {
      this.children.set(parent[0], left);
      return;
    }
    this.children.delete(parent[0]);
    this.#stop(parent[0], by);
  }

  #works(author: string, branch: string, event: ReadEvent): void {
    this.#holds(author, branch, event);
    this.#expect(!this.#waiting.has(branch), event, `acts on branch ${branch} while it waits`);
  }

  #holds(author: string, branch: string, event: ReadEvent): void {
    this.#expect(
      this.holders.get(branch) === author,
      event,
      `${author} acts on branch ${branch} that it does not hold`,
    );
    this.#expect(!this.pending.has(branch), event, `acts on branch ${branch} while a handoff is pending`);
  }

  #expect(holds: boolean, event: ReadEvent, otherwise: string): void {
    if (!holds) throw new Error(`Event ${event.header.number} ${otherwise}.`);
  }
}

interface Handoff {
  readonly forward: string;
  readonly sender: string;
  readonly receiver: string;
  readonly step: string;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
