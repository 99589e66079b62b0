import { setTimeout as wait } from "node:timers/promises";
import { bytesOf, type KeptCase } from "./found-cases.ts";
import type { FuzzWorld } from "./fuzz-world.ts";
import { RawChannel } from "./raw-channel.ts";
import { judgeRefusal } from "./refusal-rules.ts";

/** Sends a kept case to a bus; what it was answered with: a reason, "accepted", or what is wrong with the answer. */
export async function replayCase(kept: KeptCase, world: FuzzWorld): Promise<string> {
  const channel = new RawChannel(world.address(kept.port), world.tls("hn-mot-cua"));
  try {
    const requests = kept.requests.map(bytesOf);
    const [first = new Uint8Array(0)] = requests;
    const { status, responses } =
      kept.kind === "unary" ? await channel.unary(kept.method, first, 20_000) : await streamed(channel, kept, requests);
    if (status.code <= 1) return responses.length > 0 ? "accepted" : "left";
    if (kept.expected === `code ${status.code}`) return kept.expected;
    const { reason, fault } = judgeRefusal(status);
    return fault ?? reason;
  } finally {
    channel.close();
  }
}

async function streamed(channel: RawChannel, { kind, method }: KeptCase, requests: readonly Uint8Array[]) {
  const call = kind === "bidi" ? channel.bidi(method) : channel.serverStream(method, requests[0] ?? new Uint8Array(0));
  if (kind === "bidi") {
    for (const request of requests) call.write(request);
    call.halfClose();
  }
  await Promise.race([call.answered, wait(20_000)]);
  if (kind === "serverStream" && !call.isOver()) call.cancel();
  return call.ended;
}
