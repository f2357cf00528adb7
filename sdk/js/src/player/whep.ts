import { GatepostError } from '../error';
import { leave, negotiate } from '../webrtc';
import { Sentry, type Probe } from './probe';
import type { Hooks, Outcome, PlayerTransport } from './transport';
import { refusal, type Source } from './source';
import type { FallbackReason } from './store';

/** No picture for so long after connecting: take the other transport. */
const firstFrameMS = 4000;
/** The picture stands still for so long: say so. */
const stallMS = 1500;
/** It stands still for so long though the connection is up: offer anew. A camera has 15 s to come back. */
const reofferMS = 15000;
/** While it stands still, the server is asked so often whether it would still serve us. */
const probeMS = 2000;
const pollMS = 500;
const firstPollMS = 100;

/** WebRTC playback by WHEP (draft-ietf-wish-whep), without STUN: the server is reached directly or not at all. */
export class WhepTransport implements PlayerTransport {
  readonly #video: HTMLVideoElement;
  readonly #source: Source & { whep: string };
  /** Asks the server, while the picture stands still, whether it would still serve us. */
  readonly #probe: Probe;

  constructor(video: HTMLVideoElement, source: Source & { whep: string }, probe: Probe) {
    this.#video = video;
    this.#source = source;
    this.#probe = probe;
  }

  /** The server ends a session with the token that opened it, so a renewed one needs a session of its own. */
  renew(): boolean {
    return false;
  }

  seek(): boolean {
    return false;
  }

  async run(signal: AbortSignal, hooks: Hooks): Promise<Outcome> {
    const pc = new RTCPeerConnection({ iceServers: [] });
    let location = '';
    try {
      pc.addTransceiver('video', { direction: 'recvonly' });
      pc.addTransceiver('audio', { direction: 'recvonly' });
      const stream = new MediaStream();
      const attach = () => this.#attach(stream);
      pc.addEventListener('track', (e) => {
        stream.addTrack(e.track);
        // A former picture stays until this one arrives.
        if (this.#video.srcObject === null && !this.#video.currentSrc) attach();
        else if (e.track.kind === 'video') e.track.addEventListener('unmute', attach, { once: true });
      });
      try {
        ({ location } = await negotiate(pc, this.#source.whep, this.#source.token, { signal }));
      } catch (err) {
        signal.throwIfAborted();
        return this.#refused(err);
      }
      hooks.using('whep');
      return await this.#watch(pc, stream, signal, hooks);
    } finally {
      leave(pc, location, this.#source.token);
    }
  }

  #attach(stream: MediaStream): void {
    if (this.#video.srcObject === stream) return;
    this.#video.removeAttribute('src');
    this.#video.srcObject = stream;
    this.#video.play().catch(() => undefined); // the element watches for what a refusal to autoplay means
  }

  #refused(err: unknown): Outcome {
    if (!(err instanceof GatepostError)) return { kind: 'unsuitable', reason: 'unsupported' };
    const denied = refusal(err.status, err.code, this.#source.expiresAt, Date.now());
    if (denied !== null) return { kind: 'denied', reason: denied };
    switch (err.status) {
      case 400:
      case 406:
      case 415:
      case 422:
        return { kind: 'unsuitable', reason: 'codec' };
      case 404:
      case 409:
      case 503:
        return { kind: 'offline' };
      default:
        return { kind: 'lost', reason: 'network' };
    }
  }

  /** Follows the connection until it ends. */
  async #watch(pc: RTCPeerConnection, stream: MediaStream, signal: AbortSignal, hooks: Hooks): Promise<Outcome> {
    const began = performance.now();
    const meter = new Meter(pc);
    let shown = false;
    let moved = began;
    const sentry = new Sentry(this.#probe, probeMS);
    for (;;) {
      await changeOf(pc, shown ? pollMS : firstPollMS, signal);
      const now = performance.now();
      if (pc.connectionState === 'failed' || pc.connectionState === 'closed') {
        const reason: FallbackReason = 'ice';
        return shown ? { kind: 'lost', reason: 'network' } : { kind: 'unsuitable', reason };
      }
      const m = await meter.read();
      signal.throwIfAborted();
      if (m.frames > meter.before) {
        this.#attach(stream);
        shown = true;
        moved = now;
        hooks.progress({
          frames: m.frames,
          dropped: m.dropped,
          width: m.width,
          height: m.height,
          latency: m.latency,
          wallClock: Date.now() - (m.latency ?? 0) * 1000,
        });
        continue;
      }
      if (globalThis.document?.hidden) {
        moved = now; // a page in the background decodes no frames; that is no stall
        continue;
      }
      if (!shown && now - began > firstFrameMS) return { kind: 'unsuitable', reason: pc.connectionState === 'connected' ? 'no_frame' : 'ice' };
      if (!shown || now - moved < stallMS) continue;
      hooks.stalled();
      sentry.ask(signal);
      if (sentry.denied !== null) return sentry.denied;
      if (now - moved > reofferMS) return { kind: 'offline' };
    }
  }
}

interface Measure {
  frames: number;
  dropped: number;
  width: number;
  height: number;
  latency: number | null;
}

/** Reads what a receiving connection has decoded. */
class Meter {
  readonly #pc: RTCPeerConnection;
  /** Frames at the reading before the last. */
  before = 0;
  #frames = 0;

  constructor(pc: RTCPeerConnection) {
    this.#pc = pc;
  }

  async read(): Promise<Measure> {
    const m: Measure = { frames: this.#frames, dropped: 0, width: 0, height: 0, latency: null };
    let rtt = 0;
    this.before = this.#frames;
    for (const s of (await this.#pc.getStats()).values() as IterableIterator<Record<string, unknown>>) {
      const n = (k: string) => (typeof s[k] === 'number' ? (s[k] as number) : 0);
      if (s['type'] === 'inbound-rtp' && s['kind'] === 'video') {
        m.frames = Math.max(m.frames, n('framesDecoded'));
        m.dropped = n('framesDropped');
        m.width = n('frameWidth');
        m.height = n('frameHeight');
        const emitted = n('jitterBufferEmittedCount');
        if (emitted > 0) m.latency = n('jitterBufferDelay') / emitted;
      } else if (s['type'] === 'candidate-pair' && s['nominated'] === true) {
        rtt = n('currentRoundTripTime');
      }
    }
    if (m.latency !== null) m.latency += rtt / 2;
    this.#frames = m.frames;
    return m;
  }
}

/** Waits for the next change of the connection's state, at most ms. */
function changeOf(pc: RTCPeerConnection, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      pc.removeEventListener('connectionstatechange', done);
      signal.removeEventListener('abort', done);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve();
    };
    const timer = setTimeout(done, ms);
    pc.addEventListener('connectionstatechange', done);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
