/** What a person waiting may want to know of a server that is being found and started; the line beside it says the same in English. */
export type ServerReport =
  | { readonly what: "server-fetching"; readonly version: string; readonly suite: string }
  | { readonly what: "server-too-old"; readonly path: string; readonly version: string }
  | { readonly what: "server-left-behind"; readonly pid: number };

/** Told of progress: a whole line, and what it says for those who speak another language. */
export type ReportServer = (line: string, told: ServerReport) => void;
