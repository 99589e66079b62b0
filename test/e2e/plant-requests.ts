import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { ScalarType } from "@bufbuild/protobuf";
import type { TlsMaterial } from "@lienthong/chassis/channel";
import { Dice } from "../fuzz/dice.ts";
import { type MountedMethod, mountedMethods } from "../fuzz/mounted-methods.ts";
import { RawChannel } from "../fuzz/raw-channel.ts";
import { type FieldWords, fillMessage } from "../fuzz/request-maker.ts";

/** Sends requests whose every text, in turn, is a planted one; whatever method the server has, nobody needs to remember it. */
export async function plantInEveryRequest(options: {
  readonly address: string;
  readonly tls: TlsMaterial;
  readonly planted: readonly string[];
  /** Texts that make sense, by the name of the field. */
  readonly sensible: Readonly<Record<string, string>>;
}): Promise<{ methods: number; requests: number }> {
  const { address, tls, planted, sensible } = options;
  const methods = await mountedMethods(address, tls);
  const channel = new RawChannel(address, tls);
  let requests = 0;
  try {
    for (const method of methods) {
      for (const field of textFieldsOf(method.input)) {
        for (const text of planted) {
          const words = wordsWith(sensible, field, text);
          const bytes = fillMessage(method.input, words, new Dice(`${method.path} ${field}`), "start");
          await send(channel, method, bytes);
          requests += 1;
        }
      }
    }
    // Error paths: a method that nobody has, and bytes that are no message.
    for (const text of planted) {
      await channel.unary(`/lienthong.${encodeURIComponent(text)}/Get`, new TextEncoder().encode(text), callMs);
      for (const method of methods) await send(channel, method, new TextEncoder().encode(text));
    }
  } finally {
    channel.close();
  }
  return { methods: methods.length, requests };
}

const callMs = 10_000;
const streamMs = 300;

async function send(channel: RawChannel, { kind, path }: MountedMethod, bytes: Uint8Array): Promise<void> {
  if (kind === "unary") {
    await channel.unary(path, bytes, callMs);
    return;
  }
  const call = kind === "bidi" ? channel.bidi(path) : channel.serverStream(path, bytes);
  if (kind === "bidi") call.write(bytes);
  // Some streams wait for what comes; they were given the text, and that is all.
  await Promise.race([call.ended, call.answered, new Promise((resume) => setTimeout(resume, streamMs))]);
  call.cancel();
  await call.ended;
}

function wordsWith(sensible: Readonly<Record<string, string>>, target: string, text: string): FieldWords {
  return {
    texts: (name) => (name === target ? text : (sensible[name] ?? "")),
    numbers: () => undefined,
    bytes: () => undefined,
    message: () => undefined,
  };
}

/** Names of all text fields of a message and of those in it. */
function textFieldsOf(type: DescMessage, seen = new Set<string>()): Set<string> {
  const names = new Set<string>();
  if (seen.has(type.typeName)) return names;
  seen.add(type.typeName);
  for (const field of type.fields) {
    if (isText(field)) names.add(field.name);
    if (field.message !== undefined) for (const name of textFieldsOf(field.message, seen)) names.add(name);
  }
  return names;
}

function isText(field: DescField): boolean {
  return field.scalar === ScalarType.STRING;
}
