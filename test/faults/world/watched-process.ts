import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as wait } from "node:timers/promises";
import type { ServiceSettings, WatchedProcess } from "../fault.ts";

/** How a process is run. */
export interface WatchedProcessOptions {
  readonly name: string;
  /** Arguments of node: the module first. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** For every life; what `start` is given comes on top. */
  readonly settings: ServiceSettings;
  /** Told of each end that nobody asked for, with what the process said last. */
  onDied(how: string, said: string): void;
}

/** Between a death and the next start: an init system waits about as long. */
const restartPauseMs = 100;
const servingWithinMs = 60_000;
const saidCharactersMax = 4_000;

/** A service in a process of its own, started again whenever it dies. */
export class WatchedService implements WatchedProcess {
  readonly name: string;
  readonly #options: WatchedProcessOptions;
  #settings: ServiceSettings = {};
  #child: ChildProcess | null = null;
  #ended: Promise<void> = Promise.resolve();
  #held = true;
  #said = "";
  #lastWords = "";
  #deaths = 0;
  #serving = Promise.withResolvers<void>();

  constructor(options: WatchedProcessOptions) {
    this.name = options.name;
    this.#options = options;
  }

  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** How often it died without having been asked to. */
  get deaths(): number {
    return this.#deaths;
  }

  /** What it wrote to its standard error in its present life. */
  get said(): string {
    return this.#said;
  }

  async signal(signal: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGTERM"): Promise<void> {
    const ended = this.#ended;
    this.#child?.kill(signal);
    if (signal === "SIGKILL") await ended;
  }

  async holdDown(how: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    this.#held = true;
    const ended = this.#ended;
    this.#child?.kill(how);
    await ended;
  }

  async start(settings: ServiceSettings = this.#settings): Promise<void> {
    this.#settings = settings;
    this.#held = false;
    if (this.#child === null) this.#spawn();
    await this.serving();
  }

  async serving(withinMs = servingWithinMs): Promise<void> {
    const late = new AbortController();
    const deadline = performance.now() + withinMs;
    try {
      // A process that dies before it serves is started again, and its next life is waited for.
      for (;;) {
        const { promise } = this.#serving;
        const left = deadline - performance.now();
        const first = await Promise.race([
          promise.then(() => "serves" as const),
          wait(Math.max(0, Math.min(200, left)), "late" as const, { signal: late.signal }),
        ]);
        if (first === "serves") return;
        if (performance.now() >= deadline) {
          throw new Error(
            `${this.name} did not serve within ${withinMs / 1_000} s. It said: ${this.#said || this.#lastWords || "nothing"}`,
          );
        }
      }
    } finally {
      late.abort();
    }
  }

  #spawn(): void {
    const { command, environment, name, settings } = this.#options;
    const modules = [...(settings.preload ?? []), ...(this.#settings.preload ?? [])];
    const preload = modules.flatMap((url) => ["--import", url.href]);
    const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", ...preload, ...command], {
      // Its standard input ends with the harness, however that dies, and the service with it.
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...environment, ...settings.environment, ...this.#settings.environment },
    });
    this.#child = child;
    this.#said = "";
    let stdout = "";
    const serving = this.#serving;
    child.stdout?.on("data", (chunk: Buffer) => {
      stdout = (stdout + chunk.toString("utf8")).slice(-saidCharactersMax);
      if (/^serving /m.test(stdout)) serving.resolve();
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString("utf8")).slice(-saidCharactersMax);
    });
    this.#ended = new Promise((resolve) => {
      child.once("error", () => resolve());
      child.once("exit", (code, signal) => {
        this.#child = null;
        this.#serving = Promise.withResolvers<void>();
        resolve();
        if (this.#held) return;
        this.#deaths += 1;
        this.#lastWords = `${this.#said} (and died)`;
        this.#options.onDied(`${name} ended with ${signal ?? code}`, this.#said);
        setTimeout(() => {
          if (!this.#held && this.#child === null) this.#spawn();
        }, restartPauseMs);
      });
    });
  }
}
