import type { InterceptedRequest } from "../support/s3-front.js";
import type { S3Server } from "../support/s3-server.js";

/** Whether a request reads an object as workers do: whole. The producer reads one byte of the first object. */
export function isPhotoGet({ method, key, headers }: InterceptedRequest): boolean {
  return method === "GET" && key.startsWith("in/") && headers.range === undefined;
}

/**
 * Lets the first `free` reads of photos through and holds all others until it is opened, so that a test can act while a worker
 * is in the middle of its batches.
 */
export class Gate {
  /** Resolves when the first read is held. */
  readonly reached: Promise<void>;
  readonly #opened: Promise<void>;
  readonly #s3: S3Server;
  #open: () => void = () => {};
  #reads = 0;

  constructor(s3: S3Server, free: number) {
    this.#s3 = s3;
    this.#opened = new Promise((resolve) => {
      this.#open = resolve;
    });
    let onReached = () => {};
    this.reached = new Promise((resolve) => {
      onReached = resolve;
    });
    s3.intercept = async (request) => {
      if (!isPhotoGet(request) || this.#reads++ < free) return undefined;
      onReached();
      await this.#opened;
      return undefined;
    };
  }

  /** Reads that came so far, held ones included. */
  get reads(): number {
    return this.#reads;
  }

  /** Lets everything through that waits or comes later. */
  open(): void {
    this.#s3.intercept = undefined;
    this.#open();
  }
}
