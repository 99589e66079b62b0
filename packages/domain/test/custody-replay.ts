import type { ReadEvent } from "@lienthong/statement";
import type { RecordedEvent } from "./trail-recorder.ts";

/**
 * Who holds what, told from the events alone and without `evolve`: a second opinion. It throws at the first event that moves
 * custody other than by the receiver's acknowledgement or the joining of branches held by one agency.
 */
export class CustodyReplay {
  /** Holder by branch; null: forked, until its children are joined; undefined: ended. */
  readonly holders = new Map<string, string | null | undefined>();
  /** Pending handoffs by branch. */
  readonly pending = new Map<string, { forward: string; sender: string; receiver: string }>();
  /** Handoffs that ended: "<forward>/<branch>" and the event that ended them. */
  readonly ended = new Map<string, { by: RecordedEvent; sender: string }>();
  /** Live children by parent. */
  readonly children = new Map<string, string[]>();

  apply(recorded: RecordedEvent): void {
    const { event } = recorded;
    if (event.body.$case !== "statement") return;
    const { statement } = event.body;
    const author = statement.author?.agency ?? "";
    const what = statement.what!;
    const branch = statement.prior[0]?.branch ?? "";
    switch (what.$case) {
      case "open":
        this.#expect(this.holders.size === 0, event, "opens a dossier that exists");
        this.holders.set("0", author);
        break;
      case "forward": {
        this.#holds(author, branch, event);
        const forward = hex(recorded.hash);
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
          this.holders.set(target.branch, author);
          this.pending.set(target.branch, { forward, sender: author, receiver: target.receiver!.agency });
        }
        break;
      }
      case "acknowledge":
      case "refuse": {
        const handoff = what.value.handoff!;
        const pending = this.pending.get(handoff.branch);
        this.#expect(handoff.branch === branch, event, "names another branch in prior than in its handoff");
        this.#expect(pending?.forward === hex(handoff.forward), event, "answers a handoff that is not pending");
        this.#expect(pending!.receiver === author, event, "answers a handoff that is addressed to another");
        this.pending.delete(branch);
        this.ended.set(`${pending!.forward}/${branch}`, { by: recorded, sender: pending!.sender });
        if (what.$case === "acknowledge") this.holders.set(branch, author);
        break;
      }
      case "complete":
        this.#holds(author, branch, event);
        break;
      case "join": {
        const { into } = what.value;
        const named = statement.prior.map((prior) => prior.branch).sort();
        const children = this.children.get(into)?.toSorted();
        this.#expect(this.holders.get(into) === null, event, `joins into ${into}, which is not forked`);
        this.#expect(JSON.stringify(children) === JSON.stringify(named), event, "joins other branches than the fork's");
        for (const child of named) {
          this.#holds(author, child, event);
          this.holders.set(child, undefined);
        }
        this.children.delete(into);
        this.holders.set(into, author);
        break;
      }
      case "return":
        this.#holds(author, branch, event);
        this.#expect(branch === "0", event, `returns branch ${branch} to the citizen while its fork is open`);
        this.holders.set(branch, undefined);
        break;
      default:
        this.#expect(false, event, `'${what.$case}' has no row in the table`);
    }
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

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
