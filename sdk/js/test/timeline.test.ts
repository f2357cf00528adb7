import { describe, expect, it } from 'vitest';
import { drawn, longest, nextPlayable, pan, shortest, spanAt, ticks, timeAt, within, xOf, zoom, type TimeSpan, type View } from '../src/timeline/view';

const hour = 3_600_000;
const day = 24 * hour;
const midnight = new Date(2026, 10, 23).getTime();
const limits: View = { from: midnight, to: midnight + day };

it('draws what is archived apart from what plays', () => {
  const spans: TimeSpan[] = [{ from: midnight, to: midnight + hour, state: 'recorded', archived: true }, { from: midnight + hour, to: midnight + day, state: 'recorded' }];
  expect(drawn(spans, limits, 1000).map((s) => s.archived ?? false)).toEqual([true, false]);
});

describe('positions', () => {
  it('turn into times and back', () => {
    for (const x of [0, 1, 333.25, 999, 1000]) expect(xOf(limits, 1000, timeAt(limits, 1000, x))).toBeCloseTo(x, 6);
    expect(timeAt(limits, 1000, 500)).toBe(midnight + 12 * hour);
  });
});

describe('zoom', () => {
  it('keeps the time under the pointer where it is', () => {
    const anchor = midnight + 9 * hour;
    const v = zoom(limits, 0.5, anchor, limits);
    expect(v.to - v.from).toBe(12 * hour);
    expect(xOf(v, 1000, anchor)).toBeCloseTo(xOf(limits, 1000, anchor), 6);
  });
  it('stays within the limits', () => {
    expect(zoom(limits, 10, midnight, limits)).toEqual(limits);
    const v = zoom({ from: midnight, to: midnight + hour }, 4, midnight + hour, limits);
    expect(v.from).toBe(midnight);
    expect(v.to).toBe(midnight + 4 * hour);
  });
  it('is never shorter than a minute, nor longer than 31 days', () => {
    const v = zoom(limits, 1e-9, midnight + hour, limits);
    expect(v.to - v.from).toBe(shortest);
    const year = { from: 0, to: 365 * day };
    const w = zoom(year, 1, day, year);
    expect(w.to - w.from).toBe(longest);
  });
  it('comes back after zooming in and out at one place', () => {
    let v: View = limits;
    const anchor = midnight + 7 * hour;
    for (let i = 0; i < 20; i++) v = zoom(v, 0.8, anchor, limits);
    for (let i = 0; i < 20; i++) v = zoom(v, 1.25, anchor, limits);
    expect(v.from).toBeCloseTo(limits.from, -1);
    expect(v.to).toBeCloseTo(limits.to, -1);
  });
});

describe('pan', () => {
  it('stops at the limits with its length kept', () => {
    const v = { from: midnight + 2 * hour, to: midnight + 3 * hour };
    expect(pan(v, -5 * hour, limits)).toEqual({ from: midnight, to: midnight + hour });
    expect(pan(v, 50 * hour, limits)).toEqual({ from: midnight + 23 * hour, to: midnight + day });
    expect(pan(v, hour, limits)).toEqual({ from: midnight + 3 * hour, to: midnight + 4 * hour });
  });
  it('cuts a view that is longer than the limits', () => {
    expect(within({ from: midnight - day, to: midnight + 2 * day }, limits)).toEqual(limits);
  });
});

const at = (h: number) => midnight + h * hour;
const spans: TimeSpan[] = [
  { from: at(0), to: at(2), state: 'expired' },
  { from: at(2), to: at(5), state: 'recorded' },
  { from: at(5), to: at(6), state: 'gap', reason: 'network' },
  { from: at(6), to: at(7), state: 'held' },
  { from: at(7), to: at(8), state: 'gap', reason: 'camera_offline' },
];

describe('spans', () => {
  it.each([
    [at(0), 'expired'],
    [at(2), 'recorded'],
    [at(5) - 1, 'recorded'],
    [at(5), 'gap'],
    [at(6.5), 'held'],
    [at(8) - 1, 'gap'],
    [at(8), undefined],
    [at(0) - 1, undefined],
  ])('at %d: %s', (t, want) => expect(spanAt(spans, t)?.state).toBe(want));

  it.each([
    [at(0), at(2)], // nothing to play in what is expired
    [at(3), at(3)],
    [at(5.5), at(6)], // a gap leads to what follows it
    [at(6.5), at(6.5)],
    [at(7), null],
    [at(20), null],
  ])('playable from %d: %s', (t, want) => expect(nextPlayable(spans, t)).toBe(want));

  it('are cut to the view', () => {
    const d = drawn(spans, { from: at(4), to: at(6.5) }, 1000);
    expect(d.map((s) => [s.state, s.from, s.to])).toEqual([
      ['recorded', at(4), at(5)],
      ['gap', at(5), at(6)],
      ['held', at(6), at(6.5)],
    ]);
  });

  it('thinner than a pixel are joined, and never hide a gap behind recordings', () => {
    const many: TimeSpan[] = [];
    for (let i = 0; i < 10_000; i++) many.push({ from: midnight + i * 8000, to: midnight + i * 8000 + 8000, state: i % 2 ? 'gap' : 'recorded', ...(i % 2 ? { reason: 'network' } : {}) });
    const d = drawn(many, limits, 1000);
    expect(d.length).toBeLessThan(1100);
    expect(d.some((s) => s.state === 'gap')).toBe(true);
    for (let i = 1; i < d.length; i++) expect((d[i] as TimeSpan).from).toBe((d[i - 1] as TimeSpan).to);
  });
});

describe('ticks', () => {
  it('mark whole hours of a day, the day itself at midnight', () => {
    const t = ticks(limits, 1000);
    expect(t[0]).toEqual({ at: midnight, major: true, label: '11-23' });
    expect(t[1]?.label).toBe('02:00');
    expect(t.at(-1)).toMatchObject({ major: true, label: '11-24' });
  });
  it('are never closer than asked, at any zoom', () => {
    for (let length = shortest; length <= longest; length *= 1.7) {
      const v = { from: midnight + 12_345_678, to: midnight + 12_345_678 + length };
      const xs = ticks(v, 800).map((t) => xOf(v, 800, t.at));
      for (let i = 1; i < xs.length; i++) expect((xs[i] as number) - (xs[i - 1] as number)).toBeGreaterThanOrEqual(63.9);
      expect(xs.length).toBeGreaterThan(0);
    }
  });
});
