import { createHash, randomBytes } from "node:crypto";

/** A working day; then the browser asks for the token again. */
export const sessionMs = 12 * 3_600_000;
/** Who logs in again and again ends their oldest. */
const maxSessions = 1_000;

/** Who is logged in. They end by their time, by logging out, and with this server. */
export class Sessions {
  /** When each ends, by the hash of its id, oldest first. */
  readonly #endMs = new Map<string, number>();

  /** The new session's id, which only its browser knows. */
  open(nowMs: number): string {
    const id = randomBytes(32).toString("base64url");
    this.#endMs.set(hashOf(id), nowMs + sessionMs);
    for (const [oldest, endMs] of this.#endMs) {
      if (endMs > nowMs && this.#endMs.size <= maxSessions) break;
      this.#endMs.delete(oldest);
    }
    return id;
  }

  isOpen(id: string, nowMs: number): boolean {
    return (this.#endMs.get(hashOf(id)) ?? 0) > nowMs;
  }

  close(id: string): void {
    this.#endMs.delete(hashOf(id));
  }
}

/** What is looked up takes the same time whatever was guessed of an id. */
function hashOf(id: string): string {
  return createHash("sha256").update(id).digest("base64url");
}
