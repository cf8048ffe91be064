import { expect, test } from "vitest";
import { assertHostAllowed, isLoopbackHostHeader, isSameOrigin, TokenGate } from "./auth.js";
import { clientAddress } from "./client-address.js";

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

const token = "a token of some length";
const asking = (headers: Record<string, string> = {}, remoteAddress = "203.0.113.1") => ({
  headers,
  socket: { remoteAddress },
});
const cookieOf = (header: string) => header.split(";")[0]!;

test("the gate opens to the token and to the cookie it gave, and to nothing else", () => {
  const gate = new TokenGate(token);
  expect(gate.admitToken(token, asking())).toBe("accepted");
  expect(gate.admitToken("a token of some lengtH", asking())).toBe("refused");
  expect(gate.admitToken("", asking())).toBe("refused");

  const cookie = gate.logIn(asking());
  expect(cookie).toMatch(/; Max-Age=43200; HttpOnly; SameSite=Strict$/);
  expect(cookie).not.toContain("a token");
  const session = cookieOf(cookie);
  const admits = (headers: Record<string, string>) => gate.admit(asking(headers));
  expect(admits({ cookie: `theme=dark; ${session}` })).toBe("accepted");
  expect(admits({ cookie: `${session}x` })).toBe("refused");
  expect(admits({ cookie: "labelfleet_session=" })).toBe("refused");
  expect(admits({ authorization: `Bearer ${token}` })).toBe("accepted");
  expect(admits({ authorization: "Bearer wrong" })).toBe("refused");
  expect(admits({})).toBe("refused");
  expect(new TokenGate(token).admit(asking({ cookie: session }))).toBe("refused");
});

test("a session ends by its time and by logging out, and its cookie opens nothing then", () => {
  let nowMs = 0;
  const gate = new TokenGate(token, { now: () => nowMs });
  const first = cookieOf(gate.logIn(asking()));
  const second = cookieOf(gate.logIn(asking()));
  expect(first).not.toBe(second);
  expect(gate.logOut(asking({ cookie: first }))).toMatch(/^labelfleet_session=; Path=\/; Max-Age=0/);
  expect(gate.admit(asking({ cookie: first }))).toBe("refused");
  nowMs = 12 * 3_600_000 - 1;
  expect(gate.admit(asking({ cookie: second }))).toBe("accepted");
  nowMs += 1;
  expect(gate.admit(asking({ cookie: second }))).toBe("refused");
});

test("behind TLS the cookie is for TLS only", () => {
  const gate = new TokenGate(token);
  expect(gate.logIn(asking())).not.toContain("Secure");
  expect(gate.logIn(asking({ origin: "http://10.0.0.5:8080" }))).not.toContain("Secure");
  for (const headers of [
    { "x-forwarded-proto": "https" },
    { "x-forwarded-proto": "https, http" },
    { origin: "https://x" },
  ]) {
    expect(gate.logIn(asking(headers as Record<string, string>))).toContain("; Secure;");
  }
});

test("who guesses waits longer and longer, and is told of in one line a while; others are let in", () => {
  let nowMs = 0;
  const lines: string[] = [];
  const gate = new TokenGate(token, { now: () => nowMs, log: (line) => lines.push(line) });
  let looked = 0;
  for (let i = 0; i < 1_000; i++) {
    nowMs += 5;
    if (gate.admit(asking({ authorization: `Bearer ${i}` })) === "refused") looked++;
  }
  expect(looked).toBeLessThanOrEqual(8);
  expect(lines).toEqual([
    "dashboard: a wrong or unseen token since the last such line, the newest from 203.0.113.1",
    "dashboard: 4 wrong or unseen tokens since the last such line, the newest from 203.0.113.1; from now on its tokens wait",
  ]);
  expect(gate.admitToken(token, asking())).toEqual({ waitMs: expect.any(Number) });
  expect(gate.admitToken(token, asking({}, "203.0.113.2"))).toBe("accepted");
  nowMs += 60_000;
  expect(gate.admitToken(token, asking())).toBe("accepted");
  expect(gate.admitToken("wrong", asking())).toBe("refused");
});

test("many addresses together have a limit, too", () => {
  let nowMs = 0;
  const gate = new TokenGate(token, { now: () => nowMs });
  let looked = 0;
  for (let i = 0; i < 5_000; i++) {
    nowMs += 1;
    if (gate.admitToken("wrong", asking({}, `198.51.${i >> 8}.${i & 255}`)) === "refused") looked++;
  }
  expect(looked).toBeLessThanOrEqual(66);
});

test("a near proxy says who asks, others do not, and an IPv6 network is one client", () => {
  const of = (remoteAddress: string, forwarded?: string) =>
    clientAddress(asking(forwarded === undefined ? {} : { "x-forwarded-for": forwarded }, remoteAddress));
  expect(of("127.0.0.1", "1.1.1.1, 203.0.113.9")).toBe("203.0.113.9");
  expect(of("::ffff:172.17.0.1", "203.0.113.9")).toBe("203.0.113.9");
  expect(of("203.0.113.1", "203.0.113.9")).toBe("203.0.113.1");
  expect(of("127.0.0.1", "not an address")).toBe("127.0.0.1");
  expect(of("2001:db8:1:2::3")).toBe(of("2001:db8:1:2:ffff:1:2:3"));
  expect(of("2001:db8:1:2::3")).not.toBe(of("2001:db8:1:3::3"));
});
