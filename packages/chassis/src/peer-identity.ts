import { X509Certificate } from "node:crypto";
import type { PeerCertificate } from "node:tls";
import { publicKeyDigest, systemIdOf } from "./certificate.ts";
import { sessionOfCall } from "./http2-of-call.ts";

/** Who is at the other end of a connection, as its verified client certificate says. */
export interface PeerIdentity {
  /** The id in the certificate's URI `urn:lienthong:system:<id>`. The registry decides whether the key may use it. */
  readonly systemId: string;
  /** SHA-256 of the certificate's public key: 64 lower-case hexadecimal characters. Compare with SystemRecord.certificate_key_digests. */
  readonly certificateKeyDigestHex: string;
  /** SHA-256 of the certificate, "AB:CD:…", for people. */
  readonly fingerprint256: string;
}

/** The part of grpc-js's server call that tells about the connection. */
export interface CallOfConnection {
  getAuthContext(): { sslPeerCertificate?: PeerCertificate };
}

const identityBySession = new WeakMap<object, PeerIdentity | null>();

function readIdentity(call: CallOfConnection): PeerIdentity | null {
  // Empty unless the socket is TLS and the certificate was verified.
  const raw = call.getAuthContext().sslPeerCertificate?.raw;
  if (raw === undefined) return null;
  const certificate = new X509Certificate(raw);
  const systemId = systemIdOf(certificate);
  if (systemId === null) return null;
  return Object.freeze({
    systemId,
    certificateKeyDigestHex: Buffer.from(publicKeyDigest(certificate)).toString("hex"),
    fingerprint256: certificate.fingerprint256,
  });
}

/**
 * The system that makes a call, or null if its certificate names none (or the connection has ended). Read once per connection: a
 * certificate cannot change while a TLS session lasts.
 */
export function peerIdentity(call: CallOfConnection): PeerIdentity | null {
  const session = sessionOfCall(call);
  if (session === null) return readIdentity(call);
  const known = identityBySession.get(session);
  if (known !== undefined) return known;
  const identity = readIdentity(call);
  identityBySession.set(session, identity);
  return identity;
}
