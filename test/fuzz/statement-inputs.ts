import { messageDescriptor } from "@lienthong/contracts/descriptors";
import { generateSigningKey, signStatementPayload } from "@lienthong/statement";
import type { Dice } from "./dice.ts";
import { mutateBytes, randomBytes } from "./mutate-bytes.ts";
import { type BaseMessage, mutateMessage } from "./mutate-message.ts";
import type { SayableStatement, Stations } from "./stations.ts";

/** An envelope to be sent, and the agency whose system sends it. */
export interface StatementInput {
  readonly envelope: Uint8Array;
  readonly agency: string;
}

const statementType = messageDescriptor("lienthong.exchange.v1.Statement");
const envelopeType = messageDescriptor("lienthong.exchange.v1.StatementEnvelope");
const strangerKey = generateSigningKey("ed25519");

type Maker = (base: SayableStatement, other: SayableStatement, stations: Stations, dice: Dice) => Uint8Array;

const payloadOf = ({ payload }: SayableStatement): BaseMessage => ({ bytes: payload, type: statementType });
const envelopeOf = ({ envelope }: SayableStatement): BaseMessage => ({ bytes: envelope, type: envelopeType });

const signed = (payload: Uint8Array, agency: string, { world }: Stations) =>
  signStatementPayload(payload, [world.keyOf(agency)]);

/** Weight, and what is made. Half of what is changed is signed anew, so that it gets past the signature. */
const makers: readonly (readonly [weight: number, make: Maker])[] = [
  [
    34,
    (base, other, stations, dice) =>
      signed(mutateMessage(payloadOf(base), payloadOf(other), dice), base.agency, stations),
  ],
  [10, (base, other, stations, dice) => signed(mutateBytes(base.payload, other.payload, dice), base.agency, stations)],
  [4, (base, _other, stations, dice) => signed(randomBytes(dice), base.agency, stations)],
  [24, (base, other, _stations, dice) => mutateMessage(envelopeOf(base), envelopeOf(other), dice)],
  [12, (base, other, _stations, dice) => mutateBytes(base.envelope, other.envelope, dice)],
  [5, (_base, _other, _stations, dice) => randomBytes(dice)],
  [2, (base, other, stations) => signed(base.payload, other.agency, stations)],
  [1, (base) => signStatementPayload(base.payload, [strangerKey])],
  [
    2,
    (base, other, { world }) =>
      signStatementPayload(base.payload, [world.keyOf(base.agency), world.keyOf(other.agency)]),
  ],
  [4, (base) => base.envelope],
  // Of a dossier that nobody opened yet.
  [1, (_base, _other, stations) => stations.open().envelope],
  [
    1,
    (_base, other, stations, dice) => {
      const fresh = stations.open();
      return signed(mutateMessage(payloadOf(fresh), payloadOf(other), dice), fresh.agency, stations);
    },
  ],
];

const weightSum = makers.reduce((sum, [weight]) => sum + weight, 0);

/** Makes one; the same dice over the same stations make the same. */
export function statementInput(stations: Stations, dice: Dice): StatementInput {
  const base = stations.pick(dice);
  const other = stations.pick(dice);
  let left = dice.below(weightSum);
  for (const [weight, make] of makers) {
    left -= weight;
    if (left < 0) return { envelope: make(base, other, stations, dice), agency: base.agency };
  }
  return { envelope: base.envelope, agency: base.agency };
}
