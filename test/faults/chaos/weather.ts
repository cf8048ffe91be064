import { setTimeout as sleep } from "node:timers/promises";
import { isPhotoGet } from "../../e2e/gate.js";
import { isAcknowledgement, isCount } from "../../support/redis-proxy.js";
import { type InterceptedRequest, type Interception, xmlError } from "../../support/s3-front.js";
import type { FaultRig } from "../fault-rig.js";
import type { FaultKind } from "./plan.js";

const slowMs = 300;
const errors = [
  xmlError(500, "InternalError", "We encountered an internal error. Please try again."),
  xmlError(503, "SlowDown", "Please reduce your request rate."),
];
const refused = xmlError(403, "AccessDenied", "Access Denied");
const expired = xmlError(403, "ExpiredToken", "The provided token has expired.");

/** What a request meets while a fault of the store lasts; `hit` counts the requests of that time. */
const storeFaults: Partial<
  Record<FaultKind, (request: InterceptedRequest, hit: number) => Interception | Promise<Interception>>
> = {
  "S3 answers 500 and 503": (_, hit) => errors[hit % errors.length],
  "S3 resets bodies": (request) => (isPhotoGet(request) ? { deform: { fraction: 0.5, end: "reset" } } : undefined),
  "S3 cuts bodies short": (request) => (isPhotoGet(request) ? { deform: { fraction: 0.7, end: "close" } } : undefined),
  "S3 is slow": () => sleep(slowMs).then(() => undefined),
  "PUTs refused": ({ method }) => (method === "PUT" ? refused : undefined),
  "answers to PUTs lost": ({ method }) => (method === "PUT" ? { deform: { lost: true } } : undefined),
  "credentials refused": () => expired,
};

/** The faults of stores and network that last a while, several at a time: the first that has something to say wins. */
export class Weather {
  /** Reads of photos, those that met a fault included. */
  photoReads = 0;
  readonly #now = new Set<FaultKind>();
  #hits = 0;

  /** Makes this the weather of the rig's store and of its network to Redis. */
  rule(rig: FaultRig): void {
    rig.servers.s3.intercept = async (request) => {
      if (isPhotoGet(request)) this.photoReads++;
      for (const kind of this.#now) {
        const answer = await storeFaults[kind]?.(request, this.#hits++);
        if (answer !== undefined) return answer;
      }
      return undefined;
    };
    rig.proxy.intercept = (words) =>
      this.#now.has("answers of Redis lost") && (isCount(words) || isAcknowledgement(words))
        ? "lose-answer"
        : undefined;
  }

  /** Keeps the fault up for a time. */
  async last(kind: FaultKind, durationMs: number): Promise<void> {
    this.#now.add(kind);
    await sleep(durationMs);
    this.#now.delete(kind);
  }
}
