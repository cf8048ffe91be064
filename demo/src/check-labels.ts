import type { Prediction } from "@labelfleet/shared/contract/prediction";
import { LabelfleetError } from "@labelfleet/shared/errors";
import { topOf } from "./predictions.js";

const expected = [
  { name: "espresso.jpg", what: "espresso", labels: ["espresso"] },
  {
    name: "cat-chelsea.jpg",
    what: "a cat",
    labels: ["tabby, tabby cat", "tiger cat", "Persian cat", "Siamese cat, Siamese", "Egyptian cat"],
  },
  { name: "french-alpine-landscape.jpg", what: "alp", labels: ["alp"] },
];

/** @throws INTERNAL, one line, when a sample photo has another label than it must have */
export function checkLabels(predictions: Prediction[]): void {
  const wrong = expected.flatMap(({ name, what, labels }) => {
    const prediction = predictions.find(({ key }) => key.endsWith(`/samples/${name}`));
    const label = prediction && topOf(prediction)?.label;
    return label !== undefined && labels.includes(label) ? [] : [`${name} is "${label ?? "missing"}" and not ${what}`];
  });
  if (wrong.length > 0) throw new LabelfleetError("INTERNAL", `wrong labels: ${wrong.join("; ")}`);
}
