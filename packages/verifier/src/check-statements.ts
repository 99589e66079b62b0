import type { StatementEnvelope } from "@lienthong/contracts/exchange/v1/statement";
import { KeyPurpose, RecordStatus, RegistryKind } from "@lienthong/contracts/registry/v1/record";
import { hexOf } from "@lienthong/registry-state";
import { payloadTypes, type ReadEvent, verifyPayload } from "@lienthong/statement";
import { hashesEqual } from "@lienthong/tlog";
import type { Findings } from "./finding.ts";
import { isoOf, msOf } from "./instants.ts";
import type { TrailItem } from "./read-trail.ts";
import type { RegistrySlice, SliceEntry } from "./registry-slice.ts";
import { isDelegated } from "./slice-rulebook.ts";

/** A bus that decides under a head older than a revocation recorded longer ago than this did not heed it. */
const revocationGraceMs = 5_000;

/** An agency's statement as an event recorded it. */
interface Said {
  readonly number: number;
  readonly event: ReadEvent;
  readonly envelope: StatementEnvelope;
  readonly author: string;
  /** Size of the registry head that it was decided under. */
  readonly size: number;
  /** Of the keys that signed, in hexadecimal. */
  readonly keyIds: readonly string[];
}

/**
 * Checks statements under the registry heads that their events cite: signatures, whose keys they are, whether those were in force there, and
 * whether the system may carry for the agency. Signatures are verified beside everything else, from `start` on until `finished`.
 */
export class StatementChecks {
  readonly #slice: RegistrySlice;
  readonly #shard: string;
  readonly #findings: Findings;
  readonly #verifying: Promise<void>[] = [];
  /** What was found good before is looked up once: agency, system, keys and head are the same for many events. */
  readonly #good = new Set<string>();

  constructor(slice: RegistrySlice, shard: string, findings: Findings) {
    this.#slice = slice;
    this.#shard = shard;
    this.#findings = findings;
  }

  /** Checks an event's statement; nothing for events of the bus and for withheld ones. */
  start({ number, event, envelope }: TrailItem): void {
    if (event === null || envelope === null || event.body.$case !== "statement") return;
    const { statement } = event.body;
    if (!hashesEqual(statement.network, this.#slice.network) || statement.shard !== this.#shard) {
      this.#findings.add("statementElsewhere", number, { network: hexOf(statement.network), shard: statement.shard });
    }
    const size = Number(event.header.registryHead?.size ?? 0n);
    const author = statement.author?.agency ?? "";
    const keyIds = envelope.signatures.map(({ keyId }) => hexOf(keyId));
    const said: Said = { number, event, envelope, author, size, keyIds };
    const standing = `${author} ${event.header.system} ${size} ${keyIds.join(" ")}`;
    if (!this.#good.has(standing)) {
      const isPlain = checkKeys(said, this.#slice, this.#findings);
      const isCarried = checkCarrier(said, this.#slice, this.#findings);
      if (isPlain && isCarried) this.#good.add(standing);
    }
    for (const [index, { signature }] of envelope.signatures.entries()) {
      const keyIdHex = keyIds[index] as string;
      const key = this.#slice.verifyingKey(keyIdHex);
      // A key that is not shown was found missing already.
      if (key === undefined) continue;
      this.#verifying.push(
        verifyPayload(key, payloadTypes.statement, envelope.payload, signature).then((valid) => {
          if (!valid) this.#findings.add("signatureForged", number, { key: keyIdHex, agency: author });
        }),
      );
    }
  }

  /** Resolves when every signature was verified. */
  async finished(): Promise<void> {
    await Promise.all(this.#verifying);
  }
}

/** True if the same keys may sign for the same author at this head whatever the event. */
function checkKeys(said: Said, slice: RegistrySlice, findings: Findings): boolean {
  const { number, author, size, keyIds } = said;
  let sealed = false;
  let isPlain = true;
  for (const [index, keyIdHex] of keyIds.entries()) {
    const key = slice.keyAt(keyIdHex, size);
    if (key === undefined || keyIds.indexOf(keyIdHex) !== index) {
      findings.add("keyUnknown", number, { key: keyIdHex, agency: author, size });
      continue;
    }
    if (key.record.agency !== author) {
      findings.add("keyOfAnother", number, { key: keyIdHex, agency: author, owner: key.record.agency });
      continue;
    }
    if (key.revokedBy !== null) {
      findings.add("keyRevoked", number, { key: keyIdHex, agency: author, entry: key.revokedBy.number });
      continue;
    }
    sealed ||= key.record.purpose === KeyPurpose.KEY_PURPOSE_SEAL;
    const revocation = slice.revocationOf(RegistryKind.REGISTRY_KIND_KEY, keyIdHex);
    if (revocation !== undefined) {
      isPlain = false;
      checkHeeded(said, revocation, `KEY ${keyIdHex}`, findings);
      checkDoubt(said, revocation, keyIdHex, findings);
    }
  }
  if (!sealed && !findings.isBroken(number)) findings.add("sealMissing", number, { agency: author });
  return isPlain && sealed && keyIds.length === 1;
}

/**
 * A system without leave to speak for the agency is a fault of the bus that let it; leave withdrawn meanwhile, as for keys. True if the same
 * system may carry at this head whatever the event.
 */
function checkCarrier(said: Said, slice: RegistrySlice, findings: Findings): boolean {
  const { number, event, author, size } = said;
  const { system } = event.header;
  if (!isDelegated(slice, author, system, size)) {
    findings.add("delegationMissing", number, { system, agency: author });
    return false;
  }
  let isPlain = true;
  for (const [kind, id, name] of [
    [RegistryKind.REGISTRY_KIND_DELEGATION, `${author}/${system}`, "DELEGATION"],
    [RegistryKind.REGISTRY_KIND_SYSTEM, system, "SYSTEM"],
  ] as const) {
    const next = slice.chain(kind, id).find((entry) => entry.number >= size && isRevoking(entry));
    if (next === undefined) continue;
    isPlain = false;
    checkHeeded(said, next, `${name} ${id}`, findings);
  }
  return isPlain;
}

function isRevoking({ record }: SliceEntry): boolean {
  return (record.value as { status?: RecordStatus }).status === RecordStatus.RECORD_STATUS_REVOKED;
}

/** Names the event if the bus had 5 s to hear of a revocation and decided without it. */
function checkHeeded({ number, event, size }: Said, revocation: SliceEntry, subject: string, findings: Findings): void {
  const { wallTime } = event.header;
  const { recordedTime } = revocation.entry;
  if (revocation.number < size || wallTime === undefined || recordedTime === undefined) return;
  const lateMs = msOf(wallTime) - msOf(recordedTime);
  if (lateMs <= revocationGraceMs) return;
  findings.add("revocationNotHeeded", number, {
    subject,
    entry: revocation.number,
    revoked: isoOf(recordedTime),
    decided: isoOf(wallTime),
    size,
  });
}

/** A key revoked later may be doubted since before the event. */
function checkDoubt({ number, event }: Said, revocation: SliceEntry, key: string, findings: Findings): void {
  const { wallTime } = event.header;
  if (revocation.record.$case !== "key" || wallTime === undefined) return;
  const since = revocation.record.value.doubtedSince;
  if (since !== undefined && msOf(since) <= msOf(wallTime)) {
    findings.add("keyDoubted", number, { key, since: isoOf(since), entry: revocation.number });
  }
}
