/**
 * idle → connecting → playing ⇄ stalled; ended (the recording is over; seeking back leaves it),
 * denied (the grant is expired, revoked or refused; only a new grant leaves it), error.
 */
export type PlayerState = 'idle' | 'connecting' | 'playing' | 'stalled' | 'ended' | 'denied' | 'error';

/** How the picture comes: WebRTC, LL-HLS by hls.js, a recording by hls.js, or the browser's own HLS. */
export type Transport = 'whep' | 'll-hls' | 'hls' | 'native';

/** Why WHEP was left for LL-HLS. */
export type FallbackReason =
  /** The server answered 406 or 422: this browser cannot take these codecs by WebRTC. */
  | 'codec'
  /** No way through the network for UDP. */
  | 'ice'
  /** Connected, but no picture within four seconds. */
  | 'no_frame'
  /** This browser has no WebRTC. */
  | 'unsupported';

/** Why the player is in its state; words for each are in words.ts. */
export type PlayerReason =
  | ''
  // stalled, connecting
  | 'buffering'
  | 'camera_offline'
  | 'network'
  // denied
  | 'expired'
  | 'revoked'
  | 'refused'
  // error
  | 'no_source'
  | 'unsupported'
  | 'decode'
  | 'codec';

/** What was measured of the picture since the last look. Absent members leave what was known. */
export interface Progress {
  /** Frames shown since the transport began. */
  frames?: number;
  dropped?: number;
  width?: number;
  height?: number;
  /** Seconds from the camera's clock (or the live edge) to the screen. */
  latency?: number | null;
  /** Wall time of the picture, Unix milliseconds. */
  wallClock?: number | null;
}

/** Everything that an interface shows of a player. Never changed in place. */
export interface PlayerSnapshot {
  readonly state: PlayerState;
  readonly reason: PlayerReason;
  readonly live: boolean;
  readonly transport: Transport | null;
  readonly fallback: FallbackReason | null;
  readonly paused: boolean;
  readonly muted: boolean;
  readonly rate: number;
  readonly latency: number | null;
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly dropped: number;
  readonly wallClock: number | null;
  /** Attempts since the picture was last seen. */
  readonly retries: number;
}

const initial: PlayerSnapshot = {
  state: 'idle',
  reason: '',
  live: true,
  transport: null,
  fallback: null,
  paused: false,
  muted: false,
  rate: 1,
  latency: null,
  width: 0,
  height: 0,
  frames: 0,
  dropped: 0,
  wallClock: null,
  retries: 0,
};

/** The state of one player, without a DOM: transports write it, elements and tests read it. */
export class PlayerStore {
  #snapshot: PlayerSnapshot = initial;
  #framesBefore = 0;
  readonly #listeners = new Set<(now: PlayerSnapshot, before: PlayerSnapshot) => void>();

  get snapshot(): PlayerSnapshot {
    return this.#snapshot;
  }

  /** Calls listener after each change, with the snapshot before it, until the returned function is called. */
  subscribe(listener: (now: PlayerSnapshot, before: PlayerSnapshot) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A new source is being opened. Leaves every state; keeps what the viewer chose (sound, speed). */
  open(live: boolean): void {
    const { muted, rate } = this.#snapshot;
    this.#framesBefore = 0;
    this.#set({ ...initial, state: 'connecting', live, muted, rate: live ? 1 : rate });
  }

  /** The source was taken away. */
  close(): void {
    const { muted, rate } = this.#snapshot;
    this.#set({ ...initial, muted, rate });
  }

  /** A transport was chosen; with the reason, when it is not the first choice. */
  use(transport: Transport, fallback: FallbackReason | null = null): void {
    if (!this.#active()) return;
    this.#framesBefore = this.#snapshot.frames;
    this.#patch({ transport, fallback: fallback ?? this.#snapshot.fallback });
  }

  /** One more attempt begins. */
  retry(): void {
    if (this.#active()) this.#patch({ retries: this.#snapshot.retries + 1 });
  }

  /** The picture moves: whatever it waited for is over. */
  progress(p: Progress): void {
    if (!this.#active() && this.#snapshot.state !== 'ended') return;
    const patch: Partial<PlayerSnapshot> = {};
    if (p.frames !== undefined) Object.assign(patch, { frames: this.#framesBefore + p.frames });
    if (p.dropped !== undefined) Object.assign(patch, { dropped: p.dropped });
    if (p.width && p.height) Object.assign(patch, { width: p.width, height: p.height });
    if (p.latency !== undefined) Object.assign(patch, { latency: p.latency });
    if (p.wallClock !== undefined) Object.assign(patch, { wallClock: p.wallClock });
    this.#patch({ ...patch, state: 'playing', reason: '', retries: 0 });
  }

  /** The picture stands still. While connecting it only says what is waited for. */
  stall(reason: PlayerReason): void {
    if (!this.#active()) return;
    this.#patch({ state: this.#snapshot.state === 'connecting' ? 'connecting' : 'stalled', reason, latency: null });
  }

  /** The recording is over. */
  end(): void {
    if (this.#active() && !this.#snapshot.live) this.#patch({ state: 'ended', reason: '' });
  }

  /** The grant does not (or no longer) open the picture. */
  deny(reason: 'expired' | 'revoked' | 'refused'): void {
    if (this.#snapshot.state === 'idle') return;
    this.#patch({ state: 'denied', reason, latency: null });
  }

  /** Nothing can be shown, and trying again would not help. */
  fail(reason: PlayerReason): void {
    if (this.#snapshot.state === 'idle' || this.#snapshot.state === 'denied') return;
    this.#patch({ state: 'error', reason, latency: null });
  }

  /** What the viewer chose. */
  choose(c: { paused?: boolean; muted?: boolean; rate?: number }): void {
    this.#patch(c);
  }

  /** Whether something is being played or tried. */
  #active(): boolean {
    const { state } = this.#snapshot;
    return state === 'connecting' || state === 'playing' || state === 'stalled';
  }

  #patch(p: Partial<PlayerSnapshot>): void {
    const next = { ...this.#snapshot, ...p };
    for (const k of Object.keys(p) as (keyof PlayerSnapshot)[]) {
      if (next[k] !== this.#snapshot[k]) {
        this.#set(next);
        return;
      }
    }
  }

  #set(next: PlayerSnapshot): void {
    const before = this.#snapshot;
    this.#snapshot = Object.freeze(next);
    for (const l of this.#listeners) l(next, before);
  }
}
