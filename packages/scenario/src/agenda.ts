/** Something to be done at a simulated instant. */
export interface AgendaItem<T> {
  /** Simulated instant, milliseconds since 1970-01-01T00:00:00Z. */
  readonly dueMs: number;
  /** Orders items of one instant, so that the order does not depend on who wrote them down first. Unique. */
  readonly key: string;
  readonly what: T;
}

/** Items that are done together, and when. */
export interface AgendaSlot<T> {
  /** When the last of them is due: nothing is done before its time. */
  readonly atMs: number;
  readonly items: readonly AgendaItem<T>[];
}

/** What is still to be done, by simulated time: a binary heap. */
export class Agenda<T> {
  readonly #heap: AgendaItem<T>[] = [];

  get size(): number {
    return this.#heap.length;
  }

  add(item: AgendaItem<T>): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(item, heap[parent] as AgendaItem<T>)) break;
      heap[at] = heap[parent] as AgendaItem<T>;
      at = parent;
    }
    heap[at] = item;
  }

  /** The item that is due first; undefined if there is none. */
  first(): AgendaItem<T> | undefined {
    return this.#heap[0];
  }

  /** Takes the item that is due first. */
  take(): AgendaItem<T> | undefined {
    const heap = this.#heap;
    const taken = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return taken;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as AgendaItem<T>, heap[child] as AgendaItem<T>)) child++;
      if (!isBefore(heap[child] as AgendaItem<T>, last)) break;
      heap[at] = heap[child] as AgendaItem<T>;
      at = child;
    }
    heap[at] = last;
    return taken;
  }

  /**
   * Takes what is due first and everything due less than `windowMs` after it. The slot's instant is that of its last item, so the
   * clock moves once for all of them and nothing happens early.
   */
  takeSlot(windowMs: number): AgendaSlot<T> | undefined {
    const first = this.take();
    if (first === undefined) return undefined;
    const items = [first];
    for (;;) {
      const next = this.first();
      if (next === undefined || next.dueMs - first.dueMs >= windowMs) break;
      items.push(next);
      this.take();
    }
    return { atMs: (items.at(-1) as AgendaItem<T>).dueMs, items };
  }
}

function isBefore<T>(a: AgendaItem<T>, b: AgendaItem<T>): boolean {
  return a.dueMs !== b.dueMs ? a.dueMs < b.dueMs : a.key < b.key;
}
