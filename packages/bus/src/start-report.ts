import type { ServerReport } from "@lienthong/nats-server";

/** What is told of a bus that starts; the line beside it says the same in English. */
export type StartReport =
  | ServerReport
  | { readonly what: "server-awaited"; readonly url: string; readonly seconds: number }
  | { readonly what: "server-ready"; readonly version: string; readonly origin: string }
  | { readonly what: "registry-filling"; readonly entries: number; readonly total: number }
  | { readonly what: "registry-seeded"; readonly entries: number; readonly head: string };

/** Told of progress: a whole line, and what it says for those who speak another language. */
export type ReportStart = (line: string, told?: StartReport) => void;
