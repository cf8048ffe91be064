import { signal } from "@preact/signals";
import type { Session } from "../../src/api/session.js";

/** What the server said instead of an answer, in one line. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export const session = signal<Session | null>(null);

const attempts = 3;
const pauseMs = 1_000;

/** Asks for something; when the connection breaks, a few times. */
export async function getJson<T>(address: string, signal?: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await answerOf<T>(
        await fetch(address, { headers: { accept: "application/json" }, signal: signal ?? null }),
      );
    } catch (error) {
      if (error instanceof ApiError || signal?.aborted || attempt === attempts) throw error;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}

export async function loadSession(): Promise<void> {
  session.value = await getJson<Session>("/api/session");
}

/** Does something to a run. Returns what happened, in words. */
export async function actOnRun(runId: string, action: string, body: object = {}): Promise<string> {
  const response = await fetch(`/api/runs/${encodeURIComponent(runId)}/${action}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-labelfleet-csrf": session.value?.csrfToken ?? "" },
    body: JSON.stringify(body),
  });
  return (await answerOf<{ message: string }>(response)).message;
}

async function answerOf<T>(response: Response): Promise<T> {
  if (response.status === 401) location.assign("/login");
  // An answer whose body breaks off, or is given up, is none; of a refusal the status says enough.
  if (response.ok) return (await response.json()) as T;
  const { error } = (await response.json().catch(() => ({}))) as { error?: string };
  throw new ApiError(response.status, error ?? `the dashboard answered ${response.status}`);
}
