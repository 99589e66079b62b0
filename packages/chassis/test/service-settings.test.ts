import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import {
  ConfigurationError,
  defaultLimits,
  expectPrivate,
  httpTlsOf,
  readLimitSettings,
  readSecretFile,
  readServiceSettings,
} from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "lienthong-settings-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const url = "postgres://audit:m4rked@db.example/audit";

function problemsOf(env: Record<string, string>): string {
  try {
    readServiceSettings(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as ConfigurationError).message;
  }
  return "";
}

describe("settings of services", () => {
  it("a password in the environment is refused: it belongs into a file", () => {
    for (const given of [url, "postgres://audit@db.example/audit?password=m4rked"]) {
      const said = problemsOf({ LIENTHONG_DATABASE_URL: given });
      expect(said).toContain("LIENTHONG_DATABASE_URL_FILE");
      expect(said).not.toContain("m4rked");
    }
    expect(readServiceSettings({ LIENTHONG_DATABASE_URL: "postgres:///audit" }).values.databaseUrl).toBe(
      "postgres:///audit",
    );
    const path = join(folder, "url");
    writeFileSync(path, `${url}\n`, { mode: 0o600 });
    const { values, printable } = readServiceSettings({ LIENTHONG_DATABASE_URL_FILE: path });
    expect(values.databaseUrl).toBe(url);
    expect(JSON.stringify(printable)).not.toContain("m4rked");
  });

  it("a secret file that others may read is refused, with what to do, and without what it holds", async () => {
    for (const mode of [0o640, 0o604, 0o660, 0o602]) {
      const path = join(folder, `open-${mode.toString(8)}`);
      writeFileSync(path, url);
      chmodSync(path, mode);
      const said = problemsOf({ LIENTHONG_DATABASE_URL_FILE: path });
      await expect(expectPrivate(path)).rejects.toMatchObject({ code: "SECRET_EXPOSED" });
      expect(said).toContain(`chmod 600 ${path}`);
      expect(said).not.toContain("m4rked");
      await expect(readSecretFile(path)).rejects.toThrow(/replace the secret too/);
    }
  });

  it("logs are served over plain HTTP on loopback alone, unless somebody answers for it", () => {
    expect(problemsOf({ LIENTHONG_HTTP_HOST: "0.0.0.0" })).toContain("plain HTTP are for loopback");
    expect(readServiceSettings({ LIENTHONG_HTTP_HOST: "0.0.0.0", LIENTHONG_HTTP_PLAIN: "1" }).values.httpPlain).toBe(
      true,
    );
    expect(problemsOf({ LIENTHONG_HTTP_CERT: "/c" })).toContain("come together");
    const env = {
      LIENTHONG_HTTP_CERT: "/c",
      LIENTHONG_HTTP_KEY: "/k",
      LIENTHONG_HTTP_CA: "/a",
      LIENTHONG_HTTP_HOST: "::",
    };
    expect(httpTlsOf(readServiceSettings(env).values)).toEqual({ certPath: "/c", keyPath: "/k", caPath: "/a" });
    expect(httpTlsOf(readServiceSettings({}).values)).toBeUndefined();
  });
});

describe("limits", () => {
  it("have defaults, are set by the environment, and stay within bounds", () => {
    expect(readLimitSettings({}).values).toEqual(defaultLimits);
    expect(readLimitSettings({ LIENTHONG_LIMIT_STREAMS: "7" }).values.limitStreams).toBe(7);
    for (const odd of ["0", "-1", "1.5", "many", "9999999999"]) {
      expect(() => readLimitSettings({ LIENTHONG_LIMIT_STREAMS: odd })).toThrow(/LIENTHONG_LIMIT_STREAMS is/);
    }
  });
});
