import { UploadStart } from "@lienthong/contracts/exchange/v1/document_service";
import { commitmentTo } from "@lienthong/statement";
import { v7 as uuidV7 } from "uuid";
import type { Dice } from "./dice.ts";
import type { Stations } from "./stations.ts";

/** Bytes of every document uploaded here, so that the chunk that follows a start can be right. */
export const uploadedBytes = new TextEncoder().encode("đơn đề nghị");

/** Messages whose fields only make sense together: digests of bytes, with their salts. */
export function encodeMessageOf(
  typeName: string,
  shard: string,
  stations: Stations,
  dice: Dice,
  onUpload: (documentId: string) => void,
): Uint8Array | undefined {
  if (typeName === "lienthong.exchange.v1.UploadStart") {
    const contentSalt = dice.bytes(32);
    const transferSalt = dice.bytes(32);
    const kind = "application-form";
    const documentId = uuidV7();
    const { dossier, agency } = stations.pick(dice);
    onUpload(documentId);
    return UploadStart.encode({
      shard,
      dossier,
      agency,
      document: {
        documentId,
        kind,
        mediaType: "application/pdf",
        sizeBytes: BigInt(uploadedBytes.length),
        contentDigest: commitmentTo(contentSalt, kind, uploadedBytes),
        transferDigest: commitmentTo(transferSalt, kind, uploadedBytes),
      },
      transferSizeBytes: BigInt(uploadedBytes.length),
      encrypted: false,
      contentSalt,
      transferSalt,
    }).finish();
  }
  if (typeName === "lienthong.exchange.v1.DocumentChunk" && dice.chance(0.8)) {
    // Offset 0 is left out, as proto3 does.
    return Uint8Array.from([0x12, uploadedBytes.length, ...uploadedBytes]);
  }
  return undefined;
}
