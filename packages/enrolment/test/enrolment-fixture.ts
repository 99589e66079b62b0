import { writeFile } from "node:fs/promises";
import { exportSigningKey, type SigningKey } from "@lienthong/statement";
import { makeAgencyFolder } from "../src/agency-folder.ts";
import type { AgencyFolder } from "../src/index.ts";

/** Puts a seal into an agency's folder, as if it had been installed there. */
export async function sealIn(folder: AgencyFolder, agency: string, key: SigningKey): Promise<void> {
  await makeAgencyFolder(folder);
  await writeFile(folder.sealFile(agency), exportSigningKey(key), { mode: 0o600 });
}
