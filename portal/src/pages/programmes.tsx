import { FileAddOutlined } from '@ant-design/icons';
import type { BlindSpot, Coverage, CoverageCategory, Programme, UncontrolledCamera } from '@gatepost/sdk';
import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Card, DatePicker, Drawer, InputNumber, Space, Switch, Table, Tabs, Tag } from 'antd';
import type { Dayjs } from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { drawsProgrammes } from '../ability';
import { useErrorWords } from '../errors';
import { count, hours, percent } from '../figure';
import { CameraLink } from '../parts/cameralink';
import { Bars } from '../parts/chart';
import { DivisionName } from '../parts/division';
import { List } from '../parts/list';
import { useKinds } from '../parts/place';
import { ProgrammeForm, ProgrammeView, programmeColour } from '../parts/programme';
import { client, useUser } from '../session';
import { when } from '../time';

/** What is to be built, level by level, and whether it was. */
export function ProgrammesPage() {
  const { t } = useTranslation();
  return (
    <main className="page" data-testid="programmes-page">
      <div className="page-head"><h1>{t('programmes.title')}</h1><span className="quiet">{t('programmes.about')}</span></div>
      <Card size="small">
        <Tabs
          destroyOnHidden
          items={[
            { key: 'programmes', label: t('programmes.list'), children: <Programmes /> },
            { key: 'coverage', label: <span data-testid="tab-coverage">{t('programmes.coverage')}</span>, children: <CoverageTab /> },
            { key: 'uncontrolled', label: <span data-testid="tab-uncontrolled">{t('programmes.uncontrolled')}</span>, children: <Uncontrolled /> },
          ]}
        />
      </Card>
    </main>
  );
}

function Programmes() {
  const { t } = useTranslation();
  const user = useUser();
  const [year, setYear] = useState<Dayjs | null>(null);
  const [force, setForce] = useState(false);
  const [drawing, setDrawing] = useState(false);
  const [shown, setShown] = useState<string | null>(null);
  const filter = { ...(year ? { year: year.year() } : {}), ...(force ? { in_force: true } : {}) };
  return (
    <>
      <Space wrap style={{ marginBottom: 12 }}>
        {drawsProgrammes(user) && <Button type="primary" icon={<FileAddOutlined />} onClick={() => setDrawing(true)} data-testid="programme-new">{t('programmes.draw')}</Button>}
        <DatePicker picker="year" value={year} onChange={setYear} placeholder={t('programmes.year')} />
        <span><Switch size="small" checked={force} onChange={setForce} data-testid="programme-force" /> {t('programmes.inForce')}</span>
      </Space>
      <List<Programme>
        name={['programmes', 'list', filter]} load={(q, o) => client.programmes.list({ ...q, ...filter }, o)} rowKey="id" empty={t('programmes.none')}
        row={(p) => ({ 'data-testid': 'programme-row', 'data-division': p.division, 'data-state': p.state })}
        columns={[
          { title: t('camera.division'), render: (_, p) => <DivisionName code={p.division} /> },
          { title: t('programmes.year'), dataIndex: 'year' },
          { title: t('reports.version'), render: (_, p) => t('reports.versionOf', { n: p.version }) },
          { title: t('shares.status'), render: (_, p) => <><Tag color={programmeColour[p.state]}>{t(`programmes.states.${p.state}`)}</Tag>{p.reviewer && <span className="quiet">{t('programmes.awaits')} <DivisionName code={p.reviewer} /></span>}</> },
          { title: t('programmes.count'), align: 'right', render: (_, p) => count(p.targets.reduce((sum, x) => sum + x.count, 0)) },
          { title: t('programmes.sites'), align: 'right', render: (_, p) => count(p.sites.length) },
          { title: t('reports.decided'), render: (_, p) => <>{when(p.decided_at)}{p.remark && <div className="quiet">{p.remark}</div>}</> },
          { title: '', align: 'right', render: (_, p) => <Button size="small" onClick={() => setShown(p.id)} data-testid="programme-open">{t('programmes.open')}</Button> },
        ]}
      />
      {drawing && <ProgrammeForm onClose={() => setDrawing(false)} onDone={(p) => { setDrawing(false); setShown(p.id); }} />}
      <Drawer open={shown !== null} onClose={() => setShown(null)} size={900} title={t('programmes.one')} destroyOnHidden>{shown && <ProgrammeView id={shown} />}</Drawer>
    </>
  );
}

function CoverageTab() {
  const { t } = useTranslation();
  const say = useErrorWords();
  const [metres, setMetres] = useState(100);
  const query = useQuery({ queryKey: ['coverage', metres], queryFn: ({ signal }) => client.coverage.get({ metres }, { signal }), placeholderData: (before) => before });
  if (query.isError) return <Alert type="error" showIcon title={say(query.error)} />;
  const c = query.data;
  return (
    <Space orientation="vertical" size={16} style={{ width: '100%' }}>
      <Space wrap>
        <span>{t('programmes.within')}</span>
        <InputNumber min={10} max={5000} precision={0} value={metres} suffix="m" changeOnWheel={false} onChange={(v) => v && setMetres(v)} style={{ width: 130 }} data-testid="coverage-metres" />
        {c && <span data-testid="coverage-sites">{t('programmes.covered', { covered: count(c.covered), sites: count(c.sites), rate: percent(c.sites === 0 ? null : Math.floor((c.covered / c.sites) * 10_000)) })}</span>}
      </Space>
      {c && <Categories coverage={c} />}
      {c && <Blind spots={c.blind_spots} />}
    </Space>
  );
}

/** Categories of places: planned → built → accepted. */
function Categories({ coverage: c }: { coverage: Coverage }) {
  const { t } = useTranslation();
  const kinds = useKinds();
  return (
    <>
      {c.categories.length > 0 && (
        <Bars
          testid="chart-coverage" title={t('programmes.chart', { year: c.year })} series={[t('reports.columns.planned'), t('reports.columns.built'), t('reports.columns.accepted')]} format={(n) => count(n ?? 0)}
          bars={c.categories.map((k) => ({ key: k.place + k.class, label: `${kinds.watch(k.class)} · ${kinds.place(k.place)}`, values: [k.planned, k.built, k.accepted] }))}
        />
      )}
      <Table<CoverageCategory>
        size="small" pagination={false} rowKey={(k) => k.place + k.class} dataSource={c.categories} scroll={{ x: 'max-content' }} locale={{ emptyText: t('programmes.noCoverage') }}
        onRow={(k) => ({ 'data-testid': 'coverage-row', 'data-place': k.place, 'data-class': String(k.class) }) as React.HTMLAttributes<HTMLElement>}
        columns={[
          { title: t('cameras.place'), render: (_, k) => kinds.place(k.place) },
          { title: t('cameras.class'), render: (_, k) => kinds.watch(k.class) },
          ...(['planned', 'enrolled', 'built', 'in_service', 'accepted'] as const).map((key) => ({ title: t(`reports.columns.${key}`), align: 'right' as const, render: (_: unknown, k: CoverageCategory) => count(k[key]) })),
          { title: t('programmes.done'), align: 'right', render: (_, k) => percent(k.planned === 0 ? null : Math.floor((k.accepted / k.planned) * 10_000)) },
        ]}
      />
    </>
  );
}

/** Sites that no working camera covers. */
function Blind({ spots }: { spots: BlindSpot[] }) {
  const { t } = useTranslation();
  const kinds = useKinds();
  return (
    <Table<BlindSpot>
      size="small" title={() => <b>{t('programmes.blind')}</b>} rowKey={(b) => b.programme_id + b.site.name + b.site.longitude + b.site.latitude} dataSource={spots} scroll={{ x: 'max-content' }}
      pagination={{ pageSize: 20, hideOnSinglePage: true }} locale={{ emptyText: t('programmes.noBlind') }}
      onRow={(b) => ({ 'data-testid': 'blind-row', 'data-site': b.site.name }) as React.HTMLAttributes<HTMLElement>}
      columns={[
        { title: t('programmes.site'), render: (_, b) => b.site.name },
        { title: t('camera.division'), render: (_, b) => <DivisionName code={b.division} /> },
        { title: t('cameras.place'), render: (_, b) => `${kinds.place(b.site.place)} · ${kinds.watch(b.site.class)}` },
        { title: t('camera.position'), render: (_, b) => <span className="mono">{b.site.longitude.toFixed(6)}, {b.site.latitude.toFixed(6)}</span> },
        { title: t('programmes.nearest'), align: 'right', render: (_, b) => (b.nearest_metres ? `${count(b.nearest_metres)} m` : t('programmes.far')) },
      ]}
    />
  );
}

/** Cameras that are in service and did not record as they must. */
function Uncontrolled() {
  const { t } = useTranslation();
  const kinds = useKinds();
  return (
    <>
      <p className="quiet" style={{ marginTop: 0 }}>{t('programmes.uncontrolledHint')}</p>
      <List<UncontrolledCamera>
        name={['coverage', 'uncontrolled']} every={60_000} load={client.coverage.uncontrolled} rowKey="camera_id" empty={t('programmes.noUncontrolled')}
        row={(u) => ({ 'data-testid': 'uncontrolled-row', 'data-camera': u.camera_id })}
        columns={[
          { title: t('cameras.name'), render: (_, u) => <CameraLink id={u.camera_id} /> },
          { title: t('camera.division'), render: (_, u) => <DivisionName code={u.division} /> },
          { title: t('cameras.class'), render: (_, u) => kinds.watch(u.class) },
          { title: t('programmes.day'), dataIndex: 'day' },
          { title: t('reports.columns.due_ms'), align: 'right', render: (_, u) => hours(u.due_ms) },
          { title: t('reports.columns.recorded_ms'), align: 'right', render: (_, u) => hours(u.recorded_ms) },
          { title: t('reports.columns.continuity'), align: 'right', render: (_, u) => percent(u.due_ms === 0 ? null : Math.floor((u.recorded_ms / u.due_ms) * 10_000)) },
        ]}
      />
    </>
  );
}
