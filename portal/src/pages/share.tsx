import { ClockCircleOutlined, EyeOutlined, SafetyCertificateOutlined } from '@ant-design/icons';
import { createClient, type Action, type ErrorCode, type MediaGrant, type OpenedShare } from '@gatepost/sdk';
import type { GatepostPlayer } from '@gatepost/sdk/player';
import { Alert, Button, Card, Result, Segmented, Slider, Space, Spin } from 'antd';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useLocation, useParams } from 'react-router';
import { Brand, Preferences } from '../brand';
import { codeOf, useErrorWords } from '../errors';
import { Player } from '../parts/player';
import { when } from '../time';

/** A client without an account: what a link opens is all that it has. */
const client = createClient();

/** One opening for each visit, however often the page renders: each counts as a use of the link. */
const openings = new Map<string, Promise<OpenedShare>>();

function openOnce(token: string): Promise<OpenedShare> {
  let opening = openings.get(token);
  if (opening === undefined) {
    opening = client.shares.open(token);
    openings.set(token, opening);
  }
  return opening;
}

type State = { kind: 'opening' } | { kind: 'open'; share: OpenedShare } | { kind: 'failed'; code: ErrorCode; err: unknown };

export function SharePage() {
  const { hash } = useLocation();
  const { token = hash.slice(1) } = useParams();
  const { t } = useTranslation();
  const [state, setState] = useState<State>({ kind: 'opening' });
  useEffect(() => {
    let gone = false;
    openOnce(token).then(
      (share) => !gone && setState({ kind: 'open', share }),
      (err: unknown) => !gone && setState({ kind: 'failed', code: codeOf(err), err }),
    );
    return () => {
      gone = true;
    };
  }, [token]);
  return (
    <>
      <header style={{ display: 'flex', alignItems: 'center', padding: '8px 14px', background: 'var(--header)', borderBottom: '1px solid rgb(128 140 160 / .25)' }}>
        <Brand />
        <span className="grow" />
        <Preferences />
      </header>
      <main className="page" style={{ maxWidth: 1080 }} data-testid="share-page" data-state={state.kind}>
        {state.kind === 'opening' && <div style={{ padding: '20vh 0', textAlign: 'center' }}><Spin /><p className="quiet">{t('share.opening')}</p></div>}
        {state.kind === 'failed' && <Failed code={state.code} err={state.err} />}
        {state.kind === 'open' && <Opened share={state.share} />}
      </main>
    </>
  );
}

function Failed({ code, err }: { code: ErrorCode; err: unknown }) {
  const { t } = useTranslation();
  const say = useErrorWords();
  const reload = <Button onClick={() => location.reload()}>{t('share.reload')}</Button>;
  if (code === 'forbidden') return <Result status="warning" title={t('share.elsewhere')} subTitle={t('share.elsewhereHint')} data-testid="share-elsewhere" />;
  if (code === 'gone') return <Result status="warning" title={t('share.gone')} subTitle={t('share.goneHint')} data-testid="share-gone" />;
  if (code === 'unauthenticated' || code === 'invalid' || code === 'not_found') return <Result status="error" title={t('share.bad')} subTitle={t('share.badHint')} data-testid="share-bad" />;
  return <Result status="info" title={t('share.away')} subTitle={say(err)} extra={reload} data-testid="share-away" />;
}

function Opened({ share }: { share: OpenedShare }) {
  const { t } = useTranslation();
  const player = useRef<GatepostPlayer | null>(null);
  const offered = (['live', 'playback'] as const).filter((a) => share.grants[a] !== undefined);
  const [action, setAction] = useState<Action>(offered[0] ?? 'live');
  const [grants, setGrants] = useState<Partial<Record<Action, MediaGrant>>>(share.grants);
  const [position, setPosition] = useState<Date | null>(null);
  const [ended, setEnded] = useState<'' | 'expired' | 'revoked' | 'refused'>('');
  const grant = grants[action];

  // Both grants are kept alive, the one that is not shown as well, until the link itself ends.
  useEffect(() => {
    const stop = new AbortController();
    const timers = (Object.entries(grants) as [Action, MediaGrant][]).map(([name, g]) => {
      const expires = Date.parse(g.expires_at);
      if (expires >= Date.parse(share.expires_at)) return undefined;
      const left = expires - Date.now();
      return setTimeout(() => {
        client.shares.renew(g.token, { signal: stop.signal }).then(
          (renewed) => setGrants((now) => ({ ...now, [name]: renewed })),
          () => undefined, // the player goes dark at the end of its grant, and says why
        );
      }, Math.max(1000, left - Math.min(60_000, left / 4)));
    });
    return () => {
      stop.abort();
      timers.forEach(clearTimeout);
    };
  }, [grants, share.expires_at]);

  const withLabel = useMemo(() => (grant === undefined ? null : { ...grant, label: grant.label || share.label }), [grant, share.label]);
  const from = share.from ? Date.parse(share.from) : 0;
  const to = share.to ? Date.parse(share.to) : 0;
  return (
    <>
      <div className="page-head">
        <h1 data-testid="share-camera">{share.camera.name}</h1>
        <span className="grow" />
        {offered.length > 1 && (
          <Segmented<Action> value={action} onChange={setAction} data-testid="share-action" options={offered.map((a) => ({ value: a, label: a === 'live' ? t('camera.live') : t('camera.playback') }))} />
        )}
      </div>
      {ended !== '' && (
        <Alert
          type="warning" showIcon style={{ marginBottom: 14 }} data-testid="share-ended" data-reason={ended}
          title={ended === 'expired' ? t('share.expired') : t('share.ended')} description={t('share.goneHint')}
        />
      )}
      <Shown
        key={action} grant={withLabel} ref={player} onTime={setPosition}
        onDenied={(reason) => setEnded(reason)}
      />
      {action === 'playback' && to > from && (
        <div style={{ padding: '6px 8px 0' }}>
          <Slider
            min={from} max={to} step={1000} value={Math.min(to, Math.max(from, position?.getTime() ?? from))} data-testid="share-seek"
            tooltip={{ formatter: (v) => when(v ?? 0, true) }} onChange={(v: number) => setPosition(new Date(v))}
            onChangeComplete={(v: number) => player.current?.seekTo(new Date(v))} ariaLabelForHandle={t('share.seek')}
          />
        </div>
      )}
      <Card size="small" style={{ marginTop: 14 }} data-testid="share-facts">
        <Space orientation="vertical" size={6}>
          <span>
            <EyeOutlined /> {t('share.shows')}: <b>{share.actions.map((a) => (a === 'live' ? t('share.live') : t('share.window', { from: when(share.from, true), to: when(share.to, true) }))).join(' + ')}</b>
          </span>
          <span><ClockCircleOutlined /> {t('share.until', { time: when(share.expires_at) })}</span>
          {share.legal_basis && <span>{t('share.basis', { basis: share.legal_basis })}</span>}
          <span className="quiet"><SafetyCertificateOutlined /> {share.label ? t('share.label', { label: share.label }) : t('share.noLabel')}</span>
        </Space>
      </Card>
    </>
  );
}

function Shown({ grant, ref, onTime, onDenied }: {
  grant: MediaGrant | null;
  ref: React.RefObject<GatepostPlayer | null>;
  onTime: (t: Date | null) => void;
  onDenied: (reason: 'expired' | 'revoked' | 'refused') => void;
}) {
  return (
    <div className="stage">
      <Player
        ref={ref} grant={grant} onTime={onTime}
        onState={({ detail }) => {
          if (detail.state === 'denied') onDenied(detail.reason as 'expired' | 'revoked' | 'refused');
        }}
      />
    </div>
  );
}
