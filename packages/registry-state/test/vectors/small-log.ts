import { RegistryEntry, SignedRegistryEntry } from "@lienthong/contracts/registry/v1/entry";
import { payloadTypes, preAuthenticationEncoding } from "@lienthong/statement";
import { hexOf, RegistryState } from "../../src/index.ts";
import { registrarKey, writeSmallLog } from "../registry-fixture.ts";

/** One entry of the vectors; bytes in hexadecimal, numbers as text in decimal, so that no language's types are asked for. */
export interface EntryVector {
  readonly number: string;
  readonly kind: string;
  readonly id: string;
  readonly signedEntry: string;
  readonly entryHash: string;
  /** Root over the state before the entry, as the entry carries it. */
  readonly stateRootBefore: string;
  /** Head after the entry. */
  readonly head: { readonly size: string; readonly root: string };
  /** What the registrar signs. */
  readonly entryPreAuthenticationEncoding: string;
  readonly endorsements: readonly {
    readonly role: string;
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
  readonly registrarKey: { readonly algorithm: string; readonly publicKey: string; readonly keyId: string };
  readonly stateRootAfter: string;
  readonly entries: readonly EntryVector[];
}

/** Computes the vectors from nothing. */
export function computeSmallLogVectors(): SmallLogVectors {
  const { log } = writeSmallLog();
  const state = new RegistryState();
  const entries = log.map((bytes): EntryVector => {
    const { payload } = SignedRegistryEntry.decode(bytes);
    const entry = RegistryEntry.decode(payload);
    const applied = state.apply(bytes);
    return {
      number: String(entry.number),
      kind: String(entry.kind),
      id: entry.id,
      signedEntry: hexOf(bytes),
      entryHash: hexOf(applied.hash),
      stateRootBefore: hexOf(entry.stateRoot),
      head: { size: String(state.head.size), root: hexOf(state.head.root) },
      entryPreAuthenticationEncoding: hexOf(preAuthenticationEncoding(payloadTypes.registryEntry, payload)),
      endorsements: entry.endorsements.map(({ role, signature }) => ({
        role: String(role),
        keyId: hexOf(signature!.keyId),
        signature: hexOf(signature!.signature),
        recordPreAuthenticationEncoding: hexOf(preAuthenticationEncoding(payloadTypes.registryRecord, entry.record)),
      })),
    };
  });
  return {
    description:
      "A small registry log; Ed25519 keys derived from names, fixed nonce and times (test/registry-fixture.ts).",
    network: hexOf(state.network),
    registrarKey: {
      algorithm: String(registrarKey.algorithm),
      publicKey: hexOf(registrarKey.publicKey),
      keyId: hexOf(registrarKey.keyId),
    },
    stateRootAfter: hexOf(state.stateRoot),
    entries,
  };
}
