import { expect, test } from "vitest";
import { assertHostAllowed, isLoopbackHostHeader, isSameOrigin, TokenGate } from "./auth.js";

test("only loopback is served without a token", () => {
  for (const host of ["127.0.0.1", "localhost", "::1"]) expect(() => assertHostAllowed(host, false)).not.toThrow();
  for (const host of ["0.0.0.0", "::", "10.0.0.5", "example.com"]) {
    expect(() => assertHostAllowed(host, false)).toThrow(
      expect.objectContaining({
        code: "USAGE",
        message: expect.stringMatching(/^--host .*LABELFLEET_DASHBOARD_TOKEN[^\n]*$/),
      }),
    );
    expect(() => assertHostAllowed(host, true)).not.toThrow();
  }
});

test("a Host header is loopback by name, whatever the port", () => {
  for (const host of ["localhost:8080", "127.0.0.1", "[::1]:8080", "LOCALHOST"]) {
    expect(isLoopbackHostHeader(host)).toBe(true);
  }
  for (const host of ["localhost.evil.example", "evil.example:8080", "", undefined]) {
    expect(isLoopbackHostHeader(host)).toBe(false);
  }
});

test("a request from another origin's page is told apart", () => {
  expect(isSameOrigin("http://localhost:8080", "localhost:8080")).toBe(true);
  expect(isSameOrigin(undefined, "localhost:8080")).toBe(true);
  expect(isSameOrigin("http://localhost:9999", "localhost:8080")).toBe(false);
  expect(isSameOrigin("null", "localhost:8080")).toBe(false);
});

test("the gate opens to the token and to the cookie it gave, and to nothing else", () => {
  const gate = new TokenGate("a token of some length");
  expect(gate.acceptsToken("a token of some length")).toBe(true);
  expect(gate.acceptsToken("a token of some lengtH")).toBe(false);
  expect(gate.acceptsToken("")).toBe(false);

  const cookie = gate.sessionCookie();
  expect(cookie).toMatch(/; HttpOnly; SameSite=Strict$/);
  expect(cookie).not.toContain("a token");
  const session = cookie.split(";")[0] ?? "";
  expect(gate.acceptsRequest({ cookie: `theme=dark; ${session}` })).toBe(true);
  expect(gate.acceptsRequest({ cookie: `${session}x` })).toBe(false);
  expect(gate.acceptsRequest({ cookie: "labelfleet_session=" })).toBe(false);
  expect(gate.acceptsRequest({ authorization: "Bearer a token of some length" })).toBe(true);
  expect(gate.acceptsRequest({ authorization: "Bearer wrong" })).toBe(false);
  expect(gate.acceptsRequest({})).toBe(false);
  expect(new TokenGate("another token").acceptsRequest({ cookie: session })).toBe(false);
});
