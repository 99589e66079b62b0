import { expect, test } from "vitest";
import { streamReplicas } from "../src/start-nats.ts";

const alone = { address: "127.0.0.1:4222", isInCluster: false };
const member = { address: "10.0.0.1:4222", isInCluster: true };

test("streams lie on one server that is alone, and on three of a cluster, unless told", () => {
  expect(streamReplicas(alone, {})).toBe(1);
  expect(streamReplicas(member, {})).toBe(3);
  expect(streamReplicas(member, { LIENTHONG_STREAM_REPLICAS: "5" })).toBe(5);
  expect(streamReplicas(member, { LIENTHONG_STREAM_REPLICAS: "1" })).toBe(1);
});

test("what cannot be is refused in a sentence", () => {
  expect(() => streamReplicas(member, { LIENTHONG_STREAM_REPLICAS: "2" })).toThrow(
    'LIENTHONG_STREAM_REPLICAS is "2"; allowed: 1, 3 or 5.',
  );
  expect(() => streamReplicas(alone, { LIENTHONG_STREAM_REPLICAS: "3" })).toThrow("127.0.0.1:4222 is in no cluster");
});
