import { errorOfResponse } from '../error';
import type { Fetch } from '../session';
import { refusal, type Source } from './source';
import type { Outcome } from './transport';

/**
 * Asks a server whether it would still serve a token: `denied`, `offline` (the camera is away), or
 * null (it would serve, or cannot be asked). url is what to ask for, where something smaller than the
 * playlist is known.
 */
export type Probe = (signal: AbortSignal, url?: string) => Promise<Outcome | null>;

/** Makes a probe of the source that is played at the time. */
export function makeProbe(source: () => Source, fetch: Fetch): Probe {
  // A server that answers HEAD spares us the playlist; one that does not is asked with GET, whose body is dropped.
  let method = 'HEAD';
  return async (signal, smaller) => {
    const s = source();
    const url = smaller ?? s.playlist ?? s.hls;
    if (url === undefined) return null;
    for (;;) {
      const mine = new AbortController();
      try {
        const how = smaller === undefined ? method : 'HEAD';
        const res = await fetch(url, { method: how, cache: 'no-store', signal: AbortSignal.any([signal, mine.signal, AbortSignal.timeout(4000)]) });
        if (how === 'HEAD' && smaller === undefined && (res.status === 404 || res.status === 405 || res.status === 501)) {
          method = 'GET';
          continue;
        }
        const code = res.ok || how === 'HEAD' ? '' : (await errorOfResponse(res)).code;
        const denied = refusal(res.status, code, s.expiresAt, Date.now());
        if (denied !== null) return { kind: 'denied', reason: denied };
        return smaller === undefined && (res.status === 404 || res.status === 503) ? { kind: 'offline' } : null;
      } catch {
        signal.throwIfAborted();
        return null;
      } finally {
        mine.abort();
      }
    }
  };
}

/** Asks a probe now and then, without keeping anybody waiting: a server may hold its answer while a camera is away. */
export class Sentry {
  readonly #probe: Probe;
  readonly #every: number;
  #asked = performance.now();
  #asking = false;
  /** The refusal, once there was one. */
  denied: Outcome | null = null;

  /** every: least milliseconds between two questions. */
  constructor(probe: Probe, every: number) {
    this.#probe = probe;
    this.#every = every;
  }

  /** Asks, unless it was asked a moment ago, or the last answer is still out. */
  ask(signal: AbortSignal, url?: string): void {
    const now = performance.now();
    if (this.#asking || now - this.#asked < this.#every) return;
    this.#asked = now;
    this.#asking = true;
    this.#probe(signal, url)
      .then(
        (verdict) => {
          if (verdict?.kind === 'denied') this.denied = verdict;
        },
        () => undefined, // aborted: nobody wants to know any more
      )
      .finally(() => {
        this.#asking = false;
      });
  }
}
