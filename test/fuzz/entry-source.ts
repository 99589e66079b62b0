import { realClock } from "@lienthong/chassis";
import { messageDescriptor } from "@lienthong/contracts/descriptors";
import { RegistryEntry, SignedRegistryEntry } from "@lienthong/contracts/registry/v1/entry";
import { type AnyRecord, RegistrarPen } from "@lienthong/registry-state";
import { payloadTypes, signPayload } from "@lienthong/statement";
import type { Dice } from "./dice.ts";
import type { FuzzWorld } from "./fuzz-world.ts";
import { mutateBytes } from "./mutate-bytes.ts";
import { mutateMessage } from "./mutate-message.ts";

const entryType = messageDescriptor("lienthong.registry.v1.RegistryEntry");

/** Entries of the registry: those it has, new ones that it would take, and changed ones that the registrar signed anew. */
export class EntrySource {
  readonly #world: FuzzWorld;
  #recorded: Uint8Array[] = [];
  #nextAgency = 0;

  constructor(world: FuzzWorld) {
    this.#world = world;
  }

  async build(): Promise<void> {
    const { registry } = this.#world.connection("operator", "registry");
    this.#recorded = [...(await registry.listEntries({ fromNumber: 0n, pageSize: 200 })).signedEntries];
  }

  pick(dice: Dice): Uint8Array {
    const way = dice.below(10);
    if (way < 2) return dice.pick(this.#recorded);
    const next = this.#next(dice);
    if (way < 4) return next;
    const { payload } = SignedRegistryEntry.decode(next);
    const other = SignedRegistryEntry.decode(dice.pick(this.#recorded)).payload;
    const changed =
      way < 8
        ? mutateMessage({ bytes: payload, type: entryType }, { bytes: other, type: entryType }, dice)
        : mutateBytes(payload, other, dice);
    return this.#sign(changed);
  }

  /** The entry that would come next: an agency that nobody else speaks of. */
  #next(dice: Dice): Uint8Array {
    const { registry, registrarKey } = this.#world;
    const like = registry.agency("hn-wold-00006")?.record;
    if (like === undefined) throw new Error("The seed has no ward 00006.");
    this.#nextAgency += 1;
    const value = { ...like, id: `hn-fuzz-${this.#nextAgency}`, identifierCode: "", competences: [] };
    const record: AnyRecord = { $case: "agency", value };
    const entry = new RegistrarPen(registry, registrarKey).entry(record, { recordedTime: realClock.now() });
    if (dice.chance(0.9)) return entry;
    // Signed as if it stood elsewhere in the log.
    const read = RegistryEntry.decode(SignedRegistryEntry.decode(entry).payload);
    return this.#sign(RegistryEntry.encode({ ...read, number: dice.edgeNumber() }).finish());
  }

  #sign(payload: Uint8Array): Uint8Array {
    const { registrarKey } = this.#world;
    const signature = signPayload(registrarKey, payloadTypes.registryEntry, payload);
    return SignedRegistryEntry.encode({ payload, signatures: [{ keyId: registrarKey.keyId, signature }] }).finish();
  }
}
