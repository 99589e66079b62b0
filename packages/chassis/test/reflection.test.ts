import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { AuditServiceService } from "@lienthong/contracts/audit/v1/audit_service";
import { fileRegistry } from "@lienthong/contracts/descriptors";
import { DeliveryServiceService } from "@lienthong/contracts/exchange/v1/delivery_service";
import { DocumentServiceService } from "@lienthong/contracts/exchange/v1/document_service";
import { ExchangeServiceService } from "@lienthong/contracts/exchange/v1/exchange_service";
import { LedgerServiceService } from "@lienthong/contracts/ledger/v1/ledger_service";
import { RegistryServiceService } from "@lienthong/contracts/registry/v1/registry_service";
import { describe, expect, it, vi } from "vitest";
import {
  bidiHandler,
  busError,
  type GrpcService,
  grpcService,
  serverStreamHandler,
  unaryHandler,
} from "../src/index.ts";
import { type TestServer, testServers } from "./grpc-fixture.ts";

const run = promisify(execFile);
const servers = testServers();
const root = new URL("../../../", import.meta.url);

/** Every service of proto/, with handlers that refuse. */
function allServices(): GrpcService[] {
  return [
    AuditServiceService,
    DeliveryServiceService,
    DocumentServiceService,
    ExchangeServiceService,
    LedgerServiceService,
    RegistryServiceService,
  ].map((definition) => {
    const refuse = (): never => {
      throw busError("SUBJECT_UNKNOWN", { subject: "x" });
    };
    const handlers = Object.entries(definition).map(([name, method]) => [
      name,
      method.requestStream
        ? bidiHandler(refuse)
        : method.responseStream
          ? serverStreamHandler(refuse)
          : unaryHandler(refuse),
    ]);
    return grpcService(definition as typeof RegistryServiceService, Object.fromEntries(handlers));
  });
}

async function bufCurl(
  { server, authority }: TestServer,
  ...args: string[]
): Promise<{ stdout: string; stderr: string }> {
  const { caPath, certPath, keyPath } = (await authority.system("kiem-tra")).files;
  const [path = "", ...flags] = args;
  const command = ["curl", "--cacert", caPath, "--cert", certPath, "--key", keyPath, "--protocol", "grpc", ...flags];
  return run(new URL("node_modules/.bin/buf", root).pathname, [...command, `https://${server.address}${path}`]);
}

/** Every method that proto/ declares, as buf prints them. */
const declared = [...fileRegistry()]
  .filter((description) => description.kind === "service")
  .flatMap((service) => service.methods.map((method) => `${service.typeName}/${method.name}`))
  .sort();

describe("reflection", () => {
  it("describes every service of proto/ that is mounted, with its types", { timeout: 30_000 }, async () => {
    const warn = vi.spyOn(console, "warn");
    const running = await servers.start({}, { services: allServices() });
    expect(warn.mock.calls).toEqual([]);
    warn.mockRestore();
    const { stdout } = await bufCurl(running, "", "--list-methods");
    expect(stdout.trim().split("\n").sort()).toEqual(declared);
    // To call a method buf must have resolved its messages and everything they import, from reflection alone.
    for (const method of declared) {
      const outcome = await bufCurl(running, `/${method}`, "--data", "{}").then(
        () => "answered",
        (error: { stderr: string }) => error.stderr,
      );
      expect(outcome, method).toContain('"code": "not_found"');
    }
  });

  it("does not list what is not mounted", { timeout: 15_000 }, async () => {
    const running = await servers.start();
    const { stdout } = await bufCurl(running, "", "--list-services");
    expect(stdout.trim().split("\n")).toEqual(["lienthong.exchange.v1.ExchangeService"]);
  });
});
