import { GatepostError, errorOfResponse } from './error';
import { send, type Fetch } from './session';

/** An HTTP session that WHIP or WHEP opened. */
export interface SignalledSession {
  /** Where it is deleted; '' when the server named no place. */
  location: string;
}

/**
 * Offers pc to a WHIP or WHEP endpoint (RFC 9725 §4.2; draft-ietf-wish-whep §4.2) and takes its
 * answer. There is no STUN: the candidates are the host's own, so all of them go with the offer.
 * Fails with a GatepostError that has the endpoint's status.
 */
export async function negotiate(
  pc: RTCPeerConnection,
  url: string,
  bearer: string,
  options: { signal: AbortSignal; fetch?: Fetch },
): Promise<SignalledSession> {
  const { signal } = options;
  const fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  await pc.setLocalDescription(await pc.createOffer());
  await gathered(pc, 1000);
  signal.throwIfAborted();
  const res = await send(fetch, url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/sdp', Accept: 'application/sdp', Authorization: `Bearer ${bearer}` },
    body: pc.localDescription?.sdp ?? '',
    signal,
  });
  if (!res.ok) throw await errorOfResponse(res);
  const given = res.headers.get('location');
  const location = given === null ? '' : new URL(given, res.url || url).href;
  try {
    const sdp = await res.text();
    signal.throwIfAborted();
    await pc.setRemoteDescription({ type: 'answer', sdp });
  } catch (cause) {
    leave(pc, location, bearer, fetch);
    signal.throwIfAborted();
    throw new GatepostError('unexpected', 'the answer cannot be used', { status: res.status, cause });
  }
  return { location };
}

/**
 * Ends a session here and at its server. Nobody waits for the request, which outlives the page, and
 * its failure harms no one: the server times out. The connection is closed after it, because a server
 * that hears of the close first no longer knows the session.
 */
export function leave(pc: RTCPeerConnection, location: string, bearer: string, fetch: Fetch = (i, init) => globalThis.fetch(i, init)): void {
  for (const r of pc.getReceivers()) r.track.stop();
  if (location === '' || pc.connectionState === 'failed' || pc.connectionState === 'closed') {
    pc.close();
    return;
  }
  fetch(location, {
    method: 'DELETE',
    headers: { Authorization: `Bearer ${bearer}` },
    keepalive: true,
    signal: AbortSignal.timeout(1000),
  })
    .catch(() => undefined)
    .finally(() => pc.close());
}

/** Waits for the host's candidates, at most ms: one silent interface must not hold up the picture. */
function gathered(pc: RTCPeerConnection, ms: number): Promise<void> {
  if (pc.iceGatheringState === 'complete') return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      pc.removeEventListener('icegatheringstatechange', changed);
      resolve();
    };
    const changed = () => {
      if (pc.iceGatheringState === 'complete') done();
    };
    const timer = setTimeout(done, ms);
    pc.addEventListener('icegatheringstatechange', changed);
  });
}
