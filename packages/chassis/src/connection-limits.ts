import { X509Certificate } from "node:crypto";
import { constants, type ServerHttp2Session } from "node:http2";
import type { Server as NetServer } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Server } from "@grpc/grpc-js";
import { publicKeyDigest, systemIdOf } from "./certificate.ts";
import type { LimitSettings } from "./limit-settings.ts";
import type { Logger } from "./logger.ts";

/** The same about one system is told once in so long. */
const tellAgainAfterMs = 10_000;

/**
 * Bounds the connections of each system, and of all, to a gRPC server. One that is too many is closed as soon as its certificate is known, before any
 * of its calls is read. grpc-js has no public way to its listeners: if a later version keeps them elsewhere, this throws, and nothing starts unbounded.
 */
export function limitConnections(server: Server, limits: LimitSettings, logger: Logger): void {
  const { http2Servers } = server as unknown as { http2Servers?: Map<NetServer, unknown> };
  const listeners = [...(http2Servers?.keys() ?? [])];
  if (listeners.length === 0)
    throw new Error("The listeners of the gRPC server are not where this version of it had them.");
  const byKey = new Map<string, number>();
  const toldAtMs = new Map<string, number>();
  for (const listener of listeners) {
    listener.maxConnections = limits.limitConnectionsInAll;
    listener.on("session", (session: ServerHttp2Session) => {
      const { key, system } = certificateOf(session.socket as TLSSocket);
      const own = byKey.get(key) ?? 0;
      if (own >= limits.limitConnections) {
        tell(system);
        session.destroy(undefined, constants.NGHTTP2_ENHANCE_YOUR_CALM);
        return;
      }
      byKey.set(key, own + 1);
      session.once("close", () => {
        const left = (byKey.get(key) ?? 1) - 1;
        if (left === 0) byKey.delete(key);
        else byKey.set(key, left);
      });
    });
  }

  function tell(system: string): void {
    const nowMs = performance.now();
    if (nowMs - (toldAtMs.get(system) ?? Number.NEGATIVE_INFINITY) < tellAgainAfterMs) return;
    toldAtMs.set(system, nowMs);
    logger.warn(
      { system, connectionsMax: limits.limitConnections },
      "A system opened more connections than its share; those beyond it are closed.",
    );
  }
}

/** Key and system of a verified certificate. Counted by the key: a stolen one uses up its own share, not that of the system it names. */
function certificateOf(socket: TLSSocket): { key: string; system: string } {
  const { raw } = socket.getPeerCertificate();
  if (raw === undefined) return { key: "", system: "" };
  const certificate = new X509Certificate(raw);
  return { key: Buffer.from(publicKeyDigest(certificate)).toString("hex"), system: systemIdOf(certificate) ?? "" };
}
