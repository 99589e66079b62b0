/** Something that must not have happened, with the bytes that made it happen. */
export interface FoundFault {
  readonly method: string;
  /** What was wrong, in a sentence. */
  readonly what: string;
  /** The request, in hexadecimal. */
  readonly hex: string;
}

/** What was sent to a method, and what came back. */
export interface MethodFigures {
  inputs: number;
  accepted: number;
  refused: number;
}

const faultsKeptMax = 200;
const faultsOfOneKindMax = 3;
const hexCharactersMax = 400_000;

/** Counts inputs and keeps what was found. */
export class Tally {
  readonly methods = new Map<string, MethodFigures>();
  readonly reasons = new Map<string, number>();
  readonly faults: FoundFault[] = [];
  /** The call that took longest, in milliseconds; those that are told to wait are left out. */
  slowest = { method: "", ms: 0 };
  readonly #kinds = new Map<string, number>();
  #faultCount = 0;

  get inputs(): number {
    let sum = 0;
    for (const { inputs } of this.methods.values()) sum += inputs;
    return sum;
  }

  get accepted(): number {
    let sum = 0;
    for (const { accepted } of this.methods.values()) sum += accepted;
    return sum;
  }

  get faultCount(): number {
    return this.#faultCount;
  }

  of(method: string): MethodFigures {
    let figures = this.methods.get(method);
    if (figures === undefined) {
      figures = { inputs: 0, accepted: 0, refused: 0 };
      this.methods.set(method, figures);
    }
    return figures;
  }

  sent(method: string, count = 1): void {
    this.of(method).inputs += count;
  }

  took(method: string, ms: number): void {
    if (ms > this.slowest.ms) this.slowest = { method, ms };
  }

  accept(method: string): void {
    this.of(method).accepted += 1;
  }

  refuse(method: string, reason: string): void {
    this.of(method).refused += 1;
    this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
  }

  /** Keeps a fault; of faults that read alike only the first few. */
  fault(method: string, what: string, bytes: Uint8Array): void {
    this.#faultCount += 1;
    const kind = `${method} ${what.replace(/[0-9a-f]{8,}|\d+/g, "#").slice(0, 160)}`;
    const count = (this.#kinds.get(kind) ?? 0) + 1;
    this.#kinds.set(kind, count);
    if (count > faultsOfOneKindMax || this.faults.length >= faultsKeptMax) return;
    this.faults.push({ method, what, hex: Buffer.from(bytes).toString("hex").slice(0, hexCharactersMax) });
  }

  /** One line for each method and reason, the busiest first. */
  lines(): string[] {
    const methods = [...this.methods].sort((a, b) => b[1].inputs - a[1].inputs);
    const reasons = [...this.reasons].sort((a, b) => b[1] - a[1]);
    return [
      ...methods.map(
        ([method, { inputs, accepted, refused }]) =>
          `${String(inputs).padStart(9)} ${method}: ${accepted} accepted, ${refused} refused`,
      ),
      ...reasons.map(([reason, count]) => `${String(count).padStart(9)} × ${reason}`),
    ];
  }
}
