import { basename } from "node:path";
import { parseArgs } from "node:util";
import { openOnnxSession } from "@labelfleet/runtime/onnx-session";
import { type OperatorTime, profileOperators } from "@labelfleet/runtime/operator-profile";
import type { Session } from "@labelfleet/runtime/session";
import { LabelfleetError } from "@labelfleet/shared/errors";

interface GraphTime {
  readonly graph: string;
  /** Of the process, for one image: what others do on the machine hardly shows in it. */
  readonly cpuMsPerImage: { readonly least: number; readonly median: number };
  readonly operators: readonly OperatorTime[];
}

export const graphsOptions = {
  batch: { type: "string", default: "1" },
  rounds: { type: "string", default: "30" },
  json: { type: "boolean", default: false },
} as const;

/**
 * ONNX files against each other, in turns in one process: CPU time an image, and where it goes. For graphs that take
 * uint8 [N, px, px, 3], such as our own (`labelfleet models build`) and those of bench/peers/export_torch.py.
 */
export async function benchGraphs(args: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: graphsOptions,
  });
  const [batch, rounds] = [Number(values.batch), Number(values.rounds)];
  if (positionals.length === 0 || !(batch >= 1) || !(rounds >= 1)) {
    throw new LabelfleetError("USAGE", "bench graphs <file.onnx>... [--batch 1] [--rounds 30]");
  }
  const sessions: Session[] = [];
  try {
    for (const modelPath of positionals) sessions.push((await openOnnxSession({ modelPath, device: "cpu" })).session);
    const times = await inTurns(sessions, batch, rounds);
    const graphs: GraphTime[] = [];
    for (const [index, path] of positionals.entries()) {
      const sorted = times[index]!.sort((a, b) => a - b);
      const cpuMsPerImage = { least: sorted[0]!, median: sorted[sorted.length >> 1]! };
      graphs.push({ graph: path, cpuMsPerImage, operators: await profileOperators(path, sessions[index]!.inputPx) });
    }
    if (values.json) process.stdout.write(`${JSON.stringify({ batch, rounds, graphs }, null, 2)}\n`);
    else process.stdout.write(graphs.map(textOf).join("\n"));
    return 0;
  } finally {
    for (const session of sessions) await session.close();
  }
}

async function inTurns(sessions: readonly Session[], batch: number, rounds: number): Promise<number[][]> {
  for (const session of sessions) await session.warmUp(batch);
  const times: number[][] = sessions.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, session] of sessions.entries()) {
      const images = new Uint8Array(batch * session.inputPx ** 2 * 3).fill(round);
      const before = process.cpuUsage();
      await session.run(images, batch);
      const { user, system } = process.cpuUsage(before);
      times[index]!.push((user + system) / 1000 / batch);
    }
  }
  return times;
}

const operatorsShown = 12;

function textOf({ graph, cpuMsPerImage: { least, median }, operators }: GraphTime): string {
  const total = operators.reduce((sum, { ms }) => sum + ms, 0);
  const rows = operators
    .slice(0, operatorsShown)
    .map(
      ({ operator, nodes, ms }) =>
        `  ${operator.padEnd(18)}${String(nodes).padStart(4)} nodes${ms.toFixed(2).padStart(8)} ms${((100 * ms) / total).toFixed(1).padStart(6)} %\n`,
    );
  return `${basename(graph)}: CPU ms an image: least ${least.toFixed(2)}, median ${median.toFixed(2)}\n${rows.join("")}`;
}
