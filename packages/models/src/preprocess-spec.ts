import type { ModelCard } from "./model-card.js";

/** How a photo becomes a network's input: resize the short side (or squash both), then cut the centre square. */
export interface PreprocessSpec {
  /** Side of the centre crop, which is the network's input. */
  readonly inputPx: number;
  readonly resizeShortSidePx: number;
  readonly interpolation: ModelCard["interpolation"];
  /** Both sides are resized to `resizeShortSidePx`, whatever the aspect. */
  readonly squash?: boolean;
}

/** Source of the floor: timm's `transforms_imagenet_eval`, `scale_size = math.floor(img_size / crop_pct)`. */
export function preprocessSpec(
  card: Pick<ModelCard, "inputPx" | "cropPct" | "interpolation" | "cropMode">,
): PreprocessSpec {
  return {
    inputPx: card.inputPx,
    resizeShortSidePx: Math.floor(card.inputPx / card.cropPct),
    interpolation: card.interpolation,
    ...(card.cropMode === "squash" ? { squash: true } : {}),
  };
}
