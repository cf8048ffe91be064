import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, statfs } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LabelfleetError } from "@labelfleet/shared/errors";

const venvFolder = fileURLToPath(new URL("../../../.cache/bench/peers-venv", import.meta.url));
const requirements = fileURLToPath(new URL("../../peers/requirements.txt", import.meta.url));
/** The packages, and their archives while pip unpacks them. */
const neededBytes = 8e9;

/**
 * The Python of a virtual environment with the peers' packages: the one in `folder`, or one made in .cache/bench, which
 * downloads some 3 GB.
 *
 * @throws USAGE without python3 and its venv module, with too little free disk, or when pip fails
 */
export async function peersPython(folder?: string): Promise<string> {
  const python = join(folder ?? venvFolder, "bin/python");
  if (isComplete(python)) return python;
  if (folder !== undefined) {
    throw new LabelfleetError("USAGE", `--venv ${folder}: no Python with the packages of bench/peers/requirements.txt`);
  }
  await makeVenv(python);
  return python;
}

async function makeVenv(python: string): Promise<void> {
  if (spawnSync("python3", ["-c", "import venv, ensurepip"]).status !== 0) {
    throw new LabelfleetError(
      "USAGE",
      "bench peers needs python3 with its venv module (Debian: apt install python3-venv)",
    );
  }
  await mkdir(venvFolder, { recursive: true });
  const { bavail, bsize } = await statfs(venvFolder);
  const freeBytes = bavail * bsize;
  if (freeBytes < neededBytes) {
    const free = `${(freeBytes / 1e9).toFixed(1)} GB are free`;
    throw new LabelfleetError("USAGE", `bench peers needs ${neededBytes / 1e9} GB of disk for ${venvFolder}: ${free}`);
  }
  process.stderr.write(`making ${venvFolder}: PyTorch, Ray and others, about 3 GB to download\n`);
  const isMade =
    spawnSync("python3", ["-m", "venv", venvFolder], { stdio: ["ignore", 2, 2] }).status === 0 &&
    spawnSync(python, ["-m", "pip", "install", "--quiet", "-r", requirements], { stdio: ["ignore", 2, 2] }).status ===
      0;
  if (!isMade) throw new LabelfleetError("USAGE", `${venvFolder} could not be made: see pip's message above`);
}

function isComplete(python: string): boolean {
  const imports = "import boto3, onnxruntime, pandas, PIL, pyarrow, ray, torch";
  return existsSync(python) && spawnSync(python, ["-c", imports]).status === 0;
}

/** Versions of what the peers are made of, by package. */
export function peerVersions(python: string): Record<string, string> {
  const names = ["ray", "torch", "boto3", "onnxruntime", "pyarrow", "pillow"];
  const code = `import importlib.metadata, json; print(json.dumps({n: importlib.metadata.version(n) for n in ${JSON.stringify(names)}}))`;
  const versions: unknown = JSON.parse(spawnSync(python, ["-c", code], { encoding: "utf8" }).stdout);
  return versions as Record<string, string>;
}
