import { errorOfResponse } from '../error';
import type { Fetch } from '../session';
import { refusal, type Source } from './source';
import type { Outcome } from './transport';

/**
 * Makes a probe: a cheap question whether the server would still serve this token. It answers
 * `denied`, `offline` (the camera is away), or null (it would serve, or cannot be asked).
 */
export function makeProbe(source: () => Source, fetch: Fetch): (signal: AbortSignal) => Promise<Outcome | null> {
  // A server that answers HEAD spares us the playlist; one that does not is asked with GET, whose body is dropped.
  let method = 'HEAD';
  return async (signal) => {
    const s = source();
    const url = s.playlist ?? s.hls;
    if (url === undefined) return null;
    for (;;) {
      const mine = new AbortController();
      try {
        const res = await fetch(url, { method, cache: 'no-store', signal: AbortSignal.any([signal, mine.signal, AbortSignal.timeout(4000)]) });
        if (method === 'HEAD' && (res.status === 404 || res.status === 405 || res.status === 501)) {
          method = 'GET';
          continue;
        }
        const code = res.ok || method === 'HEAD' ? '' : (await errorOfResponse(res)).code;
        const denied = refusal(res.status, code, s.expiresAt, Date.now());
        if (denied !== null) return { kind: 'denied', reason: denied };
        return res.status === 404 || res.status === 503 ? { kind: 'offline' } : null;
      } catch {
        signal.throwIfAborted();
        return null;
      } finally {
        mine.abort();
      }
    }
  };
}
