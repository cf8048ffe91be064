import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { RunReport } from "@labelfleet/shared/contract/run-report";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bucket, Rig, smallPhotos } from "../e2e/rig.js";
import type { CliResult } from "../support/cli.js";

/** Looked for in everything that labelfleet writes. None is a word that could stand there by chance. */
const planted = {
  secretKey: "PLANTEDsecretKey0123456789abcdefghijklmn",
  sessionToken: "PLANTEDsessionToken-AQoDYXdzEJr",
  redisPassword: "PLANTED-redis-p@ss/word",
  dashboardToken: "PLANTED-dashboard-token-0123456789",
};

const written = { ...planted, redisPasswordInUrl: encodeURIComponent(planted.redisPassword) };

let rig: Rig;
let env: Record<string, string>;
/** Each output, by what wrote it. */
const outputs = new Map<string, string>();

beforeAll(async () => {
  rig = await Rig.start();
  await rig.upload("in", await smallPhotos(6));
  await rig.servers.redis.command("ACL", "SETUSER", "planted", "on", `>${planted.redisPassword}`, "~*", "&*", "+@all");
  env = {
    AWS_SECRET_ACCESS_KEY: planted.secretKey,
    AWS_SESSION_TOKEN: planted.sessionToken,
    REDIS_URL: rig.servers.redis.url.replace("://", `://planted:${encodeURIComponent(planted.redisPassword)}@`),
    LABELFLEET_DASHBOARD_TOKEN: planted.dashboardToken,
    LABELFLEET_LOG_LEVEL: "trace",
  };
});

afterAll(async () => {
  expect(await rig.stop()).toEqual([]);
});

async function run(words: string[], changes: Record<string, string> = {}): Promise<CliResult> {
  const result = await rig.cli.run([...words, "--verbose"], { ...env, ...changes });
  outputs.set(`labelfleet ${words.join(" ")} ${Object.keys(changes)}`, result.stdout + result.stderr);
  return result;
}

test("no secret is in what commands print and log, whether they work or fail", { timeout: 180_000 }, async () => {
  const input = `s3://${bucket}/in`;
  const out = `s3://${bucket}/out`;
  const labelled = await run(["run", input, "--out", out, "--json"]);
  expect(labelled.exitCode, labelled.stderr).toBe(0);
  const { run: uri } = JSON.parse(labelled.stdout) as RunReport;
  for (const command of ["status", "report", "verify"]) expect((await run([command, uri])).exitCode).toBe(0);

  const failing: [string[], Record<string, string>][] = [
    [["run", "s3://no-such-bucket/in", "--out", out], {}],
    [["run", input, "--out", out], { AWS_ACCESS_KEY_ID: "somebody-else" }],
    [
      ["run", input, "--out", out],
      { AWS_ENDPOINT_URL_S3: `http://user:${planted.secretKey}@127.0.0.1:9`, LABELFLEET_S3_MAX_ATTEMPTS: "1" },
    ],
    [["status"], { REDIS_URL: `redis://planted:${planted.redisPassword}@127.0.0.1:9` }],
    [["status"], { REDIS_URL: `redis://planted:wrong-${written.redisPasswordInUrl}@${new URL(env.REDIS_URL!).host}` }],
    [["status"], { REDIS_URL: `http://planted:${written.redisPasswordInUrl}@127.0.0.1:9` }],
    [["work"], { REDIS_URL: `redis://planted:${written.redisPasswordInUrl}@127.0.0.1:9` }],
    [["run", input, "--out", out], { LABELFLEET_S3_TIMEOUT_MS: planted.sessionToken }],
  ];
  for (const [words, changes] of failing) expect((await run(words, changes)).exitCode, words.join(" ")).not.toBe(0);

  // A storm is what makes a worker log most.
  let reads = 0;
  rig.servers.s3.intercept = ({ method, key }) =>
    method === "GET" && key.startsWith("in/") && reads++ % 2 === 0 ? "drop" : undefined;
  expect((await run(["run", input, "--out", out, "--json"], { LABELFLEET_S3_MAX_ATTEMPTS: "2" })).exitCode).toBe(0);
  rig.servers.s3.intercept = undefined;
});

test("no secret is in the run's folder or in Redis", async () => {
  for (const name of await rig.names(`s3://${bucket}/out/`)) {
    if (/\.(safetensors|onnx)$/.test(name)) continue;
    outputs.set(name, (await rig.read(`s3://${bucket}/out/`, name)).toString("latin1"));
  }
  const keys = (await rig.servers.redis.command("KEYS", "*")).split("\r\n").filter((_, i) => i > 0 && i % 2 === 0);
  for (const key of keys.filter((key) => key !== "")) {
    outputs.set(`Redis ${key}`, await rig.servers.redis.command("DUMP", key));
  }
  expect(keys.length).toBeGreaterThan(3);
  expect(await readdir(join(rig.dir, "tmp"))).toEqual([]);
});

test("no secret is in the dashboard's log and pages", async () => {
  const dashboard = rig.cli.start(["dashboard", "--port", "0", "--verbose"], env);
  const [, url] = await dashboard.until(/Dashboard: (http:\S+)/);
  const get = async (path: string, headers: Record<string, string>) => {
    const response = await fetch(new URL(path, url), { headers, redirect: "manual" });
    outputs.set(`GET ${path} ${Object.keys(headers)}`, [...response.headers].join("\n") + (await response.text()));
    return response.status;
  };
  const bearer = { authorization: `Bearer ${planted.dashboardToken}` };
  expect(await get("/", bearer)).toBe(200);
  for (const path of ["/login", "/healthz", "/no-such-page"]) await get(path, bearer);
  expect(await get("/", {})).toBe(401);
  expect(await get("/", { authorization: `Bearer ${planted.sessionToken}` })).toBe(401);
  dashboard.kill("SIGTERM");
  const { stdout, stderr } = await dashboard.result();
  outputs.set("dashboard", stdout + stderr);
});

test("none of all that has a secret in it", () => {
  expect(outputs.size).toBeGreaterThan(25);
  const found: string[] = [];
  for (const [from, text] of outputs) {
    for (const [name, secret] of Object.entries(written)) {
      if (text.includes(secret) || text.includes(Buffer.from(secret).toString("base64")))
        found.push(`${name} in ${from}`);
    }
  }
  expect(found).toEqual([]);
});
