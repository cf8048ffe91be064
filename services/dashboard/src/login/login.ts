import type { FastifyInstance, FastifyReply } from "fastify";
import type { TokenGate } from "./auth.js";
import { loginCss } from "./login.css.js";
import { loginPage } from "./login-page.js";

const formLimitBytes = 4_096;

/** The form at /login, what it posts to, and /logout. */
export function addLogin(app: FastifyInstance, gate: TokenGate): void {
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string", bodyLimit: formLimitBytes },
    (_request, body, done) => done(null, new URLSearchParams(String(body))),
  );
  app.get("/login.css", (_request, reply) => reply.type("text/css; charset=utf-8").send(loginCss));
  const show = (reply: FastifyReply, status: number, problem: string | null) =>
    reply.code(status).type("text/html; charset=utf-8").send(loginPage(problem));
  app.get("/login", (_request, reply) => show(reply, 200, null));
  app.post("/login", (request, reply) => {
    const token = request.body instanceof URLSearchParams ? (request.body.get("token") ?? "") : "";
    const admission = gate.admitToken(token, request);
    if (admission === "accepted") return reply.header("set-cookie", gate.logIn(request)).redirect("/", 303);
    if (admission === "refused") return show(reply, 401, "This is not the token.");
    const seconds = waitSeconds(admission);
    reply.header("retry-after", seconds);
    return show(reply, 429, `Too many wrong tokens: try again in ${seconds} s.`);
  });
  app.post("/logout", (request, reply) => reply.header("set-cookie", gate.logOut(request)).redirect("/login", 303));
}

export function waitSeconds({ waitMs }: { readonly waitMs: number }): number {
  return Math.ceil(waitMs / 1_000);
}
