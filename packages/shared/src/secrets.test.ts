import { expect, test } from "vitest";
import { redactor } from "./secrets.js";

test("secrets are replaced wherever they stand, also as JSON and in addresses", () => {
  const redact = redactor({
    AWS_SECRET_ACCESS_KEY: 'wJalr"XUtnFEMI',
    AWS_SESSION_TOKEN: "session-token",
    LABELFLEET_DASHBOARD_TOKEN: "session-token-and-more",
    HF_TOKEN: "hf_planted",
    REDIS_URL: "rediss://user:p%40ssw0rd@redis:6379/0",
  });
  expect(redact('key wJalr"XUtnFEMI, AUTH user p@ssw0rd')).toBe("key [secret], AUTH user [secret]");
  expect(redact(JSON.stringify({ key: 'wJalr"XUtnFEMI' }))).toBe('{"key":"[secret]"}');
  expect(redact("rediss://user:p%40ssw0rd@redis:6379/0")).toBe("rediss://user:[secret]@redis:6379/0");
  expect(redact("session-token-and-more")).toBe("[secret]");
  expect(redact("Bearer hf_planted")).toBe("Bearer [secret]");
  expect(redact("nothing of that")).toBe("nothing of that");
});

test("no secret, or one too short to be found, changes nothing", () => {
  expect(redactor({})("a text")).toBe("a text");
  expect(redactor({ REDIS_URL: "redis://:a@h" })("a text")).toBe("a text");
  expect(redactor({ REDIS_URL: "redis://h:6379/0" })("redis://h:6379/0")).toBe("redis://h:6379/0");
});
