import { verifyEd25519 } from "#ed25519";
import { verifyMlDsa44 } from "#ml-dsa-44";
import { parseCheckpoint } from "./checkpoint-text.ts";
import { TlogFormatError } from "./errors.ts";
import { type SignerKey, signatureType, type VerifierKey } from "./note-key.ts";
import { formatSignatureLine } from "./note-text.ts";
import { concatBytes, utf8 } from "./text.ts";

const timeBytes = 8;

/** What an Ed25519 cosignature signs: a header line, the time, the checkpoint's text. */
function messageOf(checkpointText: string, time: number): Uint8Array {
  return utf8(`cosignature/v1\ntime ${time}\n${checkpointText}`);
}

/** What an ML-DSA-44 cosignature signs: name, time and the checkpoint's first three lines as a TLS structure. */
function subtreeMessageOf(name: string, checkpointText: string, time: number): Uint8Array | null {
  const { origin, size, root } = parseCheckpoint(checkpointText);
  const nameBytes = utf8(name);
  const originBytes = utf8(origin);
  if (nameBytes.length > 255 || originBytes.length > 255) return null;
  return concatBytes(
    utf8("subtree/v1\n\0"),
    Uint8Array.of(nameBytes.length),
    nameBytes,
    uint64(time),
    Uint8Array.of(originBytes.length),
    originBytes,
    uint64(0),
    uint64(size),
    root,
  );
}

function uint64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/**
 * Cosigns a checkpoint's text with a key of type 0x04 (c2sp.org/tlog-cosignature) as of `time` (POSIX seconds, 1 and more); answers the
 * signature line. It says that no larger consistent tree of this log was seen until then: only who keeps that knowledge may sign.
 */
export async function cosign(checkpointText: string, signer: SignerKey, time: number): Promise<string> {
  if (signer.type !== signatureType.cosignature) {
    throw new TlogFormatError(`The key of ${signer.name} has the type 0x01; a cosigner's has the type 0x04.`);
  }
  if (!Number.isSafeInteger(time) || time < 1)
    throw new TlogFormatError(`A cosignature's time is in whole seconds since 1970, not ${time}.`);
  parseCheckpoint(checkpointText);
  return formatSignatureLine(signer, concatBytes(uint64(time), await signer.sign(messageOf(checkpointText, time))));
}

/**
 * The time (POSIX seconds) of a cosignature that holds for this checkpoint text by a key of type 0x04 or 0x06; null where it does
 * not hold; "unsupported" for ML-DSA-44 where the platform lacks it. A time of 0 (ML-DSA-44 only) makes no statement about time.
 * `signature` is what stands behind the key id in the line.
 */
export async function verifyCosignature(
  checkpointText: string,
  key: VerifierKey,
  signature: Uint8Array,
): Promise<number | null | "unsupported"> {
  if (signature.length < timeBytes) return null;
  const stated = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
  // Times above 2^53 are allowed up to 2^63, but mean nothing for the next 285 million years.
  if (stated > BigInt(Number.MAX_SAFE_INTEGER)) return null;
  const time = Number(stated);
  const rest = signature.subarray(timeBytes);
  try {
    parseCheckpoint(checkpointText);
  } catch (error) {
    if (error instanceof TlogFormatError) return null;
    throw error;
  }
  if (key.type === signatureType.cosignature) {
    if (time === 0) return null;
    return (await verifyEd25519(key.publicKey, messageOf(checkpointText, time), rest)) ? time : null;
  }
  if (key.type !== signatureType.mlDsa44) return null;
  const message = subtreeMessageOf(key.name, checkpointText, time);
  if (message === null) return null;
  const holds = await verifyMlDsa44(key.publicKey, message, rest);
  if (holds === null) return "unsupported";
  return holds ? time : null;
}
