/**
 * Headers of every answer of our HTTP ports. What is served is bytes for programs: nothing of it may be taken for a page, run, framed or guessed to be
 * of another type. Anybody's page may read what is public. Over TLS browsers are told to come back over TLS alone.
 */
export function hardenedHeaders(overTls: boolean): Readonly<Record<string, string>> {
  return overTls ? { ...always, "strict-transport-security": "max-age=31536000" } : always;
}

const always = {
  "x-content-type-options": "nosniff",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "cross-origin",
  "access-control-allow-origin": "*",
} as const;
