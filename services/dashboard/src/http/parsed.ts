import { LabelfleetError } from "@labelfleet/shared/errors";
import type { z } from "zod";

/** What a request brought, by a schema. @throws USAGE naming the first thing that is wrong */
export function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new LabelfleetError("USAGE", `${issue?.path.join(".") || "the request"}: ${issue?.message}`);
}
