import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { ObjectStore } from "@labelfleet/shared/storage/object-store";
import { openStore } from "@labelfleet/shared/storage/open-store";
import { s3ConfigFromEnv } from "@labelfleet/shared/storage/s3-config";
import { afterAll, beforeAll, expect, it } from "vitest";

const pathOf = (name: string) => fileURLToPath(new URL(`../support/tls/${name}`, import.meta.url));
const readers: string[] = [];
const body = Buffer.from("a photo");
const server = createServer(
  { key: readFileSync(pathOf("server-key.pem")), cert: readFileSync(pathOf("server.pem")) },
  (request, response) => {
    readers.push(/^labelfleet\//.test(request.headers["user-agent"] ?? "") ? "direct" : "sdk");
    response.writeHead(200, { "content-length": body.length, etag: '"x"' }).end(body);
  },
);
const stores: ObjectStore[] = [];

beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
afterAll(async () => {
  for (const store of stores) await store.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function open(env: Record<string, string>): Promise<ObjectStore> {
  const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const keys = { AWS_ENDPOINT_URL_S3: endpoint, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
  const { store } = await openStore("s3://photos", { s3: { ...s3ConfigFromEnv({ ...keys, ...env }), maxAttempts: 1 } });
  stores.push(store);
  return store;
}

it("trusts the private CA that AWS_CA_BUNDLE names, whichever way an object is read", async () => {
  const store = await open({ AWS_CA_BUNDLE: pathOf("ca.pem") });
  for (let read = 0; read < 2; read++) expect((await store.get("a.jpg")).body.equals(body)).toBe(true);
  expect(readers).toEqual(["sdk", "direct"]);
});

it("trusts no CA that nobody named, and says what would help", async () => {
  for (const env of [{}, { AWS_CA_BUNDLE: pathOf("server.pem") }]) {
    const reading = (await open(env as Record<string, string>)).get("a.jpg");
    await expect(reading).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("AWS_CA_BUNDLE"),
    });
  }
});
