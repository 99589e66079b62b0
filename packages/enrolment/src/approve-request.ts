import type { DevelopmentAuthority } from "@lienthong/chassis";
import type { Timestamp } from "@lienthong/contracts/google/protobuf/timestamp";
import { RegistryEntry, SignedRegistryEntry } from "@lienthong/contracts/registry/v1/entry";
import {
  RecordStatus,
  RegistryKind,
  RegistryRecord,
  RevocationReason,
  type SystemRecord,
} from "@lienthong/contracts/registry/v1/record";
import { hexOf, type RegistryState } from "@lienthong/registry-state";
import { type Approval, signApproval } from "./approval-file.ts";
import { type CheckedRequest, checkRequest, sealsInForce } from "./check-request.ts";
import { keyByPrefix } from "./key-by-prefix.ts";
import { EnrolmentRefusedError, refusedContent } from "./refused.ts";
import type { RecordedStep, RecordStep, Registrar } from "./registrar.ts";
import type { RegistryCopy } from "./registry-copy.ts";
import type { EnrolmentRequest } from "./request-file.ts";
import { revocationStep } from "./revoke.ts";

/** Name of the network that `lienthong up` makes; the only one where demonstration keys may be recorded. */
export const demonstrationNetworkName = "lienthong-demonstration";

const certificateKeysMax = 8;

/** What the registrar decides beside yes. */
export interface ApprovalDecisions {
  /** A key (id or its beginning) that the agency lost: revoked first, with reason LOST, and since when it is doubted. */
  readonly lost?: { readonly key: string; readonly doubtedSince?: Timestamp };
  /** The new seal shall be in force beside those that are. */
  readonly additional?: boolean;
  /** A rotation's old key is revoked (SUPERSEDED) at once; otherwise it stays in force until it is revoked. */
  readonly revokeReplaced?: boolean;
  /** The system's other TLS keys are struck off. */
  readonly onlyThisTlsKey?: boolean;
}

export interface ApproveOptions extends ApprovalDecisions {
  readonly request: EnrolmentRequest;
  readonly registrar: Registrar;
  /** Issues TLS certificates; needed where the request asks for one. */
  readonly authority: Pick<DevelopmentAuthority, "issue" | "caPem"> | null;
  /** Where the agency finds the bus. */
  readonly bus: {
    readonly registry: string;
    readonly exchange: string;
    readonly documents: string;
    readonly shard: string;
  };
  /** Key ids of demonstration seals on the operator's disk. */
  readonly keysOnOperatorsDisk?: ReadonlySet<string>;
}

/** What came of it. */
export interface Approved {
  readonly approval: Approval;
  readonly steps: readonly RecordedStep[];
  /** A new certificate was made, rather than the one made before handed out again. */
  readonly certificateIsNew: boolean;
}

/** Whether the network is that of a demonstration. */
export function isDemonstrationNetwork(copy: RegistryCopy): boolean {
  const { payload } = SignedRegistryEntry.decode(copy.entries[0]!);
  const { record } = RegistryRecord.decode(RegistryEntry.decode(payload).record);
  return record?.$case === "genesis" && record.value.name === demonstrationNetworkName;
}

/** Holds a request against the registry, as `approveRequest` does first. Writes nothing. */
export function inspectRequest(
  request: EnrolmentRequest,
  copy: RegistryCopy,
  keysOnOperatorsDisk: ReadonlySet<string> = new Set(),
): CheckedRequest {
  return checkRequest(request, copy.state, { keysOnOperatorsDisk, isDemonstration: isDemonstrationNetwork(copy) });
}

/**
 * Records what a request asks for, entry by entry, and issues the certificate. Every step is found if it is there already, so after a
 * crash, and by whoever approves twice, it is done once.
 */
export async function approveRequest(options: ApproveOptions): Promise<Approved> {
  const { request, registrar, authority, bus } = options;
  const checked = inspectRequest(request, registrar.copy, options.keysOnOperatorsDisk);
  if (request.certificateRequest !== null && authority === null) {
    throw refusedContent(
      "certificateRequest",
      "is set",
      "nothing, where no authority is at hand to issue certificates",
    );
  }
  const plan = planSteps(checked, registrar.state, options);
  const steps: RecordedStep[] = [];
  for (const step of plan) steps.push(await registrar.record(step));
  // After the entries: a certificate for a key that the registry does not list would open nothing.
  const issued = request.certificateRequest === null ? null : await authority!.issue(request.certificateRequest);
  const approval = signApproval(registrar.key, {
    network: registrar.state.network,
    agency: request.agency,
    system: request.system?.id ?? null,
    requestDigest: request.digest,
    certificatePem: issued?.certPem ?? null,
    chainPem: authority?.caPem ?? null,
    ...bus,
    genesis: registrar.copy.entries[0]!,
    registrarKeys: registrarKeyEntries(registrar.copy),
    recorded: steps.map(({ number }) => ({ number, signedEntry: registrar.copy.entries[Number(number)]! })),
    head: { size: registrar.state.head.size, root: registrar.state.head.root },
  });
  return { approval, steps, certificateIsNew: issued?.isNew ?? false };
}

/** Entries that add or revoke registrar keys: with the genesis, what tells whose signature counts. */
function registrarKeyEntries(copy: RegistryCopy): Uint8Array[] {
  return copy.entries.filter((bytes) => {
    const { kind } = RegistryEntry.decode(SignedRegistryEntry.decode(bytes).payload);
    return kind === RegistryKind.REGISTRY_KIND_REGISTRAR_KEY;
  });
}

function planSteps(checked: CheckedRequest, state: RegistryState, decisions: ApprovalDecisions): RecordStep[] {
  const { request, key, delegations } = checked;
  const { agency } = request;
  const steps: RecordStep[] = [];
  const lost = decisions.lost === undefined ? null : keyByPrefix(state, agency, decisions.lost.key);
  if (lost !== null) {
    if (key === null || lost.keyIdHex === key.id) {
      throw refusedContent(
        "--lost",
        `is ${lost.keyIdHex}`,
        "another key than the one asked for, with a request for a new key",
      );
    }
    const { doubtedSince } = decisions.lost!;
    const reason = RevocationReason.REVOCATION_REASON_LOST;
    // First: from here on nobody can use the lost key, whatever becomes of the rest.
    steps.push(revocationStep(lost.keyIdHex, { reason, ...(doubtedSince === undefined ? {} : { doubtedSince }) }));
  }
  if (key !== null) {
    const { id, asked, record } = key;
    const others = sealsInForce(state, agency).filter(({ keyIdHex }) => keyIdHex !== id && keyIdHex !== lost?.keyIdHex);
    const [other] = others;
    const isKnown = state.key(id) !== undefined;
    if (other !== undefined && !isKnown && record.replaces.length === 0 && decisions.additional !== true) {
      throw new EnrolmentRefusedError("OTHER_KEY_IN_FORCE", { agency, key: other.keyIdHex.slice(0, 16) });
    }
    steps.push({
      subject: id,
      recordedAt(now) {
        const held = now.key(id);
        if (held?.revoked) {
          throw new EnrolmentRefusedError("KEY_REVOKED", { key: id, number: String(held.revoked.number) });
        }
        return held?.number ?? null;
      },
      record: () => asked.bytes,
      endorsements: asked.endorsements,
    });
  }
  if (request.system !== null) steps.push(systemStep(request, decisions.onlyThisTlsKey === true));
  for (const { record, asked } of delegations) {
    steps.push({
      subject: `${record.agency}/${record.system}`,
      recordedAt(now) {
        const held = now.delegation(record.agency, record.system);
        return held?.record.status === record.status ? held.number : null;
      },
      record: () => asked.bytes,
      endorsements: asked.endorsements,
    });
  }
  if (decisions.revokeReplaced === true && key !== null && key.record.replaces.length > 0) {
    const reason = RevocationReason.REVOCATION_REASON_SUPERSEDED;
    steps.push(revocationStep(hexOf(key.record.replaces), { reason }));
  }
  return steps;
}

function systemStep({ system, certificate, agency }: EnrolmentRequest, isAlone: boolean): RecordStep {
  const { id, nameVi, nameEn } = system!;
  const digestHex = certificate!.keyDigestHex;
  const digest = new Uint8Array(Buffer.from(digestHex, "hex"));
  return {
    subject: id,
    recordedAt(state) {
      const held = state.system(id);
      if (held === undefined || held.record.status !== RecordStatus.RECORD_STATUS_ACTIVE) return null;
      const digests = held.record.certificateKeyDigests.map(hexOf);
      return digests.includes(digestHex) && (!isAlone || digests.length === 1) ? held.number : null;
    },
    record(state) {
      const held = state.system(id)?.record;
      const others = isAlone ? [] : (held?.certificateKeyDigests ?? []).filter((other) => hexOf(other) !== digestHex);
      const value: SystemRecord = {
        id,
        name: held?.name ?? { vi: nameVi, en: nameEn },
        responsibleAgency: held?.responsibleAgency ?? agency,
        // The newest last; the oldest make room.
        certificateKeyDigests: [...others, digest].slice(-certificateKeysMax),
        status: RecordStatus.RECORD_STATUS_ACTIVE,
      };
      return { $case: "system", value };
    },
  };
}
