import { nearestNames } from "../nearest-names.js";

/** timm's names of before 2023, when the training was part of the name, and the tags they became. */
const oldSuffixes: readonly (readonly [suffix: string, tag: string])[] = [
  ["_ns_475", "ns_jft_in1k_475"],
  ["_ns", "ns_jft_in1k"],
  ["_ap", "ap_in1k"],
  ["_in21ft1k", "in21k_ft_in1k"],
  ["_in21k", "in21k"],
];
const oldNames: Readonly<Record<string, string>> = {
  efficientnet_b2a: "efficientnet_b2",
  efficientnet_b3a: "efficientnet_b3",
};

/**
 * "efficientnet_b0.ra_in1k" as architecture and tag: timm's name of a training, which names weights and so their mean, std and
 * size, but nothing of the network. The tag is null where the name has none.
 */
export function splitTag(name: string): { architecture: string; tag: string | null } {
  const [architecture = "", ...tag] = name.split(".");
  if (tag.length > 0) return { architecture, tag: tag.join(".") };
  const old = oldSuffixes.find(([suffix]) => name.startsWith("tf_efficientnet") && name.endsWith(suffix));
  if (old) return { architecture: name.slice(0, -old[0].length), tag: old[1] };
  return { architecture: (Object.hasOwn(oldNames, name) ? oldNames[name] : undefined) ?? name, tag: null };
}

/** Relatives that are more than other numbers in the same table, and what they have. */
const otherNetworks: readonly (readonly [pattern: RegExp, what: string])[] = [
  [/^efficientnet_b\d_(g\d+_)?gn$|_gn$/, "group norm instead of batch norm"],
  [/_evos$|_ln$/, "another normalisation than batch norm"],
  [/_b\d_pruned$/, "channels cut out one by one"],
  [/efficientnet_cc_/, "conditional convolutions"],
  [/mixnet/, "kernels of several sizes in one convolution"],
  [/efficientnet_blur_/, "blur pooling"],
  [/efficientnet_[xh]_/, "a space-to-depth stem"],
  [/^gc_efficientnet/, "global-context attention"],
];

/** What to say of a name that the table does not have: why it is not there, or which names are near; "" where none is. */
export function architectureHint(name: string, known: readonly string[]): string {
  const { architecture } = splitTag(name);
  const other = otherNetworks.find(([pattern]) => pattern.test(architecture));
  if (other) return `: it has ${other[1]}, which labelfleet does not build; export it as ONNX (docs/models.md)`;
  const nearest = nearestNames(architecture, known);
  if (nearest.length > 0) return `; the nearest known: ${nearest.join(", ")}`;
  return ": labelfleet builds EfficientNets; other networks run as ONNX files (docs/models.md)";
}
