import { LabelfleetError } from "@labelfleet/shared/errors";
import { z } from "zod";

/** What a class is called. `wnid` is its WordNet id, where the classes are ImageNet's. */
export interface Label {
  readonly label: string;
  readonly wnid?: string | undefined;
}

const labelsSchema = z.array(z.strictObject({ label: z.string().min(1), wnid: z.string().optional() }));

/**
 * labels.json as one label per class, in the order of the network's outputs.
 *
 * @param source what to call the file in messages
 * @throws LabelfleetError MODEL_INVALID when it is not a list of labels, or has another length than `numClasses`
 */
export function parseLabels(json: string, numClasses: number, source: string): readonly Label[] {
  const invalid = (what: string) => new LabelfleetError("MODEL_INVALID", `${source}: ${what}`);
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch {
    throw invalid("not JSON");
  }
  const parsed = labelsSchema.safeParse(document);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join(".") || "the document";
    throw invalid(`expected a list of {"label": "..."}, and ${where} is something else`);
  }
  if (parsed.data.length !== numClasses) {
    throw invalid(`${parsed.data.length} labels for the ${numClasses} classes of the model card`);
  }
  return parsed.data;
}
