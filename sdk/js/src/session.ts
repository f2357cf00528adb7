import type { Session } from './api';
import { GatepostError, errorOfResponse } from './error';

/** What a client asks of the place it runs in; tests hand in their own. */
export type Fetch = (input: string, init?: RequestInit) => Promise<Response>;

/**
 * The signed-in session of a client: the access token in memory alone, renewed by the refresh
 * cookie. Refreshing is single-flight within the page, and one at a time across the tabs of a
 * browser, because the server rotates the cookie at each use.
 */
export class SessionKeeper {
  #session: Session | null = null;
  #refreshing: Promise<Session> | null = null;
  readonly #listeners = new Set<(session: Session | null) => void>();
  readonly #url: string;
  readonly #fetch: Fetch;

  constructor(url: string, fetch: Fetch) {
    this.#url = url;
    this.#fetch = fetch;
  }

  /** The session, or null when nobody is signed in (or it is not known yet: see refresh). */
  get current(): Session | null {
    return this.#session;
  }

  set(session: Session | null): void {
    this.#session = session;
    for (const l of this.#listeners) l(session);
  }

  /** Calls listener at each change, until the returned function is called. */
  subscribe(listener: (session: Session | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Trades the refresh cookie for a session. Fails with `unauthenticated` when there is none (the
   * session is then null), with `network` or `unavailable` when the server cannot be asked (the
   * session then stays as it was).
   *
   * The request itself is not aborted by the caller's signal, since others may wait for it too;
   * only the caller's own wait ends.
   */
  async refresh(options: { signal?: AbortSignal } = {}): Promise<Session> {
    this.#refreshing ??= this.#locked(() => this.#refresh()).finally(() => {
      this.#refreshing = null;
    });
    return abortable(this.#refreshing, options.signal);
  }

  async #refresh(): Promise<Session> {
    const res = await send(this.#fetch, `${this.#url}/v1/session/refresh`, { method: 'POST', credentials: 'same-origin' });
    if (!res.ok) {
      const err = await errorOfResponse(res);
      if (err.code === 'unauthenticated' || err.code === 'forbidden' || err.code === 'gone') this.set(null);
      throw err;
    }
    const session = (await res.json()) as Session;
    this.set(session);
    return session;
  }

  async #locked<T>(fn: () => Promise<T>): Promise<T> {
    const locks = (globalThis.navigator as Navigator | undefined)?.locks;
    if (locks === undefined) return fn();
    return await locks.request('gatepost-session-refresh', fn);
  }
}

/** Sends a request; what fetch throws becomes a `network` error, an abort stays an abort. */
export async function send(fetch: Fetch, url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (cause) {
    init.signal?.throwIfAborted();
    throw new GatepostError('network', 'no answer from the server', { cause });
  }
}

/** Waits for p, or rejects with the signal's reason as soon as it is aborted. */
export function abortable<T>(p: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) return p;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    p.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
