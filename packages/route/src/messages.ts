import type { Limit } from "@lienthong/contracts/registry/v1/envelope";

/** The sentences of one language. Step names, fork names and roles arrive as they are to be shown. */
export interface Messages {
  /** Names of the roles that procedures use, by code. */
  readonly roles: Readonly<Record<string, string>>;
  readonly route: (name: string, id: string, version: number, procedure: string) => string;
  readonly composed: string;
  readonly uncertain: string;
  readonly total: (limit: string) => string;
  readonly appointment: (number: number, limit: string, meaning: string) => string;
  readonly syncRule: (limit: string) => string;
  readonly receiptRule: (limit: string) => string;
  readonly limit: (limit: Limit) => string;
  readonly limitNote: (note: string) => string;
  readonly step: (number: number, name: string) => string;
  readonly stepReference: (number: number, name: string) => string;
  readonly who: (role: string, kind: "work" | "consult" | "applicant") => string;
  readonly opensHere: string;
  readonly joins: (fork: string) => string;
  readonly timeGranted: (limit: string) => string;
  readonly timeUnknown: string;
  readonly timeIfVerified: (limit: string) => string;
  readonly posting: (limit: string) => string;
  readonly clockOutside: string;
  readonly clockPaused: string;
  readonly deemedConsent: string;
  readonly internal: (name: string, limit: string | undefined) => string;
  readonly internalTitle: string;
  readonly completionRequired: string;
  readonly next: (step: string) => string;
  readonly forks: (fork: string) => string;
  readonly branch: (step: string, optional: boolean, lead: boolean) => string;
  readonly back: (step: string) => string;
  readonly consult: (step: string, lead: boolean) => string;
  /** Before a list of several opinions that may be asked. */
  readonly severalConsults: string;
  readonly asked: (step: string, lead: boolean) => string;
  readonly copies: (roles: string) => string;
  readonly ends: string;
  /** Said where a dossier may open at several steps. */
  readonly severalStarts: (steps: string) => string;
  readonly picture: PictureMessages;
}

/** What a picture says in a few words; its limits are those of the sentences. */
export interface PictureMessages {
  readonly subtitle: (id: string, version: number, procedure: string) => string;
  readonly total: (limit: string) => string;
  readonly appointment: (number: number, limit: string) => string;
  readonly composed: string;
  readonly uncertain: string;
  readonly start: string;
  readonly end: string;
  readonly heldBy: (role: string) => string;
  readonly limitUnknown: string;
  readonly ifVerified: (limit: string) => string;
  readonly posting: (limit: string) => string;
  readonly internalSteps: (count: number) => string;
  readonly copies: (roles: string) => string;
  readonly outside: string;
  readonly paused: string;
  readonly deemedConsent: string;
  readonly optional: string;
  readonly lead: string;
  readonly legendStart: string;
  readonly legendEnd: string;
  readonly legendForward: string;
  readonly legendBack: string;
  readonly legendConsult: string;
  readonly legendFork: string;
  readonly legendConsultStep: string;
  readonly legendApplicant: string;
  readonly legendOutside: string;
  readonly legendPaused: string;
}
