import { setTimeout as wait } from "node:timers/promises";
import { fromBinary, type Message } from "@bufbuild/protobuf";
import { SubmitStatementRequest, SubmitStatementResponse } from "@lienthong/contracts/exchange/v1/exchange_service";
import { judgeAcceptance } from "./acceptance-rules.ts";
import { Dice } from "./dice.ts";
import type { FuzzWords } from "./fuzz-words.ts";
import type { FuzzWorld } from "./fuzz-world.ts";
import type { MountedMethod } from "./mounted-methods.ts";
import { mutateBytes, randomBytes } from "./mutate-bytes.ts";
import { mutateMessage } from "./mutate-message.ts";
import { type CallEnd, type OpenCall, RawChannel } from "./raw-channel.ts";
import { judgeRefusal } from "./refusal-rules.ts";
import { fillMessage } from "./request-maker.ts";
import type { Stations } from "./stations.ts";
import type { Tally } from "./tally.ts";

const callMsMax = 30_000;
const deadlineMs = 20_000;
/** A fetch may be told to wait for 20 s: it answers ahead of its deadline. */
const fetchDeadlineMs = 4_000;
const keptStreamsMax = 6;
const resourceExhausted = 8;
const cancelled = 1;
const deadlineExceeded = 4;
/** Above this a message is refused before our code sees it. */
const receiveBytesMax = 4_194_304;

/** Calls of every method that is mounted at one address, as one system, on one connection that must go on whatever is sent. */
export class CallLane {
  readonly methods: readonly MountedMethod[];
  readonly #world: FuzzWorld;
  readonly #words: FuzzWords;
  readonly #stations: Stations;
  readonly #tally: Tally;
  readonly #seed: string;
  readonly #system: string;
  readonly #channel: RawChannel;
  readonly #kept: { readonly method: MountedMethod; readonly call: OpenCall; last: Uint8Array }[] = [];
  #next = 0;

  constructor(
    port: "exchange" | "registry",
    system: string,
    methods: readonly MountedMethod[],
    on: { world: FuzzWorld; words: FuzzWords; stations: Stations; tally: Tally; seed: string },
  ) {
    this.methods = methods;
    this.#system = system;
    this.#world = on.world;
    this.#words = on.words;
    this.#stations = on.stations;
    this.#tally = on.tally;
    this.#seed = `${on.seed} ${port} ${system}`;
    this.#channel = new RawChannel(on.world.address(port), on.world.tls(system));
  }

  /** Calls, a number of them at a time, until told to stop. */
  async run(goesOn: () => boolean, atOnce: number): Promise<void> {
    const worker = async (): Promise<void> => {
      while (goesOn()) {
        const number = this.#next++;
        const dice = new Dice(`${this.#seed} call ${number}`);
        // In turn, so that none is left out however few the calls are.
        await this.#call(this.methods[number % this.methods.length] as MountedMethod, dice);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  }

  /** Ends the streams that were kept, and the connection. */
  async close(): Promise<void> {
    for (const { call } of this.#kept) call.cancel();
    await Promise.all(this.#kept.map(({ call }) => call.ended));
    this.#kept.length = 0;
    this.#channel.close();
  }

  async #call(method: MountedMethod, dice: Dice): Promise<void> {
    switch (method.kind) {
      case "unary": {
        const request = this.#request(method, dice);
        this.#tally.sent(method.path);
        const spanMs = method.path.endsWith("/FetchDeliveries") ? fetchDeadlineMs : deadlineMs;
        const startedMs = performance.now();
        let end = await this.#within(method, request, this.#channel.unary(method.path, request, spanMs));
        // The deadline passed here before an answer came, as it may on a busy machine: asked with more time, the bus must answer.
        if (end?.status.code === deadlineExceeded && end.status.details.length === 0) {
          end = await this.#within(method, request, this.#channel.unary(method.path, request, deadlineMs));
        }
        if (spanMs === deadlineMs) this.#tally.took(method.path, performance.now() - startedMs);
        if (end !== null) this.#judge(method, request, end, false);
        return;
      }
      case "serverStream": {
        const request = this.#request(method, dice);
        this.#tally.sent(method.path);
        const call = this.#channel.serverStream(method.path, request);
        await Promise.race([call.answered, wait(500)]);
        const left = !call.isOver();
        if (left) call.cancel();
        const end = await this.#within(method, request, call.ended);
        if (end !== null) this.#judge(method, request, end, left);
        return;
      }
      case "bidi":
        return this.#stream(method, dice);
    }
  }

  async #stream(method: MountedMethod, dice: Dice): Promise<void> {
    const kept = dice.chance(0.3) ? this.#takeKept(method) : undefined;
    const call = kept?.call ?? this.#channel.bidi(method.path);
    // The first messages are right more often than not, so that what comes later is looked at, too.
    const count = dice.pick([1, 1, 2, 3, 5]);
    let last = kept?.last ?? new Uint8Array(0);
    for (let at = 0; at < count && !call.isOver(); at++) {
      const beginning = kept === undefined && at === 0;
      const valid = at < count - 1 || dice.chance(0.2);
      last = this.#request(method, dice, beginning ? "start" : undefined, valid);
      this.#tally.sent(method.path);
      call.write(last);
    }
    const way = dice.below(10);
    if (way < 2 && this.#kept.length < keptStreamsMax) {
      await Promise.race([call.answered, wait(20)]);
      if (!call.isOver()) {
        this.#kept.push({ method, call, last });
        return;
      }
    }
    const leaves = way < 4;
    if (leaves) call.cancel();
    else call.halfClose();
    const end = await this.#within(method, last, call.ended);
    if (end === null) call.cancel();
    else this.#judge(method, last, end, leaves);
  }

  #takeKept(method: MountedMethod): { call: OpenCall; last: Uint8Array } | undefined {
    const at = this.#kept.findIndex((kept) => kept.method === method);
    const [kept] = at < 0 ? [] : this.#kept.splice(at, 1);
    if (kept?.call.isOver() === true) {
      void kept.call.ended.then((end) => this.#judge(method, kept.last, end, false));
      return undefined;
    }
    return kept;
  }

  /** A request: as a client would send it, or changed in one of the ways. */
  #request({ input }: MountedMethod, dice: Dice, member?: string, valid = dice.chance(0.15)): Uint8Array {
    const bytes = fillMessage(input, this.#words, dice, member);
    if (valid) return bytes;
    const other = fillMessage(input, this.#words, dice);
    const way = dice.below(100);
    if (way < 65) return mutateMessage({ bytes, type: input }, { bytes: other, type: input }, dice);
    if (way < 90) return mutateBytes(bytes, other, dice);
    return randomBytes(dice);
  }

  /** The end of a call; null, and a fault, if it does not come. */
  async #within(method: MountedMethod, request: Uint8Array, ended: Promise<CallEnd>): Promise<CallEnd | null> {
    const timer = new AbortController();
    try {
      const late = wait(callMsMax, null, { signal: timer.signal }).catch(() => null);
      const end = await Promise.race([ended, late]);
      if (end === null) this.#tally.fault(method.path, `The call did not end within ${callMsMax} ms.`, request);
      return end;
    } finally {
      timer.abort();
    }
  }

  #judge(method: MountedMethod, request: Uint8Array, { status, responses }: CallEnd, weLeft: boolean): void {
    const tally = this.#tally;
    const { path } = method;
    if (status.code === 0) {
      tally.accept(path);
      const fault = this.#acceptanceFault(method, request, responses);
      if (fault !== null) tally.fault(path, fault, request);
      return;
    }
    if (weLeft && status.code === cancelled) {
      if (responses.length > 0) tally.accept(path);
      return;
    }
    if (status.code === resourceExhausted && status.details.length === 0 && request.length > receiveBytesMax) {
      tally.refuse(path, "message too large");
      return;
    }
    const { reason, fault } = judgeRefusal(status);
    tally.refuse(path, reason);
    if (fault !== null) tally.fault(path, fault, request);
  }

  /** What is wrong with saying yes; null: nothing. */
  #acceptanceFault(
    { path, input, output }: MountedMethod,
    request: Uint8Array,
    responses: readonly Uint8Array[],
  ): string | null {
    for (const response of responses) {
      try {
        fromBinary(output, response);
      } catch (error) {
        return `The response is no ${output.typeName}: ${(error as Error).message}`;
      }
    }
    if (path.endsWith("/SubmitStatement")) {
      const { envelope } = SubmitStatementRequest.decode(request);
      const { accepted } = SubmitStatementResponse.decode(responses[0] ?? new Uint8Array(0));
      if (accepted === undefined) return "It was answered with nothing.";
      const judged = judgeAcceptance(envelope, accepted, this.#world);
      if (!accepted.repeatedAnswer) this.#stations.moved(judged.dossier);
      return judged.fault;
    }
    let read: Message;
    try {
      read = fromBinary(input, request);
    } catch (error) {
      return `It was accepted, but another decoder refuses it: ${(error as Error).message}`;
    }
    if (path.startsWith("/lienthong.registry.")) return null;
    // Whoever is answered speaks for every agency that the request names.
    for (const agency of agenciesNamed(read)) {
      if (!this.#world.registry.isDelegated(agency, this.#system)) {
        return `${this.#system} was answered for "${agency}", which did not delegate to it.`;
      }
    }
    return null;
  }
}

function agenciesNamed(message: unknown): string[] {
  if (typeof message !== "object" || message === null || message instanceof Uint8Array) return [];
  return Object.entries(message).flatMap(([name, value]) => {
    if (name === "agency" && typeof value === "string") return [value];
    if (name === "agencies" && Array.isArray(value)) return value as string[];
    if (name.startsWith("$")) return [];
    return Array.isArray(value) ? value.flatMap(agenciesNamed) : agenciesNamed(value);
  });
}
