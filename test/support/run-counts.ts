import type { TestRedis } from "./fixtures.js";

const lane = "default";

/** Images of a run on the default lane that Redis counts as done, ok or failed. */
export async function countedImages(redis: Pick<TestRedis, "command">, run: string, modelId: string): Promise<number> {
  const hash = `{lf-${lane}}:run:${run.split("/").at(-2)!}`;
  const numbers = ["ok", "failed"].map(async (name) => {
    const answer = await redis.command("HGET", hash, `t:${modelId}:${name}`);
    return Number(answer.split("\r\n")[1] ?? 0);
  });
  return (await Promise.all(numbers)).reduce((sum, count) => sum + count, 0);
}
