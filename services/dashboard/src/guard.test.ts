import { fastify } from "fastify";
import { expect, test } from "vitest";
import { CsrfGuard } from "./actions/csrf.js";
import { guardRequests } from "./guard.js";
import { TokenGate } from "./login/auth.js";
import { addLogin } from "./login/login.js";

const token = "a token of some length";

const csrf = new CsrfGuard();

function guarded(gate: TokenGate | null, isReadOnly = false, queueActions: CsrfGuard | null = csrf) {
  const app = fastify();
  guardRequests(app, { gate, boardPath: "/queues", isReadOnly, queueActions });
  if (gate !== null) addLogin(app, gate);
  for (const path of ["/", "/api/runs", "/queues/api/queues", "/healthz", "/readyz", "/metrics"])
    app.get(path, () => "content");
  app.put("/queues/api/queues/x/pause", () => "paused");
  return app;
}

test("with a token, every route but /login, /healthz and /readyz asks for it", async () => {
  const app = guarded(new TokenGate(token));
  for (const url of ["/", "/api/runs", "/queues/api/queues", "/no-such-page"]) {
    expect((await app.inject({ url })).statusCode, url).toBe(401);
    expect((await app.inject({ url, headers: { accept: "text/html" } })).headers.location, url).toBe("/login");
  }
  expect((await app.inject({ method: "PUT", url: "/queues/api/queues/x/pause" })).statusCode).toBe(401);
  expect((await app.inject({ url: "/healthz" })).statusCode).toBe(200);
  expect((await app.inject({ url: "/readyz" })).statusCode).toBe(200);
  expect((await app.inject({ url: "/metrics" })).statusCode).toBe(401);
  expect((await app.inject({ url: "/login" })).statusCode).toBe(200);
});

test("the login form's cookie opens the pages", async () => {
  const app = guarded(new TokenGate(token));
  const post = (given: string) =>
    app.inject({
      method: "POST",
      url: "/login",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      payload: new URLSearchParams({ token: given }).toString(),
    });
  const refused = await post("wrong");
  expect(refused.statusCode).toBe(401);
  expect(refused.headers["set-cookie"]).toBeUndefined();
  const accepted = await post(token);
  expect(accepted.headers.location).toBe("/");
  const cookie = String(accepted.headers["set-cookie"]).split(";")[0] ?? "";
  expect((await app.inject({ url: "/api/runs", headers: { cookie } })).statusCode).toBe(200);
});

test("after logging out the cookie opens nothing, also on a read-only dashboard", async () => {
  const app = guarded(new TokenGate(token), true);
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const accepted = await app.inject({
    method: "POST",
    url: "/login",
    headers,
    payload: new URLSearchParams({ token }).toString(),
  });
  const cookie = String(accepted.headers["set-cookie"]).split(";")[0] ?? "";
  const out = await app.inject({ method: "POST", url: "/logout", headers: { cookie } });
  expect([out.statusCode, out.headers.location]).toEqual([303, "/login"]);
  expect((await app.inject({ url: "/api/runs", headers: { cookie } })).statusCode).toBe(401);
  expect((await app.inject({ method: "POST", url: "/logout" })).statusCode).toBe(401);
});

test("guesses are answered 429 after a few, over the form and the header", async () => {
  const app = guarded(new TokenGate(token));
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const statuses = [];
  for (let i = 0; i < 4; i++)
    statuses.push((await app.inject({ url: "/", headers: { authorization: "Bearer x" } })).statusCode);
  for (let i = 0; i < 2; i++) {
    statuses.push((await app.inject({ method: "POST", url: "/login", headers, payload: "token=x" })).statusCode);
  }
  const last = await app.inject({ url: "/", headers: { authorization: `Bearer ${token}` } });
  expect([...statuses, last.statusCode]).toEqual([401, 401, 401, 401, 401, 429, 429]);
  expect(Number(last.headers["retry-after"])).toBeGreaterThan(0);
});

test("without a token, a foreign host name is refused", async () => {
  const app = guarded(null);
  expect((await app.inject({ url: "/", headers: { host: "localhost:8080" } })).statusCode).toBe(200);
  expect((await app.inject({ url: "/", headers: { host: "rebound.example" } })).statusCode).toBe(421);
});

test("another site's page can change nothing", async () => {
  const app = guarded(null);
  const pause = (origin: string) =>
    app.inject({ method: "PUT", url: "/queues/api/queues/x/pause", headers: { host: "localhost:80", origin } });
  expect((await pause("http://evil.example")).statusCode).toBe(403);
  expect(
    (
      await app.inject({
        method: "PUT",
        url: "/queues/api/queues/x/pause",
        headers: { host: "localhost:8080", origin: "http://localhost:8080", "x-xsrf-token": csrf.token },
      })
    ).body,
  ).toBe("paused");
});

test("a read-only dashboard takes no change from anybody", async () => {
  const pause = { method: "PUT", url: "/queues/api/queues/x/pause", headers: { host: "localhost" } } as const;
  expect((await guarded(null, true).inject(pause)).statusCode).toBe(403);
  const bearer = { ...pause, headers: { authorization: `Bearer ${token}`, "x-xsrf-token": csrf.token } };
  expect((await guarded(new TokenGate(token), true).inject(bearer)).statusCode).toBe(403);
  expect((await guarded(new TokenGate(token)).inject(bearer)).body).toBe("paused");
});

test("queues are changed only where that was asked for, and only with the secret of the page", async () => {
  const pause = (headers: Record<string, string>, queueActions: CsrfGuard | null = csrf) =>
    guarded(null, false, queueActions).inject({
      method: "PUT",
      url: "/queues/api/queues/x/pause",
      headers: { host: "localhost", ...headers },
    });
  const refused = await pause({ "x-xsrf-token": csrf.token }, null);
  expect(refused.statusCode).toBe(403);
  expect(refused.json().error).toContain("--queue-actions");
  expect((await pause({})).statusCode).toBe(403);
  expect((await pause({ "x-xsrf-token": "guessed" })).statusCode).toBe(403);
  expect((await pause({ "x-xsrf-token": csrf.token })).body).toBe("paused");
  const read = { url: "/queues/api/queues", headers: { host: "localhost" } };
  expect((await guarded(null, false, null).inject(read)).body).toBe("content");
});

test("our own pages run no inline script", async () => {
  const policy = String(
    (await guarded(null).inject({ url: "/", headers: { host: "localhost" } })).headers["content-security-policy"],
  );
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe-inline");
});
