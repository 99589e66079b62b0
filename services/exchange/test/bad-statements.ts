import type { SignedStatement } from "@lienthong/client";
import { type Document, RefusalReason, Statement } from "@lienthong/contracts/exchange/v1/statement";
import { generateSigningKey, signStatementPayload } from "@lienthong/statement";
import { dossierCode, type HeldBranch, type TestBus, type TestOffice, testAreas } from "@lienthong/testkit";
import { leafHash } from "@lienthong/tlog";
import { v4 as uuidV4, v7 as uuidV7 } from "uuid";
import { replaced, withBytes, withFieldAgain, withoutField, withVarint } from "./wire.ts";

export const ward = "hn-wold-00001";
export const neighbour = "hn-wold-00004";
export const revokedWard = "hn-wold-00006";
export const department = "hn-so-yt";
/** Seeded beside the real agencies: in force only from 1 July 2025. */
export const futureWard = "hn-wold-tuong-lai";
export const futureDepartment = "hn-so-tuong-lai";
const areaCode = testAreas[0];
const procedure = "social-home-admission";
const group = "birth-group-nd63";

/** What bad statements are made from. */
export interface BadWorld {
  readonly bus: TestBus;
  /** Completed at the ward and held by it. */
  readonly held: HeldBranch;
  /** The same dossier before it was completed. */
  readonly heldBefore: HeldBranch;
  /** At its first step, not yet completed. */
  readonly opened: HeldBranch;
  /** Forwarded to the department. */
  readonly offered: HeldBranch;
  /** A birth group, completed, to be forked. */
  readonly unforked: HeldBranch;
  /** A birth group after the fork; both branches are on offer. */
  readonly forked: readonly HeldBranch[];
  /** A statement that was accepted. */
  readonly accepted: SignedStatement;
}

export async function makeBadWorld(bus: TestBus): Promise<BadWorld> {
  const office = bus.office(ward);
  const accepted = office.signOpen(dossierCode(), areaCode, procedure);
  const answer = await office.submit(accepted);
  const opened = { dossier: accepted.dossier, areaCode, procedure, branch: "0", step: "ward" };
  const heldBefore = await office.open(dossierCode(), areaCode, procedure);
  const held = await office.complete(heldBefore);
  const sent = await office.complete(await office.open(dossierCode(), areaCode, procedure));
  const [offered] = await office.forward(sent, toDepartment(office, sent));
  const unforked = await office.complete(await office.open(dossierCode(), areaCode, group));
  const forked = await office.forward(await office.complete(await office.open(dossierCode(), areaCode, group)));
  if (offered === undefined) throw new Error("Nothing was forwarded.");
  return {
    bus,
    held,
    heldBefore,
    opened: { ...opened, head: leafHash(answer.event) },
    offered,
    unforked,
    forked,
    accepted,
  };
}

export function toDepartment(office: TestOffice, held: HeldBranch, agency = department) {
  return office.targets(held).map((target) => ({ ...target, receiver: { agency } }));
}

/** A new `open` that would be accepted. */
export function goodOpen(bus: TestBus): SignedStatement {
  return bus.office(ward).signOpen(dossierCode(), areaCode, procedure);
}

/** One row of the table. */
export interface BadStatement {
  readonly what: string;
  /** Reason expected. */
  readonly reason: string;
  /** Path expected of the field at fault; null: no field is. */
  readonly field: string | null;
  /** The envelope. */
  readonly make: (world: BadWorld) => Uint8Array;
}

const noHash = new Uint8Array(32).fill(7);

/** A statement encoded anew after an edit, and signed. */
function edited(world: BadWorld, signed: SignedStatement, edit: (statement: Statement) => void, agency = ward) {
  const statement = Statement.decode(signed.payload);
  edit(statement);
  return sign(world, Statement.encode(statement).finish(), agency);
}

function sign(world: BadWorld, payload: Uint8Array, agency = ward): Uint8Array {
  return signStatementPayload(payload, [world.bus.keyOf(agency)]);
}

/** An `open` whose bytes were changed before they were signed. */
function openBytes(change: (payload: Uint8Array) => Uint8Array): BadStatement["make"] {
  return (world) => sign(world, change(goodOpen(world.bus).payload));
}

/** An `open` that says something else. */
function openWith(edit: (open: Extract<Statement["what"], { $case: "open" }>["value"], statement: Statement) => void) {
  return (world: BadWorld) =>
    edited(world, goodOpen(world.bus), (statement) => {
      if (statement.what?.$case === "open") edit(statement.what.value, statement);
    });
}

/** A statement of the ward that says `what` on the branch it holds. */
function onHeld(what: Statement["what"]): BadStatement["make"] {
  return ({ bus, held }) => {
    const prior = [{ branch: held.branch, head: held.head }];
    return bus.office(ward).pen.sign({ dossier: held.dossier, prior, what }).envelope;
  };
}

function document(): Document {
  return {
    documentId: uuidV7(),
    kind: "application-form",
    mediaType: "application/pdf",
    sizeBytes: 1n,
    contentDigest: noHash,
    transferDigest: new Uint8Array(0),
  };
}

const text = (value: string) => new TextEncoder().encode(value);
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, at) => make(at));

function inAuthor(change: (author: Uint8Array) => Uint8Array): BadStatement["make"] {
  return openBytes((payload) => replaced(payload, 4, change(withBytes(new Uint8Array(0), 1, text(ward)))));
}

const identity: readonly BadStatement[] = [
  {
    what: "a signature with one bit turned",
    reason: "SIGNATURE_INVALID",
    field: "envelope.signatures[0].signature",
    make: ({ bus }) => {
      const envelope = Buffer.from(goodOpen(bus).envelope);
      envelope[envelope.length - 1] = (envelope.at(-1) as number) ^ 1;
      return envelope;
    },
  },
  {
    what: "a signature over other bytes",
    reason: "SIGNATURE_INVALID",
    field: "envelope.signatures[0].signature",
    make: ({ bus }) => replaced(goodOpen(bus).envelope, 1, goodOpen(bus).payload),
  },
  {
    what: "a key that the registry does not know",
    reason: "KEY_UNKNOWN",
    field: "envelope.signatures[0].key_id",
    make: ({ bus }) => signStatementPayload(goodOpen(bus).payload, [generateSigningKey("ed25519")]),
  },
  {
    what: "a key that was revoked",
    reason: "KEY_REVOKED",
    field: "envelope.signatures[0].key_id",
    make: ({ bus }) => bus.office(revokedWard).signOpen(dossierCode(), testAreas[2], procedure).envelope,
  },
  {
    what: "a key of another agency",
    reason: "KEY_NOT_OF_AUTHOR",
    field: "envelope.signatures[0].key_id",
    make: (world) => sign(world, goodOpen(world.bus).payload, neighbour),
  },
  {
    what: "an author that did not delegate to the system",
    reason: "DELEGATION_MISSING",
    field: "statement.author.agency",
    make: ({ bus, forked }) => bus.office("hn-ca-wold-00001").pen.acknowledge(forked[0] as HeldBranch).envelope,
  },
  {
    what: "an author that the registry does not know",
    reason: "AGENCY_UNKNOWN",
    field: "statement.author.agency",
    make: inAuthor(() => withBytes(new Uint8Array(0), 1, text("hn-khong-co"))),
  },
  {
    what: "an author that is not in force yet",
    reason: "AGENCY_NOT_IN_FORCE",
    field: "statement.author.agency",
    make: ({ bus }) => bus.office(futureWard).signOpen(dossierCode(), areaCode, procedure).envelope,
  },
  {
    what: "a unit that the author does not have",
    reason: "UNIT_UNKNOWN",
    field: "statement.author.unit",
    make: inAuthor((author) => withBytes(author, 2, text("hn-khong-co"))),
  },
  {
    what: "an author that is not competent to open here",
    reason: "AGENCY_NOT_COMPETENT",
    field: "statement.author.agency",
    make: ({ bus }) => bus.office(neighbour).signOpen(dossierCode(), areaCode, procedure).envelope,
  },
];

const custody: readonly BadStatement[] = [
  {
    what: "a branch that another agency holds",
    reason: "NOT_THE_HOLDER",
    field: "statement.author.agency",
    make: ({ bus, opened }) => bus.office(neighbour).pen.complete({ ...opened, outcome: 4 }).envelope,
  },
  {
    what: "a handoff that is addressed to another agency",
    reason: "NOT_THE_RECEIVER",
    field: "statement.author.agency",
    make: ({ bus, offered }) => bus.office(neighbour).pen.acknowledge(offered).envelope,
  },
  {
    what: "a refusal by the sender itself",
    reason: "NOT_THE_RECEIVER",
    field: "statement.author.agency",
    make: ({ bus, offered }) =>
      bus.office(ward).pen.refuse({ ...offered, reason: RefusalReason.REFUSAL_REASON_INCOMPLETE }).envelope,
  },
  {
    what: "a stale prior",
    reason: "PRIOR_STALE",
    field: "statement.prior[0].head",
    make: ({ bus, heldBefore }) => bus.office(ward).pen.complete({ ...heldBefore, outcome: 4 }).envelope,
  },
  {
    what: "a prior that never was a head",
    reason: "PRIOR_STALE",
    field: "statement.prior[0].head",
    make: ({ bus, held }) => bus.office(ward).pen.complete({ ...held, head: noHash, outcome: 4 }).envelope,
  },
  {
    what: "no prior at all",
    reason: "FIELD_INVALID",
    field: "statement.prior",
    make: (world) =>
      edited(world, world.bus.office(ward).signForward(world.held), (statement) => {
        statement.prior = [];
      }),
  },
  {
    what: "one branch named twice in prior",
    reason: "FIELD_INVALID",
    field: "statement.prior",
    make: (world) =>
      edited(world, world.bus.office(ward).signForward(world.held), (statement) => {
        statement.prior = [...statement.prior, ...statement.prior];
      }),
  },
  {
    what: "a branch that the dossier does not have",
    reason: "BRANCH_UNKNOWN",
    field: "statement.prior[0].branch",
    make: ({ bus, held }) => bus.office(ward).pen.complete({ ...held, branch: "0.9", outcome: 4 }).envelope,
  },
  {
    what: "a dossier that the shard does not have",
    reason: "DOSSIER_UNKNOWN",
    field: "statement.dossier",
    make: ({ bus, held }) => bus.office(ward).pen.complete({ ...held, dossier: dossierCode(), outcome: 4 }).envelope,
  },
  {
    what: "a dossier opened a second time",
    reason: "DOSSIER_EXISTS",
    field: "statement.dossier",
    make: ({ bus, held }) => bus.office(ward).signOpen(held.dossier, areaCode, procedure).envelope,
  },
  {
    what: "a statement_id used for other bytes",
    reason: "STATEMENT_ID_REUSED",
    field: "statement.statement_id",
    make: (world) =>
      edited(world, world.accepted, (statement) => {
        statement.statedTime = { seconds: 1n, nanos: 0 };
      }),
  },
  {
    what: "a step completed twice",
    reason: "STATE_FORBIDS",
    field: "statement.what",
    make: ({ bus, held }) => bus.office(ward).pen.complete({ ...held, outcome: 4 }).envelope,
  },
  {
    what: "a handoff that is not the pending one",
    reason: "HANDOFF_UNKNOWN",
    field: "statement.acknowledge.handoff",
    make: ({ bus, offered }) => bus.office(department).pen.acknowledge({ ...offered, forward: noHash }).envelope,
  },
  {
    what: "a join before the branches have arrived",
    reason: "JOIN_INCOMPLETE",
    field: "statement.prior",
    make: ({ bus, forked }) =>
      bus.office(ward).pen.join({
        dossier: forked[0]?.dossier ?? "",
        branches: forked,
        into: "0",
        step: "collect-and-return",
      }).envelope,
  },
];

const routes: readonly BadStatement[] = [
  {
    what: "an unknown procedure",
    reason: "PROCEDURE_UNKNOWN",
    field: "statement.open.procedure_entry",
    make: openWith((open) => {
      open.procedureEntry = noHash;
    }),
  },
  {
    what: "an unknown route",
    reason: "ROUTE_UNKNOWN",
    field: "statement.open.route_entry",
    make: openWith((open) => {
      open.routeEntry = noHash;
    }),
  },
  {
    what: "the route of another procedure",
    reason: "ROUTE_UNKNOWN",
    field: "statement.open.route_entry",
    make: (world) =>
      openWith((open) => {
        open.routeEntry = world.bus.bus.registry.state.routesOf(group)[0]?.entryHash ?? noHash;
      })(world),
  },
  {
    what: "an unknown calendar",
    reason: "CALENDAR_UNKNOWN",
    field: "statement.open.calendar_entry",
    make: openWith((open) => {
      open.calendarEntry = noHash;
    }),
  },
  {
    what: "an unknown area",
    reason: "AREA_UNKNOWN",
    field: "statement.open.area_code",
    make: openWith((open) => {
      open.areaCode = "99999";
    }),
  },
  {
    what: "a dossier that begins in the middle of its route",
    reason: "STEP_OUT_OF_TURN",
    field: "statement.open.step",
    make: openWith((open) => {
      open.step = "home";
    }),
  },
  {
    what: "a chosen edge that the route does not have",
    reason: "STEP_OUT_OF_TURN",
    field: "statement.open.chosen_edges[0]",
    make: openWith((open) => {
      open.chosenEdges = ["no-such-edge"];
    }),
  },
  {
    what: "a step that is not the branch's",
    reason: "STEP_OUT_OF_TURN",
    field: "statement.complete.step",
    make: ({ bus, opened }) => bus.office(ward).pen.complete({ ...opened, step: "home", outcome: 4 }).envelope,
  },
  {
    what: "a forward before the step was completed",
    reason: "STEP_NOT_COMPLETED",
    field: "statement.what",
    make: ({ bus, opened }) => bus.office(ward).signForward(opened, toDepartment(bus.office(ward), opened)).envelope,
  },
  {
    what: "a result returned from a step that is no end",
    reason: "STEP_OUT_OF_TURN",
    field: "statement.return",
    make: ({ bus, held }) => bus.office(ward).pen.returnToCitizen({ ...held, outcome: 1, channel: 2 }).envelope,
  },
  ...(
    [
      ["an edge that the route does not have", "STEP_OUT_OF_TURN", "edge", { edge: "no-such-edge" }],
      ["a step that the edge does not lead to", "STEP_OUT_OF_TURN", "step", { step: "home" }],
      ["an unknown receiver", "AGENCY_UNKNOWN", "receiver.agency", { receiver: { agency: "hn-khong-co" } }],
      ["a receiver not in force", "AGENCY_NOT_IN_FORCE", "receiver.agency", { receiver: { agency: futureDepartment } }],
      ["a receiver that is not competent", "AGENCY_NOT_COMPETENT", "receiver.agency", { receiver: { agency: ward } }],
      ["a unit the receiver lacks", "UNIT_UNKNOWN", "receiver.unit", { receiver: { agency: department, unit: "x" } }],
      ["an unknown copy", "AGENCY_UNKNOWN", "copies[0].agency", { copies: [{ agency: "hn-khong-co" }] }],
      ["a child without a fork", "STEP_OUT_OF_TURN", "edge", { branch: "0.1" }],
      ["a branch of another root", "BRANCH_INVALID", "branch", { branch: "0.1.1" }],
    ] as const
  ).map(
    ([what, reason, field, change]): BadStatement => ({
      what: `a forward with ${what}`,
      reason,
      field: `statement.forward.branches[0].${field}`,
      make: ({ bus, held }) => {
        const targets = toDepartment(bus.office(ward), held).map((target) => ({ ...target, ...change }));
        return bus.office(ward).signForward(held, targets).envelope;
      },
    }),
  ),
  {
    what: "a fork whose branches have one id",
    reason: "BRANCH_INVALID",
    field: "statement.forward.branches[1].branch",
    make: ({ bus, unforked }) => {
      const targets = bus.office(ward).targets(unforked);
      return bus.office(ward).signForward(
        unforked,
        targets.map((target) => ({ ...target, branch: "0.1" })),
      ).envelope;
    },
  },
  {
    what: "a fork that leaves a branch out",
    reason: "FORK_INCOMPLETE",
    field: "statement.forward.branches",
    make: ({ bus, unforked }) =>
      bus.office(ward).signForward(unforked, bus.office(ward).targets(unforked).slice(0, 1)).envelope,
  },
];

const place: readonly BadStatement[] = [
  {
    what: "another network",
    reason: "NETWORK_MISMATCH",
    field: "statement.network",
    make: openWith((_, statement) => {
      statement.network = noHash;
    }),
  },
  {
    what: "another shard",
    reason: "SHARD_UNKNOWN",
    field: "statement.shard",
    make: openWith((_, statement) => {
      statement.shard = "hanoi-2026q4";
    }),
  },
];

/** What the table has a row for, said in another state, of nothing that is there, or by somebody else. */
const rows: readonly BadStatement[] = [
  ...(
    [
      { $case: "askRecall", value: { handoff: { forward: noHash, branch: "0" }, reason: 1 } },
      { $case: "agreeRecall", value: { handoff: { forward: noHash, branch: "0" } } },
      { $case: "refuseRecall", value: { handoff: { forward: noHash, branch: "0" }, reason: 1 } },
      { $case: "requestSupplement", value: { reason: 1, documentKinds: ["form"], dueTime: undefined, documents: [] } },
      { $case: "bringSupplement", value: { request: noHash, documents: [] } },
      { $case: "pause", value: { reason: 1, documents: [] } },
      { $case: "resume", value: { pause: noHash, documents: [] } },
      { $case: "extend", value: { reason: 1, dueTime: { seconds: 1n, nanos: 0 }, documents: [] } },
      { $case: "assign", value: { unit: "", officerRef: "", internalStep: 0 } },
    ] as NonNullable<Statement["what"]>[]
  ).map((what) => ({
    what: `the statement '${what.$case}' about a completed branch`,
    reason: "STATE_FORBIDS",
    field: "statement.what",
    make: onHeld(what),
  })),
  {
    what: "an erasure that acts on a branch",
    reason: "FIELD_INVALID",
    field: "statement.prior",
    make: onHeld({ $case: "erase", value: { reason: 1, documentIds: [] } }),
  },
  {
    what: "an erasure by another agency than the desk",
    reason: "AGENCY_NOT_COMPETENT",
    field: "statement.author.agency",
    make: ({ bus, held }) => bus.office(neighbour).pen.erase({ dossier: held.dossier, reason: 1 }).envelope,
  },
  {
    what: "a withdrawal by another agency than the desk",
    reason: "AGENCY_NOT_COMPETENT",
    field: "statement.author.agency",
    make: ({ bus, held }) =>
      bus.office(neighbour).pen.withdraw({ dossier: held.dossier, branches: [held], reason: 1 }).envelope,
  },
  {
    what: "a withdrawal that forgets an open branch",
    reason: "FIELD_INVALID",
    field: "statement.prior",
    make: ({ bus, forked }) =>
      bus.office(ward).pen.withdraw({ dossier: forked[0]!.dossier, branches: forked.slice(0, 1), reason: 1 }).envelope,
  },
  {
    what: "a stop by another agency than the holder",
    reason: "NOT_THE_HOLDER",
    field: "statement.author.agency",
    make: ({ bus, held }) => bus.office(neighbour).pen.stop({ ...held, reason: 3 }).envelope,
  },
  {
    what: "a recall of another handoff than the one pending",
    reason: "HANDOFF_UNKNOWN",
    field: "statement.ask_recall.handoff",
    make: ({ bus, offered }) => bus.office(ward).pen.askRecall({ ...offered, forward: noHash, reason: 1 }).envelope,
  },
  {
    what: "an opinion asked where the route has no edge for it",
    reason: "STEP_OUT_OF_TURN",
    field: "statement.consult.branches[0].edge",
    make: ({ bus, opened }) => {
      const target = { branch: "0.1", step: "home", edge: "to-home", receiver: { agency: department } };
      return bus.office(ward).pen.consult({ ...opened, targets: [target] }).envelope;
    },
  },
  {
    what: "work assigned to a unit that the holder lacks",
    reason: "UNIT_UNKNOWN",
    field: "statement.assign.unit",
    make: ({ bus, opened }) => bus.office(ward).pen.assign({ ...opened, unit: "x" }).envelope,
  },
];

const bytes: readonly BadStatement[] = [
  {
    what: "an envelope over 60 KiB",
    reason: "ENTRY_TOO_LARGE",
    field: "envelope",
    make: ({ bus }) => withBytes(goodOpen(bus).envelope, 9, new Uint8Array(61_440)),
  },
  {
    what: "a payload that leaves no room for the rest of an event",
    reason: "FIELD_INVALID",
    field: "envelope.payload",
    make: openBytes((payload) => withBytes(payload, 99, new Uint8Array(59_900))),
  },
  { what: "no bytes", reason: "FIELD_MISSING", field: "envelope.payload", make: () => new Uint8Array(0) },
  { what: "bytes that are nothing", reason: "MESSAGE_MALFORMED", field: "envelope", make: () => Buffer.of(0xff, 0xff) },
  {
    what: "a truncated envelope",
    reason: "MESSAGE_MALFORMED",
    field: "envelope",
    make: ({ bus }) => goodOpen(bus).envelope.slice(0, -5),
  },
  {
    what: "a truncated statement",
    reason: "MESSAGE_MALFORMED",
    field: "statement",
    make: openBytes((payload) => payload.slice(0, -5)),
  },
  {
    what: "a truncated author",
    reason: "MESSAGE_MALFORMED",
    field: "statement.author",
    make: inAuthor((author) => author.slice(0, -5)),
  },
  {
    what: "a number where a message belongs",
    reason: "MESSAGE_MALFORMED",
    field: "statement.author",
    make: openBytes((payload) => withVarint(withoutField(payload, 4), 4, Buffer.of(1))),
  },
  {
    what: "a number wider than its field",
    reason: "MESSAGE_MALFORMED",
    field: "statement",
    make: openBytes((payload) => withVarint(withoutField(payload, 1), 1, Buffer.from("ffffffffffffffffff7f", "hex"))),
  },
  {
    what: "an unknown field of the envelope",
    reason: "FIELD_UNKNOWN",
    field: "envelope.#9",
    make: ({ bus }) => withBytes(goodOpen(bus).envelope, 9, text("x")),
  },
  {
    what: "an unknown field of the statement",
    reason: "FIELD_UNKNOWN",
    field: "statement.#99",
    make: openBytes((payload) => withBytes(payload, 99, text("x"))),
  },
  {
    what: "an unknown field of the author",
    reason: "FIELD_UNKNOWN",
    field: "statement.author.#7",
    make: inAuthor((author) => withBytes(author, 7, text("x"))),
  },
  {
    what: "an unknown version",
    reason: "VERSION_UNKNOWN",
    field: "statement.version",
    make: openWith((_, statement) => {
      statement.version = 2;
    }),
  },
  {
    what: "no version",
    reason: "FIELD_MISSING",
    field: "statement.version",
    make: openBytes((payload) => withoutField(payload, 1)),
  },
  {
    what: "a singular field given twice",
    reason: "FIELD_DUPLICATED",
    field: "statement.dossier",
    make: openBytes((payload) => withFieldAgain(payload, 6)),
  },
  {
    what: "a payload given twice",
    reason: "FIELD_DUPLICATED",
    field: "envelope.payload",
    make: ({ bus }) => withFieldAgain(goodOpen(bus).envelope, 1),
  },
  {
    what: "a singular message given twice",
    reason: "FIELD_DUPLICATED",
    field: "statement.author",
    make: openBytes((payload) => withFieldAgain(payload, 4)),
  },
  {
    what: "one oneof field given twice",
    reason: "FIELD_DUPLICATED",
    field: "statement.open",
    make: openBytes((payload) => withFieldAgain(payload, 16)),
  },
  {
    what: "two fields of one oneof",
    reason: "FIELD_DUPLICATED",
    field: "statement.withdraw",
    make: openBytes((payload) => withBytes(payload, 32, Buffer.of(8, 1))),
  },
  {
    what: "an empty oneof",
    reason: "FIELD_MISSING",
    field: "statement.what",
    make: openBytes((payload) => withoutField(payload, 16)),
  },
  {
    what: "no signature",
    reason: "FIELD_MISSING",
    field: "envelope.signatures",
    make: ({ bus }) => withoutField(goodOpen(bus).envelope, 2),
  },
  {
    what: "too many signatures",
    reason: "FIELD_INVALID",
    field: "envelope.signatures",
    make: ({ bus }) =>
      signStatementPayload(
        goodOpen(bus).payload,
        times(5, () => bus.keyOf(ward)),
      ),
  },
  {
    what: "one key that signs twice",
    reason: "FIELD_INVALID",
    field: "envelope.signatures[1].key_id",
    make: ({ bus }) =>
      signStatementPayload(
        goodOpen(bus).payload,
        times(2, () => bus.keyOf(ward)),
      ),
  },
  {
    what: "too many priors",
    reason: "FIELD_INVALID",
    field: "statement.prior",
    make: openWith((_, statement) => {
      statement.prior = times(65, () => ({ branch: "0", head: noHash }));
    }),
  },
  {
    what: "too many documents",
    reason: "FIELD_INVALID",
    field: "statement.open.documents",
    make: openWith((open) => {
      open.documents = times(129, document);
    }),
  },
  {
    what: "too many branches",
    reason: "FIELD_INVALID",
    field: "statement.forward.branches",
    make: ({ bus, held }) => {
      const [target] = toDepartment(bus.office(ward), held);
      if (target === undefined) throw new Error("Nothing leads on.");
      return bus.office(ward).signForward(
        held,
        times(33, (at) => ({ ...target, branch: `0.${at + 1}` })),
      ).envelope;
    },
  },
];

/** Enum numbers. */
const enums: readonly BadStatement[] = ([0, 4, 99, -1] as const).map((number) => ({
  what: `the enum number ${number}`,
  reason: number === 0 ? "FIELD_MISSING" : "ENUM_UNKNOWN",
  field: "statement.open.channel",
  make: openWith((open) => {
    open.channel = number as typeof open.channel;
  }),
}));

const badTexts: readonly (readonly [what: string, value: Uint8Array, reason: string])[] = [
  ["a letter that only looks like H", text("Н26-250505-0001"), "TEXT_INVALID"],
  ["full-width digits", text("H26-２５0505-0001"), "TEXT_INVALID"],
  ["a zero-width space", text("H26-250505-00\u200b01"), "TEXT_INVALID"],
  ["a byte order mark", text("\ufeffH26-250505-0001"), "TEXT_INVALID"],
  ["a right-to-left mark", text("H26-250505-0001\u202e"), "TEXT_INVALID"],
  ["a NUL", text("H26-250505-0001\0"), "TEXT_INVALID"],
  ["a combining mark", text("H26-250505-0001\u0301"), "TEXT_INVALID"],
  ["invalid UTF-8", Buffer.concat([text("H26-250505-0001"), Buffer.of(0xc3)]), "TEXT_INVALID"],
  ["an overlong UTF-8 form", Buffer.concat([text("H26-250505-0001"), Buffer.of(0xc0, 0x80)]), "TEXT_INVALID"],
  ["a surrogate half", Buffer.concat([text("H26-250505-0001"), Buffer.of(0xed, 0xa0, 0x80)]), "TEXT_INVALID"],
  ["lower case", text("h26-250505-0001"), "FIELD_INVALID"],
  ["spaces", text(" H26-250505-0001"), "FIELD_INVALID"],
  ["a line break at the end", text("H26-250505-0001\n"), "TEXT_INVALID"],
  ["a subject wildcard", text("H26-250505-*"), "FIELD_INVALID"],
  ["too few digits", text("H26-250505-001"), "FIELD_INVALID"],
  ["nothing", text(""), "FIELD_MISSING"],
];

const codes: readonly BadStatement[] = [
  ...badTexts.map(([what, value, reason]) => ({
    what: `a dossier code with ${what}`,
    reason,
    field: "statement.dossier",
    make: openBytes((payload) => replaced(payload, 6, value)),
  })),
  ...(
    [
      ["an upper-case agency", "HN-WOLD-00001", "FIELD_INVALID"],
      ["an agency with a zero-width joiner", "hn-wold\u200d-00001", "TEXT_INVALID"],
      ["an agency of 65 letters", "a".repeat(65), "FIELD_INVALID"],
      ["an agency with a dot", "hn.wold", "FIELD_INVALID"],
    ] as const
  ).map(([what, value, reason]) => ({
    what,
    reason,
    field: "statement.author.agency",
    make: inAuthor(() => withBytes(new Uint8Array(0), 1, text(value))),
  })),
  ...(
    [
      ["a UUID of version 4", uuidV4()],
      ["an upper-case UUID", uuidV7().toUpperCase()],
      ["a UUID in braces", `{${uuidV7()}}`],
      ["a UUID without dashes", uuidV7().replaceAll("-", "")],
    ] as const
  ).map(([what, value]) => ({
    what,
    reason: "FIELD_INVALID",
    field: "statement.statement_id",
    make: openBytes((payload) => replaced(payload, 5, text(value))),
  })),
  ...["Hanoi", "hanoi_2025", "-hanoi", "a".repeat(33), "hanoi.>"].map((shard) => ({
    what: `the shard name ${shard}`,
    reason: "FIELD_INVALID",
    field: "statement.shard",
    make: openBytes((payload) => replaced(payload, 3, text(shard))),
  })),
  ...["00", "1", "0.0", "0.01", "0.1000", "0..1", "0.1.1.1.1.1.1.1.1"].map((branch) => ({
    what: `the branch id ${branch}`,
    reason: "FIELD_INVALID",
    field: "statement.prior[0].branch",
    make: ({ bus, held }: BadWorld) => bus.office(ward).pen.complete({ ...held, branch, outcome: 4 }).envelope,
  })),
  {
    what: "a hash of 31 bytes",
    reason: "FIELD_INVALID",
    field: "statement.prior[0].head",
    make: ({ bus, held }) => bus.office(ward).pen.complete({ ...held, head: noHash.slice(1), outcome: 4 }).envelope,
  },
  {
    what: "a time with a whole second of nanoseconds",
    reason: "FIELD_INVALID",
    field: "statement.stated_time.nanos",
    make: openWith((_, statement) => {
      statement.statedTime = { seconds: 1n, nanos: 1_000_000_000 };
    }),
  },
  {
    what: "a time after the year 9999",
    reason: "FIELD_INVALID",
    field: "statement.stated_time.seconds",
    make: openWith((_, statement) => {
      statement.statedTime = { seconds: 253_402_300_800n, nanos: 0 };
    }),
  },
];

/** The table. */
export const badStatements: readonly BadStatement[] = [
  ...identity,
  ...custody,
  ...routes,
  ...place,
  ...rows,
  ...bytes,
  ...enums,
  ...codes,
];
