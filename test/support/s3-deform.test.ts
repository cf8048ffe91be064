import { once } from "node:events";
import { get, type IncomingMessage } from "node:http";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Deformation } from "./s3-deform.js";
import { type S3Server, startS3Server } from "./s3-server.js";

const body = Buffer.alloc(10_000, "x");

let s3: S3Server;
beforeEach(async () => {
  s3 = await startS3Server({ buckets: ["b"], pageKeys: 2 });
  await s3.putObject("b", "key", body);
});
afterEach(() => s3.close());

interface Got {
  announced: number;
  received: number;
  isComplete: boolean;
}

async function read(deformation: Deformation | undefined): Promise<Got> {
  s3.intercept = () => deformation && { deform: deformation };
  const credential = `AWS4-HMAC-SHA256 Credential=${s3.env.AWS_ACCESS_KEY_ID}/x`;
  const request = get(`${s3.endpoint}/b/key`, { headers: { authorization: credential } });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  let received = 0;
  response.on("data", (piece: Buffer) => {
    received += piece.length;
  });
  response.on("error", () => {});
  await new Promise((resolve) => response.once("close", resolve));
  return { announced: Number(response.headers["content-length"]), received, isComplete: response.complete };
}

it.each([
  ["as it is", undefined, 10_000, true],
  ["half, then a reset", { fraction: 0.5, end: "reset" }, 5_000, false],
  ["half, then an end", { fraction: 0.5, end: "close" }, 5_000, false],
  ["all of it in pieces", { trickle: { bytes: 2_500, everyMs: 20 } }, 10_000, true],
] as const)("%s", async (_, deformation, received, isComplete) => {
  expect(await read(deformation)).toEqual({ announced: 10_000, received, isComplete });
});

it("loses an answer after the server has done what was asked", async () => {
  s3.intercept = () => ({ deform: { lost: true } });
  const credential = `AWS4-HMAC-SHA256 Credential=${s3.env.AWS_ACCESS_KEY_ID}/x`;
  const put = fetch(`${s3.endpoint}/b/new`, {
    method: "PUT",
    body: "y",
    headers: { authorization: credential, "content-type": "text/plain" },
  });
  await expect(put).rejects.toThrow();
  expect((await s3.getObject("b", "new")).toString()).toBe("y");
  expect(s3.listKeys("b")).toEqual(["key", "new"]);
});

it("gives listings in smaller pages than were asked for", async () => {
  for (const key of ["a", "z"]) await s3.putObject("b", key, body);
  const credential = `AWS4-HMAC-SHA256 Credential=${s3.env.AWS_ACCESS_KEY_ID}/x`;
  const page = await fetch(`${s3.endpoint}/b?list-type=2`, { headers: { authorization: credential } });
  const text = await page.text();
  expect(text.match(/<Key>/g)).toHaveLength(2);
  expect(text).toContain("<IsTruncated>true</IsTruncated>");
});
