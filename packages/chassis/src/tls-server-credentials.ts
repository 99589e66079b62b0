import { createSecureContext, type SecureContextOptions } from "node:tls";
import { ServerCredentials } from "@grpc/grpc-js";
import type { TlsMaterial } from "./certificate.ts";
import { TLS_VERSION } from "./channel.ts";

const handshakeTimeoutMs = 10_000;

function contextOptions({ caPem, certPem, keyPem }: TlsMaterial): SecureContextOptions {
  return { ca: caPem, cert: certPem, key: keyPem, minVersion: TLS_VERSION, maxVersion: TLS_VERSION };
}

/**
 * Credentials of a server: TLS 1.3, and no connection without a client certificate that `caPem` vouches for.
 * `ServerCredentials.createSsl` can say neither the version nor take new certificates later; a subclass can do both, and leaves
 * the defaults of the process alone.
 */
export class TlsServerCredentials extends ServerCredentials {
  /** @throws the crypto library's error if the material is not PEM or key and certificate do not belong together. */
  constructor(material: TlsMaterial) {
    const context = contextOptions(material);
    // node:tls would take material that does not fit and then fail every handshake: look at it once, now.
    createSecureContext(context);
    // noDelay: answers are small and many. Held back until the client acknowledges the one before, they would wait up to 40 ms.
    const connection = {
      requestCert: true,
      rejectUnauthorized: true,
      noDelay: true,
      // Whoever connects and does not go on takes a place for no longer.
      handshakeTimeout: handshakeTimeoutMs,
    };
    super({ ...connection, minVersion: TLS_VERSION, maxVersion: TLS_VERSION }, context);
  }

  /** Uses other material for connections made from now on; those that stand go on. */
  replace(material: TlsMaterial): void {
    const context = contextOptions(material);
    createSecureContext(context);
    this.updateSecureContextOptions(context);
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}
