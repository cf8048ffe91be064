import { randomBytes } from "node:crypto";
import { equalInConstantTime } from "../login/auth.js";

export const csrfHeader = "x-labelfleet-csrf";
/** Bull Board's page sends what a cookie of this name holds in this header, as axios does. */
export const boardCsrf = { cookie: "XSRF-TOKEN", header: "x-xsrf-token" } as const;

/** A secret of this server that only its own pages can read, and that whatever changes something must carry. */
export class CsrfGuard {
  readonly token = randomBytes(24).toString("base64url");

  accepts(header: string | string[] | undefined): boolean {
    return typeof header === "string" && equalInConstantTime(header, this.token);
  }
}
