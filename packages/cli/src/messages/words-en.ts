import type { Words } from "./messages.ts";

/** Words for the coded values of the contract, by their names without prefix. */
export const wordsEn = {
  states: {
    WORKING: "being worked on",
    COMPLETED: "step completed, to be passed on",
    HANDED_OVER: "handed over, not yet acknowledged",
    RECALL_ASKED: "handed over, asked back",
    FORKED: "forked",
    JOINED: "joined",
    SUPPLEMENT_AWAITED: "waits for the citizen's papers",
    PAUSED: "paused, the clock stands still",
    RETURNED: "ended: the citizen has the result",
    WITHDRAWN: "ended: withdrawn by the citizen",
    STOPPED: "ended without a result",
  } as Words,
  channels: { IN_PERSON: "in person", ONLINE: "online", POST: "by post" } as Words,
  outcomes: { GRANTED: "granted", REJECTED: "rejected", NOT_ELIGIBLE: "not eligible", DONE: "done" } as Words,
  refusalReasons: {
    NOT_COMPETENT: "not competent",
    WRONG_AREA: "another area",
    INCOMPLETE: "papers missing",
    DOCUMENT_UNUSABLE: "a document is unusable",
    DUPLICATE: "in hand already under another code",
    NOT_ELIGIBLE: "conditions not met",
    SENT_IN_ERROR: "sent by mistake",
    AGENCY_CEASING: "the office is ending",
  } as Words,
  recallReasons: {
    WRONG_RECEIVER: "sent to the wrong office",
    CORRECTION: "something in it must be corrected",
    WITHDRAWN: "the citizen withdrew",
    SILENCE: "the receiver does not answer",
  } as Words,
  recallRefusals: { WORK_BEGUN: "work has begun", RESULT_EXISTS: "there is a result already" } as Words,
  supplementReasons: {
    PAPER_MISSING: "papers missing",
    PAPER_WRONG: "papers wrong or contradictory",
    PAPER_EXPIRED: "papers out of date",
    PAPER_UNREADABLE: "papers cannot be read",
  } as Words,
  pauseReasons: {
    FINANCIAL_DUTY: "the citizen has to pay",
    OTHER_AUTHORITY: "another authority or a court must decide first",
  } as Words,
  extensionReasons: {
    VERIFICATION: "facts had to be verified",
    OTHER_AGENCY_LATE: "another agency is late",
    WORKLOAD: "the agency itself is late",
    SYSTEM_FAULT: "a fault of a system",
  } as Words,
  withdrawalReasons: {
    BY_APPLICANT: "the citizen asked for it",
    APPLICANT_CEASED: "the applicant died or the organisation ended",
  } as Words,
  stopReasons: {
    NO_SUPPLEMENT: "no papers came in time",
    NOT_PAID: "not paid in time",
    BY_LAW: "the law says so",
    OPENED_IN_ERROR: "opened by mistake",
  } as Words,
  erasureReasons: {
    RETENTION_ENDED: "its retention has ended",
    DATA_SUBJECT: "the person concerned is entitled to it",
    MISTAKE: "it should never have been there",
  } as Words,
  documentStates: {
    UPLOADING: "being uploaded",
    COMPLETE: "complete",
    DELETED: "taken back",
    ERASED: "erased",
  } as Words,
  warnings: {
    NOT_DELIVERED: "not delivered in time",
    NOT_ANSWERED: "not answered in time",
    LIMIT_NEAR: "the limit comes near",
    LIMIT_PASSED: "the limit has passed",
  } as Words,
};
