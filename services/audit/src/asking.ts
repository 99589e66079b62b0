import { busError, type CallContext, type Clock, type PeerIdentity } from "@lienthong/chassis";
import { legalDayAt, type RegistryState } from "@lienthong/registry-state";
import type { NatsConnection } from "@nats-io/nats-core";
import type { RecordAccess } from "./access-log.ts";
import type { AuditIndex } from "./audit-index.ts";
import { type Entitlement, entitlementOf } from "./entitlement.ts";
import type { PageTokens } from "./page-token.ts";

/** What the service stands on. */
export interface AuditServiceOptions {
  readonly index: AuditIndex;
  readonly registry: () => RegistryState;
  /** The calling system as the registry knows it, if it may ask for this agency (empty: for none); throws else. */
  readonly authorise: (identity: PeerIdentity | null, agency: string) => string;
  /** Systems of the operator, which may make the index anew. */
  readonly operators: readonly string[];
  readonly recordAccess: RecordAccess;
  /** Role `audit`; for reading look-ups. */
  readonly connection: NatsConnection;
  readonly tokens: PageTokens;
  readonly clock: Clock;
}

/** A message type of the contract, as far as a port needs it. */
export interface RequestType<Request> {
  encode(message: Request): { finish(): Uint8Array };
}

/** Who asks what: made by `begin`, finished by `record`. */
export interface Asked {
  readonly who: Entitlement;
  /** Tokens for this question, whatever page it asks for. */
  open(token: string): readonly (string | number)[] | null;
  seal(end: readonly (string | number)[] | null): string;
  /** To be awaited before anything of the answer leaves. */
  record(count: number): Promise<void>;
}

/** Begins a look-up: who asks, what it may read, and what its pages are bound to. */
export function beginAsking<Request extends { agency: string; pageSize?: number; pageToken?: string }>(
  on: AuditServiceOptions,
  context: CallContext,
  type: RequestType<Request>,
  request: Request,
): Asked {
  const system = on.authorise(context.identity, request.agency);
  const who = entitlementOf(on.registry(), request.agency, legalDayAt(on.clock.nowMs()));
  const method = context.method.slice(1);
  const question = Buffer.concat([
    Buffer.from(`${method}\n`),
    type.encode({ ...request, ...("pageToken" in request ? { pageSize: 0, pageToken: "" } : {}) }).finish(),
  ]);
  return {
    who,
    open: (token) => on.tokens.open(question, token),
    seal: (end) => (end === null ? "" : on.tokens.seal(question, end)),
    record: (count) =>
      on.recordAccess({
        system,
        agency: who.agency,
        scope: who.scope,
        method,
        request: type.encode(request).finish(),
        count,
      }),
  };
}

/** A question waits at most so long for the index to read what the streams hold. */
const catchUpMsMax = 1_000;

/** Puts a question to the index. What a database that is away cannot do is told so that callers try again. */
export async function fromIndex<T>(on: AuditServiceOptions, ask: () => Promise<T>): Promise<T> {
  // What was durable when the question came is in the answer, unless the index lags: then the answer says how far it goes.
  await on.index.catchUp(catchUpMsMax);
  try {
    return await ask();
  } catch (cause) {
    if (on.index.database.isAway(cause)) throw busError("INDEX_UNAVAILABLE", {}, { cause });
    throw cause;
  }
}
