import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

test("V8 takes what it is told; it would only complain of what it does not know", () => {
  const module = import.meta.resolve("@labelfleet/gpu-worker/late-collection");
  const script = `import { collectLate } from ${JSON.stringify(module)}; collectLate();`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script]);
  expect([status, `${stdout}`, `${stderr}`]).toEqual([0, "", ""]);
});
