import { PlayCircleOutlined, ThunderboltOutlined } from '@ant-design/icons';
import type { Camera, MediaGrant, Span } from '@gatepost/sdk';
import type { GatepostPlayer, PlayerSnapshot } from '@gatepost/sdk/player';
import type { PictureSource } from '@gatepost/sdk/timeline';
import { Alert, Button, Space, Tag } from 'antd';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Abilities } from '../ability';
import { codeOf, useErrorWords } from '../errors';
import { client } from '../session';
import { dayOf, span } from '../time';
import { ExportButton } from './evidence';
import { Refusal, useAccess } from './access';
import { Player } from './player';
import { PurposeForm, type Purpose } from './purpose';
import { Archived } from './restores';
import { Timeline, useDay } from './timeline';

/** Owners need not say why; that they looked is registered all the same. */
const own = { purpose: 'own' };

/** What is (to be) seen: now, or a window of a day with the moment to begin at. */
export type Look = { kind: 'live' } | { kind: 'playback'; from: number; to: number; at: number };

/**
 * The window that a click at a moment opens: that day's records, so that one look serves the
 * whole day, up to what is archived on either side, which would not play. `known` is the end of
 * what the server told; it is never in its future.
 */
export function windowOf(day: Date, at: number, known: number, archived: readonly Window[] = []): Window {
  const d = dayOf(day);
  const before = archived.filter((w) => w.to <= at).map((w) => w.to);
  const behind = archived.filter((w) => w.from > at).map((w) => w.from);
  return { from: Math.max(d.from, ...before), to: Math.max(at + 1, Math.min(d.to, known, ...behind)) };
}

/** A stretch of time, in Unix milliseconds. */
export interface Window {
  from: number;
  to: number;
}

/** What of a day lies in the deep archive; stretches that touch are one. */
export function archivedOf(spans: readonly Span[]): Window[] {
  const out: Window[] = [];
  for (const s of spans) {
    if (!s.archived) continue;
    const w = { from: Date.parse(s.from), to: Date.parse(s.to) };
    const last = out.at(-1);
    if (last?.to === w.from) last.to = w.to;
    else out.push(w);
  }
  return out;
}

/** Pictures of moments within a look at what was recorded, under its grant. */
function picturesOf(token: string, from: number, to: number): PictureSource {
  return async (at, o) => (at.getTime() >= from && at.getTime() < to ? client.playback.picture(token, { at }, o) : null);
}

/** The picture and the day below it. Each look is registered before the first frame. */
export function Watch({ camera, can }: { camera: Camera; can: Abilities }) {
  const { t } = useTranslation();
  const say = useErrorWords();
  const player = useRef<GatepostPlayer | null>(null);
  const [day, setDay] = useState(() => new Date());
  const [look, setLook] = useState<Look | null>(null);
  const [grant, setGrant] = useState<MediaGrant | null>(null);
  const [asked, setAsked] = useState<Look | null>(null);
  const [purpose, setPurpose] = useState<Purpose | null>(null);
  const [failure, setFailure] = useState('');
  const [position, setPosition] = useState<Date | null>(null);
  const [shown, setShown] = useState<PlayerSnapshot | null>(null);
  const running = useRef<AbortController | null>(null);
  const [refused, setRefused] = useState(false);
  const [deep, setDeep] = useState<Window | null>(null);
  const spans = useDay(camera.id, day).data;
  const live = useAccess(camera.id, 'live');
  const playback = useAccess(camera.id, 'playback');
  useEffect(() => () => running.current?.abort(), []);

  const open = useCallback(
    async (next: Look, why: Purpose | typeof own, renewal = false) => {
      running.current?.abort();
      const mine = new AbortController();
      running.current = mine;
      setFailure('');
      try {
        const got = await client.grants.create(
          next.kind === 'live'
            ? { camera_id: camera.id, action: 'live', ...why }
            : { camera_id: camera.id, action: 'playback', ...why, from: new Date(next.from).toISOString(), to: new Date(next.to).toISOString() },
          { signal: mine.signal },
        );
        if (next.kind === 'playback' && !renewal) player.current?.seekTo(new Date(next.at));
        setLook(next);
        setGrant(got);
      } catch (err) {
        if (mine.signal.aborted) return;
        setRefused(codeOf(err) === 'forbidden' || codeOf(err) === 'not_found');
        setFailure(say(err));
      }
    },
    [camera.id, say],
  );

  const ask = (next: Look) => {
    setDeep(null);
    if (can.needsPurpose) setAsked(next);
    else void open(next, own);
  };

  function seek(at: Date) {
    const ms = at.getTime();
    const archived = archivedOf(spans ?? []);
    const here = archived.find((w) => ms >= w.from && ms < w.to);
    if (here !== undefined) {
      setDeep(here);
      return;
    }
    const alive = shown !== null && shown.state !== 'denied' && shown.state !== 'error';
    if (look?.kind === 'playback' && grant !== null && alive && ms >= look.from && ms < look.to) {
      player.current?.seekTo(at);
      player.current?.play().catch(() => undefined);
      return;
    }
    const known = spans?.at(-1)?.to;
    ask({ kind: 'playback', at: ms, ...windowOf(day, ms, known === undefined ? Date.now() : Date.parse(known), archived) });
  }

  function renew() {
    // Somebody else's camera is looked at for as long as was registered, and no longer.
    if (look !== null && !can.needsPurpose) void open(look, own, true);
  }

  const what = asked === null ? '' : asked.kind === 'live' ? t('camera.live') : `${t('camera.playback')} ${span(asked.from, asked.to)}`;
  const over = shown?.state === 'denied' || shown?.state === 'error';
  const token = over ? undefined : grant?.token;
  const pictures = useMemo(() => (token !== undefined && look?.kind === 'playback' ? picturesOf(token, look.from, look.to) : null), [token, look]);
  return (
    <section>
      <div className="stage">
        <Player ref={player} grant={grant} onState={(e) => setShown(e.detail)} onTime={setPosition} onExpiring={renew} />
        {look === null && (
          <div className="stage-cover">
            {live?.allowed === false ? <div><Refusal why={playback?.allowed === false ? playback : live} />{playback?.allowed && <p>{t('access.playback')}</p>}</div> : live === undefined && !can.watch ? t(can.operator ? 'camera.operatorNoWatch' : 'camera.notWatch') : (
              <Space orientation="vertical" size={14} align="center">
                <Button type="primary" size="large" icon={<PlayCircleOutlined />} disabled={!camera.online} onClick={() => ask({ kind: 'live' })} data-testid="watch-live">
                  {t('camera.watch')}
                </Button>
                {!camera.online && <span>{t('camera.offlineHint')}</span>}
              </Space>
            )}
          </div>
        )}
      </div>
      <Space style={{ margin: '10px 0 6px', minHeight: 32 }} wrap>
        {look?.kind === 'live' && <Tag color="red" data-testid="looking">{t('camera.live')}</Tag>}
        {look?.kind === 'playback' && (
          <>
            <Tag color="blue" data-testid="looking">{t('camera.playback')} {span(look.from, look.to)}</Tag>
            {camera.online && <Button size="small" icon={<ThunderboltOutlined />} onClick={() => ask({ kind: 'live' })} data-testid="back-to-live">{t('camera.backToLive')}</Button>}
          </>
        )}
        {can.export && <ExportButton camera={camera.id} position={look?.kind === 'playback' ? position : null} />}
        {look !== null && over && <Button size="small" type="primary" onClick={() => ask(look)} data-testid="watch-again">{t('camera.watchAgain')}</Button>}
      </Space>
      {failure !== '' && (
        <Alert
          type="error" showIcon title={failure} closable={{ onClose: () => setFailure('') }} style={{ marginBottom: 10 }} data-testid="watch-error"
          description={refused && playback?.allowed === false ? <Refusal why={playback} /> : undefined}
        />
      )}
      {deep !== null && <Archived camera={camera.id} window={deep} onClose={() => setDeep(null)} />}
      <Timeline camera={camera.id} day={day} onDay={setDay} position={position} pictures={pictures} {...(can.watch || playback?.allowed ? { onSeek: seek } : {})} />
      <PurposeForm
        open={asked !== null} what={what} initial={purpose} onCancel={() => setAsked(null)}
        onDone={(p) => {
          setPurpose(p);
          const next = asked;
          setAsked(null);
          if (next) void open(next, p);
        }}
      />
    </section>
  );
}
