import { LabelfleetError } from "@labelfleet/shared/errors";

/** Makes a safetensors file of a checkpoint; `weights_only` runs no code that lies in it. */
export function conversionLine(checkpoint: string): string {
  return (
    `python3 -c "import torch; from safetensors.torch import save_file as s; ` +
    `w = torch.load('${checkpoint}', map_location='cpu', weights_only=True); w = w.get('state_dict', w); ` +
    `s({k: v.clone().contiguous() for k, v in w.items()}, 'model.safetensors')"`
  );
}

/** One file of several. */
export const mergingLine =
  `python3 -c "import glob; from safetensors.torch import load_file as l, save_file as s; ` +
  `s({k: v for f in glob.glob('model-*-of-*.safetensors') for k, v in l(f).items()}, 'model.safetensors')"`;

/** So much of a file's beginning says what it is. */
export const formatBytes = 512;

/** Protocols 2 to 5. */
const pickles = ["\x80\x02", "\x80\x03", "\x80\x04", "\x80\x05"];

/** What people have in place of weights, by how it begins. */
const formats: readonly (readonly [begins: (start: string) => boolean, what: (name: string) => string])[] = [
  [
    (start) => start.startsWith("version https://git-lfs"),
    () => "a git-lfs pointer instead of the file: run `git lfs pull` where it was cloned, or download the file itself",
  ],
  [(start) => start.startsWith("PK\x03\x04"), (name) => checkpoint("PyTorch checkpoint (a zip file)", name)],
  [
    (start) => pickles.some((magic) => start.startsWith(magic)),
    (name) => checkpoint("pickled PyTorch checkpoint", name),
  ],
  [(start) => start.startsWith("\x89HDF"), () => "a Keras file (HDF5): its weights have other names than timm's"],
  [
    (start) => /^\s*<(!doctype|html|\?xml)/i.test(start),
    () =>
      "a web page, not the file: download it with the link that ends in /resolve/main/…, and with HF_TOKEN if it is private",
  ],
  [isOnnx, () => "an ONNX file: leave architecture out of model.json, and it is taken as a graph of your own"],
  [(start) => start.startsWith("\x1f\x8b"), () => "compressed with gzip: unpack it first"],
  [(start) => start.slice(4, 8) === "TFL3", () => "a TensorFlow Lite model: export it as ONNX (docs/models.md)"],
  [
    (start) => start.trimStart().startsWith("{") && start.includes('"weight_map"'),
    () => `an index of several weights files: merge them beside it with ${mergingLine}`,
  ],
];

/** ModelProto begins with ir_version, then producer_name, domain, version, graph or operator sets. */
function isOnnx(start: string): boolean {
  return (
    start.startsWith("\x08") && start.charCodeAt(1) < 0x20 && "\x12\x1a\x22\x28\x32\x3a\x42".includes(start.charAt(2))
  );
}

function checkpoint(what: string, name: string): string {
  const plain = /^[\w./-]+$/.test(name) ? name : "checkpoint.pth";
  return `a ${what}: convert it once with ${conversionLine(plain)}`;
}

/** A length of under 4 GB, and then JSON: the length's first bytes may be those of any other format. */
function isSafetensors(start: string): boolean {
  return start.slice(4, 9) === "\0\0\0\0{";
}

/**
 * @param expected what the file should be
 * @throws LabelfleetError MODEL_INVALID that names the format, and what to do, where the bytes begin as another one does
 */
export function refuseOtherFormats(bytes: Uint8Array, source: string, expected: "safetensors" | "onnx"): void {
  const start = Buffer.from(bytes.subarray(0, formatBytes)).toString("latin1");
  if (isSafetensors(start)) {
    if (expected === "safetensors") return;
    throw new LabelfleetError("MODEL_INVALID", `${source}: safetensors, not ONNX: name its architecture in model.json`);
  }
  if (expected === "onnx" && isOnnx(start)) return;
  const format = formats.find(([begins]) => begins(start));
  if (format) throw new LabelfleetError("MODEL_INVALID", `${source}: ${format[1](source)}`);
  if (bytes.byteLength === 0) throw new LabelfleetError("MODEL_INVALID", `${source}: the file is empty`);
}

/** What to do without a model.safetensors, by the names of the files that are there instead. */
export function weightsInstead(names: readonly string[]): string {
  if (names.includes("model.safetensors.index.json")) {
    return `its weights are in several files: merge them in one folder with ${mergingLine}`;
  }
  const checkpoint = names.find((name) => /\.(bin|pth|pt|ckpt)(\.tar)?$/.test(name));
  if (checkpoint !== undefined) {
    return `no model.safetensors, only ${checkpoint}: convert it there once with ${conversionLine(checkpoint)}`;
  }
  return "no model.safetensors beside config.json";
}
