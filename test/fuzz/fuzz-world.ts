import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RunFile } from "@lienthong/bus";
import type { TlsMaterial } from "@lienthong/chassis/channel";
import { type AgencyPen, type Connection, connect, createAgencyPen } from "@lienthong/client";
import { hexOf, RegistryState } from "@lienthong/registry-state";
import { importSigningKey, type SigningKey } from "@lienthong/statement";
import type { StartedBus } from "./fuzz-bus.ts";

/** The bus as its clients see it: where it is, who speaks for whom, and every key of the demonstration. */
export class FuzzWorld {
  readonly run: RunFile;
  readonly registrarKey: SigningKey;
  /** Folded here from the registry's own entries. */
  readonly registry = new RegistryState();
  readonly shard: string;
  readonly #connections = new Map<string, Connection>();
  readonly #keys = new Map<string, SigningKey>();

  constructor({ runFile, registrarKeyFile }: Pick<StartedBus, "runFile" | "registrarKeyFile">) {
    this.run = JSON.parse(readFileSync(runFile, "utf8")) as RunFile;
    this.registrarKey = importSigningKey(readFileSync(registrarKeyFile, "utf8"));
    this.shard = this.run.shard;
  }

  /** Folds what the registry has beyond what is known here. */
  async catchUp(): Promise<void> {
    const { registry } = this.connection("operator", "registry");
    for (;;) {
      const { signedEntries } = await registry.listEntries({ fromNumber: BigInt(this.registry.size) });
      for (const entry of signedEntries) this.registry.apply(entry);
      if (signedEntries.length === 0) return;
    }
  }

  get systems(): string[] {
    return Object.keys(this.run.tls.certificates);
  }

  tls(system: string): TlsMaterial {
    const files = this.run.tls.certificates[system];
    if (files === undefined) throw new Error(`There is no system "${system}" here.`);
    const [caPem, certPem, keyPem] = [this.run.tls.ca, files.certificate, files.key].map((path) =>
      readFileSync(path, "utf8"),
    ) as [string, string, string];
    return { caPem, certPem, keyPem };
  }

  address(port: "exchange" | "registry"): string {
    return this.run.grpc[port];
  }

  connection(system: string, port: "exchange" | "registry" = "exchange"): Connection {
    const name = `${system} ${port}`;
    let connection = this.#connections.get(name);
    if (connection === undefined) {
      connection = connect({ address: this.address(port), tls: this.tls(system), deadlineMs: 30_000 });
      this.#connections.set(name, connection);
    }
    return connection;
  }

  /** The system that speaks for an agency. */
  systemOf(agency: string): string {
    const system = this.registry.systemsOf(agency)[0];
    if (system === undefined) throw new Error(`${agency} has delegated to nobody.`);
    return system;
  }

  keyOf(agency: string): SigningKey {
    let key = this.#keys.get(agency);
    if (key === undefined) {
      key = importSigningKey(readFileSync(join(this.run.keys, `${agency}.pem`), "utf8"));
      this.#keys.set(agency, key);
    }
    return key;
  }

  /** The public half, as the registry has it. */
  verifyingKeyOf(agency: string) {
    const held = this.registry.key(hexOf(this.keyOf(agency).keyId));
    if (held === undefined) throw new Error(`The registry lost the key of ${agency}.`);
    return held.verifyingKey;
  }

  pen(agency: string): AgencyPen {
    const { network } = this.registry;
    // The scenario's clock stands in May 2025; what statements claim is not compared with it.
    const clock = { now: () => ({ seconds: BigInt(Date.parse("2025-05-05T09:00:00+07:00") / 1_000), nanos: 0 }) };
    return createAgencyPen({ agency, keys: [this.keyOf(agency)], network, shard: this.shard, clock });
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
  }
}
