import type { Fetch } from '../session';
import { HlsTransport } from './hls';
import { NativeTransport } from './native';
import { makeProbe } from './probe';
import { samePicture, type Source } from './source';
import type { FallbackReason, PlayerStore } from './store';
import type { Hooks, Outcome, PlayerTransport } from './transport';
import { backoff, wait } from './wait';
import { WhepTransport } from './whep';

/** Makes the transports of a source; tests hand in their own. */
export interface Transports {
  /** null where the source or the browser has no WHEP. */
  whep(source: Source): PlayerTransport | null;
  /** null where neither hls.js nor the browser can play. */
  hls(source: Source, live: boolean, startAt: number | null): PlayerTransport | null;
}

/** A camera has so long to come back before the words change from "buffering" to "camera offline". */
const graceMS = 15000;
/** After so many connections in a row that never carried a picture, WHEP is given up for LL-HLS. */
const whepAttempts = 3;

/** Decides what plays: opens transports one after another, and again when they break, for as long as there is a source. */
export class PlayerController {
  readonly #store: PlayerStore;
  readonly #transports: Transports;
  readonly #clear: () => void;
  #source: Source | null = null;
  #running: AbortController | null = null;
  #transport: PlayerTransport | null = null;
  #startAt: number | null = null;
  #expiry: ReturnType<typeof setTimeout> | undefined;

  /** clear takes the picture off the screen. */
  constructor(store: PlayerStore, transports: Transports, clear: () => void) {
    this.#store = store;
    this.#transports = transports;
    this.#clear = clear;
  }

  get source(): Source | null {
    return this.#source;
  }

  /**
   * Plays a source. The same picture with a renewed token goes on playing without a break where
   * the transport can; anything else starts anew. startAt is the wall time (Unix milliseconds) at
   * which a recording begins.
   */
  open(source: Source, startAt: number | null = null): void {
    const before = this.#source;
    this.#source = source;
    this.#expireAt(source.expiresAt);
    const { state } = this.#store.snapshot;
    const alive = state === 'playing' || state === 'stalled' || state === 'connecting' || state === 'ended';
    if (before !== null && alive && startAt === null && samePicture(before, source)) {
      if (this.#transport?.renew(source) !== true) this.#restart(source, this.#store.snapshot.wallClock);
      return;
    }
    if (before === null || !samePicture(before, source)) this.#clear();
    this.#store.open(source.playlist === undefined);
    this.#restart(source, startAt);
  }

  /** Stops, and forgets the source. */
  close(): void {
    this.#stop();
    this.#source = null;
    this.#clear();
    this.#store.close();
  }

  /** Shows the recorded picture of a wall time (Unix milliseconds). False for live pictures, and without a source. */
  seek(wall: number): boolean {
    const source = this.#source;
    if (source?.playlist === undefined) return false;
    if (this.#transport?.seek(wall) === true) return true;
    this.#startAt = wall;
    return true;
  }

  #stop(): void {
    clearTimeout(this.#expiry);
    this.#running?.abort(new Error('closed'));
    this.#running = null;
    this.#transport = null;
  }

  #restart(source: Source, startAt: number | null): void {
    this.#running?.abort(new Error('reopened'));
    const running = new AbortController();
    this.#running = running;
    this.#startAt = startAt;
    const live = source.playlist === undefined;
    this.#play(source, live, running.signal).catch((err: unknown) => {
      if (!running.signal.aborted) {
        this.#store.fail('unsupported');
        console.error('gatepost player:', err);
      }
    });
  }

  #expireAt(expiresAt: number): void {
    clearTimeout(this.#expiry);
    if (expiresAt <= 0) return;
    // Beyond 24 days a timer would overflow and fire at once; nobody watches so long without a new grant.
    const ms = Math.min(Math.max(0, expiresAt - Date.now()), 2 ** 31 - 1);
    this.#expiry = setTimeout(() => this.#deny('expired'), ms);
  }

  #deny(reason: 'expired' | 'revoked' | 'refused'): void {
    this.#stop();
    this.#clear();
    this.#store.deny(reason);
  }

  async #play(source: Source, live: boolean, signal: AbortSignal): Promise<void> {
    let fallback: FallbackReason | null = null;
    let whep = live && source.mode !== 'hls' && source.whep !== undefined;
    let everSeen = false;
    let blind = 0;
    let failures = 0;
    let lastSeen = performance.now();

    for (;;) {
      signal.throwIfAborted();
      let seen = false;
      const present = this.#source ?? source;
      const made: PlayerTransport | null = whep
        ? this.#transports.whep(present)
        : this.#transports.hls(present, live, this.#startAt);
      this.#transport = made;
      let outcome: Outcome;
      if (made === null) {
        outcome = whep ? { kind: 'unsuitable', reason: 'unsupported' } : { kind: 'failed', reason: 'unsupported' };
      } else {
        const hooks: Hooks = {
          using: (t) => this.#store.use(t, t === 'whep' ? null : fallback),
          progress: (p) => {
            seen = everSeen = true;
            lastSeen = performance.now();
            failures = blind = 0;
            this.#store.progress(p);
          },
          stalled: () => this.#store.stall(performance.now() - lastSeen > graceMS ? 'camera_offline' : 'buffering'),
          ended: () => this.#store.end(),
        };
        outcome = await made.run(signal, hooks);
      }
      signal.throwIfAborted();

      switch (outcome.kind) {
        case 'denied':
          this.#deny(outcome.reason);
          return;
        case 'failed':
          this.#clear();
          this.#store.fail(outcome.reason);
          return;
        case 'ended':
          this.#store.end();
          return;
        case 'unsuitable':
          // After it has carried a picture, one failed connection is an accident.
          if (everSeen && outcome.reason !== 'codec' && ++blind < whepAttempts) {
            this.#store.stall('network');
            break;
          }
          if (source.mode === 'whep' || present.hls === undefined) {
            if (outcome.reason === 'codec' || outcome.reason === 'unsupported') {
              this.#clear();
              this.#store.fail('codec');
              return;
            }
            this.#store.stall('network');
            break;
          }
          whep = false;
          fallback = outcome.reason;
          continue;
        case 'offline':
          this.#store.stall(everSeen && performance.now() - lastSeen < graceMS ? 'buffering' : 'camera_offline');
          break;
        case 'lost':
          if (outcome.reason === 'decode' && !seen && failures >= 2) {
            this.#clear();
            this.#store.fail('decode');
            return;
          }
          this.#store.stall('network');
          break;
      }
      // A recording goes on where it was.
      if (!live) this.#startAt = this.#store.snapshot.wallClock ?? this.#startAt;
      await wait(backoff(failures++), signal);
      this.#store.retry();
    }
  }
}

/** The transports of a real video element. */
export function browserTransports(video: HTMLVideoElement, current: () => Source | null, fetch: Fetch): Transports {
  const probeFor = (source: Source) => makeProbe(() => current() ?? source, fetch);
  return {
    whep: (source) =>
      source.whep === undefined || typeof RTCPeerConnection === 'undefined'
        ? null
        : new WhepTransport(video, { ...source, whep: source.whep }, probeFor(source)),
    hls: (source, live, startAt) => {
      const hasMSE = 'MediaSource' in globalThis || 'ManagedMediaSource' in globalThis;
      if (!hasMSE) {
        return NativeTransport.supported(video) ? new NativeTransport(video, source, live, probeFor(source), startAt) : null;
      }
      return new HlsTransport(video, source, live, probeFor(source), startAt);
    },
  };
}
