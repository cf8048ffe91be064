import type { FastifyInstance } from "fastify";
import type { TokenGate } from "./auth.js";
import { loginCss } from "./login.css.js";
import { loginPage } from "./login-page.js";

const formLimitBytes = 4_096;

/** The form at /login, and what it posts to. */
export function addLogin(app: FastifyInstance, gate: TokenGate): void {
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string", bodyLimit: formLimitBytes },
    (_request, body, done) => done(null, new URLSearchParams(String(body))),
  );
  app.get("/login.css", (_request, reply) => reply.type("text/css; charset=utf-8").send(loginCss));
  app.get("/login", (_request, reply) => reply.type("text/html; charset=utf-8").send(loginPage({ wasWrong: false })));
  app.post("/login", (request, reply) => {
    const token = request.body instanceof URLSearchParams ? (request.body.get("token") ?? "") : "";
    if (!gate.acceptsToken(token)) {
      return reply
        .code(401)
        .type("text/html; charset=utf-8")
        .send(loginPage({ wasWrong: true }));
    }
    return reply.header("set-cookie", gate.sessionCookie()).redirect("/", 303);
  });
}
