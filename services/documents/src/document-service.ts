import { type GrpcService, grpcService } from "@lienthong/chassis";
import { DocumentServiceService } from "@lienthong/contracts/exchange/v1/document_service";
import { describePort } from "./describe-port.ts";
import { downloadPort } from "./download-port.ts";
import { deletePort, getUploadPort } from "./own-documents-ports.ts";
import type { Authorise } from "./requests.ts";
import type { ServedDocuments } from "./served-documents.ts";
import { uploadPort } from "./upload-port.ts";

/** What the service takes. */
export interface DocumentServiceOptions {
  /** Why a system may not act for an agency; null if it may. May throw the refusal as well. Asked at every call. */
  readonly authorise: Authorise;
  /** Most bytes that one document may have on its way, 1 to 4,294,967,296; 1 GiB. */
  readonly transferBytesMax?: number;
  /** Uploads at a time, each up to 6 MiB of memory; 64. */
  readonly uploadsAtOnceMax?: number;
  /** Downloads at a time, each up to 4 MiB of memory; 64. */
  readonly downloadsAtOnceMax?: number;
}

const transferBytesMaxDefault = 1_073_741_824;
const atOnceMaxDefault = 64;

/** DocumentService over all shards that one address keeps. */
export function documentService(served: ServedDocuments, options: DocumentServiceOptions): GrpcService {
  const { authorise } = options;
  return grpcService(DocumentServiceService, {
    uploadDocument: uploadPort({
      served,
      authorise,
      transferBytesMax: options.transferBytesMax ?? transferBytesMaxDefault,
      uploadsAtOnceMax: options.uploadsAtOnceMax ?? atOnceMaxDefault,
    }),
    getUpload: getUploadPort({ served, authorise }),
    downloadDocument: downloadPort({
      served,
      authorise,
      downloadsAtOnceMax: options.downloadsAtOnceMax ?? atOnceMaxDefault,
    }),
    describeDocuments: describePort({ served, authorise }),
    deleteDocument: deletePort({ served, authorise }),
  });
}
