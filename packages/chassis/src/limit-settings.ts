import { z } from "zod";
import { type ConfigSources, type LoadedConfig, loadConfig } from "./config.ts";

const perSecond = (fallback: number) => z.number().int().min(1).max(1_000_000).default(fallback);
const count = (fallback: number) => z.number().int().min(1).max(100_000).default(fallback);
const mebibytes = (fallback: number) => z.number().int().min(1).max(100_000).default(fallback);

/**
 * What one system or agency may take of one server, as settings (`LIENTHONG_LIMIT_…`, docs/security.md). The defaults are several times what a city's
 * busiest system does, and less than what would keep everybody else waiting. Each process counts for itself.
 */
export const limitSettings = z.object({
  /** Calls and streams that one system begins in a second; and in a burst. */
  limitCallsPerSecond: perSecond(5_000),
  limitCallsBurst: perSecond(20_000),
  /** Request bytes of one system in a second, and in a burst, in MiB. Streams are read more slowly, single calls refused. */
  limitMebibytesPerSecond: mebibytes(64),
  limitMebibytesBurst: mebibytes(256),
  /** Streams of one system at a time on one server. */
  limitStreams: count(256),
  /** Calls and streams of one system under way at a time, answers that it has not read included. */
  limitCallsUnderWay: count(4_096),
  /** Connections of one system to one server. */
  limitConnections: count(256),
  /** Connections of everybody to one server. */
  limitConnectionsInAll: count(4_096),
  /** Statements through one system in a second, and in a burst. */
  limitStatementsPerSystemPerSecond: perSecond(4_000),
  limitStatementsPerSystemBurst: perSecond(30_000),
  /** Statements by one agency in a second, and in a burst. */
  limitStatementsPerAgencyPerSecond: perSecond(2_500),
  limitStatementsPerAgencyBurst: perSecond(20_000),
  /** Statements of one system that wait for their answer at a time; a single stream has at most 5,095. */
  limitStatementsUnderWay: count(8_192),
});

/** Limits as they are in force. */
export type LimitSettings = z.output<typeof limitSettings>;

/** The limits unless the operator says otherwise. */
export const defaultLimits: LimitSettings = limitSettings.parse({});

/**
 * Reads the limits from `LIENTHONG_LIMIT_…` variables.
 * @throws ConfigurationError with every problem as a sentence.
 */
export function readLimitSettings(env: ConfigSources["env"]): LoadedConfig<LimitSettings> {
  return loadConfig(limitSettings, { env: env ?? {} });
}
