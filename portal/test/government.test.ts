import type { Hold, Report, ReportRow, User } from '@gatepost/sdk';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { above, drawsProgrammes, drawsReports, governs, readsReports } from '../src/ability';
import { fieldOf } from '../src/errors';
import { bytes, cost, hours, percent, yuan } from '../src/figure';
import { refusals } from '../src/locales/refusals';
import { byDivision } from '../src/pages/report';
import { change, groups, show } from '../src/parts/figures';
import { holdState } from '../src/parts/holds';
import { boundsOf } from '../src/parts/policy';
import { zone } from '../src/time';

const somebody = (kind: string, role: string, division: string) => ({ role, organisation: { id: 'o', name: 'O', kind, division } }) as User;

describe('figures', () => {
  it.each([
    [percent(9876), '98.76%'], [percent(10_000), '100.00%'], [percent(0), '0.00%'], [percent(null), '–'], [percent(undefined), '–'],
    [hours(5_400_000), '1.5'], [hours(7_200_000_000), '2,000'], [yuan(123_456), '¥1,234.56'], [yuan(0), '¥0.00'],
    [bytes(0), '0 B'], [bytes(1023), '1,023 B'], [bytes(1024), '1 KiB'], [bytes(5 * 2 ** 30), '5 GiB'], [bytes(1.5 * 2 ** 40), '1.5 TiB'], [bytes(2 ** 70), '1,048,576 PiB'],
    [cost(0.6), '0.60'], [cost(0.0123), '0.0123'], [cost(1234.5), '1,234.50'], [cost(0), '0.00'],
  ])('%s', (got, want) => expect(got).toBe(want));
  it('of a column, and what changed', () => {
    const before: Partial<ReportRow> = { continuity: 9500, bytes: 2 ** 30, live_looks: 3 };
    const now: Partial<ReportRow> = { continuity: 9376, bytes: 3 * 2 ** 30, live_looks: 3 };
    expect(show('due_ms', { due_ms: 3_600_000 })).toBe('1');
    expect([change('continuity', now, before), change('bytes', now, before), change('live_looks', now, before), change('watch_rate', now, before)]).toEqual(['−1.24%', '+2 GiB', '', '']);
  });
});

it('a report keeps no figure of a division from its page', () => {
  const { components } = JSON.parse(readFileSync('../docs/openapi.json', 'utf8')) as { components: { schemas: { ReportRow: { properties: object } } } };
  const names = ['division', 'name', 'own', 'rank'];
  expect(Object.values(groups).flat().sort()).toEqual(Object.keys(components.schemas.ReportRow.properties).filter((key) => !names.includes(key)).sort());
});

it('a mean of no repairs is none', () => {
  expect([show('mean_repair_ms', {}), show('mean_repair_ms', { mean_repair_ms: 0 }), show('repairs', {})]).toEqual(['–', '0', '0']);
});

it.each([[-480, 'UTC+8'], [0, 'UTC'], [210, 'UTC-3:30'], [-345, 'UTC+5:45'], [60, 'UTC-1']])('a zone %d minutes behind UTC is %s', (behind, want) => {
  expect(zone({ getTimezoneOffset: () => behind } as Date)).toBe(want);
});

describe('who', () => {
  it.each([['330102003', '330102'], ['330102', '3301'], ['3301', '33'], ['33', '']])('is above %s', (code, want) => expect(above(code)).toBe(want));
  it('speaks for a division', () => {
    expect(governs(somebody('police', 'supervisor', '330102'), '330102')).toBe(true);
    expect(governs(somebody('police', 'watcher', '330102'), '330102')).toBe(false);
    expect(governs(somebody('police', 'owner', '3301'), '330102')).toBe(false);
    expect(governs(somebody('sub_control', 'owner', '330102'), '330102')).toBe(false);
    expect(governs(somebody('police', 'owner', ''), '')).toBe(false);
  });
  it.each([
    ['police', 'supervisor', '330102', true, true], ['government', 'owner', '3301', true, true], ['police', 'owner', '33', true, false], ['police', 'supervisor', '330102003', false, false],
    ['sub_control', 'owner', '330102', false, false], ['police', 'watcher', '330102', false, false], ['police', 'admin', '330102', false, false], ['operator', 'owner', '', false, false],
  ])('draws up reports and programmes: %s %s of %s', (kind, role, division, reports, programmes) =>
    expect([drawsReports(somebody(kind, role, division)), drawsProgrammes(somebody(kind, role, division))]).toEqual([reports, programmes]));
  it.each([['police', true], ['government', true], ['operator', true], ['department', false], ['sub_control', false], ['business', false]])('reads reports: %s', (kind, want) =>
    expect(readsReports(somebody(kind, 'supervisor', '3301'))).toBe(want));
});

describe('the field of a finding', () => {
  const known = new Map(['month', 'targets.0.place', 'targets.0.count', 'targets.1.place', 'hold_gib', 'general.ceiling_days', 'division'].map((n) => [n, n]));
  it.each([
    ['month', 'month'], ['targets[0].count', 'targets.0.count'], ['targets[1]', 'targets.1.place'], ['targets', 'targets.0.place'],
    ['general.ceiling_days', 'general.ceiling_days'], ['hold_bytes', 'hold_gib'], ['', 'division'], ['targets[7].count', undefined], ['else', undefined],
  ])('%s', (field, want) => expect(fieldOf(known, { hold_bytes: 'hold_gib', '': 'division' }, field)).toBe(want));
  it('is none where a form has no place for the whole', () => expect(fieldOf(known, {}, '')).toBeUndefined());
});

it('refusals are Chinese sentences that say what to do', () => {
  for (const [key, words] of Object.entries(refusals)) {
    expect([key, /^[\w-]+( submit| review| ask)? (invalid|too_large|conflict|forbidden|not_found|gone)( [\w.]+)?$/.test(key)]).toEqual([key, true]);
    expect([key, /[\u4e00-\u9fff][,;:?!.]|[A-Za-z]{4,}/.test(words.replace('https', ''))]).toEqual([key, false]);
    expect([key, words.endsWith('。')]).toEqual([key, true]);
  }
});

it('the report that counts of a division is the locked one, or else the newest', () => {
  const r = (division: string, version: number, state: Report['state']) => ({ division, version, state }) as Report;
  const best = byDivision([r('33', 1, 'draft'), r('3301', 1, 'locked'), r('3301', 3, 'draft'), r('3301', 2, 'locked'), r('33', 2, 'returned')]);
  expect([best.get('3301')?.version, best.get('33')?.version, best.get('3302')]).toEqual([2, 2, undefined]);
});

it('a hold stands until it ends or is released', () => {
  const noon = Date.UTC(2026, 4, 1, 12);
  const h = { until: '2026-05-01T12:00:00Z' } as Hold;
  expect([holdState(h, noon - 1), holdState(h, noon), holdState({ ...h, released_at: '2026-05-01T11:00:00Z' }, noon - 1)]).toEqual(['held', 'over', 'released']);
});

it('bounds are those of the law until the policy is known', () => expect(boundsOf(undefined, 'general')).toEqual({ floor_days: 30, ceiling_days: 180 }));
