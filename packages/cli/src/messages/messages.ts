import type { en } from "./en.ts";

/** Everything the command says, in one language. English is the form; the other catalogue must have every part of it. */
export type Messages = typeof en;

/** Words for the values of an enum of the contract, by its name without prefix. */
export type Words = Readonly<Record<string, string>>;
