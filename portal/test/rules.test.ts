import type { Camera, Grant, Share, User } from '@gatepost/sdk';
import { describe, expect, it } from 'vitest';
import { abilities, managesMembers, mayInvite, rolesToGive } from '../src/ability';
import { pathOf } from '../src/errors';
import { minuteBefore } from '../src/parts/evidence';
import { inputOf } from '../src/pages/enrol';
import { lookStatus } from '../src/parts/looks';
import { ffmpegLine } from '../src/parts/publish';
import { statusOf } from '../src/parts/sharelist';
import { needsAttention } from '../src/parts/state';
import { archivedOf, windowOf } from '../src/parts/watch';
import { bitRate, dayOf, span, when } from '../src/time';

const user = (role: string, org: string, kind: string) => ({ id: 'u', login: 'l', name: 'n', role, organisation: { id: org, name: '', kind } }) as User;

describe('abilities', () => {
  // role, organisation, kind → watch, needs a purpose, share, audit, manage
  const table: [string, string, string, boolean, boolean, boolean, boolean, boolean][] = [
    ['admin', 'other', 'operator', true, true, true, true, true],
    ['admin', 'shop', 'business', true, false, true, true, true],
    ['owner', 'shop', 'business', true, false, true, true, true],
    ['supervisor', 'shop', 'business', true, false, true, true, true],
    ['responder', 'shop', 'business', true, false, false, false, false],
    ['watcher', 'shop', 'business', true, false, false, false, false],
    ['maintainer', 'shop', 'business', false, false, false, false, true],
    ['watcher', 'police', 'police', true, true, false, false, false],
    ['owner', 'carrier', 'operator', false, true, false, false, true],
    ['watcher', 'carrier', 'operator', false, true, false, false, false],
    ['owner', 'shop', 'operator', false, false, false, false, true],
  ];
  it.each(table)('%s of %s (%s)', (role, org, kind, watch, needsPurpose, share, audit, manage) => {
    expect(abilities(user(role, org, kind), { owner_id: 'shop' })).toMatchObject({ watch, needsPurpose, share, audit, manage });
  });
});

describe('copies', () => {
  it.each([
    ['admin', 'carrier', 'operator', true], ['owner', 'shop', 'business', true], ['responder', 'shop', 'business', true], ['watcher', 'shop', 'business', false],
    ['maintainer', 'shop', 'business', false], ['responder', 'police', 'police', true], ['watcher', 'police', 'police', false], ['owner', 'carrier', 'operator', false],
  ])('%s of %s, %s: %s', (role, org, kind, may) => expect(abilities(user(role, org, kind), { owner_id: 'shop' }).export).toBe(may));
  it('begin with the minute before what is looked at', () => {
    const now = Date.UTC(2026, 10, 23, 8);
    expect(minuteBefore(new Date(now - 3_600_000), now)).toEqual([now - 3_660_000, now - 3_600_000]);
    expect(minuteBefore(null, now)).toEqual([now - 60_000, now]);
  });
});

describe('members', () => {
  // role → invites, manages, gives
  const table: [string, boolean, boolean, string][] = [
    ['admin', true, true, 'watcher responder maintainer supervisor owner admin'],
    ['owner', true, true, 'watcher responder maintainer supervisor owner'],
    ['supervisor', true, false, 'watcher responder maintainer'],
    ['watcher', false, false, ''],
  ];
  it.each(table)('%s', (role, invites, manages, gives) => {
    const u = user(role, 'shop', 'business');
    expect([mayInvite(u), managesMembers(u), rolesToGive(u).join(' ')]).toEqual([invites, manages, gives]);
  });
});

describe('enrolment', () => {
  const fields = { name: ' Till ', place: 'premises', class: 3, retention_days: 30, banned: 'no', sign: 'yes' } as const;
  it('sends what was filled in, and nothing else', () => {
    expect(inputOf({ ...fields, address: '', longitude: null })).toEqual({
      name: 'Till', place: 'premises', class: 3, retention_days: 30, consent_to_share: false, not_banned_place: true, sign_posted: true,
    });
  });
  it('sends a position only whole, also at zero', () => {
    expect(inputOf({ ...fields, longitude: 0, latitude: 0 }).position).toEqual({ longitude: 0, latitude: 0 });
    expect(inputOf({ ...fields, longitude: 120 }).position).toBeUndefined();
  });
  it('declares what was answered', () => {
    expect(inputOf({ ...fields, banned: 'yes', sign: 'no' })).toMatchObject({ not_banned_place: false, sign_posted: false });
  });
});

describe('status', () => {
  const share = { expires_at: '2026-11-23T12:00:00Z', uses: 1, max_uses: 2 } as Share;
  const noon = Date.UTC(2026, 10, 23, 12);
  it.each([
    [share, noon - 1, 'active'],
    [share, noon, 'expired'],
    [{ ...share, uses: 2 }, noon - 1, 'used'],
    [{ ...share, max_uses: 0, uses: 99 }, noon - 1, 'active'],
    [{ ...share, revoked_at: '2026-11-23T11:00:00Z' }, noon + 1, 'revoked'],
  ] as const)('of a link: %j at %d is %s', (s, now, want) => expect(statusOf(s as Share, now)).toBe(want));

  it('of a look', () => {
    const g = { expires_at: '2026-11-23T12:00:00Z' } as Grant;
    expect(lookStatus(g, noon - 1)).toBe('active');
    expect(lookStatus(g, noon)).toBe('ended');
    expect(lookStatus({ ...g, revoked_at: '2026-11-23T11:00:00Z' }, noon - 1)).toBe('revoked');
  });

  it('of a camera that somebody should look after', () => {
    const c = { state: 'in_service', online: true, recording: true } as Camera;
    expect(needsAttention(c)).toBe(false);
    expect(needsAttention({ ...c, recording: false })).toBe(true);
    expect(needsAttention({ ...c, online: false })).toBe(true);
    expect(needsAttention({ ...c, state: 'suspended', online: false, recording: false })).toBe(false);
  });
});

describe('playback window', () => {
  const day = new Date(2026, 10, 23, 15);
  const { from, to } = dayOf(day);
  it('is the whole of a past day', () => expect(windowOf(day, from + 5, to)).toEqual({ from, to }));
  it('never reaches beyond what the server told', () => expect(windowOf(day, from + 5, from + 1000)).toEqual({ from, to: from + 1000 }));
  it('ends where the deep archive begins, on either side', () => {
    const archived = [{ from, to: from + 1000 }, { from: from + 9000, to }];
    expect(windowOf(day, from + 5000, to, archived)).toEqual({ from: from + 1000, to: from + 9000 });
  });
  it('knows what is archived', () => {
    const at = (ms: number) => new Date(from + ms).toISOString();
    const spans = [{ from: at(0), to: at(1000), state: 'recorded' as const, archived: true }, { from: at(1000), to: at(2000), state: 'held' as const, archived: true }, { from: at(2000), to: at(9000), state: 'recorded' as const }];
    expect(archivedOf(spans)).toEqual([{ from, to: from + 2000 }]);
  });
  it('always holds the moment that was chosen', () => expect(windowOf(day, from + 5000, from + 1000)).toEqual({ from, to: from + 5001 }));
});

it('an ffmpeg line for each protocol that ffmpeg speaks', () => {
  expect(ffmpegLine('rtsp', 'rtsp://h/x')).toMatch(/-f rtsp -rtsp_transport tcp "rtsp:\/\/h\/x"$/);
  expect(ffmpegLine('rtmp', 'rtmp://h/x')).toMatch(/-f flv "/);
  expect(ffmpegLine('srt', 'srt://h')).toMatch(/-f mpegts "/);
  expect(ffmpegLine('whip', 'http://h')).toBe('');
});

it('paths of fields', () => {
  expect(pathOf('position.longitude')).toEqual(['position', 'longitude']);
  expect(pathOf('actions[0]')).toEqual(['actions']);
  expect(pathOf('')).toEqual([]);
});

it('times and rates', () => {
  expect(when(new Date(2026, 0, 2, 3, 4, 5))).toBe('2026-01-02 03:04');
  expect(when(new Date(2026, 0, 2, 3, 4, 5), true)).toBe('2026-01-02 03:04:05');
  expect(when('0001-01-01T00:00:00Z')).toBe('');
  expect(when(null)).toBe('');
  expect(when('nonsense')).toBe('');
  expect(span(new Date(2026, 0, 2, 3, 4), new Date(2026, 0, 2, 5, 6))).toBe('2026-01-02 03:04 – 05:06');
  expect(bitRate(2_140_000)).toBe('2.1 Mbit/s');
  expect(bitRate(64_000)).toBe('64 kbit/s');
});
