import type { Shift, SupportWindow, User } from '@gatepost/sdk';
import { describe, expect, it } from 'vitest';
import { commands, rooms } from '../src/ability';
import { supportState } from '../src/pages/support';
import { areaOf, cornersOf } from '../src/parts/area';
import { shiftState } from '../src/parts/rota';

const somebody = (kind: string, role: string) => ({ role, organisation: { id: 'o', name: 'O', kind, division: '3301' } }) as User;

describe('the pages of', () => {
  it.each([
    ['business', 'owner', 'cameras footage sharing support faults ledger retention notifications'],
    ['business', 'watcher', 'cameras'],
    ['sub_control', 'watcher', 'cameras duty incidents footage sharing programmes'],
    ['police', 'supervisor', 'cameras duty incidents footage sharing programmes reports support faults ledger retention notifications'],
    ['operator', 'maintainer', 'cameras programmes reports support faults'],
    ['operator', 'owner', 'cameras programmes reports support faults notifications'],
    ['operator', 'admin', 'cameras duty incidents footage sharing programmes reports support faults ledger retention notifications'],
    ['third_party', 'owner', 'cameras'],
  ])('%s, %s', (kind, role, want) => expect(rooms(somebody(kind, role)).join(' ')).toBe(want));
  it('who activates incidents', () => {
    expect(commands(somebody('police', 'supervisor'))).toBe(true);
    expect(commands(somebody('police', 'watcher'))).toBe(false);
    expect(commands(somebody('sub_control', 'owner'))).toBe(false);
  });
});

describe('an area', () => {
  it('of corners, a line for each', () => {
    expect(cornersOf('120.1, 30.2\n\n 120.2 30.3 \n120.1，30.4')).toEqual([{ longitude: 120.1, latitude: 30.2 }, { longitude: 120.2, latitude: 30.3 }, { longitude: 120.1, latitude: 30.4 }]);
    for (const wrong of ['120.1', '120.1, x', '1, 2, 3']) expect(cornersOf(wrong)).toBeNull();
  });
  it('as the API takes it', () => {
    expect(areaOf({ shape: 'circle', longitude: 120, latitude: 30, metres: 500, corners: 'left over' })).toEqual({ circle: { centre: { longitude: 120, latitude: 30 }, metres: 500 } });
    expect(areaOf({ shape: 'division', division: '3301' })).toEqual({ divisions: ['3301'] });
  });
});

describe('status', () => {
  const noon = Date.UTC(2026, 4, 1, 12);
  const shift = { from: '2026-05-01T12:00:00Z', to: '2026-05-01T20:00:00Z' } as Shift;
  it.each([
    [shift, noon - 31 * 60_000, 'ahead'],
    [shift, noon - 30 * 60_000, 'waiting'],
    [{ ...shift, checked_in: shift.from }, noon + 1, 'on'],
    [{ ...shift, checked_in: shift.from, checked_out: shift.to }, noon + 1, 'left'],
    [shift, noon + 8 * 3_600_000, 'missed'],
  ])('of a shift %#', (s, now, want) => expect(shiftState(s as Shift, now)).toBe(want));
  it('of a support window', () => {
    const w = { until: '2026-05-01T12:00:00Z' } as SupportWindow;
    expect(supportState(w, noon - 1)).toBe('open');
    expect(supportState(w, noon)).toBe('over');
    expect(supportState({ ...w, closed_at: '2026-05-01T11:00:00Z' }, noon - 1)).toBe('closed');
  });
});
