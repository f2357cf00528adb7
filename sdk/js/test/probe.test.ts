import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeProbe, Sentry } from '../src/player/probe';
import type { Source } from '../src/player/source';
import type { Outcome } from '../src/player/transport';
import { problem, serve } from './server';

const never = new AbortController().signal;

describe('probe', () => {
  const table: [number, string, Outcome | null][] = [
    [200, '', null],
    [401, 'unauthenticated', { kind: 'denied', reason: 'refused' }],
    [403, 'forbidden', { kind: 'denied', reason: 'refused' }],
    [410, 'gone', { kind: 'denied', reason: 'revoked' }],
    [503, 'unavailable', { kind: 'offline' }],
    [404, 'not_found', { kind: 'offline' }],
    [500, 'internal', null],
  ];
  it.each(table)('%i %s', async (status, code, want) => {
    const server = await serve((_, res) => (status === 200 ? res.end('#EXTM3U') : problem(res, status, code)));
    const source: Source = { token: 't', hls: `${server.url}/hls/t/index.m3u8`, expiresAt: 0, mode: 'auto' };
    expect(await makeProbe(() => source, fetch)(never)).toEqual(want);
    await server.close();
  });

  it('asks with HEAD, and with GET where HEAD is not known, from then on', async () => {
    const server = await serve((req, res) => (req.method === 'HEAD' ? res.writeHead(405).end() : problem(res, 410, 'gone')));
    const source: Source = { token: 't', playlist: `${server.url}/v1/playback/t/index.m3u8`, expiresAt: 0, mode: 'auto' };
    const probe = makeProbe(() => source, fetch);
    expect(await probe(never)).toEqual({ kind: 'denied', reason: 'revoked' });
    await probe(never);
    expect(server.seen.map((r) => r.method)).toEqual(['HEAD', 'GET', 'GET']);
    await server.close();
  });

  it('does not take a segment that is gone for a camera that is away', async () => {
    const server = await serve((_, res) => res.writeHead(404).end());
    const source: Source = { token: 't', playlist: `${server.url}/p.m3u8`, expiresAt: 0, mode: 'auto' };
    expect(await makeProbe(() => source, fetch)(never, `${server.url}/a.mp4`)).toBeNull();
    expect(server.seen.map((r) => `${r.method} ${r.url}`)).toEqual(['HEAD /a.mp4']);
    await server.close();
  });

  it('knows nothing when nobody answers', async () => {
    const server = await serve((_, res) => res.end());
    await server.close();
    expect(await makeProbe(() => ({ token: 't', hls: server.url, expiresAt: 0, mode: 'auto' }), fetch)(never)).toBeNull();
  });
});

describe('sentry', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('asks no more often than it should, and not twice at once', async () => {
    let answer: (o: Outcome | null) => void = () => undefined;
    const probe = vi.fn(() => new Promise<Outcome | null>((resolve) => (answer = resolve)));
    const s = new Sentry(probe, 1000);
    s.ask(never);
    expect(probe).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1000);
    s.ask(never);
    await vi.advanceTimersByTimeAsync(5000);
    s.ask(never);
    expect(probe).toHaveBeenCalledTimes(1);
    answer({ kind: 'offline' });
    await vi.advanceTimersByTimeAsync(0);
    expect(s.denied).toBeNull();
    s.ask(never);
    answer({ kind: 'denied', reason: 'revoked' });
    await vi.advanceTimersByTimeAsync(0);
    expect(s.denied).toEqual({ kind: 'denied', reason: 'revoked' });
  });
});
