// Services in processes of their own, on one data folder, and agencies that join with keys of their own.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { TlsMaterial } from "@lienthong/chassis";
import { importSigningKey, type SigningKey } from "@lienthong/statement";

/** The command as a person runs it. */
export const command = fileURLToPath(new URL("../../packages/cli/bin/lienthong", import.meta.url));
const run = promisify(execFile);

/** Services that a test started. */
export class ServedBus {
  readonly data = mkdtempSync(join(tmpdir(), "lienthong-served-"));
  readonly #folders = [this.data];
  readonly #served: { child: ChildProcess; exited: Promise<number | null> }[] = [];
  /** What services said on stderr. */
  stderr = "";

  /** Starts a service; resolves with its address once it says where it listens. */
  async serve(service: string, environment: Readonly<Record<string, string>> = {}): Promise<string> {
    const child = spawn(command, ["serve", service, "--data", this.data], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...environment },
    });
    let stderr = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      stderr += chunk.toString("utf8");
      this.stderr += chunk.toString("utf8");
    });
    const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
    this.#served.push({ child, exited });
    const address = new Promise<string>((resolve) => {
      let stdout = "";
      child.stdout?.on("data", (chunk: Buffer) => {
        stdout += chunk.toString("utf8");
        const found = new RegExp(`^${service} (\\S+)$`, "m").exec(stdout)?.[1];
        if (found !== undefined) resolve(found);
      });
    });
    const first = await Promise.race([address, exited]);
    if (typeof first !== "string") throw new Error(`serve ${service} ended with ${first}:\n${stderr}`);
    return first;
  }

  async lienthong(folder: string, ...args: string[]): Promise<string> {
    const { stdout } = await run(command, [...args, "--data", folder], { env: { ...process.env, NO_COLOR: "1" } });
    return stdout;
  }

  /** An agency joins: keys made in its own folder, approved at the registrar, installed. */
  async enrol(agency: string, system: string): Promise<EnrolledAgency> {
    const folder = join(this.data, "..", `${basename(this.data)}-${agency}`);
    this.#folders.push(folder);
    const request = ["--agency", agency, "--system", system, "--out", folder, "--json"];
    const { file } = JSON.parse(await this.lienthong(this.data, "agency", "request", ...request)) as { file: string };
    const registrar = ["--registrar-key", join(this.data, "keys", "registrar.pem"), "--json"];
    const approved = await this.lienthong(this.data, "agency", "approve", file, ...registrar);
    const { approval } = JSON.parse(approved) as { approval: string };
    await this.lienthong(this.data, "agency", "install", approval, "--out", folder);
    return new EnrolledAgency(agency, system, folder);
  }

  /** Ends every service, the last started first. */
  async stop(): Promise<void> {
    for (const { child, exited } of this.#served.toReversed()) {
      child.kill("SIGTERM");
      await exited;
    }
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true });
  }
}

/** An agency with its own folder. */
export class EnrolledAgency {
  readonly agency: string;
  readonly system: string;
  readonly folder: string;

  constructor(agency: string, system: string, folder: string) {
    this.agency = agency;
    this.system = system;
    this.folder = folder;
  }

  /** The seal. */
  key(): SigningKey {
    return importSigningKey(readFileSync(join(this.folder, "keys", `${this.agency}.pem`), "utf8"));
  }

  /** What its system shows. */
  tls(): TlsMaterial {
    const run = JSON.parse(readFileSync(join(this.folder, "run.json"), "utf8"));
    const files = run.tls.certificates[this.system];
    return {
      caPem: readFileSync(run.tls.ca, "utf8"),
      certPem: readFileSync(files.certificate, "utf8"),
      keyPem: readFileSync(files.key, "utf8"),
    };
  }
}
