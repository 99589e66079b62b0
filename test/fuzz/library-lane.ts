import { Dice } from "./dice.ts";
import type { FuzzWorld } from "./fuzz-world.ts";
import { mutateBytes, randomBytes } from "./mutate-bytes.ts";
import { RawChannel } from "./raw-channel.ts";
import type { Tally } from "./tally.ts";

const text = (number: number, value: string) => {
  const bytes = new TextEncoder().encode(value);
  return Uint8Array.from([(number << 3) | 2, bytes.length, ...bytes]);
};

/** Health and reflection come from libraries, with statuses of their own; still they must neither break nor remember anything. */
const methods: readonly {
  readonly path: string;
  readonly kind: "unary" | "serverStream" | "bidi";
  readonly bases: readonly Uint8Array[];
}[] = [
  {
    path: "/grpc.health.v1.Health/Check",
    kind: "unary",
    bases: [new Uint8Array(0), text(1, "lienthong.exchange.v1.ExchangeService")],
  },
  { path: "/grpc.health.v1.Health/List", kind: "unary", bases: [new Uint8Array(0)] },
  {
    path: "/grpc.health.v1.Health/Watch",
    kind: "serverStream",
    bases: [new Uint8Array(0), text(1, "no-such"), text(1, "__proto__")],
  },
  ...["v1", "v1alpha"].map((version) => ({
    path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
    kind: "bidi" as const,
    bases: [
      text(7, "*"),
      text(4, "lienthong.exchange.v1.Statement"),
      text(3, "lienthong/exchange/v1/statement.proto"),
      text(6, "constructor"),
      text(4, "__proto__"),
      Uint8Array.from([0x2a, 4, 0x0a, 0, 0x10, 1]),
    ],
  })),
  { path: "/lienthong.exchange.v1.ExchangeService/NoSuchMethod", kind: "unary", bases: [new Uint8Array(0)] },
  { path: "/", kind: "unary", bases: [new Uint8Array(0)] },
];

/** Calls them on one connection. */
export async function fuzzLibraryMethods(
  world: FuzzWorld,
  port: "exchange" | "registry",
  tally: Tally,
  seed: string,
  calls: number,
): Promise<void> {
  const channel = new RawChannel(world.address(port), world.tls("operator"));
  try {
    for (let number = 0; number < calls; number++) {
      const dice = new Dice(`${seed} library ${port} ${number}`);
      const { path, kind, bases } = methods[number % methods.length] as (typeof methods)[number];
      const base = dice.pick(bases);
      const request = dice.chance(0.15)
        ? base
        : dice.chance(0.2)
          ? randomBytes(dice)
          : mutateBytes(base, dice.pick(bases), dice);
      tally.sent(path);
      if (kind === "unary") {
        const { status } = await channel.unary(path, request, 10_000);
        if (status.code === 0) tally.accept(path);
        else tally.refuse(path, `library: code ${status.code}`);
        if (status.code === 4) tally.fault(path, "It was not answered.", request);
        continue;
      }
      const call = kind === "bidi" ? channel.bidi(path) : channel.serverStream(path, request);
      if (kind === "bidi") {
        for (let left = dice.between(1, 3); left > 0; left--) call.write(request);
        call.halfClose();
      }
      await call.answered;
      call.cancel();
      const { status } = await call.ended;
      if (status.code <= 1) tally.accept(path);
      else tally.refuse(path, `library: code ${status.code}`);
    }
  } finally {
    channel.close();
  }
}
