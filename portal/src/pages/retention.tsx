import type { Camera, RetentionRun } from '@gatepost/sdk';
import { useQuery } from '@tanstack/react-query';
import { Alert, Card, Space, Switch, Tabs, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { keepsFootage } from '../ability';
import { bytes, cost, count } from '../figure';
import { CameraLink } from '../parts/cameralink';
import { HoldsTab } from '../parts/holds';
import { CertificatesTab, OrdersTab } from '../parts/deletion';
import { useKept } from '../parts/kept';
import { List } from '../parts/list';
import { RestoresTab } from '../parts/restores';
import { DryRunTab, PolicyTab } from '../parts/policy';
import { client, useUser } from '../session';
import { when } from '../time';

/** For how long recordings are kept, what became of those that are gone, and what keeping costs. */
export function RetentionPage() {
  const { t } = useTranslation();
  const user = useUser();
  const admin = user.role === 'admin';
  if (!keepsFootage(user)) return <main className="page"><Alert type="info" showIcon title={t('errors.forbidden')} /></main>;
  const tab = (key: 'policy' | 'dryRun' | 'runs' | 'cost' | 'certificates' | 'orders' | 'holds' | 'restores', children: React.ReactNode) => ({ key, label: <span data-testid={`tab-${key}`}>{t(`retention.tabs.${key}`)}</span>, children });
  return (
    <main className="page" data-testid="retention-page">
      <div className="page-head"><h1>{t('retention.title')}</h1><span className="quiet">{t('retention.about')}</span></div>
      <Card size="small">
        <Tabs
          destroyOnHidden
          items={[
            ...(admin ? [tab('policy', <PolicyTab />), tab('dryRun', <DryRunTab />), tab('runs', <Runs />)] : []),
            tab('cost', <Cost />), tab('certificates', <CertificatesTab />), tab('orders', <OrdersTab />), tab('holds', <HoldsTab />), tab('restores', <RestoresTab />),
          ]}
        />
      </Card>
    </main>
  );
}

/** What each round of the sweep did. */
function Runs() {
  const { t } = useTranslation();
  const [quiet, setQuiet] = useState(false);
  const pair = (n: number, size: number) => (n === 0 ? '–' : <>{count(n)} <span className="quiet">{bytes(size)}</span></>);
  return (
    <>
      <p style={{ marginTop: 0 }}><Switch size="small" checked={quiet} onChange={setQuiet} data-testid="runs-quiet" /> {t('retention.quiet')}</p>
      <List<RetentionRun>
        name={['retention', 'runs', quiet]} load={(q, o) => client.retention.runs({ ...q, ...(quiet ? { quiet } : {}) }, o)} rowKey="id" empty={t('retention.noRuns')} row={() => ({ 'data-testid': 'run-row' })}
        columns={[
          { title: t('looks.when'), render: (_, r) => when(r.started_at, true) },
          { title: t('nav.cameras'), align: 'right', render: (_, r) => count(r.cameras) },
          { title: t('retention.ended'), align: 'right', render: (_, r) => pair(r.ended, r.ended_bytes) },
          { title: t('retention.moved'), align: 'right', render: (_, r) => pair(r.moved, r.moved_bytes) },
          { title: t('retention.classed'), align: 'right', render: (_, r) => pair(r.classed, r.classed_bytes) },
          { title: t('retention.tabs.certificates'), align: 'right', render: (_, r) => count(r.certificates) },
          { title: t('retention.tabs.orders'), align: 'right', render: (_, r) => count(r.orders) },
          { title: t('admission.problem'), render: (_, r) => r.problem && <Tag color="red">{r.problem}</Tag> },
        ]}
      />
    </>
  );
}

/** What the storage of each camera costs in a month, beside the plan. */
function Cost() {
  const { t } = useTranslation();
  const user = useUser();
  const admin = user.role === 'admin';
  const use = useQuery({ queryKey: ['plan', user.organisation.id], queryFn: ({ signal }) => client.plans.use(user.organisation.id, { signal }) }).data;
  const owner = admin ? {} : { owner_id: user.organisation.id };
  return (
    <>
      <Space wrap style={{ marginBottom: 12 }}>
        <span className="quiet">{t('retention.costHint')}</span>
        {use?.plan && <Tag data-testid="cost-plan">{t('plan.room', { used: use.cameras, limit: use.plan.cameras, days: use.plan.retention_days })}</Tag>}
      </Space>
      <List<Camera>
        name={['retention', 'cost']} every={60_000} load={(q, o) => client.cameras.list({ ...q, ...owner }, o)} rowKey="id" empty={t('cameras.empty')} row={(c) => ({ 'data-testid': 'cost-row', 'data-camera': c.id })}
        columns={[
          { title: t('cameras.name'), render: (_, c) => <CameraLink id={c.id} /> },
          { title: t('retention.category'), render: (_, c) => t(`retention.categories.${c.category}`) },
          { title: t('retention.days'), render: (_, c) => <Kept camera={c.id} what="days" /> },
          { title: t('retention.stored'), align: 'right', render: (_, c) => <Kept camera={c.id} what="stored" /> },
          { title: t('retention.monthly'), align: 'right', render: (_, c) => <Kept camera={c.id} what="cost" /> },
        ]}
      />
    </>
  );
}

function Kept({ camera, what }: { camera: string; what: 'days' | 'stored' | 'cost' }) {
  const { t } = useTranslation();
  const kept = useKept(camera);
  if (kept === undefined) return null;
  if (what === 'days') return <>{t('common.days', { count: kept.days })} <span className="quiet">{kept.floor_days}–{kept.ceiling_days}</span></>;
  if (kept.storage === undefined) return null;
  if (what === 'stored') return <>{bytes(kept.storage.stored.reduce((sum, s) => sum + s.bytes, 0))}</>;
  return <span data-testid="camera-cost">{cost(kept.storage.monthly_cost)}</span>;
}
