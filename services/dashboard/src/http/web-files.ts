import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname } from "node:path";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** What Vite makes of web/. The same place from the sources and from dist. */
const folder = new URL("../../dist/web/", import.meta.url);

const types: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

interface WebFile {
  body: Buffer;
  type: string;
  etag: string;
}

/** The page's files, in memory: there are a handful. Empty when the page is not built. */
async function readWebFiles(): Promise<Map<string, WebFile>> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const files = new Map<string, WebFile>();
  for (const name of names) {
    const type = types[extname(name)];
    if (type === undefined) continue;
    const body = await readFile(new URL(name, folder));
    const etag = `"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`;
    files.set(`/${name.replaceAll("\\", "/")}`, { body, type, etag });
  }
  return files;
}

/** The addresses of the page; what it shows is its own affair. */
const pagePaths = ["/", "/runs/:runId", "/runs/:runId/labels"];

/** Serves the page and its files. Their names carry a hash, so browsers may keep them; the page itself is asked for each time. */
export async function addWebFiles(app: FastifyInstance): Promise<void> {
  const files = await readWebFiles();
  const page = files.get("/index.html");
  if (page === undefined) app.log.warn("the dashboard's page is not built: npm run build");
  for (const path of pagePaths) {
    app.get(path, (request, reply) => {
      if (page !== undefined) return send(request, reply, page);
      return reply.code(503).type("text/plain").send("The page is not built: run `npm run build` in the checkout.\n");
    });
  }
  for (const [path, file] of files) {
    if (path === "/index.html") continue;
    app.get(path, (request, reply) => {
      if (path.startsWith("/assets/")) reply.header("cache-control", "public, max-age=31536000, immutable");
      return send(request, reply, file);
    });
  }
}

function send(request: FastifyRequest, reply: FastifyReply, { body, type, etag }: WebFile) {
  reply.header("etag", etag);
  if (request.headers["if-none-match"] === etag) return reply.code(304).send();
  return reply.type(type).send(body);
}
