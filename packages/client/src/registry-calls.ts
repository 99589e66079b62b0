import type {
  AppendEntryResponse,
  GetAgencyResponse,
  GetHeadResponse,
  GetProcedureResponse,
  ListAgenciesRequest,
  ListEntriesResponse,
  ListedAgency,
  ListedProcedure,
  RegistryServiceClient,
  ResolveRoleRequest,
  ResolveRoleResponse,
  WatchEntriesResponse,
} from "@lienthong/contracts/registry/v1/registry_service";
import { type WatchEntriesOptions, watchEntries } from "./entry-watch.ts";
import { type CallSettings, unaryCall } from "./unary-call.ts";

/** Narrows the list of agencies; what is left out does not narrow. */
export type AgencyFilter = Partial<Pick<ListAgenciesRequest, "level" | "onDate" | "nameContains">>;

/** Who is asked for, e.g. { role: "WARD_ONE_STOP", areaCode: "00004", onDate: "2025-05-05" }. */
export type RoleQuestion = Pick<ResolveRoleRequest, "role" | "areaCode" | "onDate"> & { readonly procedure?: string };

/** What the registry is asked. Every call rejects with BusCallError. */
export interface RegistryCalls {
  getHead(settings?: CallSettings): Promise<GetHeadResponse>;
  getAgency(agency: string, settings?: CallSettings): Promise<GetAgencyResponse>;
  /** Agencies by id, all pages. */
  listAgencies(filter?: AgencyFilter, settings?: CallSettings): Promise<ListedAgency[]>;
  /** A procedure with its routes and what `open` pins, by key or official code. */
  getProcedure(procedure: string, settings?: CallSettings): Promise<GetProcedureResponse>;
  /** Procedures by key, all pages. */
  listProcedures(filter?: { readonly withRouteOnly?: boolean }, settings?: CallSettings): Promise<ListedProcedure[]>;
  /** Who plays a role in an area on a day, and why; or what is missing. */
  resolveRole(question: RoleQuestion, settings?: CallSettings): Promise<ResolveRoleResponse>;
  /** Brings an entry that the registrar signed. The same bytes again give the same answer. */
  appendEntry(signedEntry: Uint8Array, settings?: CallSettings): Promise<AppendEntryResponse>;
  /** A part of the log, byte for byte. */
  listEntries(
    from: { readonly fromNumber: bigint; readonly pageSize?: number },
    settings?: CallSettings,
  ): Promise<ListEntriesResponse>;
  /** The log from a number on, then each new entry as it is recorded. Throws BusCallError when it ends otherwise than by its signal. */
  watchEntries(options: WatchEntriesOptions): AsyncGenerator<WatchEntriesResponse, void>;
}

const pageSizeMax = 1_000;

export function registryCalls(client: RegistryServiceClient, defaults: CallSettings): RegistryCalls {
  const listAgencies = client.listAgencies.bind(client);
  const listProcedures = client.listProcedures.bind(client);
  return {
    getHead: (settings = defaults) => unaryCall(client.getHead.bind(client), {}, settings),
    getAgency: (agency, settings = defaults) => unaryCall(client.getAgency.bind(client), { agency }, settings),
    async listAgencies({ level = 0, onDate = "", nameContains = "" } = {}, settings = defaults) {
      const agencies: ListedAgency[] = [];
      let pageToken = "";
      do {
        const request = { level, onDate, nameContains, pageSize: pageSizeMax, pageToken };
        const page = await unaryCall(listAgencies, request, settings);
        agencies.push(...page.agencies);
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      return agencies;
    },
    getProcedure: (procedure, settings = defaults) =>
      unaryCall(client.getProcedure.bind(client), { procedure }, settings),
    async listProcedures({ withRouteOnly = false } = {}, settings = defaults) {
      const procedures: ListedProcedure[] = [];
      let pageToken = "";
      do {
        const page = await unaryCall(listProcedures, { withRouteOnly, pageSize: pageSizeMax, pageToken }, settings);
        procedures.push(...page.procedures);
        pageToken = page.nextPageToken;
      } while (pageToken !== "");
      return procedures;
    },
    resolveRole: ({ role, areaCode, onDate, procedure = "" }, settings = defaults) =>
      unaryCall(client.resolveRole.bind(client), { role, areaCode, procedure, onDate }, settings),
    appendEntry: (signedEntry, settings = defaults) =>
      unaryCall(client.appendEntry.bind(client), { signedEntry }, settings),
    listEntries: ({ fromNumber, pageSize = pageSizeMax }, settings = defaults) =>
      unaryCall(client.listEntries.bind(client), { fromNumber, pageSize }, settings),
    watchEntries: (options) => watchEntries(client, options),
  };
}
