import { isUtf8 } from "node:buffer";
import { type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { fileRegistry } from "@lienthong/contracts/descriptors";
import { busError } from "./bus-error.ts";

/**
 * Most fields of one request, those of the messages in it included. The largest that the contracts allow has 40,000 (10,000 settled
 * deliveries). Two bytes make a field, so that a message of 4 MiB could have two million: decoding those takes seconds and hundreds of
 * megabytes, and everybody else waits.
 */
export const requestFieldsMax = 65_536;

/** A field as a request may have it. */
interface FieldShape {
  readonly name: string;
  readonly wireType: WireType;
  /** Numbers of a list may also come packed. */
  readonly packable: boolean;
  /** What lies in it: another message, text, or nothing that is looked at here. */
  readonly inner: RequestShape | "text" | null;
}

/** Fields of a message type by their numbers. */
type RequestShape = ReadonlyMap<number, FieldShape>;

/** Looks through the bytes of one request before they are decoded. */
export type RequestCheck = (bytes: Uint8Array) => void;

/**
 * The check for a method, by its path. A method that the contracts do not describe is held against the form of protobuf and the number
 * of fields only.
 */
export function requestCheck(methodPath: string): RequestCheck {
  const [, service = "", method = ""] = methodPath.split("/");
  const described = fileRegistry()
    .getService(service)
    ?.methods.find(({ name }) => name === method);
  const shape = described === undefined ? noShape : shapeOf(described.input);
  return (bytes) => {
    const reader = new BinaryReader(bytes);
    checkFields(reader, bytes, bytes.length, shape, "", { fieldsLeft: requestFieldsMax });
  };
}

const noShape: RequestShape = new Map();
const shapes = new Map<string, RequestShape>();

function shapeOf(type: DescMessage): RequestShape {
  const known = shapes.get(type.typeName);
  if (known !== undefined) return known;
  const shape = new Map<number, FieldShape>();
  // Kept before its fields are looked at, so that a type that contains itself would end.
  shapes.set(type.typeName, shape);
  for (const { name, number, message, scalar, fieldKind } of type.fields) {
    const inner = message !== undefined ? shapeOf(message) : scalar === ScalarType.STRING ? "text" : null;
    const wireType = inner !== null || scalar === ScalarType.BYTES ? WireType.LengthDelimited : wireTypeOf(scalar);
    const packable = fieldKind === "list" && wireType !== WireType.LengthDelimited;
    shape.set(number, { name, wireType, packable, inner });
  }
  return shape;
}

/** How a number travels; enums, which have no scalar type, as varints. */
function wireTypeOf(scalar: ScalarType | undefined): WireType {
  switch (scalar) {
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
    case ScalarType.DOUBLE:
      return WireType.Bit64;
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
    case ScalarType.FLOAT:
      return WireType.Bit32;
    default:
      return WireType.Varint;
  }
}

/**
 * Walks the fields up to `end`. The generated decoder stops in silence at a zero tag or a stray end of group, and would hand over the part
 * before it as if that were all; it passes over a field of another wire type as if it had not been sent; and it reads text that is not
 * UTF-8 with other characters in it.
 */
function checkFields(
  reader: BinaryReader,
  bytes: Uint8Array,
  end: number,
  shape: RequestShape,
  path: string,
  budget: { fieldsLeft: number },
): void {
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    budget.fieldsLeft -= 1;
    if (budget.fieldsLeft < 0) {
      const message = `The request has more than ${requestFieldsMax} fields, which no request of this bus needs; send fewer at a time.`;
      throw busError("MESSAGE_MALFORMED", { message, allowed: `at most ${requestFieldsMax} fields` });
    }
    if (wireType === WireType.StartGroup || wireType === WireType.EndGroup) {
      // No contract of ours has groups, and what is in an unknown one is not counted.
      throw new RangeError(`Field ${number} of ${path || "the request"} is a group.`);
    }
    const field = shape.get(number);
    if (field === undefined || field.inner === null || wireType !== field.wireType) {
      const isPacked = field?.packable === true && wireType === WireType.LengthDelimited;
      if (field !== undefined && wireType !== field.wireType && !isPacked) {
        throw new RangeError(`${field.name} has wire type ${wireType}, not ${field.wireType}.`);
      }
      reader.skip(wireType, number);
      continue;
    }
    const name = path === "" ? field.name : `${path}.${field.name}`;
    const contentEnd = reader.uint32() + reader.pos;
    if (contentEnd > end) throw new RangeError(`${name} is longer than what it lies in.`);
    if (field.inner !== "text") {
      checkFields(reader, bytes, contentEnd, field.inner, name, budget);
    } else if (!isUtf8(bytes.subarray(reader.pos, contentEnd))) {
      throw busError("TEXT_INVALID", { field: name, allowed: "text in UTF-8" });
    }
    reader.pos = contentEnd;
  }
  if (reader.pos !== end) throw new RangeError(`A field of ${path || "the request"} ends behind what it lies in.`);
}
