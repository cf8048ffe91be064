import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { loadRuntime, sessionOptions } from "./onnx-runtime.js";

/** What all nodes of one operator take for one run. */
export interface OperatorTime {
  /** As it is after onnxruntime's own optimisations: QuickGelu, ReorderInput ... */
  readonly operator: string;
  readonly nodes: number;
  readonly ms: number;
}

const eventsSchema = z.array(
  z.object({
    cat: z.string(),
    name: z.string(),
    dur: z.number().default(0),
    args: z.object({ op_name: z.string().optional() }).optional(),
  }),
);

/**
 * Where a graph's time goes, by onnxruntime's own clock, on one CPU thread: of each node the lower quartile of its runs,
 * summed by operator, longest first.
 *
 * @param inputPx the graph takes uint8 [N, inputPx, inputPx, 3]
 */
export async function profileOperators(modelPath: string, inputPx: number, runs = 30): Promise<OperatorTime[]> {
  const runtime = await loadRuntime();
  const folder = await mkdtemp(join(tmpdir(), "labelfleet-profile-"));
  try {
    const session = await runtime.InferenceSession.create(modelPath, {
      ...sessionOptions("cpu"),
      enableProfiling: true,
      profileFilePrefix: join(folder, "profile"),
    });
    const shape = [1, inputPx, inputPx, 3];
    const images = new runtime.Tensor("uint8", new Uint8Array(inputPx * inputPx * 3).fill(128), shape);
    for (let run = 0; run < runs; run++) await session.run({ [session.inputNames[0]!]: images });
    session.endProfiling();
    await session.release();
    const [file = ""] = await readdir(folder);
    return summed(eventsSchema.parse(JSON.parse(await readFile(join(folder, file), "utf8"))));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function summed(events: z.infer<typeof eventsSchema>): OperatorTime[] {
  const byNode = new Map<string, { operator: string; microseconds: number[] }>();
  for (const { cat, name, dur, args } of events) {
    if (cat !== "Node" || !name.endsWith("kernel_time") || args?.op_name === undefined) continue;
    const node = byNode.get(name) ?? { operator: args.op_name, microseconds: [] };
    node.microseconds.push(dur);
    byNode.set(name, node);
  }
  const byOperator = new Map<string, { nodes: number; ms: number }>();
  for (const { operator, microseconds } of byNode.values()) {
    microseconds.sort((a, b) => a - b);
    const total = byOperator.get(operator) ?? { nodes: 0, ms: 0 };
    const ms = total.ms + microseconds[microseconds.length >> 2]! / 1000;
    byOperator.set(operator, { nodes: total.nodes + 1, ms });
  }
  return [...byOperator].map(([operator, rest]) => ({ operator, ...rest })).sort((a, b) => b.ms - a.ms);
}
