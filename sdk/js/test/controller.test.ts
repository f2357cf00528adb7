import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PlayerController, type Transports } from '../src/player/controller';
import type { Source } from '../src/player/source';
import { PlayerStore } from '../src/player/store';
import type { Hooks, Outcome, PlayerTransport } from '../src/player/transport';

/** A transport whose end the test decides. */
class Fake implements PlayerTransport {
  hooks!: Hooks;
  signal!: AbortSignal;
  finish!: (o: Outcome) => void;
  renewed: Source[] = [];
  sought: number[] = [];
  constructor(
    readonly kind: 'whep' | 'll-hls' | 'hls',
    readonly source: Source,
    readonly startAt: number | null = null,
    readonly renewable = kind !== 'whep',
  ) {}
  run(signal: AbortSignal, hooks: Hooks): Promise<Outcome> {
    this.signal = signal;
    this.hooks = hooks;
    hooks.using(this.kind);
    return new Promise((resolve, reject) => {
      const abort = () => reject(signal.reason as Error);
      signal.addEventListener('abort', abort);
      this.finish = (o) => {
        signal.removeEventListener('abort', abort);
        resolve(o);
      };
    });
  }
  renew(source: Source): boolean {
    if (this.renewable) this.renewed.push(source);
    return this.renewable;
  }
  seek(wall: number): boolean {
    this.sought.push(wall);
    return this.kind === 'hls';
  }
}

const live = (token = 't'): Source => ({ token, whep: 'http://m/whep/c', hls: `http://m/hls/${token}/index.m3u8`, expiresAt: 0, mode: 'auto' });
const vod = (token = 't'): Source => ({ token, playlist: `http://m/v1/playback/${token}/index.m3u8`, expiresAt: 0, mode: 'auto' });

let made: Fake[];
let store: PlayerStore;
let cleared: number;
let player: PlayerController;
const last = () => made.at(-1) as Fake;
/** Lets promises settle, and the clock run. */
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance'] });
  made = [];
  cleared = 0;
  store = new PlayerStore();
  const keep = (f: Fake) => (made.push(f), f);
  const transports: Transports = {
    whep: (source) => keep(new Fake('whep', source)),
    hls: (source, isLive, startAt) => keep(new Fake(isLive ? 'll-hls' : 'hls', source, startAt)),
  };
  player = new PlayerController(store, transports, () => cleared++);
});
afterEach(() => {
  player.close();
  vi.useRealTimers();
});

describe('live', () => {
  it('takes WHEP first', async () => {
    player.open(live());
    await pass();
    expect(last().kind).toBe('whep');
    expect(store.snapshot).toMatchObject({ state: 'connecting', transport: 'whep', live: true });
    last().hooks.progress({ frames: 1, width: 640, height: 360 });
    expect(store.snapshot).toMatchObject({ state: 'playing', fallback: null });
  });

  it.each(['codec', 'ice', 'no_frame', 'unsupported'] as const)('falls back to LL-HLS at once for %s, and says why', async (reason) => {
    player.open(live());
    await pass();
    last().finish({ kind: 'unsuitable', reason });
    await pass();
    expect(made.map((f) => f.kind)).toEqual(['whep', 'll-hls']);
    expect(store.snapshot).toMatchObject({ transport: 'll-hls', fallback: reason });
  });

  it('obeys the mode', async () => {
    player.open({ ...live(), mode: 'hls' });
    await pass();
    expect(made.map((f) => f.kind)).toEqual(['ll-hls']);
    player.open({ ...live(), mode: 'whep' });
    await pass();
    last().finish({ kind: 'unsuitable', reason: 'codec' });
    await pass();
    expect(store.snapshot).toMatchObject({ state: 'error', reason: 'codec' });
  });

  it('stays with WHEP through a reconnect of the camera, and offers anew with backoff', async () => {
    player.open(live());
    await pass();
    last().hooks.progress({ frames: 10 });
    last().finish({ kind: 'lost', reason: 'network' });
    await pass();
    expect(store.snapshot).toMatchObject({ state: 'stalled', reason: 'network' });
    expect(made).toHaveLength(1);
    await pass(250);
    expect(made).toHaveLength(2);
    last().finish({ kind: 'unsuitable', reason: 'ice' }); // one failed connection is an accident
    await pass(600);
    expect(made.map((f) => f.kind)).toEqual(['whep', 'whep', 'whep']);
    last().hooks.progress({ frames: 3 });
    expect(store.snapshot).toMatchObject({ state: 'playing', frames: 13, retries: 0 });
    expect(cleared).toBe(1); // at open: the last picture stays while it recovers
  });

  it('gives WHEP up after three connections in a row without a picture', async () => {
    player.open(live());
    await pass();
    last().hooks.progress({ frames: 10 });
    last().finish({ kind: 'lost', reason: 'network' });
    await pass(250);
    for (let i = 0; i < 3; i++) {
      last().finish({ kind: 'unsuitable', reason: 'no_frame' });
      await pass(5000);
    }
    expect(made.map((f) => f.kind)).toEqual(['whep', 'whep', 'whep', 'whep', 'll-hls']);
    expect(store.snapshot.fallback).toBe('no_frame');
  });

  it('waits for a camera that is away, for as long as it takes', async () => {
    player.open(live());
    await pass();
    for (let i = 0; i < 12; i++) {
      last().finish({ kind: 'offline' });
      await pass(5000);
    }
    expect(made).toHaveLength(13);
    expect(store.snapshot).toMatchObject({ state: 'connecting', reason: 'camera_offline' });
  });

  it('calls the camera offline only after the 15 s that it has to come back', async () => {
    player.open(live());
    await pass();
    last().hooks.progress({ frames: 1 });
    await pass(3000);
    last().hooks.stalled();
    expect(store.snapshot).toMatchObject({ state: 'stalled', reason: 'buffering' });
    await pass(13_000);
    last().hooks.stalled();
    expect(store.snapshot.reason).toBe('camera_offline');
  });
});

describe('denied', () => {
  it('goes dark at once, and does not try again', async () => {
    player.open(live());
    await pass();
    last().hooks.progress({ frames: 1 });
    last().finish({ kind: 'denied', reason: 'revoked' });
    await pass(60_000);
    expect(store.snapshot).toMatchObject({ state: 'denied', reason: 'revoked' });
    expect(made).toHaveLength(1);
    expect(cleared).toBe(2);
  });

  it('at the very end of the grant, whatever the transport says', async () => {
    player.open({ ...live(), expiresAt: Date.now() + 5000 });
    await pass();
    last().hooks.progress({ frames: 1 });
    await pass(4999);
    expect(store.snapshot.state).toBe('playing');
    await pass(1);
    expect(store.snapshot).toMatchObject({ state: 'denied', reason: 'expired' });
    expect(last().signal.aborted).toBe(true);
    last().hooks.progress({ frames: 9 });
    expect(store.snapshot.state).toBe('denied');
  });

  it('a grant without a known end does not end by itself', async () => {
    player.open(live());
    await pass(2 ** 31);
    expect(store.snapshot.state).toBe('connecting');
  });
});

describe('renewal', () => {
  it('goes on without a break where the transport can', async () => {
    player.open({ ...vod('a'), expiresAt: Date.now() + 5000 });
    await pass();
    last().hooks.progress({ frames: 1 });
    player.open({ ...vod('b'), expiresAt: Date.now() + 60_000 });
    await pass(10_000);
    expect(made).toHaveLength(1);
    expect(last().renewed.map((s) => s.token)).toEqual(['b']);
    expect(store.snapshot.state).toBe('playing');
    expect(cleared).toBe(1);
  });

  it('offers anew over WHEP, with the last picture kept', async () => {
    player.open(live('a'));
    await pass();
    last().hooks.progress({ frames: 7 });
    player.open(live('b'));
    await pass();
    expect(made).toHaveLength(2);
    expect(made[0]?.signal.aborted).toBe(true);
    expect(last().source.token).toBe('b');
    expect(store.snapshot.state).toBe('playing');
    expect(cleared).toBe(1);
  });

  it('lights a denied player again', async () => {
    player.open(live('a'));
    await pass();
    last().finish({ kind: 'denied', reason: 'expired' });
    await pass();
    player.open(live('b'));
    await pass();
    expect(store.snapshot.state).toBe('connecting');
    expect(last().source.token).toBe('b');
  });
});

describe('recordings', () => {
  it('begin where they were asked to, and go on there after a break', async () => {
    player.open(vod(), 1000);
    await pass();
    expect(last().startAt).toBe(1000);
    last().hooks.progress({ frames: 1, wallClock: 7000 });
    last().finish({ kind: 'lost', reason: 'network' });
    await pass(250);
    expect(last().startAt).toBe(7000);
  });

  it('seek, before and after they are open', async () => {
    expect(player.seek(5)).toBe(false);
    player.open(vod());
    await pass();
    expect(player.seek(6)).toBe(true);
    expect(last().sought).toEqual([6]);
    player.open(live());
    expect(player.seek(7)).toBe(false);
  });

  it('end, and play again when sought back', async () => {
    player.open(vod());
    await pass();
    last().hooks.progress({ frames: 1 });
    last().hooks.ended();
    expect(store.snapshot.state).toBe('ended');
    last().hooks.progress({ frames: 2 });
    expect(store.snapshot.state).toBe('playing');
  });

  it('give up on what cannot be decoded', async () => {
    player.open(vod());
    await pass();
    for (let i = 0; i < 3; i++) {
      last().finish({ kind: 'lost', reason: 'decode' });
      await pass(5000);
    }
    expect(store.snapshot).toMatchObject({ state: 'error', reason: 'decode' });
    expect(made).toHaveLength(3);
  });
});

it('close stops everything', async () => {
  player.open(live());
  await pass();
  player.close();
  await pass(60_000);
  expect(last().signal.aborted).toBe(true);
  expect(made).toHaveLength(1);
  expect(store.snapshot.state).toBe('idle');
});
