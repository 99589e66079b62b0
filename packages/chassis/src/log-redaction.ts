/** What stands in a log line in place of something secret. */
export const MASK = "[hidden]";

const SECRET_KEY =
  /(?:^|[^a-z])(?:pass(?:word|phrase|wd)?|pwd|secret|token|authorization|cookie|salts?|seed|nkey|creds?|credentials?|private_?key(?:_?pem)?|key_?pem|jwt|envelope|payload)(?:$|[^a-z])/;
const PRIVATE_PEM = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const DEPTH_MAX = 6;

/** Splits camelCase so that "natsPassword" and "nats_password" are one case; digits stay with their word. */
function words(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}

const secretByKey = new Map<string, boolean>();

/** Whether a value under this key must not be printed. */
export function isSecretKey(key: string): boolean {
  let secret = secretByKey.get(key);
  if (secret === undefined) {
    secret = SECRET_KEY.test(words(key));
    // Keys come from our own code, a small set; the bound is for the day one does not.
    if (secretByKey.size < 1_000) secretByKey.set(key, secret);
  }
  return secret;
}

function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * A copy fit for the log: secrets masked by the name of their key, private keys by their look, bytes as their number, and nothing
 * deeper than six levels. Errors and other class instances are left to the serialisers.
 */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return PRIVATE_PEM.test(value) ? MASK : value;
  if (typeof value === "bigint") return value.toString();
  if (typeof value !== "object" || value === null) return value;
  if (ArrayBuffer.isView(value)) return `<${value.byteLength} bytes>`;
  if (value instanceof ArrayBuffer) return `<${value.byteLength} bytes>`;
  if (value instanceof Error) return depth === 0 ? value : describeError(value);
  if (depth >= DEPTH_MAX) return "[deeper]";
  if (Array.isArray(value)) return value.map((item) => redact(item, depth + 1));
  if (!isPlainObject(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    copy[key] = item !== undefined && isSecretKey(key) ? MASK : item instanceof Error ? item : redact(item, depth + 1);
  }
  return copy;
}

/** An error as the log shows it: type, sentence, stack, and its causes. Other properties stay out: clients hang payloads there. */
export interface LoggedError {
  type: string;
  message: string;
  stack?: string;
  reason?: string;
  code?: string | number;
  metadata?: unknown;
  cause?: unknown;
  errors?: unknown[];
}

/** Turns an error and its causes into what the log shows. */
export function describeError(thrown: unknown, depth = 0): unknown {
  if (!(thrown instanceof Error)) return redact(thrown, 1);
  if (depth >= DEPTH_MAX) return "[deeper]";
  const { reason, code, metadata } = thrown as { reason?: unknown; code?: unknown; metadata?: unknown };
  const described: LoggedError = { type: thrown.name, message: String(redact(thrown.message)) };
  if (thrown.stack !== undefined) described.stack = String(redact(thrown.stack));
  if (typeof reason === "string") described.reason = reason;
  if (typeof code === "string" || typeof code === "number") described.code = code;
  if (metadata !== undefined && typeof metadata === "object" && metadata !== null && isPlainObject(metadata)) {
    described.metadata = redact(metadata, 1);
  }
  if (thrown.cause !== undefined) described.cause = describeError(thrown.cause, depth + 1);
  if (thrown instanceof AggregateError) described.errors = thrown.errors.map((one) => describeError(one, depth + 1));
  return described;
}
