import type { Words } from "./messages.ts";

/** What the commands of enrolment say. */
export const enrolmentEn = {
  help: {
    request: "at the agency: make a seal (and a TLS key) here, and a request for the registrar",
    agencyOption: "the agency, e.g. hn-w-00004",
    ownSystem: "a system of the agency's own: gets a TLS key here and a certificate with the approval",
    systemName: "Vietnamese name of that system; default: its id",
    delegateTo: "a system of somebody else's that shall speak for the agency; may be repeated",
    endDelegation: "a system that shall not speak for it any more, e.g. the former vendor's; may be repeated",
    algorithm: "kind of the seal: ed25519, p256, rsa2048",
    outFolder: "the agency's folder; private keys never leave it",
    network:
      "hash of the registry's entry 0, as the registrar told it; by default that of the folder or of the bus that runs here",
    approve: "at the registrar: show what is asked; with a key, record it, issue the certificate and write an approval",
    requestFile: "request file of the agency",
    registrarKey: "the registrar's key (PKCS#8, PEM); without it nothing is recorded",
    fingerprint: "the fingerprint that the agency read out; another one is refused",
    approvalFile: "where to write the approval; by default beside the request",
    authority: "folder of the network's certificate authority; by default that of the bus",
    registryAddress: "address of the registry for the agency, host:port; by default that of the bus here",
    exchangeAddress: "address of the exchange for the agency, host:port; by default that of the bus here",
    documentsAddress: "address of the document service for the agency, host:port; by default that of the bus here",
    lost: "the agency lost this key (its id or first 8 characters): revoke it first",
    doubtedSince: "since when the key is to be doubted, RFC 3339; by default since it is recorded",
    additional: "let the new seal be in force beside the present one",
    revokeReplaced: "revoke the key that is replaced at once; by default it stays until it is revoked",
    onlyThisTlsKey: "strike off the system's other TLS keys",
    install: "at the agency: check an approval and put seal, certificate and addresses in place",
    approvalArgument: "approval file of the registrar",
    renew: "at the agency: ask for a system's TLS certificate anew",
    renewSystem: "the system whose certificate is renewed",
    newKey: "with a new TLS key; by default the same",
    rotate: "at the agency: make a new seal, signed by the old one, and a request for it",
    revoke:
      "at the registrar: revoke a key for good, end a delegation (AGENCY/SYSTEM), or shut a system out (system:ID)",
    revokeArgument: "id of the key or its first 8 characters, or AGENCY/SYSTEM, or system:ID",
    reason: "why the key ends: superseded, compromised, lost, ceased",
    keys: "an agency's keys and who speaks for it",
    keysList: "keys, delegations and systems as they stand",
    keysWatch: "every change, all that were and then each as it is recorded, until Ctrl-C",
    count: "end after so many changes",
  },
  registrarKeyMissing: "Say with which key of the registrar: --registrar-key FILE.",
  systemMissing: "Say which system: --system SYSTEM.",
  reasonMissing: "Say why the key ends: --reason superseded, compromised, lost or ceased.",
  networkMissing:
    "Say for which network: --network HASH, the hash of the registry's entry 0 as the registrar told it (no bus runs here that could be asked).",
  networkHash: "64 hexadecimal characters",
  authorityMissing: (folder: string) =>
    `There is no certificate authority in ${folder}; say where it is with --authority DIR.`,
  fingerprintWrong: (typed: string, found: string) =>
    `The request has the fingerprint ${found}, not ${typed}; nothing was recorded. Ask the agency which request it made.`,
  kinds: {
    enrol: "enrolment",
    rotate: "new seal, signed by the old one",
    renew: "certificate anew",
  } as Words,
  request: {
    title: (kind: string, agency: string) => `Request of ${agency}: ${kind}`,
    network: (network: string) => `Network ${network}.`,
    fingerprint: (fingerprint: string) => `Fingerprint ${fingerprint}`,
    seal: (keyId: string, algorithm: string) => `Seal ${keyId}, ${algorithm}.`,
    replaces: (keyId: string) => `It replaces ${keyId}, which signed it.`,
    delegates: (system: string) => `Delegates to ${system}.`,
    endsDelegation: (system: string) => `Ends its delegation to ${system}.`,
    certificate: (system: string, name: string, digest: string) =>
      `TLS certificate for the system ${system} (${name}), key ${digest}.`,
    written: (file: string) =>
      `Written to ${file}. Send it to the registrar, and read the fingerprint to them over the telephone.`,
    stays: (folder: string) =>
      `The private keys lie in ${folder} and nowhere else; keep a copy that only you can open.`,
    onlyShown: (file: string) =>
      `Nothing was recorded. Once the agency has read out this fingerprint: lienthong agency approve ${file} --registrar-key FILE --fingerprint FINGERPRINT`,
    agencyName: (name: string, id: string) => `${name} (${id})`,
  },
  approve: {
    recorded: (subject: string, number: string) => `Entry ${number}: ${subject}.`,
    found: (subject: string, number: string) => `Entry ${number} has it already: ${subject}.`,
    certificate: (system: string, until: string) => `Certificate of ${system}, valid until ${until}.`,
    written: (file: string) => `Approval written to ${file}; send it to the agency.`,
    revokeOld: (key: string) =>
      `The old key is in force until you revoke it, once the agency has installed the new one: lienthong agency revoke ${key} --reason superseded --registrar-key FILE`,
  },
  install: {
    seal: (agency: string, keyId: string) => `${agency} signs with ${keyId} from now on.`,
    certificate: (system: string, until: string) => `Certificate of ${system}, valid until ${until}.`,
    ready: (folder: string, agency: string) => `Ready: lienthong inbox watch --data ${folder} --as ${agency}`,
    watch: (folder: string, agency: string) =>
      `See every change to its keys as it happens: lienthong agency keys watch --data ${folder} --agency ${agency}`,
  },
  revoke: {
    key: (key: string, agency: string, number: string) => `Entry ${number}: the key ${key} of ${agency} is revoked.`,
    system: (system: string, number: string) =>
      `Entry ${number}: the system ${system} is shut out, with every certificate it has; within 5 s nothing answers it any more.`,
    delegation: (delegation: string, number: string) => `Entry ${number}: the delegation ${delegation} has ended.`,
    known: "It was so already; nothing new was recorded.",
  },
  revocationReasons: {
    SUPERSEDED: "replaced by another key",
    COMPROMISED: "somebody else may have it",
    LOST: "lost",
    CEASED: "its agency or officer ended",
  } as Words,
  keys: {
    headings: {
      key: "Key",
      algorithm: "Kind",
      status: "Status",
      entry: "Entry",
      remark: "Remark",
      system: "System",
      tlsKeys: "TLS keys",
    },
    none: (agency: string) => `${agency} has no keys.`,
    inForce: "in force",
    revoked: (reason: string, since: string) => `revoked: ${reason}, doubted since ${since}`,
    replacedBy: (key: string) => `replaced by ${key}`,
    demonstration: "demonstration: the private key lies on the operator's disk",
    withoutOld: "not signed by an earlier key",
    delegations: "Speak for it:",
    noDelegations: "Nobody speaks for it.",
    standing: "stands",
    ended: "ended",
    systemRevoked: "the system is revoked",
  },
  watch: {
    watching: (agency: string) => `Changes to keys, delegations and systems of ${agency}; Ctrl-C ends it.`,
    complete: (size: string) =>
      `These are all up to entry ${size}, each checked; from here on they come as they are recorded.`,
    again: (why: string) => `The registry was lost (${why}); asking again …`,
    ended: (count: number) => (count === 1 ? "1 change." : `${count} changes.`),
    entry: (number: string) => `entry ${number}`,
    KEY_FIRST: (key: string, algorithm: string) => `First seal: ${key}, ${algorithm}.`,
    KEY_ROTATED: (key: string, algorithm: string, old: string) =>
      `New seal ${key}, ${algorithm}, signed by ${old}, which it replaces.`,
    KEY_ADDED: (key: string, algorithm: string) =>
      `New seal ${key}, ${algorithm}, NOT signed by any earlier key of the agency.`,
    KEY_AGAIN: (key: string) => `Seal ${key} was recorded again.`,
    KEY_REVOKED: (key: string, reason: string) => `Key ${key} was revoked: ${reason}.`,
    doubtedSince: (time: string) => `To be doubted since ${time}.`,
    DELEGATION_GIVEN: (system: string) => `${system} may speak for the agency.`,
    DELEGATION_ENDED: (system: string) => `${system} may not speak for the agency any more.`,
    SYSTEM_CHANGED: (system: string, added: string, removed: string) =>
      `The system ${system}, which speaks for the agency, changed: TLS keys added ${added}, removed ${removed}.`,
    demonstration: "Only a demonstration key: its private key lies on the operator's disk.",
    byRegistrarAlone:
      "Only the registrar signed this. If nobody at the agency knows of it, call the registrar at once and have it revoked.",
  },
};
