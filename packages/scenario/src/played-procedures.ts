/** Opinions that a procedure's holder asks along one consult edge. */
export interface OpinionHabit {
  readonly edge: string;
  /** How often they are asked at all, 0 to 1. */
  readonly chance: number;
  /** Agencies asked; fewer where fewer are competent. */
  readonly least: number;
  readonly most: number;
  /** How often an agency that is asked never answers, where the route takes silence for agreement. */
  readonly silence?: number;
}

/** How often a procedure is filed beside the others, and what its citizens and offices are used to. */
export interface ProcedureHabits {
  readonly key: string;
  readonly weight: number;
  /** How often a dossier begins at each start step; a step that is not named has the weight 1. */
  readonly starts?: Readonly<Record<string, number>>;
  readonly opinions?: readonly OpinionHabit[];
  /** What happened cannot be unsaid: nobody withdraws a birth or a death. */
  readonly neverWithdrawn?: true;
}

/**
 * Procedures that are played. Weights follow no statistics: they are low where a procedure is rare in life and high enough to be seen.
 *
 * Left out, though they have routes: those whose offices exist only from 1 July 2025 (first land certificate, household business,
 * karaoke group); intercountry adoption, whose posting of 60 days does not fit in before the districts end; the paper forms of the
 * birth group, and single steps of offices that others show already.
 */
export const playedProcedures: readonly ProcedureHabits[] = [
  { key: "birth-group-nd63", weight: 15, neverWithdrawn: true },
  { key: "social-allowance-3tier", weight: 13 },
  { key: "land-change-transfer", weight: 12 },
  { key: "residence", weight: 9 },
  { key: "social-home-admission", weight: 7 },
  {
    key: "marital-status",
    weight: 7,
    opinions: [{ edge: "ask-other-ward", chance: 0.3, least: 1, most: 1 }],
    neverWithdrawn: true,
  },
  { key: "death-group-2026", weight: 6, neverWithdrawn: true },
  {
    key: "birth",
    weight: 5,
    starts: { "city-desk": 2, registration: 3 },
    opinions: [{ edge: "ask-other-ward", chance: 0.15, least: 1, most: 1 }],
    neverWithdrawn: true,
  },
  {
    key: "construction-permit",
    weight: 5,
    opinions: [{ edge: "ask-opinions", chance: 0.6, least: 1, most: 2, silence: 0.35 }],
  },
  { key: "land-security", weight: 4 },
  { key: "social-housing-condition", weight: 4, starts: { desk: 2, area: 1, income: 1 } },
  {
    key: "investment-policy",
    weight: 3,
    starts: { desk: 3, "ward-desk": 1 },
    opinions: [
      { edge: "ask-departments", chance: 1, least: 2, most: 4 },
      { edge: "ask-ward", chance: 1, least: 1, most: 1 },
      { edge: "ask-police", chance: 0.5, least: 1, most: 1 },
      { edge: "ask-military", chance: 0.4, least: 1, most: 1 },
    ],
  },
  { key: "funeral-allowance-3tier", weight: 3 },
  { key: "copy-original-register", weight: 3 },
  {
    key: "land-allocation-ward",
    weight: 2,
    opinions: [{ edge: "ask-land-data", chance: 0.7, least: 1, most: 1 }],
  },
  { key: "religious-seat", weight: 2 },
];
