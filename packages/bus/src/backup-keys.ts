import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { BackupRefusedError } from "./backup-error.ts";

const cipher = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;
/** Bytes of plain text that are sealed together. */
const pieceBytes = 1024 * 1024;

/** Reads a key that a backup is encrypted with: 64 hexadecimal digits. Throws BackupRefusedError with how to make one. */
export async function readBackupKey(path: string): Promise<Buffer> {
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    throw new BackupRefusedError(
      `${path} cannot be read (${cause.code ?? cause.message}). Make a key with: openssl rand -hex 32 > ${path}`,
      { cause },
    );
  });
  if (!/^[0-9a-fA-F]{64}\s*$/.test(text)) {
    throw new BackupRefusedError(
      `${path} holds no key: it must be 64 hexadecimal digits. Make one with: openssl rand -hex 32 > ${path}`,
    );
  }
  return Buffer.from(text.trim(), "hex");
}

/** Encrypts bytes under a name that they can only be opened under. */
export function sealBytes(plain: Uint8Array, key: Buffer, name: string): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0, index = 0; index === 0 || at < plain.length; at += pieceBytes, index++) {
    const isLast = at + pieceBytes >= plain.length;
    const nonce = randomBytes(nonceBytes);
    const sealing = createCipheriv(cipher, key, nonce);
    sealing.setAAD(placeOf(name, index, isLast));
    const sealed = Buffer.concat([sealing.update(plain.subarray(at, at + pieceBytes)), sealing.final()]);
    pieces.push(nonce, sealing.getAuthTag(), sealed);
  }
  return Buffer.concat(pieces);
}

/** The bytes again. Throws BackupRefusedError where key, name or bytes are others. */
export function openBytes(sealed: Uint8Array, key: Buffer, name: string): Buffer {
  const step = nonceBytes + tagBytes + pieceBytes;
  const pieces: Buffer[] = [];
  try {
    for (let at = 0, index = 0; index === 0 || at < sealed.length; at += step, index++) {
      const piece = Buffer.from(sealed.subarray(at, at + step));
      const opening = createDecipheriv(cipher, key, piece.subarray(0, nonceBytes));
      opening.setAAD(placeOf(name, index, at + step >= sealed.length));
      opening.setAuthTag(piece.subarray(nonceBytes, nonceBytes + tagBytes));
      pieces.push(Buffer.concat([opening.update(piece.subarray(nonceBytes + tagBytes)), opening.final()]));
    }
  } catch (cause) {
    throw new BackupRefusedError(
      `${name} cannot be opened with this key: the key is another one, or the file was changed.`,
      {
        cause,
      },
    );
  }
  return Buffer.concat(pieces);
}

/** Pieces cannot be moved, left out or cut off behind a last one. */
function placeOf(name: string, index: number, isLast: boolean): Buffer {
  return Buffer.from(`lienthong-backup ${name} ${index} ${isLast ? "last" : "more"}`, "utf8");
}
