import { expect, test } from "vitest";
import { complaintOf } from "./suitability.js";

const good = { redis_version: "7.0.15", redis_mode: "standalone", role: "master", maxmemory_policy: "noeviction" };
const complaint = (changes: Record<string, string>) => complaintOf(new Map(Object.entries({ ...good, ...changes })));

test.each([
  ["Redis", {}],
  ["the oldest Redis", { redis_version: "6.2.0" }],
  ["Valkey", { redis_version: "7.2.4", server_name: "valkey", valkey_version: "8.1.0" }],
  ["a managed Redis that does not name its policy", { maxmemory_policy: "noeviction" }],
])("%s can be used", (_, changes) => {
  expect(complaint(changes)).toBeNull();
});

test.each([
  [{ redis_version: "6.0.16" }, /6\.0\.16 is too old/],
  [{ redis_mode: "cluster" }, /cluster mode, which is not supported yet/],
  [{ redis_mode: "sentinel" }, /Sentinel: name the master/],
  [{ role: "slave", master_host: "10.0.0.7", master_port: "6379" }, /replica.*10\.0\.0\.7:6379.*not a reader endpoint/],
  [{ maxmemory_policy: "allkeys-lru" }, /may evict keys \(maxmemory-policy allkeys-lru\)/],
])("%j is refused", (changes, words) => {
  expect(complaint(changes)).toMatch(words);
});

test("what does not say a version is no Redis", () => {
  expect(complaintOf(new Map())).toMatch(/no Redis/);
});
