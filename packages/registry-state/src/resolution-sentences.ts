import type { LocalizedText } from "@lienthong/contracts/registry/v1/envelope";

/** An agency or unit as the sentences name it. */
export interface NamedAgency {
  readonly name: LocalizedText;
  /** YYYY-MM-DD or empty. */
  readonly validFrom: string;
  readonly validUntil: string;
  readonly successors: readonly LocalizedText[];
}

/** A text of the contracts has at most this many characters. */
const charactersMax = 400;
/** Names listed before the rest is only counted. */
const namesMax = 3;

/** The sentences in which a resolution explains itself, in both languages. */
export const resolutionSentences = {
  competent(facts: { name: LocalizedText; role: string; area: string; areaCode: string; procedure: string }) {
    const { name, role, area, areaCode, procedure } = facts;
    const isSameArea = area === areaCode;
    return text(
      `${name.vi} có thẩm quyền thực hiện vai trò ${role}${procedure === "" ? "" : ` đối với thủ tục ${procedure}`} trên địa bàn ${area}${isSameArea ? "" : `, địa bàn này bao gồm ${areaCode}`}.`,
      `${name.en} is competent for ${role}${procedure === "" ? "" : ` in the procedure ${procedure}`} in area ${area}${isSameArea ? "" : `, which contains ${areaCode}`}.`,
    );
  },

  areaUnknown({ areaCode, date, others }: { areaCode: string; date: string; others: readonly NamedAgency[] }) {
    const known = others.length > 0;
    return text(
      `Không có đơn vị hành chính nào mang mã ${areaCode} vào ngày ${dateVi(date)}${known ? `; mã này thuộc về ${listVi(others.map(spanVi))}` : ""}.`,
      `No administrative unit has the code ${areaCode} on ${date}${known ? `; it belongs to ${listEn(others.map(spanEn))}` : ""}.`,
    );
  },

  roleUnknown({ role }: { role: string }) {
    return text(
      `Chưa có cơ quan nào trong sổ đăng ký được giao vai trò ${role}.`,
      `No agency of the registry is competent for ${role}, in any area.`,
    );
  },

  otherAreas({ role, areaCode, around }: { role: string; areaCode: string; around: readonly string[] }) {
    const hasMore = around.length > 0;
    return text(
      `Vai trò ${role} đã được giao cho cơ quan ở địa bàn khác, nhưng chưa giao cho cơ quan nào ở địa bàn ${areaCode}${hasMore ? ` hoặc địa bàn bao gồm nó (${around.join(", ")})` : ""}.`,
      `Agencies of other areas are competent for ${role}, but none for area ${areaCode}${hasMore ? ` or for one that contains it (${around.join(", ")})` : ""}.`,
    );
  },

  otherProcedures({ role, areaCode, procedure }: { role: string; areaCode: string; procedure: string }) {
    return text(
      `Cơ quan được giao vai trò ${role} cho địa bàn ${areaCode} không có thẩm quyền đối với thủ tục ${procedure}.`,
      `Whoever is competent for ${role} in area ${areaCode} is not so for the procedure ${procedure}.`,
    );
  },

  notInForce(facts: { role: string; areaCode: string; date: string; agencies: readonly NamedAgency[] }) {
    const { role, areaCode, date, agencies } = facts;
    return text(
      `Vào ngày ${dateVi(date)}, vai trò ${role} cho địa bàn ${areaCode} chỉ thuộc về cơ quan không có hiệu lực: ${listVi(agencies.map(spanVi))}.`,
      `On ${date} only agencies that are not in force are competent for ${role} in area ${areaCode}: ${listEn(agencies.map(spanEn))}.`,
    );
  },
} as const;

function spanVi({ name, validFrom, validUntil, successors }: NamedAgency): string {
  const facts: string[] = [];
  if (validFrom !== "") facts.push(`từ ngày ${dateVi(validFrom)}`);
  if (validUntil !== "") facts.push(`đến hết ngày ${dateVi(validUntil)}`);
  const followed = successors.length === 0 ? "" : `cơ quan kế thừa: ${listVi(successors.map((each) => each.vi))}`;
  const inside = [facts.join(" "), followed].filter((part) => part !== "").join("; ");
  return inside === "" ? name.vi : `${name.vi} (${inside})`;
}

function spanEn({ name, validFrom, validUntil, successors }: NamedAgency): string {
  const facts: string[] = [];
  if (validFrom !== "") facts.push(`from ${validFrom}`);
  if (validUntil !== "") facts.push(`until ${validUntil}`);
  const followed = successors.length === 0 ? "" : `followed by ${listEn(successors.map((each) => each.en))}`;
  const inside = [facts.join(" "), followed].filter((part) => part !== "").join("; ");
  return inside === "" ? name.en : `${name.en} (${inside})`;
}

function listVi(items: readonly string[]): string {
  const rest = items.length - namesMax;
  return rest <= 0 ? items.join(", ") : `${items.slice(0, namesMax).join(", ")} và ${rest} cơ quan khác`;
}

function listEn(items: readonly string[]): string {
  const rest = items.length - namesMax;
  return rest <= 0 ? items.join(", ") : `${items.slice(0, namesMax).join(", ")} and ${rest} more`;
}

/** As written in Việt Nam: 01/07/2025. */
function dateVi(date: string): string {
  const [year, month, day] = date.split("-");
  return `${day}/${month}/${year}`;
}

function text(vi: string, en: string): LocalizedText {
  return { vi: shortened(vi), en: shortened(en) };
}

function shortened(sentence: string): string {
  const characters = [...sentence];
  return characters.length <= charactersMax ? sentence : `${characters.slice(0, charactersMax - 1).join("")}…`;
}
