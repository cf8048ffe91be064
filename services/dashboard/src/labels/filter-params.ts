import { z } from "zod";
import type { LabelFilter } from "./match-rows.js";
import { type LabelSort, labelSorts } from "./sort-rows.js";

const text = z.string().max(1_000).optional();
const probability = z.coerce.number().min(0).max(1).optional();

/** A filter as it stands in an address: what is absent does not restrict. */
export const filterParamsSchema = z.object({
  model: text,
  label: text,
  min: probability,
  max: probability,
  status: z.enum(["ok", "failed"]).optional(),
  code: text,
  disagrees: text,
  sort: z.enum(labelSorts).default("leastCertain"),
});

/** The same with a page of records. */
export const pageParamsSchema = filterParamsSchema.extend({
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(200).default(60),
});

export function filterOf(params: z.infer<typeof filterParamsSchema>): { filter: LabelFilter; sort: LabelSort } {
  const filter: LabelFilter = {
    modelId: params.model ?? null,
    label: params.label ?? null,
    minProbability: params.min ?? null,
    maxProbability: params.max ?? null,
    status: params.status ?? null,
    errorCode: params.code ?? null,
    disagreesWith: params.disagrees ?? null,
  };
  return { filter, sort: params.sort };
}
