import { expect, it } from "vitest";
import type { ModelCard } from "./model-card.js";
import type { GraphEnd } from "./own-graph-end.js";
import { outputGives } from "./own-graph-output.js";

const end = (kind: GraphEnd["kind"]): GraphEnd => ({ kind, isOverImages: false, isRounded: false });
const five = (...values: number[]) => [Float32Array.from(values), Float32Array.from(values), Float32Array.from(values)];
const softmaxRows = five(0.97, 0.01, 0.01, 0.005, 0.005);
const sigmoidRows = five(0.97, 0.8, 0.01, 0.4, 0.1);
const logitRows = five(7, -3, 0.5, 0, 1);
const card = (differing: Partial<ModelCard> = {}) =>
  ({ activation: "softmax", numClasses: 5, ...differing }) as ModelCard;

function given(ownCard: ModelCard, kind: GraphEnd, rows: Float32Array[] | null) {
  const warnings: string[] = [];
  return { gives: outputGives(ownCard, { end: kind, rows }, "own", (line) => warnings.push(line)), warnings };
}

it.each<[string, GraphEnd["kind"], Float32Array[] | null, "logits" | "probabilities", number]>([
  ["a softmax that the graph shows", "softmax", null, "probabilities", 0],
  ["a softmax that it shows and its scores confirm", "softmax", softmaxRows, "probabilities", 0],
  ["scores that add up to 1 behind an unknown end", "other", softmaxRows, "probabilities", 1],
  ["logits", "other", logitRows, "logits", 0],
  ["an unknown end that was not run", "other", null, "logits", 0],
  ["the logarithm of a softmax, whose softmax is right", "log-softmax", logitRows, "logits", 0],
  ["part of the classes of a softmax", "softmax", five(0.1, 0.1, 0.1, 0, 0), "probabilities", 0],
  ["a sigmoid, though the card says softmax", "sigmoid", sigmoidRows, "probabilities", 1],
])("knows %s", (_what, kind, rows, expected, warnings) => {
  const found = given(card(), end(kind), rows);
  expect(found.gives).toBe(expected);
  expect(found.warnings).toHaveLength(warnings);
});

it("asks the card where scores between 0 and 1 do not add up to 1", () => {
  expect(() => given(card({ activation: "sigmoid" }), end("other"), sigmoidRows)).toThrow(/state output\.gives/);
  const few = [Float32Array.of(0.2, 0.3)];
  expect(given(card({ numClasses: 2, activation: "sigmoid" }), end("other"), few)).toMatchObject({ gives: "logits" });
  expect(given(card({ output: { gives: "probabilities" } }), end("other"), sigmoidRows)).toEqual({
    gives: "probabilities",
    warnings: [],
  });
});

it.each<[NonNullable<ModelCard["output"]>["gives"], GraphEnd["kind"], Float32Array[], RegExp | null]>([
  ["logits", "softmax", softmaxRows, /says output\.gives "logits", but it ends in softmax: that is applied twice/],
  ["logits", "other", softmaxRows, /but its scores add up to 1/],
  ["probabilities", "other", logitRows, /but scores of a test image lie between -3\.000 and 7\.000/],
  ["probabilities", "log-softmax", logitRows, /logarithm of a softmax/],
  ["probabilities", "softmax", softmaxRows, null],
  ["logits", "other", logitRows, null],
])(
  "does as the card states, %s, and warns where a graph that ends in %s contradicts it",
  (gives, kind, rows, warning) => {
    const found = given(card({ output: { gives } }), end(kind), rows);
    expect(found.gives).toBe(gives);
    expect(found.warnings).toHaveLength(warning === null ? 0 : 1);
    if (warning !== null) expect(found.warnings[0]).toMatch(warning);
  },
);

it("refuses a softmax over another axis, and numbers that are none", () => {
  expect(() => given(card(), end("softmax"), five(1, 1, 1, 1, 1))).toThrow(/another axis .* add up to 5\.000/);
  expect(() => given(card(), { ...end("softmax"), isOverImages: true }, null)).toThrow(/axis 0/);
  expect(() => given(card(), end("other"), five(1, Number.NaN, 1, 1, 1))).toThrow(/NaN/);
  expect(() => given(card(), end("other"), five(97, 1, 1, 0.5, 0.5))).toThrow(/per cent/);
  const rounded = { ...end("softmax"), isRounded: true };
  expect(given(card(), rounded, five(0.4, 0.3, 0.2, 0.1, 0.1)).gives).toBe("probabilities");
});
