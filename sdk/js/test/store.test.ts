import { describe, expect, it, vi } from 'vitest';
import { PlayerStore, type PlayerState } from '../src/player/store';

type Act = (s: PlayerStore) => void;

const acts: Record<string, Act> = {
  open: (s) => s.open(true),
  openVOD: (s) => s.open(false),
  use: (s) => s.use('whep'),
  progress: (s) => s.progress({ frames: 1 }),
  stall: (s) => s.stall('network'),
  end: (s) => s.end(),
  deny: (s) => s.deny('revoked'),
  fail: (s) => s.fail('decode'),
  close: (s) => s.close(),
};

function after(...names: string[]): PlayerStore {
  const s = new PlayerStore();
  for (const n of names) (acts[n] as Act)(s);
  return s;
}

describe('transitions', () => {
  const table: [string, PlayerState][] = [
    ['', 'idle'],
    ['open', 'connecting'],
    ['open use', 'connecting'],
    ['open progress', 'playing'],
    ['open stall', 'connecting'],
    ['open progress stall', 'stalled'],
    ['open progress stall progress', 'playing'],
    ['open progress end', 'playing'], // a live picture has no end
    ['openVOD progress end', 'ended'],
    ['openVOD progress end progress', 'playing'], // sought back
    ['openVOD progress end stall', 'ended'],
    ['open deny', 'denied'],
    ['open deny progress', 'denied'], // a late frame must not light it again
    ['open deny stall', 'denied'],
    ['open deny fail', 'denied'],
    ['open deny end', 'denied'],
    ['open deny open', 'connecting'],
    ['open progress deny close', 'idle'],
    ['open fail', 'error'],
    ['open fail progress', 'error'],
    ['open fail deny', 'denied'],
    ['deny', 'idle'],
    ['fail', 'idle'],
    ['stall', 'idle'],
    ['progress', 'idle'],
    ['use', 'idle'],
  ];
  it.each(table)('%s → %s', (path, want) => {
    expect(after(...path.split(' ').filter(Boolean)).snapshot.state).toBe(want);
  });
});

describe('snapshot', () => {
  it('adds the frames of one transport to those of the one before', () => {
    const s = after('open');
    s.use('whep');
    s.progress({ frames: 100 });
    s.use('ll-hls', 'ice');
    s.progress({ frames: 5 });
    expect(s.snapshot).toMatchObject({ frames: 105, transport: 'll-hls', fallback: 'ice' });
  });

  it('forgets the picture of a former source, and keeps what the viewer chose', () => {
    const s = after('openVOD');
    s.choose({ muted: true, rate: 4 });
    s.progress({ frames: 9, width: 640, height: 360, wallClock: 5 });
    s.open(false);
    expect(s.snapshot).toMatchObject({ frames: 0, width: 0, wallClock: null, muted: true, rate: 4 });
    s.open(true);
    expect(s.snapshot.rate).toBe(1);
  });

  it('clears the reason and the retries when the picture moves', () => {
    const s = after('open', 'progress', 'stall');
    s.retry();
    s.retry();
    expect(s.snapshot).toMatchObject({ reason: 'network', retries: 2, latency: null });
    s.progress({ latency: 0.2 });
    expect(s.snapshot).toMatchObject({ reason: '', retries: 0, latency: 0.2 });
  });

  it('tells listeners of changes, and of nothing else', () => {
    const s = after('open');
    const heard = vi.fn();
    const stop = s.subscribe(heard);
    s.choose({ muted: false });
    expect(heard).not.toHaveBeenCalled();
    s.choose({ muted: true });
    expect(heard).toHaveBeenCalledTimes(1);
    expect(heard.mock.calls[0]?.[0]).toMatchObject({ muted: true });
    expect(heard.mock.calls[0]?.[1]).toMatchObject({ muted: false });
    stop();
    s.deny('expired');
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it('is never changed in place', () => {
    const s = after('open');
    const before = s.snapshot;
    s.progress({ frames: 3 });
    expect(before.frames).toBe(0);
    expect(Object.isFrozen(s.snapshot)).toBe(true);
  });
});
