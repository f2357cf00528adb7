import { GatepostError, type ErrorCode } from '../error';

/** What answers a moment that is pointed at; null where there is nothing to show. */
export type Ask<T> = (at: Date, o: { signal: AbortSignal }) => Promise<T | null>;

/** How long the pointer rests before anything is asked for, in ms. */
export const rest = 150;

/** After these nothing is asked for until there is another source: it would be refused again. */
const final: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['unsupported', 'forbidden', 'unauthenticated', 'gone']);

/**
 * Asks for what belongs to the moment that is wanted: once the wish rests, one at a time, and no
 * longer than it is wanted. A server that is busy is asked again when it says.
 */
export class Preview<T> {
  readonly #show: (shown: T | null) => void;
  #ask: Ask<T> | null = null;
  #wanted: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: AbortController | null = null;

  /** `show` is called with each answer, and with null when there is nothing to show any more. */
  constructor(show: (shown: T | null) => void) {
    this.#show = show;
  }

  /** Replaces the source; null for none. */
  set source(ask: Ask<T> | null) {
    const wanted = this.#wanted;
    this.want(null);
    this.#ask = ask;
    this.want(wanted);
  }

  /** Wants the moment (Unix milliseconds), or nothing. What was under way is given up. */
  want(at: number | null): void {
    if (at === this.#wanted) return;
    this.#wanted = at;
    this.#running?.abort();
    this.#running = null;
    clearTimeout(this.#timer);
    if (at === null) this.#show(null);
    else this.#after(rest);
  }

  #after(ms: number): void {
    this.#timer = setTimeout(() => void this.#go(), ms);
  }

  async #go(): Promise<void> {
    if (this.#ask === null || this.#wanted === null) return;
    const mine = new AbortController();
    this.#running = mine;
    try {
      const shown = await this.#ask(new Date(this.#wanted), { signal: mine.signal });
      if (!mine.signal.aborted) this.#show(shown);
    } catch (err) {
      if (!mine.signal.aborted) this.#failed(err);
    }
  }

  #failed(err: unknown): void {
    this.#show(null);
    if (!(err instanceof GatepostError)) return;
    if (final.has(err.code)) this.#ask = null;
    if (err.code === 'rate_limited') this.#after(Math.max(1, err.retryAfter) * 1000);
  }
}
