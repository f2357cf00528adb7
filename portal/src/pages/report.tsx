import { DownloadOutlined, LockOutlined } from '@ant-design/icons';
import { all, type Report, type ReportFiling, type ReportFormat } from '@gatepost/sdk';
import { useQuery } from '@tanstack/react-query';
import { Alert, App, Breadcrumb, Button, Card, Descriptions, Dropdown, Result, Skeleton, Space, Table } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useParams } from 'react-router';
import { above, governs } from '../ability';
import { codeOf, useErrorWords } from '../errors';
import { count, hours, percent, yuan } from '../figure';
import { Act } from '../parts/ask';
import { Bars } from '../parts/chart';
import { Line } from '../parts/copy';
import { DivisionName } from '../parts/division';
import { DivisionTable, KindTables, MonthOnMonth, Months } from '../parts/figures';
import { Steps } from '../parts/steps';
import { save } from '../save';
import { client, useUser } from '../session';
import { when } from '../time';
import { Clocks, ReportState, TermsWords } from './reports';

/** A monthly report: figures, its way through the levels, files. */
export function ReportPage() {
  const { t } = useTranslation();
  const { id = '' } = useParams();
  const say = useErrorWords();
  const query = useQuery({ queryKey: ['reports', id], queryFn: ({ signal }) => client.reports.get(id, { signal }) });
  if (query.isPending) return <main className="page"><Skeleton active /></main>;
  if (query.data === undefined) {
    const missing = codeOf(query.error) === 'not_found';
    return (
      <main className="page">
        <Result status={missing ? '404' : 'warning'} title={missing ? t('reports.gone') : say(query.error)} extra={<Link to="/reports"><Button type="primary">{t('reports.title')}</Button></Link>} />
      </main>
    );
  }
  return <Loaded key={id} report={query.data} />;
}

/** The reports of a month, by division: the newest that is locked, or else the newest. */
export function byDivision(list: readonly Report[]): Map<string, Report> {
  const best = new Map<string, Report>();
  const rank = (r: Report) => (r.state === 'locked' ? 1_000_000 : 0) + r.version;
  for (const r of list) {
    const other = best.get(r.division);
    if (other === undefined || rank(r) > rank(other)) best.set(r.division, r);
  }
  return best;
}

function Loaded({ report: r }: { report: Report }) {
  const { t } = useTranslation();
  const month = useQuery({
    queryKey: ['reports', 'month', r.month],
    queryFn: async ({ signal }) => {
      const list: Report[] = [];
      for await (const one of all((q) => client.reports.list({ ...q, month: r.month }, { signal }))) list.push(one);
      return list;
    },
  }).data ?? [];
  const others = byDivision(month);
  const to = (division: string) => {
    const other = others.get(division);
    return other && `/reports/${other.id}`;
  };
  const user = useUser();
  const open = r.state === 'draft' || r.state === 'returned';
  const f = r.figures;
  return (
    <main className="page" data-testid="report-page" data-report={r.id}>
      <Breadcrumb style={{ marginBottom: 8 }} items={[{ title: <Link to="/reports">{t('reports.title')}</Link> }, ...upwards(r.division).map((d) => ({ title: to(d) ? <Link to={to(d) ?? ''} data-testid="report-up"><DivisionName code={d} /></Link> : <DivisionName code={d} /> })), { title: <DivisionName code={r.division} /> }]} />
      <div className="page-head">
        <h1 data-testid="report-title">{t('reports.titleOf', { name: f?.name ?? r.division, month: r.month })}</h1>
        <span className="quiet">{t('reports.versionOf', { n: r.version })}</span>
        <ReportState report={r} />
        <span className="grow" />
        <Space wrap>
          {open && governs(user, r.division) && <Act size="middle" about="report" changes={['reports']} run={() => client.reports.refresh(r.id)} data-testid="report-refresh">{t('reports.refresh')}</Act>}
          {r.state !== 'locked' && (
            <Steps
              submitted={r.state === 'submitted'} division={r.division} about="report" changes={['reports']} yes={t('reports.accept')} hint={t('reports.acceptHint')}
              submit={() => client.reports.submit(r.id)} review={(w) => client.reports.review(r.id, { accept: w.yes, ...(w.remark ? { remark: w.remark } : {}) })}
            />
          )}
          <Files report={r} />
        </Space>
      </div>
      <Space orientation="vertical" size={16} style={{ width: '100%' }}>
        <Standing report={r} versions={month.filter((o) => o.division === r.division)} />
        {f && (
          <>
            <Card size="small"><Summary report={r} /></Card>
            <Card size="small"><Charts report={r} /></Card>
            <Card size="small" title={t('reports.divisions')} data-testid="report-divisions"><DivisionTable figures={f} to={to} /></Card>
            <Card size="small"><KindTables figures={f} />{f.settlement && <p className="quiet"><TermsWords terms={f.settlement.terms} /></p>}</Card>
            <Card size="small" title={t('reports.monthOnMonth')} data-testid="report-before"><Months figures={f} /><MonthOnMonth figures={f} /></Card>
            {f.filings.length > 0 && <Card size="small" title={t('reports.filings')} data-testid="report-filings"><Filings list={f.filings} /></Card>}
          </>
        )}
        <Clocks />
      </Space>
    </main>
  );
}

/** The divisions above one, the highest first. */
function upwards(division: string): string[] {
  const up = above(division);
  return up === '' ? [] : [...upwards(up), up];
}

const formats: ReportFormat[] = ['xlsx', 'pdf', 'csv', 'json'];

/** The report as files, in the reader's language. */
function Files({ report: r }: { report: Report }) {
  const { t, i18n } = useTranslation();
  const { message } = App.useApp();
  const say = useErrorWords();
  const [busy, setBusy] = useState(false);
  async function take(format: ReportFormat) {
    setBusy(true);
    try {
      save(await client.reports.file(r.id, { format, lang: i18n.language === 'zh' ? 'zh' : 'en' }), `report-${r.division}-${r.month}-v${r.version}.${format}`);
    } catch (err) {
      void message.error(say(err));
    } finally {
      setBusy(false);
    }
  }
  return (
    <Dropdown menu={{ items: formats.map((f) => ({ key: f, label: <span data-testid={`report-${f}`}>{t(`reports.formats.${f}`)}</span> })), onClick: ({ key }) => void take(key as ReportFormat) }} trigger={['click']}>
      <Button icon={<DownloadOutlined />} loading={busy} data-testid="report-files">{t('common.download')}</Button>
    </Dropdown>
  );
}

/** Where it stands, what was said of it, its signature, its other versions. */
function Standing({ report: r, versions }: { report: Report; versions: Report[] }) {
  const { t } = useTranslation();
  const up = above(r.division) || r.division;
  return (
    <>
      {r.state === 'returned' && <Alert type="warning" showIcon title={t('reports.returned', { time: when(r.decided_at) })} description={r.remark} data-testid="report-returned" />}
      {r.state === 'submitted' && <Alert type="info" showIcon title={<>{t('reports.waits', { time: when(r.submitted_at) })} <DivisionName code={up} /></>} />}
      {r.key_withdrawn && (
        <Alert
          type={r.key_withdrawn.doubtful ? 'error' : 'warning'} showIcon data-testid="report-key-withdrawn"
          title={t('reports.keyWithdrawn', { time: when(r.key_withdrawn.withdrawn_at), reason: r.key_withdrawn.withdrawn_reason })} description={t(r.key_withdrawn.doubtful ? 'reports.keyDoubtful' : 'reports.keyHolds')}
        />
      )}
      {r.state === 'locked' && (
        <Alert
          type="success" icon={<LockOutlined />} showIcon title={t('reports.lockedAt', { time: when(r.decided_at) })} data-testid="report-locked"
          description={
            <Descriptions
              size="small" column={1} styles={{ label: { width: 110 } }} items={[
                ...(r.remark ? [{ key: 'remark', label: t('reports.remark'), children: r.remark }] : []),
                { key: 'sha256', label: 'SHA-256', children: <span className="mono" data-testid="report-sha256">{r.sha256}</span> },
                { key: 'note', label: t('reports.signature'), children: <div style={{ width: '100%' }}><Line text={r.note ?? ''} testid="report-note" /><span className="quiet">{t('reports.signatureHint')} <a href="/v1/evidence-keys" target="_blank" rel="noreferrer">/v1/evidence-keys</a></span></div> },
              ]}
            />
          }
        />
      )}
      {versions.length > 1 && (
        <Space wrap data-testid="report-versions">
          <span className="quiet">{t('reports.versions')}</span>
          {versions.map((v) => <Link key={v.id} to={`/reports/${v.id}`} style={{ fontWeight: v.id === r.id ? 600 : 400 }}>{t('reports.versionOf', { n: v.version })} <ReportState report={v} /></Link>)}
        </Space>
      )}
    </>
  );
}

/** The figures that a circular would open with. */
function Summary({ report: r }: { report: Report }) {
  const { t } = useTranslation();
  const f = r.figures;
  if (!f) return null;
  const n = f.total;
  const facts: [string, string, string?][] = [
    [t('reports.columns.in_service'), count(n.in_service), t('reports.ofPlanned', { built: count(n.built), planned: count(n.planned) })],
    [t('reports.columns.continuity'), percent(n.continuity)],
    [t('reports.columns.online_rate'), percent(n.online_rate)],
    [t('reports.columns.watch_rate'), percent(n.watch_rate)],
    [t('reports.columns.retention_rate'), percent(n.retention_rate)],
    [t('reports.columns.faults'), count(n.faults), n.mean_repair_ms === undefined ? t('reports.ofRepairs', { repairs: count(n.repairs) }) : t('reports.ofMeanRepair', { repairs: count(n.repairs), hours: hours(n.mean_repair_ms) })],
    [t('reports.looks'), count(n.live_looks + n.playbacks), t('reports.ofExports', { exports: count(n.exports), shares: count(n.shares) })],
    [t('reports.columns.incidents'), count(n.incidents), t('reports.ofServed', { served: count(n.incidents_served), drills: count(n.drills) })],
    ...(f.settlement ? [[t('reports.net'), yuan(f.settlement.net_fen), t('reports.ofDeduction', { deduction: yuan(f.settlement.deduction_fen) })] as [string, string, string]] : []),
  ];
  return (
    <div className="figures" data-testid="report-summary">
      {facts.map(([label, value, more]) => <div key={label}><span className="quiet">{label}</span><b>{value}</b>{more && <span className="quiet">{more}</span>}</div>)}
    </div>
  );
}

/** Bars by division; of a county, which has none below it, by class. */
function Charts({ report: r }: { report: Report }) {
  const { t } = useTranslation();
  const f = r.figures;
  if (!f) return null;
  const lines = f.rows.length > 0
    ? f.rows.map((d) => ({ key: d.division, label: d.own ? t('reports.own', { name: d.name }) : d.name, ...d }))
    : f.classes.map((c) => ({ label: t(`class.c${Number(c.key) as 1}`), ...c }));
  return (
    <div className="charts">
      <Bars
        testid="chart-continuity" title={t('reports.columns.continuity')} series={[t('reports.columns.continuity')]} max={10_000} format={percent}
        bars={lines.map((l) => ({ key: l.key, label: l.label, values: [l.continuity ?? null] }))}
      />
      <Bars
        testid="chart-building" title={t('reports.building')} series={[t('reports.columns.planned'), t('reports.columns.built'), t('reports.columns.accepted')]} format={(v) => count(v ?? 0)}
        bars={lines.map((l) => ({ key: l.key, label: l.label, values: [l.planned, l.built, l.accepted] }))}
      />
    </div>
  );
}

/** Who below has filed, and who is late. */
function Filings({ list }: { list: ReportFiling[] }) {
  const { t } = useTranslation();
  return (
    <Table<ReportFiling>
      size="small" pagination={false} scroll={{ x: 'max-content' }} rowKey="division" dataSource={list}
      onRow={(d) => ({ 'data-testid': 'filing-row', 'data-division': d.division, 'data-late': String(d.late) }) as React.HTMLAttributes<HTMLElement>}
      columns={[
        { title: t('camera.division'), render: (_, d) => (d.report_id ? <Link to={`/reports/${d.report_id}`}>{d.name}</Link> : d.name) },
        { title: t('shares.status'), render: (_, d) => (d.state ? <ReportState report={{ state: d.state as Report['state'], late: d.late }} /> : <span className="quiet">{d.late ? t('reports.notFiledLate') : t('reports.notFiled')}</span>) },
        { title: t('reports.submitted'), render: (_, d) => when(d.submitted_at) },
        { title: 'SHA-256', render: (_, d) => <span className="mono">{d.sha256?.slice(0, 16)}</span> },
      ]}
    />
  );
}
