import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { nodeImage, redisImage } from "../containers/base-images.js";
import { checkoutDir } from "../containers/checkout.js";

interface Service {
  image: string;
  user?: string;
  command: string[];
  environment: Record<string, string | null>;
  cap_drop?: string[];
  security_opt?: string[];
  read_only?: boolean;
  tmpfs?: string[];
  mem_limit?: string;
  pids_limit?: number;
  volumes?: string[];
  ports?: string[];
}

const read = (...path: string[]) => readFileSync(join(checkoutDir, ...path), "utf8");
const { services, volumes } = parse(read("infra", "compose.yaml"), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, object>;
};
const dockerfile = read("infra", "docker", "Dockerfile");

test.each(Object.entries(services))("%s has no rights, memory or processes beyond what it needs", (_name, service) => {
  expect(service.cap_drop).toEqual(["ALL"]);
  expect(service.security_opt).toContain("no-new-privileges:true");
  expect(service.read_only).toBe(true);
  expect(service.tmpfs?.[0]).toMatch(/^\/tmp:size=\d+m/);
  expect(service.mem_limit).toMatch(/:-\d+g\}$/);
  expect(service.pids_limit).toBeGreaterThan(0);
  for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:/);
  for (const volume of service.volumes ?? []) expect(Object.keys(volumes)).toContain(volume.split(":")[0]);
});

test("Redis has a password that no command line shows, and the others know it", () => {
  const { redis, ...others } = services;
  expect(redis!.environment.REDISCLI_AUTH).toMatch(/^\$\{LABELFLEET_REDIS_PASSWORD:\?/);
  expect(redis!.command.join(" ")).toContain(`printf 'requirepass "%s"\\n' "$$REDISCLI_AUTH" > /tmp/redis.conf`);
  expect(redis!.command.join(" ")).not.toContain("LABELFLEET_REDIS_PASSWORD");
  for (const { environment } of Object.values(others)) {
    expect(environment.REDIS_URL).toMatch(/^redis:\/\/:\$\{LABELFLEET_REDIS_PASSWORD\}@redis:6379$/);
  }
});

test("what is pulled stays on a volume that the image has a place for, as whom the host says", () => {
  const cacheDir = /^RUN install --directory .*--mode 1777 (\S+)$/m.exec(dockerfile)![1];
  for (const name of ["worker", "dashboard"]) {
    expect(services[name]!.volumes).toEqual([`cache:${cacheDir}`]);
    expect(services[name]!.environment.LABELFLEET_CACHE_DIR).toBe(cacheDir);
    // null: as the environment of compose has it, so that the secret stands in no file.
    expect(services[name]!.environment).toMatchObject({ HF_TOKEN: null, HF_ENDPOINT: null });
  }
});

test("base images are named to the patch, and can be named by digest from outside", () => {
  expect(redisImage).toMatch(/^redis:\d+\.\d+\.\d+-bookworm$/);
  expect(nodeImage).toMatch(/^node:\d+\.\d+\.\d+-bookworm-slim$/);
  expect(dockerfile.match(/^FROM .+$/gm)).toHaveLength(2);
  expect(dockerfile.match(/^FROM \$\{NODE_IMAGE\}( AS build)?$/gm)).toHaveLength(2);
});
