/**
 * Who may do what on the NATS server, as data. The embedded configuration, `deploy/nats/nats-server.conf`, the README's
 * table and the tests are all made from this file; nothing else grants a right.
 */
export const roles = ["admin", "exchange", "registry", "delivery", "documents", "ledger", "audit"] as const;

export type Role = (typeof roles)[number];

/** The one account that holds streams, and the server's own account, which no service may enter. */
export const accountNames = { bus: "BUS", system: "SYS" } as const;

/**
 * The account a role lives in. Every role but two has an account of its own that imports exactly the subjects it may
 * publish. Permissions alone would not do: the server checks the subject of a request but not its reply subject, so in
 * the streams' account a role that may only read could ask for a message with an event subject as the reply, and the
 * answer would be stored as a new event. Across accounts the answer arrives where no stream listens.
 * The exchange stays with the streams, because importing costs a third of its throughput (19,000 against 31,000
 * events/s measured) and it is the one that may write events anyway.
 */
export function accountOf(role: Role): string {
  return role === "admin" || role === "exchange" ? accountNames.bus : role.toUpperCase();
}

/**
 * Where every role may ask the servers for their JetStream settings (answers are those of `/jsz`); imported from the
 * system account under this name. Without it a client cannot see whether `sync_interval: always` is in force.
 */
export const serverStateSubject = "lt-server.jetstream";
export const serverStateSystemSubject = "$SYS.REQ.SERVER.PING.JSZ";

/** Such answers need another kind of import; with the ordinary kind all but the first message would be dropped. */
export function isAnsweredBySeveralMessages(subject: string): boolean {
  return ["STREAM.LIST", "DIRECT.GET.", "CONSUMER.MSG.NEXT."].some((part) => subject.startsWith(`$JS.API.${part}`));
}

export interface RolePermissions {
  /** One sentence for people who read the configuration. */
  readonly purpose: string;
  readonly publishAllow: readonly string[];
  /** Wins over `publishAllow`. */
  readonly publishDeny: readonly string[];
  readonly subscribeAllow: readonly string[];
}

/** Each role has replies of its own: with the shared `_INBOX` every role could read every other's answers. */
export function inboxPrefixOf(role: Role): string {
  return `_INBOX_${role}`;
}

const eventSubjects = "lt.*.event.>";
const settledSubjects = "lt.*.settled.>";
/** Records of documents, and the bytes of their parts. */
const documentSubjects = ["lt.*.document.>", "lt.*.part.>"];
/**
 * Overwrites one message and removes it: what erasure takes. The right cannot be narrowed to the documents' streams, so every stream
 * that must not lose a message says `deny_delete` itself, as those of events and of the registry do; a test tries.
 */
const deleteMessages = "$JS.API.STREAM.MSG.DELETE.*";
const registrySubjects = ["lt.registry", "lt.registry.>"];
/** Records of look-ups: added to, never read by who is looked at, and removed by their age alone. */
const accessSubject = "lt.access";

/**
 * Everything reading takes: stream state, direct get (also in batches), and pull consumers that acknowledge nothing.
 * A wildcard stands for a whole token, so streams cannot be told apart by the beginning of their name
 * (`EVENTS_*` is impossible): whoever may read one stream may read all. What is written is kept apart by subject.
 * Not in here, on purpose: `$JS.ACK.>` (an ordered consumer never acknowledges, and the right would let a role
 * acknowledge for others), `$JS.FC.>` (push consumers only) and `CONSUMER.DURABLE.CREATE`.
 */
const readStreams = [
  "$JS.API.INFO",
  "$JS.API.STREAM.NAMES",
  "$JS.API.STREAM.LIST",
  "$JS.API.STREAM.INFO.*",
  "$JS.API.STREAM.MSG.GET.*",
  "$JS.API.DIRECT.GET.*",
  "$JS.API.DIRECT.GET.*.>",
  // Without a name when there are several filters, else with the name and perhaps one filter behind it.
  "$JS.API.CONSUMER.CREATE.*",
  "$JS.API.CONSUMER.CREATE.*.>",
  "$JS.API.CONSUMER.INFO.*.*",
  "$JS.API.CONSUMER.MSG.NEXT.*.*",
  // An ordered consumer replaces itself after a gap and clears away its predecessor.
  "$JS.API.CONSUMER.DELETE.*.*",
  serverStateSubject,
] as const;

export const rolePermissions: Readonly<Record<Role, RolePermissions>> = {
  admin: {
    purpose: "Creates and updates streams at start; writes no event and is not needed afterwards.",
    // Not `$JS.API.>`: moving streams between accounts and servers is the system account's business.
    publishAllow: [
      "$JS.API.INFO",
      "$JS.API.STREAM.>",
      "$JS.API.CONSUMER.>",
      "$JS.API.DIRECT.GET.>",
      serverStateSubject,
    ],
    publishDeny: [],
    subscribeAllow: [`${inboxPrefixOf("admin")}.>`],
  },
  exchange: {
    purpose: "The only writer of events; records who looked at a trail under an audit scope.",
    publishAllow: [eventSubjects, settledSubjects, accessSubject, ...readStreams],
    // `lt.*.event.>` alone would also match `lt.registry.event.x`, which the registry's stream takes in.
    publishDeny: registrySubjects,
    subscribeAllow: [`${inboxPrefixOf("exchange")}.>`],
  },
  registry: {
    purpose: "The only writer of registry entries.",
    publishAllow: [...registrySubjects, ...readStreams],
    publishDeny: [],
    subscribeAllow: [`${inboxPrefixOf("registry")}.>`],
  },
  delivery: {
    purpose: "Reads events, writes what receivers have settled.",
    publishAllow: [settledSubjects, ...readStreams],
    publishDeny: registrySubjects,
    subscribeAllow: [`${inboxPrefixOf("delivery")}.>`],
  },
  documents: {
    purpose: "Reads events, keeps the documents that they name, overwrites those that are erased.",
    publishAllow: [...documentSubjects, deleteMessages, ...readStreams],
    publishDeny: registrySubjects,
    subscribeAllow: [`${inboxPrefixOf("documents")}.>`],
  },
  ledger: {
    purpose: "Reads events and registry entries into the transparency logs; writes nothing here.",
    publishAllow: [...readStreams],
    publishDeny: [],
    subscribeAllow: [`${inboxPrefixOf("ledger")}.>`],
  },
  audit: {
    purpose: "Reads events for auditors; writes who looked at what, and nothing else.",
    publishAllow: [accessSubject, ...readStreams],
    publishDeny: [],
    subscribeAllow: [`${inboxPrefixOf("audit")}.>`],
  },
};
