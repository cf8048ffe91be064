/** Wrong tokens of one address that cost nothing; each further one doubles the pause. */
const freeGuesses = 5;
const firstPauseMs = 1_000;
const maxPauseMs = 60_000;
/** Wrong tokens of all addresses together: so many at once, and then one each `refillMs`. */
const burst = 60;
const refillMs = 1_000;
/** An address is forgotten after this time without a wrong token, or when so many others came since. */
const forgetMs = 15 * 60_000;
const maxAddresses = 10_000;
const logEveryMs = 10_000;

interface Guesses {
  wrong: number;
  lastMs: number;
  closedUntilMs: number;
}

/** Slows down who guesses at the token: each address by growing pauses, all together by a rate. Takes the time as an argument. */
export class GuessLimit {
  readonly #byAddress = new Map<string, Guesses>();
  readonly #log: (line: string) => void;
  #left = burst;
  #refilledMs = Number.NEGATIVE_INFINITY;
  #unlogged = 0;
  #loggedMs = Number.NEGATIVE_INFINITY;

  constructor(log: (line: string) => void = () => {}) {
    this.#log = log;
  }

  /** For how long no token of this address is looked at; 0 when the next one is. */
  pauseMs(address: string, nowMs: number): number {
    this.#refill(nowMs);
    const own = (this.#byAddress.get(address)?.closedUntilMs ?? 0) - nowMs;
    return Math.max(0, own, this.#left < 1 ? refillMs : 0);
  }

  wrong(address: string, nowMs: number): void {
    this.#refill(nowMs);
    this.#left = Math.max(0, this.#left - 1);
    const before = this.#byAddress.get(address);
    const wrong = (before !== undefined && nowMs - before.lastMs < forgetMs ? before.wrong : 0) + 1;
    const pauseMs = wrong < freeGuesses ? 0 : Math.min(maxPauseMs, firstPauseMs * 2 ** (wrong - freeGuesses));
    this.#byAddress.delete(address);
    this.#byAddress.set(address, { wrong, lastMs: nowMs, closedUntilMs: nowMs + pauseMs });
    if (this.#byAddress.size > maxAddresses) this.#byAddress.delete(this.#byAddress.keys().next().value!);
    this.#tell(address, nowMs, wrong === freeGuesses ? "; from now on its tokens wait" : "");
  }

  /** A token that was not looked at, because its address or all of them have to wait. */
  unseen(address: string, nowMs: number): void {
    this.#tell(address, nowMs, "");
  }

  /** One line a while, or when there is something to add. */
  #tell(address: string, nowMs: number, addition: string): void {
    this.#unlogged++;
    if (addition === "" && nowMs - this.#loggedMs < logEveryMs) return;
    const times = this.#unlogged === 1 ? "a wrong or unseen token" : `${this.#unlogged} wrong or unseen tokens`;
    this.#log(`dashboard: ${times} since the last such line, the newest from ${address}${addition}`);
    this.#unlogged = 0;
    this.#loggedMs = nowMs;
  }

  right(address: string): void {
    this.#byAddress.delete(address);
  }

  #refill(nowMs: number): void {
    const since = nowMs - this.#refilledMs;
    if (since < refillMs) return;
    this.#left = Math.min(burst, this.#left + Math.floor(since / refillMs));
    this.#refilledMs = nowMs;
  }
}
