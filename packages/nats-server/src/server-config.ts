import {
  accountNames,
  accountOf,
  isAnsweredBySeveralMessages,
  type Role,
  rolePermissions,
  roles,
  serverStateSubject,
  serverStateSystemSubject,
} from "./accounts.ts";

export interface ServerConfig {
  readonly serverName: string;
  /** Address to listen on for clients; loopback unless told. */
  readonly host?: string;
  /** -1 lets the server choose. */
  readonly port: number;
  readonly storeDirectory: string;
  readonly storeBytesMax: number;
  readonly memoryStoreBytesMax: number;
  readonly logFile: string;
  readonly pidFile: string;
  readonly portsDirectory: string;
  readonly publicKeys: Readonly<Record<Role, string>>;
}

/** Above this the server refuses a message; a statement with its proof is far below. */
const messageBytesMax = 1024 * 1024;
const logBytesMax = 64 * 1024 * 1024;

/**
 * The configuration of the embedded server: loopback only, every acknowledged message fsynced, nobody without a key.
 * JSON is valid in the server's configuration language, so quoting is JSON's.
 */
export function renderEmbeddedConfig(config: ServerConfig): string {
  return renderServerConfig(config, []);
}

/** The same with more blocks, for example a cluster's. */
export function renderServerConfig(config: ServerConfig, blocks: readonly string[]): string {
  return `${[
    "# Written at each start; changes here are lost.",
    `server_name: ${JSON.stringify(config.serverName)}`,
    `listen: ${JSON.stringify(`${config.host ?? "127.0.0.1"}:${config.port}`)}`,
    `pid_file: ${JSON.stringify(config.pidFile)}`,
    `ports_file_dir: ${JSON.stringify(config.portsDirectory)}`,
    `log_file: ${JSON.stringify(config.logFile)}`,
    `logfile_size_limit: ${logBytesMax}`,
    "logfile_max_num: 4",
    `max_payload: ${messageBytesMax}`,
    ...renderJetStream({
      storeDirectory: JSON.stringify(config.storeDirectory),
      storeBytesMax: String(config.storeBytesMax),
      memoryStoreBytesMax: String(config.memoryStoreBytesMax),
    }),
    ...blocks,
    ...renderAccounts((role) => JSON.stringify(config.publicKeys[role])),
  ].join("\n")}\n`;
}

/** The variable of `deploy/nats` that holds a role's public key. */
function publicKeyVariable(role: Role): string {
  return `LIENTHONG_NKEY_${role.toUpperCase()}`;
}

/**
 * The configuration for a server of one's own. What differs per site (addresses, folders, TLS, cluster, public keys) is
 * in `site.conf` beside it; what must be the same everywhere (durability and rights) is generated.
 */
export function renderDeployConfig(): string {
  return `${[
    "# Generated from packages/nats-server/src/accounts.ts by packages/nats-server/src/write-deploy-config.ts.",
    "# A test fails when the two differ. What belongs to one site is in site.conf (see README.md).",
    'include "site.conf"',
    `max_payload: ${messageBytesMax}`,
    ...renderJetStream({
      storeDirectory: "$LIENTHONG_STORE_DIR",
      storeBytesMax: "$LIENTHONG_STORE_BYTES_MAX",
      memoryStoreBytesMax: "$LIENTHONG_MEMORY_BYTES_MAX",
    }),
    ...renderAccounts((role) => `$${publicKeyVariable(role)}`),
  ].join("\n")}\n`;
}

interface JetStreamValues {
  readonly storeDirectory: string;
  readonly storeBytesMax: string;
  readonly memoryStoreBytesMax: string;
}

function renderJetStream(values: JetStreamValues): string[] {
  return [
    "jetstream {",
    `  store_dir: ${values.storeDirectory}`,
    "  # An answer means fsynced. The server's default flushes every two minutes and loses what lies between.",
    "  sync_interval: always",
    `  max_file_store: ${values.storeBytesMax}`,
    `  max_memory_store: ${values.memoryStoreBytesMax}`,
    "}",
  ];
}

function renderAccounts(publicKeyOf: (role: Role) => string): string[] {
  const importing = roles.filter((role) => accountOf(role) !== accountNames.bus);
  const subjects = [...new Set(importing.flatMap(importedSubjects))];
  return [
    "accounts {",
    `  ${accountNames.bus} {`,
    "    jetstream: enabled",
    "    exports: [",
    ...subjects.map((subject) => {
      const accounts = importing.filter((role) => importedSubjects(role).includes(subject)).map(accountOf);
      const response = isAnsweredBySeveralMessages(subject) ? ", response: stream" : "";
      return `      { service: ${JSON.stringify(subject)}, accounts: [${accounts.join(", ")}]${response} }`;
    }),
    "    ]",
    `    imports: [${serverStateImport}]`,
    "    users: [",
    ...roles.filter((role) => accountOf(role) === accountNames.bus).flatMap((role) => renderUser(role, publicKeyOf)),
    "    ]",
    "  }",
    ...importing.flatMap((role) => [
      `  ${accountOf(role)} {`,
      "    imports: [",
      `      ${serverStateImport}`,
      ...importedSubjects(role).map(
        (subject) => `      { service: { account: ${accountNames.bus}, subject: ${JSON.stringify(subject)} } }`,
      ),
      "    ]",
      "    users: [",
      ...renderUser(role, publicKeyOf),
      "    ]",
      "  }",
    ]),
    `  ${accountNames.system} {`,
    `    exports: [{ service: ${JSON.stringify(serverStateSystemSubject)}, response: stream }]`,
    "  }",
    "}",
    `system_account: ${accountNames.system}`,
  ];
}

const serverStateImport = `{ service: { account: ${accountNames.system}, subject: ${JSON.stringify(serverStateSystemSubject)} }, to: ${JSON.stringify(serverStateSubject)} }`;

function importedSubjects(role: Role): string[] {
  return rolePermissions[role].publishAllow.filter((subject) => subject !== serverStateSubject);
}

function renderUser(role: Role, publicKeyOf: (role: Role) => string): string[] {
  const { purpose, publishAllow, publishDeny, subscribeAllow } = rolePermissions[role];
  return [
    `      # ${role}: ${purpose}`,
    "      {",
    `        nkey: ${publicKeyOf(role)}`,
    "        permissions {",
    "          publish {",
    `            allow: ${renderSubjects(publishAllow)}`,
    ...(publishDeny.length === 0 ? [] : [`            deny: ${renderSubjects(publishDeny)}`]),
    "          }",
    `          subscribe { allow: ${renderSubjects(subscribeAllow)} }`,
    "        }",
    "      }",
  ];
}

function renderSubjects(subjects: readonly string[]): string {
  return `[${subjects.map((subject) => JSON.stringify(subject)).join(", ")}]`;
}
