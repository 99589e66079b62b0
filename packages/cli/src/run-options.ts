import type { Language } from "./messages/language.ts";

/** What `up` and `serve` have in common. */
export interface RunOptions {
  /** Data folder as given; made if it is not there. */
  readonly dataDirectory: string;
  readonly language: Language;
  readonly color: boolean;
  /** Width for tables and progress; `interactive` is false where stdout is no terminal. */
  readonly columns: number;
  readonly interactive: boolean;
}

/** Options of `lienthong up`. `./up.ts` exports `runUp(options: UpOptions): Promise<number>`, which gives the exit code. */
export interface UpOptions extends RunOptions {
  /** Dossiers that the scenario plays. */
  readonly dossiers: number;
  /** Name of the scenario; "none": an empty bus. */
  readonly scenario: string;
}

/** Options of `lienthong serve SERVICE`. `./serve.ts` exports `runServe(service: string, options: ServeOptions): Promise<number>`. */
export interface ServeOptions extends RunOptions {
  /** What was given of `--http-…`, by the names of the settings. */
  readonly http: Readonly<Record<string, string | undefined>>;
}
