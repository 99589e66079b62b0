import type { Dice } from "./dice.ts";
import type { EntrySource } from "./entry-source.ts";
import type { FuzzWorld } from "./fuzz-world.ts";
import type { FieldWords } from "./request-maker.ts";
import { statementInput } from "./statement-inputs.ts";
import type { Stations } from "./stations.ts";
import { encodeMessageOf } from "./upload-words.ts";

/** What a request needs in order to make sense on this bus, by the name of the field. */
export class FuzzWords implements FieldWords {
  readonly #world: FuzzWorld;
  readonly #stations: Stations;
  readonly entries: EntrySource;
  /** Ids of documents that were uploaded. */
  readonly documentIds: string[] = [];

  constructor(world: FuzzWorld, stations: Stations, entries: EntrySource) {
    this.#world = world;
    this.#stations = stations;
    this.entries = entries;
  }

  texts(name: string, dice: Dice): string | undefined {
    switch (name) {
      case "shard":
        return this.#world.shard;
      case "dossier":
        return this.#stations.pick(dice).dossier;
      case "agency":
      case "agencies":
        return dice.pick(["hn-wold-00001", "hn-wold-00004", "hn-so-yt", "hn-wold-00006"]);
      case "subscription":
        return dice.pick(["", "main", "fuzz-1", "fuzz-2"]);
      case "page_token":
      case "note":
        return "";
      case "procedure":
        return dice.pick(["social-home-admission", "birth-group-nd63", "birth-group"]);
      case "role":
        return dice.pick(["WARD_ONE_STOP", "WARD_POLICE_RESIDENCE", "DEPARTMENT_HEALTH"]);
      case "area_code":
        return dice.pick(["00001", "00004", "001", "01"]);
      case "on_date":
        return dice.pick(["2025-05-05", "2025-07-01"]);
      case "name_contains":
        return dice.pick(["", "Phường", "phuc xa", "Ba Đình"]);
      case "document_id":
      case "document_ids":
        return this.documentIds.length > 0 ? dice.pick(this.documentIds) : "0190b6a0-0000-7000-8000-000000000001";
      default:
        return undefined;
    }
  }

  numbers(name: string, dice: Dice): bigint | undefined {
    switch (name) {
      case "page_size":
      case "credit":
        return dice.pick([0n, 1n, 100n, 500n]);
      case "additional":
        return dice.pick([1n, 5n]);
      case "wait_ms":
        return dice.pick([0n, 0n, 1n]);
      case "from_leaf_index":
      case "leaf_index":
        return BigInt(dice.below(40));
      case "correlation":
        return BigInt(dice.bits());
      default:
        return undefined;
    }
  }

  bytes(name: string, dice: Dice): Uint8Array | undefined {
    switch (name) {
      case "envelope":
        // Whoever fuzzes what is around an envelope wants one that is right, or nearly.
        return dice.chance(0.5) ? this.#stations.pick(dice).envelope : statementInput(this.#stations, dice).envelope;
      case "signed_entry":
        return this.entries.pick(dice);
      default:
        return undefined;
    }
  }

  message(typeName: string, dice: Dice): Uint8Array | undefined {
    return encodeMessageOf(typeName, this.#world.shard, this.#stations, dice, (id) => {
      this.documentIds.push(id);
      if (this.documentIds.length > 200) this.documentIds.shift();
    });
  }
}
