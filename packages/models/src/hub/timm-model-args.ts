import { type ModelArgs, modelArgsSchema } from "../efficientnet/model-args.js";

/** Arguments of training, or of how timm makes the same network; what it computes stays. */
const withoutEffect: ReadonlySet<string> = new Set([
  ...["drop_rate", "drop_path_rate", "drop_connect_rate", "bn_momentum"],
  ...["scriptable", "exportable", "no_jit", "pretrained", "checkpoint_path"],
]);

/** Arguments whose default may be written out. */
const defaults: Readonly<Record<string, unknown>> = { in_chans: 3, output_stride: 32, features_only: false };

/**
 * The `model_args` of a timm configuration as the card has them: each is honoured, has no effect, or is refused by its name.
 *
 * @param invalid makes the error of a message
 */
export function readModelArgs(given: Readonly<Record<string, unknown>>, invalid: (what: string) => Error): ModelArgs {
  const honoured: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    if (withoutEffect.has(name) || name === "num_classes") continue;
    if (Object.hasOwn(defaults, name) && value === defaults[name]) continue;
    if (!Object.hasOwn(modelArgsSchema.shape, name)) throw refused(name, value, invalid);
    honoured[name] = name === "act_layer" || name === "pad_type" ? lowerCase(value) : value;
  }
  const parsed = modelArgsSchema.safeParse(honoured);
  if (parsed.success) return parsed.data;
  const name = String(parsed.error.issues[0]?.path[0]);
  throw refused(name, given[name], invalid);
}

function refused(name: string, value: unknown, invalid: (what: string) => Error): Error {
  const written = (JSON.stringify(value) ?? "undefined").slice(0, 80);
  return invalid(
    `model_args.${name.slice(0, 80)} ${written} is not supported (${supported}); export the model as ONNX`,
  );
}

const supported =
  'supported: act_layer relu, relu6, silu or swish; pad_type "same" or ""; bn_eps; global_pool avg, max or avgmax';

/** timm does not mind the case either. */
function lowerCase(value: unknown): unknown {
  return typeof value === "string" ? value.toLowerCase() : value;
}
