import { Metadata } from "@grpc/grpc-js";
import { WinningEvent } from "@lienthong/contracts/exchange/v1/exchange_service";
import { ErrorInfo } from "@lienthong/contracts/google/rpc/error_details";
import { Status } from "@lienthong/contracts/google/rpc/status";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { STATUS_DETAILS_BYTES_MAX, toServiceError } from "../src/service-error.ts";
import {
  attachment,
  busError,
  ERROR_CATALOGUE,
  fromServiceError,
  fromStatus,
  GRPC_CODE,
  REASON_NAMES,
  toStatus,
} from "../src/status.ts";

const WINNING_EVENT = "lienthong.exchange.v1.WinningEvent";

function typeNames(status: Status): string[] {
  return status.details.map(({ typeUrl }) => typeUrl);
}

describe("a refusal on its way to the caller", () => {
  it("has exactly one ErrorInfo and texts in Vietnamese and English, whatever the reason", () => {
    for (const reason of REASON_NAMES) {
      const status = toStatus(busError(reason));
      const names = typeNames(status);
      expect(names.filter((name) => name === "type.googleapis.com/google.rpc.ErrorInfo")).toHaveLength(1);
      expect(names.filter((name) => name === "type.googleapis.com/google.rpc.LocalizedMessage")).toHaveLength(2);
      expect(names.includes("type.googleapis.com/google.rpc.RetryInfo")).toBe(
        ERROR_CATALOGUE[reason].retry === "retry-after",
      );
      expect(names.includes("type.googleapis.com/google.rpc.BadRequest")).toBe(false);
      expect(ErrorInfo.decode(status.details[0]!.value)).toMatchObject({ reason, domain: "lienthong" });
      expect(status.code).toBe(GRPC_CODE[ERROR_CATALOGUE[reason].code]);
    }
  });

  it("names the fields at fault in order", () => {
    const error = busError(
      "FIELD_INVALID",
      { field: "dossier", allowed: "12 to 64 characters of A-Z, 0-9, '.' and '-'" },
      {
        violations: [
          { field: "stated_time", description: "It has no seconds." },
          { field: "author.unit", description: "It begins with '-'." },
        ],
      },
    );
    const received = fromStatus(toStatus(error));
    expect(received.violations.map(({ field }) => field)).toEqual(["author.unit", "dossier", "stated_time"]);
    expect(received.field).toBe("dossier");
    expect(received.message).toBe(
      "A value of dossier is outside its format or bound; allowed: 12 to 64 characters of A-Z, 0-9, '.' and '-'.",
    );
    expect(received.localizedMessages.vi).toBe(
      "Giá trị của trường dossier sai định dạng hoặc vượt giới hạn; cho phép: 12 to 64 characters of A-Z, 0-9, '.' and '-'.",
    );
  });

  it("comes back whole to the client, attachments and retry span included", () => {
    const winning = { event: Buffer.from([1, 2, 3]), head: Buffer.alloc(32, 7), leafIndex: 41n };
    const error = busError(
      "PRIOR_STALE",
      { branch: "0.2" },
      { attachments: [attachment(WINNING_EVENT, WinningEvent, winning)] },
    );
    const received = fromServiceError(toServiceError(error));
    expect(received).toMatchObject({
      code: GRPC_CODE.ABORTED,
      reason: "PRIOR_STALE",
      metadata: { branch: "0.2" },
      retry: "terminal",
      retryAfterMs: null,
    });
    expect(received.attachments.map(({ typeName }) => typeName)).toEqual([WINNING_EVENT]);
    expect(WinningEvent.decode(received.attachments[0]!.bytes)).toMatchObject(winning);

    const later = fromServiceError(toServiceError(busError("OVERLOADED", {}, { retryAfterMs: 1_500 })));
    expect(later).toMatchObject({ retry: "retry-after", retryAfterMs: 1_500 });
  });

  it("keeps facts and sentences as they are, for any text", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...REASON_NAMES),
        fc.dictionary(fc.stringMatching(/^[a-z][a-zA-Z]{0,12}$/), fc.string({ unit: "binary" })),
        fc.string({ unit: "binary", minLength: 1 }),
        (reason, facts, message) => {
          const received = fromServiceError(toServiceError(busError(reason, { ...facts, message })));
          const { message: _sentence, ...metadata } = facts;
          expect(received.reason).toBe(reason);
          expect(received.metadata).toEqual(metadata);
          expect(received.message).toBe(message);
        },
      ),
    );
  });

  it("fits the headers of common clients: a bulky attachment goes in its smaller form there, and whole in a message", () => {
    const winning = { event: Buffer.alloc(61_000, 9), head: Buffer.alloc(32, 7), leafIndex: 5n };
    const error = busError(
      "PRIOR_STALE",
      {},
      { attachments: [attachment(WINNING_EVENT, WinningEvent, winning, { ...winning, event: Buffer.alloc(0) })] },
    );
    const serviceError = toServiceError(error);
    const trailer = serviceError.metadata.get("grpc-status-details-bin")[0] as Buffer;
    expect(trailer.length).toBeLessThanOrEqual(STATUS_DETAILS_BYTES_MAX);
    const short = WinningEvent.decode(fromServiceError(serviceError).attachments[0]!.bytes);
    expect(short).toMatchObject({ head: winning.head, leafIndex: 5n });
    expect(short.event).toHaveLength(0);
    const whole = fromStatus(Status.decode(Status.encode(toStatus(error)).finish()));
    expect(WinningEvent.decode(whole.attachments[0]!.bytes).event).toHaveLength(61_000);
  });

  it("does not break on half a surrogate pair or a long sentence", () => {
    const serviceError = toServiceError(busError("FIELD_INVALID", { message: `\ud800${"ữ".repeat(5_000)}` }));
    expect(() => encodeURI(serviceError.details)).not.toThrow();
    expect(serviceError.details.length).toBeLessThan(400);
  });

  it("tells nothing about what is not a refusal", () => {
    const status = toStatus(new Error("password=hunter2 at 10.0.0.7"));
    expect(status.code).toBe(GRPC_CODE.INTERNAL);
    expect(status.message).toBe("internal error");
    expect(Buffer.from(Status.encode(status).finish()).includes("hunter2")).toBe(false);
  });

  it("takes the refusals of the pure packages for what they mean", () => {
    const thrown = Object.assign(new Error("author.agency is empty; allowed: an id."), {
      reason: "FIELD_MISSING",
      field: "author.agency",
      allowed: "an id",
    });
    expect(fromStatus(toStatus(thrown))).toMatchObject({ reason: "FIELD_MISSING", field: "author.agency" });
    expect(toStatus(Object.assign(new Error("secret"), { reason: "FIELD_MISSING" })).message).toBe("internal error");
  });
});

describe("an answer that is not ours", () => {
  it("is read by its code alone", () => {
    const unavailable = { code: GRPC_CODE.UNAVAILABLE, details: "no connection", metadata: new Metadata() };
    expect(fromServiceError(unavailable)).toMatchObject({ reason: null, retry: "retry", message: "no connection" });
    expect(fromServiceError({ code: GRPC_CODE.DEADLINE_EXCEEDED, details: "late" })).toMatchObject({
      reason: "DEADLINE_PASSED",
      retry: "retry",
    });
    expect(fromServiceError({ code: GRPC_CODE.UNIMPLEMENTED })).toMatchObject({ reason: null, retry: "terminal" });
  });

  it("may carry broken or foreign details without harm", () => {
    const metadata = new Metadata();
    metadata.set("grpc-status-details-bin", Buffer.from([0x1a, 0xff, 0xff]));
    expect(fromServiceError({ code: 3, details: "bad", metadata })).toMatchObject({ code: 3, reason: null });
    const foreign = ErrorInfo.encode({ reason: "NOT_THE_HOLDER", domain: "example.com", metadata: {} }).finish();
    const typeUrl = "type.googleapis.com/google.rpc.ErrorInfo";
    const status = { code: 7, message: "no", details: [{ typeUrl, value: Buffer.from(foreign) }] };
    expect(fromStatus(status).reason).toBeNull();
    const broken = { code: 7, message: "no", details: [{ typeUrl, value: Buffer.from([0x0a, 0x7f]) }] };
    expect(fromStatus(broken)).toMatchObject({ code: 7, reason: null });
  });
});
