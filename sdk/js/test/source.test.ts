import { describe, expect, it } from 'vitest';
import { mediaOfWall, wallOfMedia, type TimedFragment } from '../src/player/fragments';
import { refusal, samePicture, sourceOfGrant, TokenRewriter } from '../src/player/source';
import { backoff, wait } from '../src/player/wait';

describe('source', () => {
  const grant = (token: string, camera = 'c') => ({
    token,
    expires_at: '2026-11-23T00:00:00Z',
    urls: { hls: `/hls/${token}/index.m3u8`, whep: `http://m:8081/whep/${camera}` },
  });
  it('resolves addresses against the page', () => {
    const s = sourceOfGrant(grant('t'), 'auto', 'https://p.example/cameras/1');
    expect(s).toMatchObject({ hls: 'https://p.example/hls/t/index.m3u8', whep: 'http://m:8081/whep/c', token: 't', expiresAt: Date.UTC(2026, 10, 23) });
    expect(s.playlist).toBeUndefined();
  });
  it('is the same picture under another token, and another for another camera or mode', () => {
    const a = sourceOfGrant(grant('t1'), 'auto', 'http://p');
    expect(samePicture(a, sourceOfGrant(grant('t2'), 'auto', 'http://p'))).toBe(true);
    expect(samePicture(a, sourceOfGrant(grant('t2', 'd'), 'auto', 'http://p'))).toBe(false);
    expect(samePicture(a, sourceOfGrant(grant('t2'), 'hls', 'http://p'))).toBe(false);
    expect(samePicture({ ...a, token: '' }, { ...a, token: '' })).toBe(false);
  });
  it('writes the newest token into addresses of any earlier one', () => {
    const r = new TokenRewriter('one');
    expect(r.rewrite('/v1/playback/one/a.mp4')).toBe('/v1/playback/one/a.mp4');
    r.renew('two');
    r.renew('three');
    r.renew('three');
    expect(r.rewrite('/v1/playback/one/a.mp4')).toBe('/v1/playback/three/a.mp4');
    expect(r.rewrite('/v1/playback/two/a.mp4')).toBe('/v1/playback/three/a.mp4');
    expect(r.rewrite('/part/cap/1.mp4')).toBe('/part/cap/1.mp4');
  });
});

describe('refusal', () => {
  it.each([
    [200, '', 0, null],
    [404, '', 0, null],
    [503, 'unavailable', 0, null],
    [500, 'internal', 0, null],
    [401, 'unauthenticated', 0, 'refused'],
    [403, 'forbidden', 0, 'refused'],
    [410, 'gone', 0, 'revoked'],
    [410, 'gone', 99, 'expired'],
    [401, '', 100, 'expired'],
    [401, '', 101, 'refused'],
  ] as const)('%i %s, expires at %i', (status, code, expires, want) => expect(refusal(status, code, expires, 100)).toBe(want));
});

describe('clock', () => {
  // Two runs with half an hour between them; the first does not begin at media time 0.
  const t0 = Date.UTC(2026, 10, 23, 8);
  const fragments: TimedFragment[] = [];
  for (let i = 0; i < 10; i++) fragments.push({ start: 1 + i * 4, duration: 4, programDateTime: t0 + i * 4000 });
  for (let i = 0; i < 5; i++) fragments.push({ start: 41 + i * 4, duration: 4, programDateTime: t0 + 1_800_000 + i * 4000 });

  it.each([
    [0, t0],
    [1, t0],
    [6.5, t0 + 5500],
    [40.999, t0 + 39_999],
    [41, t0 + 1_800_000],
    [60, t0 + 1_819_000],
    [999, t0 + 1_820_000],
  ])('media %d s', (media, wall) => expect(wallOfMedia(fragments, media)).toBeCloseTo(wall, 3));

  it.each([
    [t0 - 5000, 1], // before the first picture: that one
    [t0, 1],
    [t0 + 5500, 6.5],
    [t0 + 60_000, 41], // in the gap: the first picture after it
    [t0 + 1_800_000, 41],
    [t0 + 1_819_000, 60],
    [t0 + 9_000_000, 61],
  ])('wall %d', (wall, media) => expect(mediaOfWall(fragments, wall)).toBeCloseTo(media, 6));

  it('goes there and back', () => {
    for (let m = 1; m < 61; m += 0.37) expect(mediaOfWall(fragments, wallOfMedia(fragments, m) as number)).toBeCloseTo(m, 3);
  });
  it('knows nothing of a playlist without dates, or without fragments', () => {
    expect(wallOfMedia([], 1)).toBeNull();
    expect(mediaOfWall([], 1)).toBeNull();
    expect(mediaOfWall([{ start: 0, duration: 4, programDateTime: null }], 1)).toBeNull();
  });
});

describe('waiting', () => {
  it('doubles from a quarter of a second to five', () => {
    expect([0, 1, 2, 3, 4, 5, 99].map((n) => backoff(n, () => 1))).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
    expect(backoff(0, () => 0)).toBe(187.5);
  });
  it('ends with the signal', async () => {
    const stop = new AbortController();
    const why = new Error('closed');
    const w = wait(1e9, stop.signal);
    stop.abort(why);
    await expect(w).rejects.toBe(why);
    await expect(wait(0, stop.signal)).rejects.toBe(why);
  });
});
