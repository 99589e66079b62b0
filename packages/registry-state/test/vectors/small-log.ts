import { RegistryEntry, SignedRegistryEntry } from "@lienthong/contracts/registry/v1/entry";
import { payloadTypes, preAuthenticationEncoding } from "@lienthong/statement";
import { hexOf, RegistryState } from "../../src/index.ts";
import { registrarKey, writeSmallLog } from "../registry-fixture.ts";

/** One entry of the vectors; bytes in base64, hashes in hexadecimal. */
export interface EntryVector {
  readonly number: number;
  readonly kind: number;
  readonly id: string;
  readonly signedEntry: string;
  readonly entryHash: string;
  /** Root over the state before the entry, as the entry carries it. */
  readonly stateRootBefore: string;
  /** Head after the entry. */
  readonly head: { readonly size: number; readonly root: string };
  /** What the registrar signs. */
  readonly entryPreAuthenticationEncoding: string;
  readonly endorsements: readonly {
    readonly role: number;
    readonly keyId: string;
    readonly signature: string;
    /** What the endorser signs: the record, with its payload type. */
    readonly recordPreAuthenticationEncoding: string;
  }[];
}

/** The vectors: a small log by fixed keys at fixed times. */
export interface SmallLogVectors {
  readonly description: string;
  readonly network: string;
  readonly registrarKey: { readonly algorithm: number; readonly publicKey: string; readonly keyId: string };
  readonly stateRootAfter: string;
  readonly entries: readonly EntryVector[];
}

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

/** Computes the vectors from nothing. */
export function computeSmallLogVectors(): SmallLogVectors {
  const { log } = writeSmallLog();
  const state = new RegistryState();
  const entries = log.map((bytes): EntryVector => {
    const { payload } = SignedRegistryEntry.decode(bytes);
    const entry = RegistryEntry.decode(payload);
    const applied = state.apply(bytes);
    return {
      number: Number(entry.number),
      kind: entry.kind,
      id: entry.id,
      signedEntry: base64(bytes),
      entryHash: hexOf(applied.hash),
      stateRootBefore: hexOf(entry.stateRoot),
      head: { size: Number(state.head.size), root: hexOf(state.head.root) },
      entryPreAuthenticationEncoding: base64(preAuthenticationEncoding(payloadTypes.registryEntry, payload)),
      endorsements: entry.endorsements.map(({ role, signature }) => ({
        role,
        keyId: hexOf(signature!.keyId),
        signature: base64(signature!.signature),
        recordPreAuthenticationEncoding: base64(preAuthenticationEncoding(payloadTypes.registryRecord, entry.record)),
      })),
    };
  });
  return {
    description:
      "A small registry log; Ed25519 keys derived from names, fixed nonce and times (test/registry-fixture.ts).",
    network: hexOf(state.network),
    registrarKey: {
      algorithm: registrarKey.algorithm,
      publicKey: base64(registrarKey.publicKey),
      keyId: hexOf(registrarKey.keyId),
    },
    stateRootAfter: hexOf(state.stateRoot),
    entries,
  };
}
