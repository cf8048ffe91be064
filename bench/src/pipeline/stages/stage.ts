/** What a stage's process is told. The S3 server is in its environment. */
export interface StageOptions {
  stage: StageName;
  concurrency: number;
  bucket: string;
  prefix: string;
  /** The photos' folder, for stages that do not read them from S3. */
  folder: string;
  model: string;
  /** Images of the measured part; the photos are used over and over. */
  images: number;
  batchImages: number;
}

export const stageNames = ["list", "fetch", "decode", "infer", "write"] as const;
export type StageName = (typeof stageNames)[number];

/** One stage, prepared: `run` handles so many images, and is called once to warm up. */
export interface Stage {
  run(images: number): Promise<void>;
  close(): Promise<void>;
}

/** Calls `work` for 0 … count - 1, so many at once. */
export async function atOnce(concurrency: number, count: number, work: (i: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const turns = Array.from({ length: concurrency }, async () => {
    while (next < count) await work(next++);
  });
  await Promise.all(turns);
}
