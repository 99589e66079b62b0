// The door `@lienthong/chassis/tls-files`: TLS material that lies in files and is renewed there. Imports no server code.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { TlsMaterial } from "./certificate.ts";
import type { Logger } from "./logger.ts";
import { expectPrivate } from "./secret-file.ts";

/** Where material lies. */
export interface TlsPaths {
  /** Certificates of the authorities whose peers are trusted. */
  readonly caPath: string;
  /** Own certificate, then intermediate ones. */
  readonly certPath: string;
  /** Own private key; readable by its owner alone. */
  readonly keyPath: string;
}

/** How files are followed. */
export interface FollowTlsOptions {
  readonly paths: TlsPaths;
  /** What is in use now. */
  readonly present: TlsMaterial;
  /** Told of new material that holds together. May throw; then the old stays. */
  readonly use: (material: TlsMaterial) => void;
  readonly logger?: Pick<Logger, "info" | "error">;
  /** Told of material that cannot be used. */
  readonly onRefused?: (error: Error) => void;
  /** How often the files are looked at, in milliseconds. Default 1,000. */
  readonly everyMs?: number;
}

/** Files that are followed. */
export interface FollowedTls {
  /** Looks at once. Resolves when what was found is in use, or was refused. */
  look(): Promise<void>;
  stop(): void;
}

const everyMsDefault = 1_000;

/**
 * Reads material, and sees that it holds together.
 * @throws an Error with a sentence that names the file and what is wrong with it.
 */
export async function readTlsFiles({ caPath, certPath, keyPath }: TlsPaths): Promise<TlsMaterial> {
  await expectPrivate(keyPath);
  const [caPem, certPem, keyPem] = await Promise.all([caPath, certPath, keyPath].map((path) => readFile(path, "utf8")));
  const material = { caPem: caPem ?? "", certPem: certPem ?? "", keyPem: keyPem ?? "" };
  parsed(caPath, () => new X509Certificate(material.caPem), "a certificate (PEM)");
  const certificate = parsed(certPath, () => new X509Certificate(material.certPem), "a certificate (PEM)");
  const key = parsed(keyPath, () => createPrivateKey(material.keyPem), "a private key (PEM)");
  if (!certificate.checkPrivateKey(key)) {
    throw new Error(`The certificate in ${certPath} is not for the key in ${keyPath}; replace both.`);
  }
  if (certificate.validToDate.getTime() <= Date.now()) {
    throw new Error(`The certificate in ${certPath} ended at ${certificate.validToDate.toISOString()}; renew it.`);
  }
  // What else the library would refuse at the next handshake, it refuses here.
  createSecureContext({ ca: material.caPem, cert: material.certPem, key: material.keyPem });
  return material;
}

function parsed<T>(path: string, parse: () => T, what: string): T {
  try {
    return parse();
  } catch (cause) {
    throw new Error(`${path} does not hold ${what}; put it back as it was or replace it.`, { cause });
  }
}

/**
 * Follows the files: what is replaced there is used for connections made from then on, within `everyMs`; those that stand go on. Material that does not
 * hold together leaves the old in use and is told once, at the second look: certificate and key are two files, and replacing both takes a moment.
 * It looks instead of being told: watching loses renames on mounted secrets and network folders.
 */
export function followTlsFiles(options: FollowTlsOptions): FollowedTls {
  const { paths, use, logger, everyMs = everyMsDefault } = options;
  let inUse = textOf(options.present);
  /** State of the files that was used or refused. */
  let settled = "";
  let suspected = "";
  let looking: Promise<void> | null = null;

  async function lookOnce(final: boolean): Promise<void> {
    const state = await stateOf(paths);
    if (state === settled) return;
    try {
      const material = await readTlsFiles(paths);
      const text = textOf(material);
      if (text !== inUse) {
        use(material);
        inUse = text;
        const { validTo, fingerprint256 } = new X509Certificate(material.certPem);
        logger?.info({ certificate: paths.certPath, validTo, fingerprint256 }, "New TLS files are in use.");
      }
      settled = state;
    } catch (error) {
      if (!final && suspected !== state) {
        suspected = state;
        return;
      }
      settled = state;
      options.onRefused?.(error as Error);
      logger?.error(
        { err: error, certificate: paths.certPath },
        "The TLS files were replaced by some that cannot be used; the old ones stay in use.",
      );
    }
  }
  const look = (final: boolean): Promise<void> => {
    looking ??= lookOnce(final).finally(() => {
      looking = null;
    });
    return looking;
  };
  const timer = setInterval(() => void look(false).catch(() => {}), everyMs);
  timer.unref();
  return { look: () => look(true), stop: () => clearInterval(timer) };
}

/** Tells a replaced or rewritten file from the one before, without reading it. */
async function stateOf({ caPath, certPath, keyPath }: TlsPaths): Promise<string> {
  const parts = await Promise.all(
    [caPath, certPath, keyPath].map(async (path) => {
      const found = await stat(path, { bigint: true }).catch(() => null);
      return found === null ? "absent" : `${found.ino} ${found.mtimeNs} ${found.size} ${found.mode}`;
    }),
  );
  return parts.join("; ");
}

function textOf({ caPem, certPem, keyPem }: TlsMaterial): string {
  return [caPem, certPem, keyPem].join("\n");
}
