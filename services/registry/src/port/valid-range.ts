import type { ValidRange as ValidRangeMessage } from "@lienthong/contracts/registry/v1/registry_service";
import type { ValidRange } from "@lienthong/registry-state";

export function validRangeMessage({ validFrom, validUntil }: ValidRange): ValidRangeMessage {
  return { validFrom, validUntil };
}
