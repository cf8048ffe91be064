/** Where a session computes. "simulated" computes nothing (simulated-session.ts). */
export type Device = "cpu" | "cuda" | "simulated";

export interface ScoresAndEmbeddings {
  readonly scores: Float32Array<ArrayBuffer>;
  readonly embeddings: Float32Array<ArrayBuffer>;
}

/**
 * A loaded model, ready to label images. `run` occupies its thread until it is done, so a session lives in a worker
 * thread, and one caller at a time uses it.
 */
export interface Session {
  readonly device: Device;
  /** Side of the square images it takes, in pixels. */
  readonly inputPx: number;
  /** How many numbers it gives for each image. */
  readonly numClasses: number;
  /** How many numbers an image's embedding has; null for a graph without that output. */
  readonly embeddingLength: number | null;

  /**
   * @param images uint8 RGB, [imageCount, inputPx, inputPx, 3], rows first. May be longer (a pooled buffer): the rest is
   *   ignored. It is not kept.
   * @returns [imageCount, numClasses], over a buffer of its own that may be transferred to another thread
   * @throws LabelfleetError INFERENCE_FAILED, naming the type and shape of what was fed; INFERENCE_OUT_OF_MEMORY where the
   *   same images may fit in smaller calls
   */
  run(images: Uint8Array, imageCount: number): Promise<Float32Array<ArrayBuffer>>;

  /**
   * As `run`, with the pooled features of each image as well: [imageCount, embeddingLength], over a buffer of its own.
   *
   * @throws LabelfleetError INFERENCE_FAILED, also where the graph gives no embedding
   */
  runWithEmbeddings(images: Uint8Array, imageCount: number): Promise<ScoresAndEmbeddings>;

  /** Runs grey images once at this batch size, so that the first real batch does not pay for allocation. */
  warmUp(imageCount: number): Promise<void>;

  /** Frees the model. Closing twice is fine. */
  close(): Promise<void>;
}
