// Verifies a bundle again and again: everything it says, from its text to the report, against nothing but its Ed25519 signatures, both on all
// cores: by Node's own crypto, and by what the verifier uses.
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { Event } from "@lienthong/contracts/exchange/v1/event";
import { RefusalReason } from "@lienthong/contracts/exchange/v1/statement";
import {
  importVerifyingKey,
  payloadTypes,
  preAuthenticationEncoding,
  type VerifyingKey,
  verifyPayload,
} from "@lienthong/statement";
import { verifyBundle, writeBundle } from "@lienthong/verifier";
import { fixedKey } from "../../../packages/registry-state/test/registry-fixture.ts";
import { World } from "../../../packages/verifier/test/world.ts";
import { onCommand } from "../child-process.ts";
import { median } from "../results.ts";

/** Leaves of other dossiers between two events of this one. */
const othersBetween = 7;
/** V8 still compiles on other threads in the first rounds, which then have less of the cores than the signatures that they are held against. */
const warmUpRounds = 4;
const rounds = 9;

export interface VerifyOrders {
  readonly quick: boolean;
}

/** Figures of verifying. */
async function measure({ quick }: VerifyOrders): Promise<Record<string, number>> {
  const count = quick ? 500 : 3_000;
  const world = await World.create({ "hn-police": fixedKey("police seal") });
  world.open({ atMs: 0 });
  for (let event = 1; event < count; event++) {
    world.filler(othersBetween);
    // Close together, so that all of them come before the witnesses signed.
    const at = { atMs: event * 10 };
    if (event % 2 === 1) world.forward("hn-police", at);
    else world.refuse(RefusalReason.REFUSAL_REASON_INCOMPLETE, at);
  }
  world.filler(1);
  const text = writeBundle(await world.bundle());
  const trust = { network: world.registry.state.network, policy: world.policy };
  const signed = world.trail.map(({ event }) => signedOf(event, world));
  const whole: number[] = [];
  const bare: number[] = [];
  const alone: number[] = [];
  let coldRatio = Number.NaN;
  for (let round = 0; round < warmUpRounds + rounds; round++) {
    const began = performance.now();
    const report = await verifyBundle(text, trust);
    const wholeMs = performance.now() - began;
    if (!report.holds || report.eventCount !== count) throw new Error("The bundle of the bench does not hold.");
    const bareMs = await bareEd25519(signed);
    const aloneMs = await signaturesAlone(signed);
    if (round === 0) coldRatio = bareMs / wholeMs;
    if (round < warmUpRounds) continue;
    whole.push(count / (wholeMs / 1_000));
    bare.push(count / (bareMs / 1_000));
    alone.push(count / (aloneMs / 1_000));
  }
  const ratioTo = (to: readonly number[]) =>
    median(whole.map((perSecond, round) => perSecond / (to[round] ?? Number.NaN)));
  return {
    verify_signed_events: count,
    verify_events_per_second: median(whole),
    verify_bare_ed25519_per_second: median(bare),
    verify_ratio_to_bare_ed25519: ratioTo(bare),
    verify_ratio_to_bare_ed25519_first_in_process: coldRatio,
    verify_ratio_to_its_signatures_alone: ratioTo(alone),
  };
}

interface Signed {
  readonly payload: Uint8Array;
  readonly encoded: Uint8Array;
  readonly key: KeyObject;
  readonly verifyingKey: VerifyingKey;
  readonly signature: Uint8Array;
}

function signedOf(event: Uint8Array, world: World): Signed {
  const { body } = Event.decode(event);
  if (body?.$case !== "statement") throw new Error("The bench's dossier has signed events only.");
  const [signature] = body.value.signatures;
  const seal = Object.values(world.seals).find(({ keyId }) => Buffer.compare(keyId, signature?.keyId ?? keyId) === 0);
  if (signature === undefined || seal === undefined) throw new Error("An event of the bench is not signed.");
  const key = createPublicKey({ key: Buffer.from(seal.publicKey), format: "der", type: "spki" });
  return {
    payload: body.value.payload,
    verifyingKey: importVerifyingKey(seal.algorithm, seal.publicKey),
    encoded: preAuthenticationEncoding(payloadTypes.statement, body.value.payload),
    key,
    signature: signature.signature,
  };
}

async function signaturesAlone(signed: readonly Signed[]): Promise<number> {
  const began = performance.now();
  const verdicts = await Promise.all(
    signed.map(({ verifyingKey, payload, signature }) =>
      verifyPayload(verifyingKey, payloadTypes.statement, payload, signature),
    ),
  );
  if (verdicts.includes(false)) throw new Error("A signature of the bench does not hold.");
  return performance.now() - began;
}

async function bareEd25519(signed: readonly Signed[]): Promise<number> {
  const began = performance.now();
  await Promise.all(
    signed.map(
      ({ encoded, key, signature }) =>
        new Promise<void>((resolve, reject) => {
          verify(null, encoded, key, signature, (error, valid) =>
            valid ? resolve() : reject(error ?? new Error("invalid")),
          );
        }),
    ),
  );
  return performance.now() - began;
}

onCommand(measure);
