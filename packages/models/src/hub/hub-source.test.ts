import { expect, it } from "vitest";
import { parseHubSource } from "./hub-source.js";

it.each([
  ["efficientnet_b0.ra_in1k", "timm/efficientnet_b0.ra_in1k"],
  ["efficientnet_b0.ra4_e3600_r224_in1k", "timm/efficientnet_b0.ra4_e3600_r224_in1k"],
  ["tf_efficientnet_b4_ns", "timm/tf_efficientnet_b4.ns_jft_in1k"],
  ["tf_efficientnet_l2.ns_jft_in1k_475", "timm/tf_efficientnet_l2.ns_jft_in1k_475"],
  ["tf_efficientnetv2_s_in21ft1k", "timm/tf_efficientnetv2_s.in21k_ft_in1k"],
  ["efficientnet-b0", "timm/tf_efficientnet_b0.aa_in1k"],
  ["hf:someone/cats", "someone/cats"],
])("%s names weights of the hub", (name, repo) => {
  expect(parseHubSource(name)).toMatchObject({ repo, revision: "main" });
});

it.each([
  "resnet50.a1_in1k",
  "efficientnet_b0",
  "efficientnet_b0.",
  "efficientnet_b0.x/y",
  "efficientnet_b9.ra_in1k",
  "./x.y",
])("%s names none", (name) => {
  expect(parseHubSource(name)).toBeNull();
});
