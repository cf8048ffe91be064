import { LabelfleetError } from "@labelfleet/shared/errors";
import type { FastifyInstance } from "fastify";

/** Returns the address. @throws USAGE when it is taken or none of ours */
export async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (!["EADDRINUSE", "EACCES", "EADDRNOTAVAIL", "ENOTFOUND"].includes(code)) throw error;
    throw new LabelfleetError(
      "USAGE",
      `the dashboard cannot listen on ${host}:${port} (${code}): choose --port or --host`,
      { cause: error },
    );
  }
}
