import { type ClientHttp2Session, connect } from "node:http2";
import { Dice } from "./dice.ts";
import type { FuzzWorld } from "./fuzz-world.ts";
import type { MountedMethod } from "./mounted-methods.ts";
import type { Tally } from "./tally.ts";

const endMsMax = 10_000;
const lane = "HTTP/2 frames";

/** Below gRPC: prefixes that lie about length and compression, headers that no client sends. The server may answer as it likes, but it answers. */
export async function fuzzFraming(
  world: FuzzWorld,
  methods: readonly MountedMethod[],
  tally: Tally,
  seed: string,
  calls: number,
): Promise<void> {
  const { caPem, certPem, keyPem } = world.tls("hn-mot-cua");
  const open = () =>
    connect(`https://${world.address("exchange")}`, { ca: caPem, cert: certPem, key: keyPem, servername: "localhost" });
  let session = open();
  session.on("error", () => {});
  try {
    for (let number = 0; number < calls; number++) {
      const dice = new Dice(`${seed} framing ${number}`);
      if (session.destroyed || session.closed) {
        session = open();
        session.on("error", () => {});
      }
      const { path } = dice.pick(methods);
      const body = frames(dice);
      tally.sent(lane);
      const ended = await request(session, path, headers(dice), body, dice.chance(0.9));
      if (ended) tally.accept(lane);
      else tally.fault(lane, `${path} did not end within ${endMsMax} ms.`, body);
    }
  } finally {
    session.destroy();
  }
}

/** One to three frames; each prefix is a byte for compression and four for the length. */
function frames(dice: Dice): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let left = dice.between(1, 3); left > 0; left--) {
    const content = dice.bytes(dice.pick([0, 1, 20, 5_000]));
    const prefix = Buffer.alloc(5);
    prefix[0] = dice.pick([0, 0, 0, 1, 2, 255]);
    const lengths = [content.length, content.length + 1, Math.max(0, content.length - 1), 0, 4_194_305, 0xffff_ffff];
    prefix.writeUInt32BE(dice.chance(0.4) ? content.length : dice.pick(lengths), 1);
    parts.push(prefix.subarray(0, dice.chance(0.9) ? 5 : dice.below(5)), content);
  }
  return Uint8Array.from(Buffer.concat(parts));
}

function headers(dice: Dice): Record<string, string> {
  const odd: Record<string, string> = {
    "content-type": dice.chance(0.85) ? "application/grpc" : dice.pick(["application/grpc+x", "text/plain", ""]),
    te: dice.chance(0.9) ? "trailers" : "",
  };
  if (odd.te === "") delete odd.te;
  if (dice.chance(0.3)) odd["grpc-timeout"] = dice.pick(["0n", "1n", "99999999H", "-1S", "S", "1e9S", "100000000000S"]);
  if (dice.chance(0.3)) odd["grpc-encoding"] = dice.pick(["gzip", "deflate", "identity", "brotli", "__proto__"]);
  if (dice.chance(0.2)) odd["grpc-accept-encoding"] = "x".repeat(dice.below(4_000));
  if (dice.chance(0.2)) odd.traceparent = dice.pick(["00-0-0-0", `00-${"f".repeat(32)}-${"f".repeat(16)}-01`, "x"]);
  if (dice.chance(0.2)) odd["x-bin"] = dice.pick(["!!!", "====", "AAAA"]);
  return odd;
}

/** True if the stream ended. */
function request(
  session: ClientHttp2Session,
  path: string,
  extra: Record<string, string>,
  body: Uint8Array,
  whole: boolean,
): Promise<boolean> {
  return new Promise((resolve) => {
    const stream = session.request({ ":method": "POST", ":path": path, ...extra });
    const timer = setTimeout(() => {
      stream.destroy();
      resolve(false);
    }, endMsMax);
    stream.on("error", () => {});
    stream.on("close", () => {
      clearTimeout(timer);
      resolve(true);
    });
    stream.resume();
    stream.write(body);
    // Left in the middle, or said to be all.
    if (whole) stream.end();
    else stream.close(8);
  });
}
