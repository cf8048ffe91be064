/** What a pull may cost, whatever a hub or a storage host answers. */
export interface HubLimits {
  /** For an answer's headers, and for the silence between two pieces of a body. */
  readonly silenceMs: number;
  /** In each such time a body has to bring `minWindowBytes`: what is slower counts as a failed attempt. */
  readonly windowMs: number;
  readonly minWindowBytes: number;
  /** Before a second attempt; doubled for each that follows. */
  readonly firstPauseMs: number;
  /** For all of a pull. What came stays for the next. */
  readonly totalMs: number;
  /** Of a config.json: one that describes 21,841 classes has about 4 MB. */
  readonly maxConfigBytes: number;
}

export const defaultHubLimits: HubLimits = {
  silenceMs: 30_000,
  windowMs: 60_000,
  minWindowBytes: 64 * 1024,
  firstPauseMs: 200,
  totalMs: 2 * 3_600_000,
  maxConfigBytes: 16 * 1024 * 1024,
};
