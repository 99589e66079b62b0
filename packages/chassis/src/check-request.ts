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

/** What matters of a message type here: its texts, and the messages in it. */
interface RequestShape {
  readonly fields: ReadonlyMap<number, { readonly name: string; readonly inner: RequestShape | "text" }>;
}

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
    checkFields(reader, reader.len, shape, "", { fieldsLeft: requestFieldsMax });
  };
}

const noShape: RequestShape = { fields: new Map() };
const shapes = new Map<string, RequestShape>();

function shapeOf(type: DescMessage): RequestShape {
  const known = shapes.get(type.typeName);
  if (known !== undefined) return known;
  const fields = new Map<number, { name: string; inner: RequestShape | "text" }>();
  const shape: RequestShape = { fields };
  // Kept before its fields are looked at, so that a type that contains itself would end.
  shapes.set(type.typeName, shape);
  for (const { name, number, message, scalar } of type.fields) {
    if (message !== undefined) fields.set(number, { name, inner: shapeOf(message) });
    else if (scalar === ScalarType.STRING) fields.set(number, { name, inner: "text" });
  }
  return shape;
}

/**
 * Walks the fields up to `end`. The generated decoder stops in silence at a zero tag or a stray end of group, and would hand over the part
 * before it as if that were all; and it reads text that is not UTF-8 with other characters in it, as if they had been sent.
 */
function checkFields(
  reader: BinaryReader,
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
    const field = wireType === WireType.LengthDelimited ? shape.fields.get(number) : undefined;
    if (field === undefined) {
      reader.skip(wireType, number);
    } else {
      const name = path === "" ? field.name : `${path}.${field.name}`;
      const contentEnd = reader.uint32() + reader.pos;
      if (contentEnd > end) throw new RangeError(`${name} is longer than what it lies in.`);
      if (field.inner !== "text") {
        checkFields(reader, contentEnd, field.inner, name, budget);
      } else if (!isUtf8(reader.buf.subarray(reader.pos, contentEnd))) {
        throw busError("TEXT_INVALID", { field: name, allowed: "text in UTF-8" });
      }
      reader.pos = contentEnd;
    }
  }
  if (reader.pos !== end) throw new RangeError(`A field of ${path || "the request"} ends behind what it lies in.`);
}
