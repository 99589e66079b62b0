import type { WitnessError } from "@lienthong/witness";

/** The command of witnesses. */
export const witnessEn = {
  help: {
    command: "vouch that logs only grow: cosign their checkpoints, and refuse one that forks or goes back",
    log: "verifier key of a log to witness (`vkey` in run.json); may be repeated",
    name: "name of this witness, a URL without scheme; given once, when its key is made; default <HOSTNAME>/witness",
    host: "address to listen on",
    port: "port to listen on; 0: a free one",
  },
  serving: (url: string, logs: string) => `Serving on ${url} for ${logs}; Ctrl-C ends it.`,
  policyLine: "Line for the policy of those who trust it; put the address there under which they reach it:",
  ended: "The witness has ended; what it cosigned is kept.",
  forked: (origin: string, size: number, file: string) =>
    `FORK: ${origin} signed two roots for size ${size}. ${file === "" ? "" : `Both are kept in ${file}, which convicts its operator. `}Nothing was cosigned; tell those who rely on the log.`,
  unproven: (origin: string, size: number) =>
    `Refused: a checkpoint of ${origin} at size ${size} came with a proof that does not show that it continues the one cosigned. The log itself never sends that, unless it forked: compare with what it serves.`,
  failed: (origin: string, why: string) => `${origin === "" ? "A request" : origin} could not be served: ${why}`,
  portWrong: (found: string) => `--port is "${found}"; allowed: 0 to 65535.`,
  logWrong: (found: string, why: string) => `--log "${found}" is no verifier key: ${why}`,
  errorSentence: (error: WitnessError) => error.message,
};
