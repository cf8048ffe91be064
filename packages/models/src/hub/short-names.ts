/** A model that is pulled on first use: what `--model` calls it, timm's architecture, and where its weights lie. */
export interface ShortName {
  readonly id: string;
  readonly architecture: string;
  /** On the hub; the part after the dot is timm's name of the training. */
  readonly repo: string;
}

/** The article's own training (AutoAugment, ImageNet-1k: B7 has 84.4 % top-1) where timm has it. */
const table: readonly (readonly [id: string, architecture: string, training: string])[] = [
  ["efficientnet-b0", "tf_efficientnet_b0", "aa_in1k"],
  ["efficientnet-b1", "tf_efficientnet_b1", "aa_in1k"],
  ["efficientnet-b2", "tf_efficientnet_b2", "aa_in1k"],
  ["efficientnet-b3", "tf_efficientnet_b3", "aa_in1k"],
  ["efficientnet-b4", "tf_efficientnet_b4", "aa_in1k"],
  ["efficientnet-b5", "tf_efficientnet_b5", "aa_in1k"],
  ["efficientnet-b6", "tf_efficientnet_b6", "aa_in1k"],
  ["efficientnet-b7", "tf_efficientnet_b7", "aa_in1k"],
  ["efficientnet-lite3", "tf_efficientnet_lite3", "in1k"],
  ["efficientnet-lite4", "tf_efficientnet_lite4", "in1k"],
  ["efficientnetv2-b0", "tf_efficientnetv2_b0", "in1k"],
  ["efficientnetv2-b1", "tf_efficientnetv2_b1", "in1k"],
  ["efficientnetv2-b2", "tf_efficientnetv2_b2", "in1k"],
  ["efficientnetv2-b3", "tf_efficientnetv2_b3", "in1k"],
  ["efficientnetv2-s", "tf_efficientnetv2_s", "in1k"],
  ["efficientnetv2-m", "tf_efficientnetv2_m", "in1k"],
  ["efficientnetv2-l", "tf_efficientnetv2_l", "in1k"],
];

/** Checked against the `default_cfgs` of timm 1.0's timm/models/efficientnet.py, whose hub id is `timm/<name>.<training>`. */
export const shortNames: readonly ShortName[] = table.map(([id, architecture, training]) => ({
  id,
  architecture,
  repo: `timm/${architecture}.${training}`,
}));
