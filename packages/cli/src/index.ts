export type { Names } from "./bus/names.ts";
export { loadTrail, type TrailQuestion, type TrailView } from "./bus/trail-view.ts";
export type { CliIo } from "./cli-io.ts";
export { EXIT, type ExitCode } from "./exit-codes.ts";
export { type Language, languageOf } from "./messages/language.ts";
export { type RenderOptions, renderTrail } from "./render/trail.ts";
export { runCli } from "./run-cli.ts";
export type { RunOptions, ServeOptions, UpOptions } from "./run-options.ts";
