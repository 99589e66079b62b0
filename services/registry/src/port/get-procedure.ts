import { busError, localDate, unaryHandler } from "@lienthong/chassis";
import type { GetProcedureRequest, GetProcedureResponse } from "@lienthong/contracts/registry/v1/registry_service";
import { requireKnownSystem } from "../known-system.ts";
import type { RegistryContext } from "../registry-context.ts";
import { validRangeMessage } from "./valid-range.ts";

const noEntry = new Uint8Array(0);

export const getProcedure = ({ state, clock }: RegistryContext) =>
  unaryHandler<GetProcedureRequest, GetProcedureResponse>(({ procedure: keyOrCode }, { identity }) => {
    requireKnownSystem(state, identity);
    const procedure = state.procedure(keyOrCode);
    if (procedure === undefined) throw busError("SUBJECT_UNKNOWN", { field: "procedure", subject: keyOrCode });
    return {
      procedure: procedure.record,
      entry: procedure.entryHash,
      valid: validRangeMessage(procedure),
      routes: state.routesOf(procedure.id).map(({ record, entryHash }) => ({ route: record, entry: entryHash })),
      calendarEntry: state.calendarInForce(localDate(clock.now()))?.entryHash ?? noEntry,
    };
  });
