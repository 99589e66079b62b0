import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { shardOf } from "@lienthong/bus";
import {
  CertificateRequestRefusedError,
  ConfigurationError,
  loadConfig,
  openDevelopmentAuthority,
  readCertificateRequest,
  secretSetting,
} from "@lienthong/chassis";
import {
  agencyFolder,
  EnrolmentRefusedError,
  networkOfFolder,
  readApprovalFile,
  readRequestFile,
  requestEnrolment,
} from "@lienthong/enrolment";
import { openDurableHead } from "@lienthong/event-store";
import { compileRoute, formatRouteProblem, parseRouteFile } from "@lienthong/route";
import { exportSigningKey, generateSigningKey, importSigningKey, KeyRefusedError } from "@lienthong/statement";
import { z } from "zod";
import { readRunFile } from "../../packages/cli/src/bus/run-file.ts";
import { CliError } from "../../packages/cli/src/exit-codes.ts";
import { messagesIn } from "../../packages/cli/src/messages/language.ts";
import { evidenceReaders } from "./evidence-readers.ts";

/** A kind of file, and how it is read. */
export interface FileReader {
  readonly name: string;
  /** Valid files. */
  readonly valid: readonly Uint8Array[];
  /** Reads one. Throws what the reader throws; returns a sentence if what it took is wrong, null if all is well. */
  read(bytes: Uint8Array): Promise<string | null> | string | null;
  /** True if a throw is the reader's way to say that the file is wrong. */
  refuses(error: Error): boolean;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const routesFolder = new URL("../../deploy/seed/routes/", import.meta.url);
const agency = "hn-wold-00001";
const network = new Uint8Array(32).fill(7);

/** Every kind of file that the command and the bus read, in a folder of their own. */
export async function fileReaders(folder: string): Promise<FileReader[]> {
  const at = (name: string) => join(folder, name);
  for (const name of ["run", "seeded", "network", "heads", "request", "tls"])
    await mkdir(at(name), { recursive: true });
  const names = ["birth.yaml", "residence.yaml", "social-allowance.yaml", "death.yaml"];
  const routes = await Promise.all(names.map((name) => readFile(new URL(name, routesFolder))));
  const requestFolder = agencyFolder(at("request"));
  const system = { id: "phan-mem-moi", nameVi: "Phần mềm mới" };
  await requestEnrolment({ folder: requestFolder, network, agency, system });
  const request = await readFile(requestFolder.requestFile);
  const { certificateRequest } = JSON.parse(decoder.decode(request)) as { certificateRequest: string };
  const authority = await openDevelopmentAuthority({ folder: at("tls") });
  const { certPem } = await authority.server();
  const json = (value: unknown) => encoder.encode(`${JSON.stringify(value, null, 2)}\n`);

  return [
    {
      name: "route file",
      valid: routes,
      read(bytes) {
        const parsed = parseRouteFile(decoder.decode(bytes), "route.yaml");
        if (parsed.ok) {
          compileRoute(parsed.route);
          return null;
        }
        if (parsed.problems.length === 0) return "It is refused without a problem.";
        for (const problem of parsed.problems) {
          if (!/^route\.yaml:\d+:\d+ \S/.test(formatRouteProblem(problem)))
            return `A problem without place: ${formatRouteProblem(problem)}`;
        }
        return null;
      },
      refuses: () => false,
    },
    {
      name: "key file",
      valid: (["ed25519", "p256", "rsa"] as const).map((kind) =>
        encoder.encode(exportSigningKey(generateSigningKey(kind))),
      ),
      read: (bytes) => (importSigningKey(decoder.decode(bytes)).keyId.length === 32 ? null : "The key has no id."),
      refuses: (error) => error instanceof KeyRefusedError,
    },
    {
      name: "run.json",
      valid: [
        json({
          grpc: { registry: "127.0.0.1:1", exchange: "127.0.0.1:2", documents: "127.0.0.1:3" },
          nats: "nats://127.0.0.1:4",
          tls: { ca: "/x/ca.pem", certificates: { operator: { certificate: "/x/c.pem", key: "/x/k.pem" } } },
          logs: [{ name: "s", origin: "o" }],
          shard: "hanoi-2025q2-scenario",
          keys: "/x/keys",
          pid: 1,
        }),
      ],
      async read(bytes) {
        await writeFile(at("run/run.json"), bytes);
        const run = await readRunFile(at("run"), messagesIn("en"));
        return Object.values(run.certificates).every(({ certificate, key }) => certificate !== "" && key !== "")
          ? null
          : "A path is empty.";
      },
      refuses: (error) => error instanceof CliError,
    },
    {
      name: "seeded.json",
      valid: [
        json({
          systems: ["operator"],
          replicas: 1,
          shard: { name: "hanoi-2025q2-scenario", origin: "o", simulated: true },
        }),
      ],
      async read(bytes) {
        await writeFile(at("seeded/seeded.json"), bytes);
        const shard = await shardOf(at("seeded"));
        return typeof shard?.name === "string" && typeof shard.origin === "string"
          ? null
          : "A shard without name was taken.";
      },
      refuses: isSentence,
    },
    {
      name: "network.json",
      valid: [json({ network: "07".repeat(32) })],
      async read(bytes) {
        await writeFile(at("network/network.json"), bytes);
        const read = await networkOfFolder(agencyFolder(at("network")));
        return read?.length === 32 ? null : `A network of ${read?.length} bytes was taken.`;
      },
      refuses: (error) => error instanceof EnrolmentRefusedError,
    },
    {
      name: "enrolment request",
      valid: [request],
      async read(bytes) {
        await writeFile(at("request.json"), bytes);
        await readRequestFile(at("request.json"));
        return null;
      },
      refuses: (error) => error instanceof EnrolmentRefusedError,
    },
    {
      name: "enrolment approval",
      valid: [approvalLike(json)],
      async read(bytes) {
        await writeFile(at("approval.json"), bytes);
        await readApprovalFile(at("approval.json"), network);
        // Nobody signed one here.
        return "An approval without a registrar was taken.";
      },
      refuses: (error) => error instanceof EnrolmentRefusedError,
    },
    {
      name: "certificate request",
      valid: [encoder.encode(certificateRequest)],
      async read(bytes) {
        const { systemId } = await readCertificateRequest(decoder.decode(bytes));
        return systemId === system.id ? null : `It names ${systemId}.`;
      },
      refuses: (error) => error instanceof CertificateRequestRefusedError,
    },
    {
      name: "development certificate",
      valid: [encoder.encode(certPem)],
      async read(bytes) {
        // Whatever lies there, a server has a certificate afterwards that fits its key.
        await writeFile(authorityCertificate(at("tls")), bytes);
        const { certPem: made } = await (await openDevelopmentAuthority({ folder: at("tls") })).server();
        return made.includes("BEGIN CERTIFICATE") ? null : "No certificate was made.";
      },
      refuses: () => false,
    },
    ...(await evidenceReaders()),
    {
      name: "durable head",
      valid: [await headFile(at("heads/valid"))],
      read: (bytes) => readHead(at("heads/changed"), bytes),
      refuses: isSentence,
    },
    {
      name: "configuration",
      valid: [json({ address: "127.0.0.1:0", workers: 4, verbose: true, peers: ["a", "b"], token: "x" })],
      read(bytes) {
        const text = decoder.decode(bytes).replaceAll("\0", "");
        let file: unknown = null;
        try {
          file = JSON.parse(text);
        } catch {
          // Then only the environment has it.
        }
        const isObject = typeof file === "object" && file !== null && !Array.isArray(file);
        const env = {
          LIENTHONG_WORKERS: text.slice(0, 40),
          LIENTHONG_PEERS: text,
          LIENTHONG_VERBOSE: text.slice(0, 5),
        };
        const { values } = loadConfig(configSchema, isObject ? { file: file as Record<string, unknown> } : { env });
        return values.workers >= 1 && values.workers <= 64 ? null : `${values.workers} workers were taken.`;
      },
      refuses: (error) => error instanceof ConfigurationError,
    },
  ];
}

const configSchema = z.object({
  address: z.string().default("127.0.0.1:0"),
  workers: z.int().min(1).max(64).default(1),
  verbose: z.boolean().default(false),
  peers: z.array(z.string()).default([]),
  token: secretSetting(z.string().optional()),
});

/** An error that was written for people: not one of the language's own. */
export function isSentence(error: Error): boolean {
  const own = [TypeError, SyntaxError, ReferenceError, EvalError, URIError];
  return !own.some((kind) => error instanceof kind) && /\.$/.test(error.message);
}

/** All fields of the right form, with nobody's signature. */
function approvalLike(json: (value: unknown) => Uint8Array): Uint8Array {
  return json({
    format: "lienthong-enrolment-approval-v1",
    network: "07".repeat(32),
    agency,
    system: null,
    requestDigest: "08".repeat(32),
    request: "AAAA-BBBB",
    certificate: null,
    chain: null,
    registry: "127.0.0.1:1",
    exchange: "127.0.0.1:2",
    documents: "",
    shard: "hanoi-2025q2-scenario",
    genesis: "AAAA",
    registrarKeys: ["AAAA"],
    recorded: [{ number: 1, signedEntry: "AAAA" }],
    head: { size: 1, root: "09".repeat(32) },
    signature: { keyId: "0a".repeat(32), signature: "AAAA" },
  });
}

function authorityCertificate(folder: string): string {
  return join(folder, "server.pem");
}

const headValue = { generation: 3, sequence: 77, leafHash: new Uint8Array(32).fill(5) };

async function headFile(path: string): Promise<Uint8Array> {
  await rm(path, { force: true });
  const head = openDurableHead(path);
  head.write({ ...headValue, sequence: 76 });
  head.write(headValue);
  head.close();
  return readFile(path);
}

/** What is read is what was written last, or before: never a third value, and never nothing in place of it. */
async function readHead(path: string, bytes: Uint8Array): Promise<string | null> {
  await writeFile(path, bytes);
  const head = openDurableHead(path);
  try {
    const read = head.read();
    if (read === null) return bytes.every((byte) => byte === 0) ? null : "A head was lost without a word.";
    const known = read.generation === 3 && (read.sequence === 77 || read.sequence === 76);
    return known && Buffer.compare(read.leafHash, headValue.leafHash) === 0
      ? null
      : `Another head was read: ${read.sequence}.`;
  } finally {
    head.close();
  }
}
