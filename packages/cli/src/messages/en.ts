import { auditEn } from "./audit-en.ts";
import { backupEn } from "./backup-en.ts";
import { checkEn } from "./check-en.ts";
import { enrolmentEn } from "./enrolment-en.ts";
import { helpStatementsEn } from "./help-statements-en.ts";
import { ledgerEn } from "./ledger-en.ts";
import type { Words } from "./messages.ts";
import { saidEn } from "./said-en.ts";
import { shardEn } from "./shard-en.ts";
import { verifyEn } from "./verify-en.ts";
import { witnessEn } from "./witness-en.ts";
import { wordsEn } from "./words-en.ts";

/** English. Names of offices, steps and procedures come from the registry and stay Vietnamese. */
export const en = {
  help: {
    examples: "Examples:",
    headings: {
      "Usage:": "Usage:",
      "Arguments:": "Arguments:",
      "Options:": "Options:",
      "Commands:": "Commands:",
      "Global Options:": "Global options:",
    } as Record<string, string>,
    program:
      "Carries administrative dossiers between agencies, and keeps a trail of every handoff that nobody can alter unseen.",
    helpOption: "show this help",
    data: "data folder of the bus (also: LIENTHONG_DATA)",
    as: "the agency to act as, AGENCY or AGENCY/UNIT",
    key: "the agency's key (PKCS#8, PEM) in place of the demonstration key",
    system: "the system to connect as; by default the one the agency delegated to",
    json: "print results as JSON, in the form docs/cli.md documents",
    noColor: "no colours (also: NO_COLOR)",
    lang: "language of what is printed, vi or en",
    up: "run the whole bus in one process; on an empty data folder load the registry and play real procedures",
    upDossiers: "how many dossiers the scenario plays",
    upScenario: "scenario to play on an empty data folder; none: an empty bus",
    serve: "run one service",
    serveService: "store (with the nats-server), registry, exchange, documents, ledger or audit",
    httpPort: "ledger: port on which the logs are served over HTTP (else LIENTHONG_HTTP_PORT, else a free one)",
    httpHost: "ledger: address of that port (else LIENTHONG_HTTP_HOST, else 127.0.0.1)",
    httpCert: "ledger: certificate of that port, PEM; with --http-key and --http-ca it speaks TLS",
    httpKey: "ledger: its private key, PEM, mode 600",
    httpCa: "ledger: authorities whose certificates auditors may show there, PEM",
    agency: "who takes part",
    agencyList: "list agencies",
    agencyLevel: "only this level: ward, district, department, province, central",
    agencyOn: "only those in force on this day, YYYY-MM-DD",
    agencyName: "only those whose name contains this; diacritics may be left out",
    default: (value: string) => `default: ${value}`,
    agencyId: "id of the agency, e.g. hn-wold-00004",
    routeFile: "route file (YAML)",
    routeSvg: "draw the route into this SVG file",
    agencyShow: "one agency: units, keys, systems, who follows it",
    procedure: "what citizens ask for",
    procedureList: "list procedures",
    procedureWithRoute: "only those that have a route",
    procedureShow: "one procedure and its routes, step by step",
    route: "routes as files",
    routeCheck: "check a route file: every problem with its place, or the route in words",
    dossier: "open, hand over, take over and follow a dossier",
    dossierOpen: "open a dossier at the desk",
    dossierCode: "official code of the dossier, e.g. H26-250505-0001",
    procedureArgument: "key or official code of the procedure",
    area: "code of the area that decides who is competent; by default the agency's own",
    routeOption: "route, where the procedure has several",
    stepStart: "start step, where the route has several",
    channelIn: "how the citizen filed: in-person, online, post",
    choose: "optional branch that the citizen chose (edge of the route); may be repeated",
    received: "when the desk had the file in hand, RFC 3339; by default now, by the shard's clock",
    branch: "branch; by default the only one it can be about",
    dossierForward: "offer custody to the next agency, or to several at once",
    edge: "edge of the route; by default the only one, or the whole fork; may be repeated",
    to: "receiver, AGENCY or AGENCY/UNIT, one per edge and in the same order; by default whoever is competent",
    dossierAcknowledge: "take custody of what was forwarded",
    dossierRefuse: "decline custody; the sender keeps it and sees why",
    refusalReason:
      "why: not-competent, wrong-area, incomplete, document-unusable, duplicate, not-eligible, sent-in-error, agency-ceasing",
    dossierComplete: "say that the work of the step is done",
    outcome: "what came of it: granted, rejected, not-eligible, done",
    dossierJoin: "make the branches of a fork one again",
    into: "branch that was forked; by default the only one",
    dossierReturn: "give the result to the citizen",
    channelOut: "how the result is given: in-person, online, post",
    dossierShow: "what is now: who holds which branch",
    dossierTrail: "everything that happened, with a check of the chain",
    inbox: "what is addressed to an agency",
    inboxWatch: "print what arrives until Ctrl-C",
    subscription: "subscription; its own by default, so that nothing is taken from the agency's systems",
    settle: "settle what is printed: the trail then says it was delivered",
    from: "hand out again everything from this log index on",
    count: "end after so many deliveries",
    ...helpStatementsEn,
  },
  usage: {
    unknownOption: (name: string) => `There is no option ${name}; see the options with --help.`,
    unknownCommand: (name: string) => `There is no command '${name}'; see the commands with --help.`,
    commandMissing: "Say which command; they are listed above.",
    argumentMissing: (name: string) => `The argument ${name} is missing; see --help for examples.`,
    optionMissing: (name: string) => `The option ${name} is required; see --help for examples.`,
    optionValueMissing: (name: string) => `The option ${name} needs a value; see --help.`,
    excessArguments: (name: string) => `Too many arguments for '${name}'; put text with spaces into quotes.`,
    valueNotAllowed: (option: string, value: string, allowed: string) =>
      `'${value}' is not allowed for ${option}; allowed: ${allowed}.`,
    wordNotAllowed: (option: string, value: string) => `'${value}' is not allowed for ${option}. Allowed:`,
    oneOf: (options: string) => `Give exactly one of ${options}; see --help for examples.`,
    notTogether: (option: string, other: string) => `${option} does not go together with ${other}; leave one out.`,
    asMissing:
      "Say as which agency you act: --as AGENCY, e.g. --as hn-wold-00004. Find agencies with: lienthong agency list --name TEXT",
    fileUnreadable: (path: string, why: string) => `${path} cannot be read (${why}); check the path.`,
    wholeNumber: "a whole number",
    day: "a day, YYYY-MM-DD",
    instant: 'an instant in RFC 3339, e.g. "2025-05-05T08:00:00+07:00"',
    dayOrInstant: 'a day, YYYY-MM-DD, or an instant in RFC 3339, e.g. "2025-05-20T17:00:00+07:00"',
    dataFolder: "a folder",
  },
  bus: {
    none: (data: string) =>
      `No bus is running on ${data}; start one with: lienthong up${data === ".lienthong" ? "" : ` --data ${data}`}`,
    gone: (data: string, pid: number) =>
      `${data} says that process ${pid} runs the bus, and there is none; start it again with: lienthong up${data === ".lienthong" ? "" : ` --data ${data}`}`,
    silent: (address: string) =>
      `Nobody answers at ${address}; look whether the bus still runs, or start it with: lienthong up`,
    runFileOdd: (path: string, what: string) =>
      `${path} is not what a running bus writes (${what}); stop the bus and start it again.`,
    tlsUnreadable: (path: string, why: string) =>
      `${path} cannot be read (${why}); the data folder belongs to whoever started the bus.`,
    noSystem: (agency: string, systems: string) =>
      `No system that this data folder has a certificate for speaks for ${agency}; it delegated to: ${systems}.`,
    nobody: "nobody",
    noKey: (agency: string, path: string) =>
      `There is no demonstration key of ${agency} (${path}); give its key with --key FILE.`,
    keyExposed: (path: string) =>
      `Others may read or change ${path}, which holds a private key. Take their rights away (chmod 600 ${path}); if they could read it, have the key replaced.`,
    keyOdd: (path: string, why: string) => `${path} is no key to sign with: ${why}`,
    refused: (sentence: string, reason: string, field: string | null) =>
      `The bus refused: ${sentence} [${reason}${field === null ? "" : `, ${field}`}]`,
    outcomeUnknown: (dossier: string, agency: string) =>
      `It is not known whether the statement was stored. Look before you repeat it: lienthong dossier show ${dossier} --as ${agency}`,
    retrying: (why: string) => `${why} Sending the same statement again …`,
    interrupted: "Interrupted.",
    fault: (what: string) => `A fault of this command: ${what}`,
    rejected: (why: string) => `The answer of the bus does not hold: ${why} Keep it and tell whoever audits the bus.`,
  },
  hints: {
    AGENCY_UNKNOWN: "Find agencies with: lienthong agency list --name TEXT",
    UNIT_UNKNOWN: "See the agency's units with: lienthong agency show AGENCY",
    SUBJECT_UNKNOWN: "Find procedures with: lienthong procedure list",
    PROCEDURE_UNKNOWN: "Find procedures with: lienthong procedure list",
    PRIOR_STALE: "Somebody moved the branch meanwhile; look with 'lienthong dossier show' and decide again.",
    STATE_FORBIDS: "See what may be done next with: lienthong dossier show CODE",
    DOSSIER_EXISTS: "Choose another code, or go on with that dossier: lienthong dossier show CODE",
    DOSSIER_UNKNOWN: "Check the code, or open it: lienthong dossier open CODE --procedure KEY",
    NOT_THE_HOLDER: "See who holds it with: lienthong dossier show CODE",
    NOT_ENTITLED: "Only agencies that hold, held or are offered a branch may read it.",
    STEP_NOT_COMPLETED: "Complete the step first: lienthong dossier complete CODE",
    STEP_OUT_OF_TURN: "See what may be done next with: lienthong dossier show CODE",
    DOCUMENT_NOT_READY:
      "Put it first, and wait until it is complete: lienthong document put FILE --dossier CODE --kind KIND",
    DOCUMENT_UNKNOWN: "See the documents you may open with: lienthong document list --dossier CODE",
    KEY_UNKNOWN: "See the agency's keys with: lienthong agency show AGENCY",
    KEY_NOT_OF_AUTHOR: "See the agency's keys with: lienthong agency show AGENCY",
    DELEGATION_MISSING: "See the agency's systems with: lienthong agency show AGENCY",
    SHARD_STOPPED: "The operator must act; the bus's log says what to do.",
  } as Words,
  fieldHints: {
    "statement.resume.documents": "Show the proof of payment: lienthong dossier pay CODE --proof FILE",
    "statement.prior": "See all branches with: lienthong dossier show CODE",
  } as Words,
  refusal: {
    decidedBy: (number: string) =>
      `Event ${number} of the dossier decided it; see it with: lienthong dossier trail CODE`,
    detail: (sentence: string) => sentence,
  },
  time: {
    scenarioClock: "Times are those of the scenario's clock (simulated), in Viet Nam's local time.",
    realClock: "Times are local time in Viet Nam (UTC+7).",
    recordedReal: (time: string) => `recorded in real time at ${time}`,
  },
  ...wordsEn,
  ...saidEn,
  trail: {
    bus: "The bus",
    headings: {
      number: "No.",
      time: "Time",
      scenarioTime: "Scenario time",
      who: "Who",
      what: "What",
      to: "To whom",
      step: "Step",
      branch: "Branch",
      event: "What happened",
    },
    title: (dossier: string) => `Trail of dossier ${dossier}`,
    procedure: (name: string) => `Procedure: ${name}`,
    heldBy: "Who holds it now:",
    holds: (branch: string, holder: string, since: string, state: string, step: string) =>
      `Branch ${branch}: ${holder} has held it since ${since}; ${state}, step "${step}".`,
    offered: (branch: string, holder: string, since: string, receiver: string, step: string, delivered: boolean) =>
      `Branch ${branch}: ${holder} has held it since ${since}; offered to ${receiver} for step "${step}", ${delivered ? "delivered" : "not yet delivered"}, not yet acknowledged.`,
    askedBack: (branch: string, holder: string, since: string, receiver: string, step: string) =>
      `Branch ${branch}: ${holder} has held it since ${since}; offered to ${receiver} for step "${step}" and asked back.`,
    forked: (branch: string, children: string) => `Branch ${branch}: forked, lives on in ${children}.`,
    over: (branch: string, state: string) => `Branch ${branch}: ${state}.`,
    chainWhole: (events: number, withheld: number) =>
      `The chain holds: ${events === 1 ? "1 event" : `${events} events`}, each naming the hash of the one before${withheld === 0 ? "" : `; ${withheld} withheld, known by their hashes only`}.`,
    chainBroken: (number: number, why: string) =>
      `The chain is BROKEN at event ${number}: ${why} Keep this output and tell whoever audits the bus.`,
    numberWrong: (expected: number) => `it should be number ${expected}.`,
    hashWrong: "its bytes do not have the hash that the exchange names.",
    previousWrong: "it does not name the hash of the event before it.",
    dossierWrong: "it belongs to another dossier.",
    unreadable: "its bytes are not an event.",
  },
  done: {
    event: (number: string, leaf: string) => `Event ${number} of the dossier, index ${leaf} of the log.`,
    repeated: "It had been accepted before; this is the same event.",
    next: (actions: string) => `Next: ${actions}.`,
    ended: "The dossier has ended.",
    chosen: (step: string, receiver: string, why: string) => `For "${step}": ${receiver}. ${why}`,
    others: (others: string, more: number) =>
      `Also competent: ${others}${more === 0 ? "" : ` and ${more} more`}; choose with --to.`,
    desk: (why: string) => `Desk of receipt: ${why}`,
  },
  pick: {
    noBranch: (dossier: string, agency: string) =>
      `No branch of ${dossier} is in a state in which ${agency} can do this; look with: lienthong dossier show ${dossier} --as ${agency}`,
    severalBranches: (branches: string) => `It could be about branches ${branches}; say which with --branch.`,
    branchUnknown: (branch: string, branches: string) =>
      `There is no branch ${branch} that this agency can see; there are: ${branches}.`,
    noEdge: (step: string) =>
      `No edge of the route leaves step "${step}"; the result is returned from here, or branches are joined.`,
    noOpinions: (step: string) =>
      `The route asks for no opinions at step "${step}"; see it with: lienthong procedure show`,
    severalEdges: (step: string, edges: string) =>
      `From step "${step}" there are several ways; say which with --edge: ${edges}.`,
    edgeUnknown: (edge: string, step: string, edges: string) =>
      `No edge ${edge} leaves step "${step}"; there are: ${edges}.`,
    tooManyReceivers: (edges: number) =>
      `More receivers than edges; give one --to for each of the ${edges} edges, in the same order.`,
    noReceiver: (role: string, why: string) => `Nobody is competent for ${role}: ${why} Give a receiver with --to.`,
    severalRoutes: (routes: string) => `The procedure has several routes; say which with --route: ${routes}.`,
    noRoute: (procedure: string) =>
      `The procedure ${procedure} has no route, so no dossier can be opened under it; see those that have with: lienthong procedure list --with-route`,
    routeGone: (route: string) =>
      `The registry no longer shows route ${route}, which this dossier pinned; give edge and receiver with --edge and --to.`,
    severalSteps: (steps: string) => `The route has several start steps; say which with --step: ${steps}.`,
    areaMissing: (agency: string) => `${agency} has no area of its own; say which with --area CODE.`,
    noCalendar: "The registry has no working calendar in force; the registrar must add one.",
  },
  agency: {
    headings: { id: "Id", name: "Name", level: "Level", area: "Area", valid: "In force", kind: "Kind" },
    levels: {
      WARD: "ward",
      DISTRICT: "district",
      DEPARTMENT: "department",
      PROVINCE: "province",
      CENTRAL: "central",
    } as Words,
    count: (count: number) => (count === 1 ? "1 agency." : `${count} agencies.`),
    parent: "Above it",
    code: "Official code",
    unknownCode: "not known",
    inferred: "inferred, not seen in a source",
    source: "Source",
    note: "Remark",
    competences: "Competent for",
    units: "Units",
    keys: "Keys",
    systems: "Systems",
    succession: "Followed by",
    purposes: { SEAL: "seal", OFFICER: "officer" } as Words,
    algorithms: { ED25519: "Ed25519", ECDSA_P256_SHA256: "P-256", RSA_PKCS1_SHA256: "RSA" } as Words,
    keyStatus: { ACTIVE: "active", REVOKED: "revoked" } as Words,
    demonstration: "demonstration",
    shares: { WHOLE: "all of it", PART: "a part", REMAINDER: "the rest" } as Words,
    always: "always",
    from: (day: string) => `from ${day}`,
    until: (day: string) => `until ${day}`,
    span: (from: string, until: string) => `${from} to ${until}`,
  },
  procedure: {
    headings: { key: "Key", code: "Code", name: "Name", level: "Level", routes: "Route" },
    count: (count: number) => (count === 1 ? "1 procedure." : `${count} procedures.`),
    linked: "linked procedure: several agencies take part",
    single: "one agency",
    field: "Field",
    status: "Status",
    noRoute: "No route yet; its steps as the source tells them:",
    stepOf: (role: string, does: string) => `${role}: ${does}`,
  },
  route: {
    fine: (file: string) => `${file} is a route that dossiers can travel.`,
    problems: (count: number, file: string) =>
      count === 1 ? `${file} has 1 problem.` : `${file} has ${count} problems.`,
  },
  show: {
    title: (dossier: string) => `Dossier ${dossier}`,
    opened: (agency: string, area: string) => `Opened by ${agency}, area ${area}.`,
    events: (count: string) => `${count} events so far; the trail: lienthong dossier trail`,
    headings: { branch: "Branch", state: "State", holder: "Holder", since: "Since", step: "Step" },
    nobody: "—",
    pending: (receiver: string, step: string) => `→ ${receiver}: ${step}`,
    opinion: { asked: "asked for an opinion", given: "opinion given" },
  },
  document: {
    noService:
      "The bus that runs on this data folder has no document service; start one with: lienthong serve documents",
    noFile: "not a file",
    unknown: (id: string, dossier: string, agency: string) =>
      `${agency} has put no document ${id} for ${dossier} and was named none; see those it may open with: lienthong document list --dossier ${dossier} --as ${agency}`,
    goesOn: (id: string) => `This file was put before as ${id}; going on where it stopped.`,
    repeated: "The bus had all of it already.",
    put: (size: string, saltsFile: string) =>
      `${size} are safe at the bus. Keep ${saltsFile} with the file: with its salts you can prove later what was put.`,
    nameIt: (dossier: string, id: string, agency: string) =>
      `Name it in a statement, e.g.: lienthong dossier forward ${dossier} --document ${id} --as ${agency}`,
    got: (size: string) => `${size}, and it is what the event names, whose author signed its digests.`,
    gotUnsigned: (size: string) => `${size}, as it was put; no event names it yet.`,
    rejected: (why: string) => `What arrived was thrown away. ${why}`,
    headings: { id: "Id", kind: "Kind", size: "Size", from: "Put by", state: "State" },
    count: (count: number) => (count === 1 ? "1 document." : `${count} documents.`),
  },
  inbox: {
    watching: (agency: string, subscription: string) =>
      `Waiting for what is addressed to ${agency} (subscription ${subscription}); Ctrl-C ends it.`,
    notSettling: "Nothing is settled; with --settle the trail says that what is printed was delivered.",
    again: (why: string) => `The subscription was lost (${why}); opening it again …`,
    acknowledge: (dossier: string, branch: string, agency: string) =>
      `take it with: lienthong dossier acknowledge ${dossier} --branch ${branch} --as ${agency}`,
    roles: { RECEIVER: "for you to take", SENDER: "about what you handed over", COPY: "for your information" } as Words,
    answerRecall: (dossier: string, branch: string, agency: string) =>
      `answer with: lienthong dossier recall ${dossier} --branch ${branch} --agree --as ${agency} (or --decline REASON)`,
    bringSupplement: (dossier: string, branch: string, agency: string) =>
      `bring them with: lienthong dossier supplement ${dossier} --branch ${branch} --bring --as ${agency}`,
    redelivered: "again",
    ended: (count: number) => (count === 1 ? "1 delivery." : `${count} deliveries.`),
  },
  enrolment: enrolmentEn,
  shard: shardEn,
  backup: backupEn,
  ledger: ledgerEn,
  witness: witnessEn,
  verify: verifyEn,
  check: checkEn,
  audit: auditEn,
};
