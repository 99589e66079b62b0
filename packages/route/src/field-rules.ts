/**
 * Bounds of single fields, as the comments of registry/v1/route.proto and envelope.proto state them. Each rule carries the
 * sentence that a problem shows, so that the check and its explanation cannot drift apart.
 */
export interface FieldRule {
  /** Completes "… is not allowed; ". */
  readonly allowed: string;
  readonly accepts: (value: string) => boolean;
}

export const STEPS_MAX = 64;
export const EDGES_MAX = 128;
export const INTERNAL_STEPS_MAX = 16;
export const APPOINTMENTS_MAX = 4;
export const RESULT_COPIES_MAX = 8;
export const LIMIT_HUNDREDTHS_MAX = 100_000;
export const VERSION_MAX = 4_294_967_295;

// By code point: a Vietnamese letter with two marks is one character in normalisation form C.
const lengthOf = (value: string): number => [...value].length;

function matching(pattern: RegExp, allowed: string): FieldRule {
  return { allowed, accepts: (value) => pattern.test(value) };
}

function upTo(charactersMax: number, what: string): FieldRule {
  return {
    allowed: `${what} has at most ${charactersMax.toLocaleString("en")} characters`,
    accepts: (value) => lengthOf(value) <= charactersMax,
  };
}

function nameOf(charactersMin: number, what: string): FieldRule {
  return {
    allowed: `${what} is ${charactersMin} to 400 characters in normalisation form C, without control characters`,
    accepts: (value) =>
      lengthOf(value) >= charactersMin &&
      lengthOf(value) <= 400 &&
      value === value.normalize("NFC") &&
      !/\p{Cc}/u.test(value),
  };
}

export const fieldRules = {
  routeId: matching(
    /^[a-z0-9][a-z0-9-]{0,63}$/,
    "a route id is 1 to 64 of a-z, 0-9 and '-', and does not begin with '-'",
  ),
  procedure: matching(
    /^[a-z0-9][a-z0-9-]{0,63}$/,
    "a procedure key is 1 to 64 of a-z, 0-9 and '-', and does not begin with '-'",
  ),
  stepId: matching(/^[a-z0-9-]{1,48}$/, "a step id is 1 to 48 of a-z, 0-9 and '-'"),
  edgeId: matching(/^[a-z0-9-]{1,48}$/, "an edge id is 1 to 48 of a-z, 0-9 and '-'"),
  stepReference: matching(/^[a-z0-9-]{1,48}$/, "the id of a step of this route is 1 to 48 of a-z, 0-9 and '-'"),
  forkName: matching(/^[a-z0-9-]{0,48}$/, "the name of a fork is 1 to 48 of a-z, 0-9 and '-', or left out"),
  role: matching(/^[A-Z0-9_]{1,64}$/, "a role is 1 to 64 of A-Z, 0-9 and _"),
  nameVi: nameOf(1, "a Vietnamese name"),
  nameEn: nameOf(0, "an English name"),
  limitNote: upTo(500, "the note of a limit"),
  meaning: upTo(500, "the meaning of an appointment"),
  source: upTo(1_000, "a source"),
  note: upTo(2_000, "a note"),
} as const satisfies Record<string, FieldRule>;
