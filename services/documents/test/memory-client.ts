/** A client in a process of its own: does what each line of its input says (JSON), and answers with a line of its own. */
import { createInterface } from "node:readline";
import { openDevelopmentAuthority } from "@lienthong/chassis";
import { connect, type UploadedDocument } from "@lienthong/client";

/** One thing to do. */
export type MemoryClientOrder =
  | { readonly what: "upload"; readonly source: string; readonly dossier: string }
  /** The document uploaded last. */
  | { readonly what: "download"; readonly path: string };

const { address, shard, tlsDirectory } = JSON.parse(process.argv[2] as string) as Record<string, string>;
const authority = await openDevelopmentAuthority({ folder: tlsDirectory as string });
const connection = connect({ address: address as string, tls: await authority.system("office-system") });
const about = { shard: shard as string, agency: "ward-a" };
let uploaded: UploadedDocument | null = null;
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as MemoryClientOrder;
  const startedMs = performance.now();
  if (order.what === "upload") {
    const { source, dossier } = order;
    const described = { kind: "form", mediaType: "application/pdf" };
    uploaded = await connection.documents.uploadDocument({ ...about, source, dossier, ...described });
  } else {
    const { document } = uploaded as UploadedDocument;
    await connection.documents.downloadDocument({ ...about, document, path: order.path });
  }
  process.stdout.write(`${JSON.stringify({ tookMs: Math.round(performance.now() - startedMs) })}\n`);
}
connection.close();
