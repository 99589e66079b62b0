import type { ResolveRoleResponse } from "@lienthong/contracts/registry/v1/registry_service";
import { describe, expect, test } from "vitest";
import { RoleVacantError } from "../src/index.ts";
import { RoleBook } from "../src/role-book.ts";

const why = { vi: "", en: "" };

function bookOf(answer: Omit<ResolveRoleResponse, "_unknownFields">) {
  const asked: string[] = [];
  const book = new RoleBook(async ({ role, onDate }) => {
    asked.push(`${role} ${onDate}`);
    return answer;
  }, "2025-05-05");
  return { book, asked };
}

describe("who plays a role", () => {
  test("is the nearest agency, with its unit where one does the work", async () => {
    const { book } = bookOf({
      candidates: [
        { agency: "hn-d-001", unit: "", why },
        { agency: "hn-d-001", unit: "hn-d-001-chu-tich", why },
        { agency: "hn", unit: "hn-office", why },
      ],
      missing: undefined,
    });
    expect(await book.player("DISTRICT_CHAIR", "00001", "")).toEqual({ agency: "hn-d-001", unit: "hn-d-001-chu-tich" });
  });

  test("is asked once, for the first day of the play", async () => {
    const { book, asked } = bookOf({ candidates: [{ agency: "hn", unit: "", why }], missing: undefined });
    await Promise.all([book.player("CITY_PC", "00001", "p"), book.player("CITY_PC", "00001", "p")]);
    expect(asked).toEqual(["CITY_PC 2025-05-05"]);
  });

  test("may be anybody of those who hold it equally and take part", async () => {
    const candidates = ["hn-so-nv", "hn-so-tp", "hn-so-tc"].map((agency) => ({ agency, unit: "", why }));
    const book = new RoleBook(
      async () => ({ candidates, missing: undefined }),
      "2025-05-05",
      (id) => id !== "hn-so-tp",
    );
    expect(await book.players("HOLDING_AGENCY", "00001", "")).toEqual([
      { agency: "hn-so-nv", unit: "" },
      { agency: "hn-so-tc", unit: "" },
    ]);
    const nobody = new RoleBook(
      async () => ({ candidates, missing: undefined }),
      "2025-05-05",
      () => false,
    );
    await expect(nobody.players("HOLDING_AGENCY", "00001", "")).rejects.toThrow(/nobody who does takes part/);
  });

  test("is an error with the registry's sentence where nobody does", async () => {
    const { book } = bookOf({ candidates: [], missing: { vi: "", en: "No agency holds this role." } });
    await expect(book.player("CITY_PC", "00001", "p")).rejects.toThrow(RoleVacantError);
    await expect(book.player("CITY_PC", "00001", "p")).rejects.toThrow(/No agency holds this role/);
  });
});
