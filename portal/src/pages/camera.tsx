import type { Camera, StreamKey } from '@gatepost/sdk';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Card, Descriptions, Input, Modal, Result, Skeleton, Space, Tabs } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { abilities } from '../ability';
import { codeOf, useErrorWords } from '../errors';
import { AcceptanceCard } from '../parts/acceptance';
import { useDivisionName } from '../parts/division';
import { EvidenceTab } from '../parts/evidence';
import { KeptCard } from '../parts/kept';
import { LooksTab } from '../parts/looks';
import { KeyHidden, PublishInfo } from '../parts/publish';
import { SharesTab } from '../parts/shares';
import { Signs, StateTag, useLastSeen } from '../parts/state';
import { Watch } from '../parts/watch';
import { client, useUser } from '../session';
import { bitRate, when } from '../time';

export function CameraPage() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const say = useErrorWords();
  const query = useQuery({ queryKey: ['camera', id], queryFn: ({ signal }) => client.cameras.get(id, { signal }), refetchInterval: 3000 });
  if (query.isPending) return <main className="page"><Skeleton active /></main>;
  if (query.data === undefined) {
    const missing = codeOf(query.error) === 'not_found' || codeOf(query.error) === 'invalid';
    return (
      <main className="page">
        <Result
          status={missing ? '404' : 'warning'} title={missing ? t('camera.gone') : say(query.error)} data-testid="camera-missing"
          extra={<Link to="/cameras"><Button type="primary">{t('nav.cameras')}</Button></Link>}
        />
      </main>
    );
  }
  return <Loaded key={id} camera={query.data} />;
}

function Loaded({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const can = abilities(useUser(), camera);
  const tabs = [
    ...(can.manage ? [{ key: 'push', label: <span data-testid="tab-push">{t('camera.tabs.push')}</span>, children: <PushTab camera={camera} /> }] : []),
    ...(can.share ? [{ key: 'shares', label: <span data-testid="tab-shares">{t('camera.tabs.shares')}</span>, children: <SharesTab camera={camera.id} /> }] : []),
    ...(can.audit ? [{ key: 'looks', label: <span data-testid="tab-looks">{t('camera.tabs.looks')}</span>, children: <LooksTab camera={camera.id} /> }] : []),
    ...(can.export || can.audit ? [{ key: 'evidence', label: <span data-testid="tab-evidence">{t('camera.tabs.evidence')}</span>, children: <EvidenceTab camera={camera.id} /> }] : []),
  ];
  return (
    <main className="page" data-testid="camera-page" data-camera={camera.id}>
      <div className="page-head">
        <h1 data-testid="camera-name">{camera.name}</h1>
        <StateTag camera={camera} />
        <Signs camera={camera} />
        <span className="grow" />
        {can.manage && <Life camera={camera} />}
      </div>
      <div className="watch">
        <div>
          <Card size="small"><Watch camera={camera} can={can} /></Card>
          {tabs.length > 0 && <Card size="small" style={{ marginTop: 16 }}><Tabs items={tabs} destroyOnHidden /></Card>}
        </div>
        <Space orientation="vertical" size={16} style={{ width: '100%' }}>
          <Facts camera={camera} />
          <KeptCard camera={camera} may={can.manage} />
          <AcceptanceCard camera={camera} mayMeasure={can.manage} />
        </Space>
      </div>
    </main>
  );
}

function Facts({ camera: c }: { camera: Camera }) {
  const { t } = useTranslation();
  const division = useDivisionName(c.division);
  const lastSeen = useLastSeen();
  const m = c.media;
  const stream = c.online && m && m.width ? `${m.video_codec.toUpperCase()} ${m.width}×${m.height} · ${m.fps.toFixed(0)} fps · ${bitRate(m.bits_per_second).replace(' ', '\u00a0')}` : '–';
  const facts: [string, React.ReactNode][] = [
    [t('camera.nationalId'), <span className="mono" data-testid="national-id">{c.national_id}</span>],
    [t('cameras.lastSeen'), lastSeen(c)],
    [t('camera.protocol'), c.online && c.protocol ? c.protocol.toUpperCase() : '–'],
    [t('camera.stream'), <span data-testid="camera-stream">{stream}</span>],
    [t('camera.viewers'), c.viewers],
    [t('enrol.class'), t(`class.c${c.class as 1}`)],
    [t('enrol.place'), t(`place.${c.place as 'premises'}`, { defaultValue: c.place })],
    [t('camera.division'), division || '–'],
    [t('camera.address'), c.address || '–'],
    [t('camera.position'), c.position ? `${c.position.longitude.toFixed(6)}, ${c.position.latitude.toFixed(6)}` : '–'],
    [t('camera.consent'), c.consent_to_share ? t('camera.consentYes') : t('camera.consentNo')],
    [t('camera.created'), when(c.created_at)],
  ];
  return (
    <Card size="small" title={t('camera.tabs.overview')} data-testid="camera-facts">
      <Descriptions size="small" column={1} styles={{ label: { width: 116 } }} items={facts.map(([label, children]) => ({ key: label, label, children }))} />
    </Card>
  );
}

/** How to push, and a new key when the old one is lost or known to others. */
function PushTab({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const { message, modal } = App.useApp();
  const say = useErrorWords();
  const [stream, setStream] = useState<StreamKey | null>(null);
  const rotate = useMutation({
    mutationFn: () => client.cameras.rotateKey(camera.id),
    onSuccess: (s) => {
      setStream(s);
      void message.success(t('publish.rotated'));
    },
    onError: (err) => void message.error(say(err)),
  });
  return (
    <Space orientation="vertical" size={14} style={{ width: '100%' }}>
      {stream === null ? <KeyHidden /> : <PublishInfo key={stream.stream_key} stream={stream} />}
      <Button
        danger loading={rotate.isPending} data-testid="rotate-key"
        onClick={() => void modal.confirm({ title: t('publish.rotate'), content: t('publish.rotateAsk'), okButtonProps: { danger: true, 'data-testid': 'rotate-key-confirm' }, onOk: () => rotate.mutate() })}
      >
        {t('publish.rotate')}
      </Button>
    </Space>
  );
}

type Step = 'suspend' | 'resume' | 'retire';

/** Suspends, resumes, retires. */
function Life({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useErrorWords();
  const queries = useQueryClient();
  const [step, setStep] = useState<Step | null>(null);
  const [reason, setReason] = useState('');
  const go = useMutation({
    mutationFn: (s: Step) => client.cameras[s](camera.id, reason.trim() === '' ? {} : { reason: reason.trim() }),
    onSuccess: (c, s) => {
      setStep(null);
      setReason('');
      void message.success(t('camera.changed', { what: t(`camera.${s}`) }));
      queries.setQueryData(['camera', camera.id], c);
      void queries.invalidateQueries({ queryKey: ['cameras'] });
    },
  });
  if (camera.state === 'retired') return null;
  const suspended = camera.state === 'suspended';
  const begin = (s: Step) => {
    go.reset();
    setStep(s);
  };
  return (
    <>
      <Space>
        {suspended ? <Button onClick={() => begin('resume')} data-testid="resume">{t('camera.resume')}</Button> : <Button onClick={() => begin('suspend')} data-testid="suspend">{t('camera.suspend')}</Button>}
        <Button danger onClick={() => begin('retire')} data-testid="retire">{t('camera.retire')}</Button>
      </Space>
      <Modal
        open={step !== null} title={step && t(`camera.${step}`)} onCancel={() => setStep(null)} onOk={() => step && go.mutate(step)} confirmLoading={go.isPending}
        okText={step && t(`camera.${step}`)} okButtonProps={{ danger: step !== 'resume', 'data-testid': 'life-confirm' }}
      >
        <p>{step && t(`camera.${step}Ask`)}</p>
        <Input placeholder={`${t('camera.reason')}（${t('common.optional')}）`} maxLength={200} value={reason} onChange={(e) => setReason(e.target.value)} data-testid="life-reason" />
        {go.isError && <Alert type="error" title={say(go.error)} style={{ marginTop: 12 }} />}
      </Modal>
    </>
  );
}
