import { randomInt } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** A person who does not exist, and whose data no office's file has: wherever it is found, it was let in. */
export class PlantedPerson {
  /** Personal identification number, 12 digits; no real one begins with 000. */
  readonly number = `000${Array.from({ length: 9 }, () => randomInt(10)).join("")}`;
  readonly name: string;
  readonly #needles: readonly Buffer[];

  /** `name`: one that no office and no procedure has in its own. */
  constructor(name: string) {
    this.name = name;
    const texts = [
      this.number,
      ...[this.name, this.name.toUpperCase(), this.name.toLowerCase()].flatMap((name) => [
        name,
        name.normalize("NFD"),
        encodeURIComponent(name),
        encodeURI(name),
        name.replaceAll(/[^\x20-\x7e]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`),
      ]),
    ];
    this.#needles = texts.flatMap((text) => {
      const bytes = Buffer.from(text);
      return [bytes, Buffer.from(bytes.toString("hex")), ...base64Of(bytes)];
    });
  }

  /** Ways in which a clerk would write about the person; each holds the name or the number. */
  get texts(): readonly string[] {
    const { name, number } = this;
    return [name, number, `${name} ${number}`, `cccd-${number}`];
  }

  /** Whether bytes tell of the person, in any spelling and encoding that might be used. */
  isIn(bytes: Uint8Array): boolean {
    const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return this.#needles.some((needle) => content.includes(needle));
  }

  /** Files below a folder that tell of the person, relative to it. */
  async filesIn(folder: string): Promise<string[]> {
    const found: string[] = [];
    for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      const told = path.slice(folder.length + 1);
      // Names of files and folders tell as much as what is in them.
      if (this.isIn(Buffer.from(entry.name))) found.push(told);
      if (!entry.isFile()) continue;
      // A file may go while we look; what matters is what stays.
      const content = await readFile(path).catch(() => Buffer.alloc(0));
      if (this.isIn(content)) found.push(told);
    }
    return found;
  }
}

/** What stands in the base64 of any text around these bytes, at each of the three ways they may lie. */
function base64Of(bytes: Buffer): Buffer[] {
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    // The first characters mix with what stands before, the last with what comes behind.
    return Buffer.from(text.slice(before === 0 ? 0 : before + 1, -4));
  });
}
