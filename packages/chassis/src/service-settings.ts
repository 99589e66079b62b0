import { z } from "zod";
import { type ConfigSources, ConfigurationError, type LoadedConfig, loadConfig, secretSetting } from "./config.ts";
import type { TlsPaths } from "./tls-files.ts";

const loopback = /^(?:localhost|127(?:\.\d+){3}|::1|\[::1\])$/;
const path = z.string().min(1).max(4_096).optional();

/** Settings of services beside their limits (`LIENTHONG_…`, docs/security.md). */
export const serviceSettings = z
  .object({
    /** PostgreSQL that holds the index; unset: the embedded one. With a password only by file. */
    databaseUrl: secretSetting(z.string().min(1).max(4_096).optional()),
    /** Port on which logs are served over HTTP; 0: a free one. */
    httpPort: z.number().int().min(0).max(65_535).default(0),
    /** Address of that port. */
    httpHost: z.string().min(1).max(255).default("127.0.0.1"),
    /** TLS of that port: certificate chain and key, and the authorities of auditors' certificates. Unset: plain HTTP. */
    httpCert: path,
    httpKey: path,
    httpCa: path,
    /** Plain HTTP on another address than loopback, because something that speaks TLS stands before it. */
    httpPlain: z.boolean().default(false),
  })
  .superRefine(({ httpHost, httpCert, httpKey, httpCa, httpPlain }, context) => {
    const given = [httpCert, httpKey, httpCa].filter((each) => each !== undefined).length;
    const say = (message: string): void => context.addIssue({ code: "custom", path: [], message });
    if (given !== 0 && given !== 3) {
      say("the files of TLS for HTTP come together: LIENTHONG_HTTP_CERT, LIENTHONG_HTTP_KEY and LIENTHONG_HTTP_CA");
    }
    if (given === 0 && !loopback.test(httpHost) && !httpPlain) {
      say(
        `logs over plain HTTP are for loopback, not ${httpHost}; name certificate, key and CA, or set LIENTHONG_HTTP_PLAIN=1 where something that speaks TLS stands before it`,
      );
    }
  });

/** Settings as they are in force. */
export type ServiceSettings = z.output<typeof serviceSettings>;

/**
 * Reads them from flags, then from `LIENTHONG_…` variables.
 * @throws ConfigurationError with every problem as a sentence.
 */
export function readServiceSettings(
  env: ConfigSources["env"] = {},
  flags: ConfigSources["flags"] = {},
): LoadedConfig<ServiceSettings> {
  const loaded = loadConfig(serviceSettings, { env, flags });
  if (hasPassword(env.LIENTHONG_DATABASE_URL)) {
    throw new ConfigurationError([
      "LIENTHONG_DATABASE_URL holds a password, and the environment of a process is shown to more than its owner; write the URL to a file of mode 600 and set LIENTHONG_DATABASE_URL_FILE to its path.",
    ]);
  }
  return loaded;
}

function hasPassword(url = ""): boolean {
  if (!URL.canParse(url)) return false;
  const { password, searchParams } = new URL(url);
  return password !== "" || searchParams.has("password");
}

/** Files of TLS for HTTP; undefined: none. */
export function httpTlsOf({ httpCert, httpKey, httpCa }: ServiceSettings): TlsPaths | undefined {
  if (httpCert === undefined || httpKey === undefined || httpCa === undefined) return undefined;
  return { certPath: httpCert, keyPath: httpKey, caPath: httpCa };
}
