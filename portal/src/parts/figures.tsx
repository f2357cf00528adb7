import type { ReportCount, ReportFault, ReportFigures, ReportRow, ReportUse, SettlementLine } from '@gatepost/sdk';
import { Segmented, Table, Tabs, type TableColumnsType } from 'antd';
import type { TFunction } from 'i18next';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { bytes, count, hours, percent, yuan } from '../figure';
import { Bars } from './chart';

type Key = keyof ReportRow;

/** The columns of a table of divisions, by what they are about. */
export const groups = {
  build: ['planned', 'enrolled', 'built', 'accepted', 'in_service'],
  record: ['due_ms', 'recorded_ms', 'continuity', 'gap_camera_offline_ms', 'gap_network_ms', 'gap_gateway_ms', 'gap_storage_ms', 'gap_suspended_ms', 'online_ms', 'online_rate'],
  watch: ['watch_due_ms', 'watched_ms', 'watch_rate', 'retention_short', 'retention_rate', 'objects', 'bytes', 'stored_bytes'],
  repair: ['faults', 'fault_ms', 'work_orders', 'work_orders_closed', 'work_orders_overdue', 'repairs', 'repair_ms', 'mean_repair_ms'],
  use: ['live_looks', 'playbacks', 'exports', 'shares', 'viewed_ms', 'viewed_bytes', 'incidents', 'incidents_served', 'drills', 'footage_requests', 'footage_answered'],
} as const satisfies Record<string, readonly Key[]>;

type Column = (typeof groups)[keyof typeof groups][number];

/** A figure as its column shows it. */
export function show(key: Column, row: Partial<ReportRow>): string {
  const v = row[key];
  if (key === 'continuity' || key === 'online_rate' || key === 'watch_rate' || key === 'retention_rate') return percent(v);
  if (key === 'mean_repair_ms' && v === undefined) return '–';
  if (key.endsWith('bytes')) return bytes(v ?? 0);
  return key.endsWith('_ms') ? hours(v ?? 0) : count(v ?? 0);
}

/** What changed from one month to the next, with its sign; '' where nothing did, or there is nothing to compare. */
export function change(key: Column, now: Partial<ReportRow>, before: Partial<ReportRow>): string {
  const a = now[key];
  const b = before[key];
  if (a === undefined || a === null || b === undefined || b === null || a === b) return '';
  return `${a > b ? '+' : '−'}${show(key, { [key]: Math.abs(a - b) })}`;
}

/** The table of divisions, with the total; `to` is where a division's own report is. */
export function DivisionTable({ figures: f, to }: { figures: ReportFigures; to: (division: string) => string | undefined }) {
  const { t } = useTranslation();
  const [group, setGroup] = useState<keyof typeof groups>('build');
  const rows = [...f.rows, { ...f.total, rank: 0 }];
  const name = (r: ReportRow, total: boolean): ReactNode => {
    if (total) return <b>{t('reports.total')}</b>;
    if (r.own) return t('reports.own', { name: r.name });
    const at = to(r.division);
    return at === undefined ? r.name : <Link to={at} data-testid="report-down">{r.name}</Link>;
  };
  return (
    <>
      <Segmented<keyof typeof groups> value={group} onChange={setGroup} options={(Object.keys(groups) as (keyof typeof groups)[]).map((g) => ({ value: g, label: t(`reports.groups.${g}`) }))} style={{ marginBottom: 10, maxWidth: '100%', overflowX: 'auto' }} data-testid="report-groups" />
      <Table<ReportRow>
        size="small" pagination={false} scroll={{ x: 'max-content' }} dataSource={rows} rowKey={(r) => (r.rank === 0 && r.division === f.division && !r.own ? 'total' : r.division)}
        onRow={(r, n) => ({ 'data-testid': n === rows.length - 1 ? 'report-total' : 'report-line', 'data-division': r.division }) as React.HTMLAttributes<HTMLElement>}
        columns={[
          { title: t('camera.division'), fixed: 'left', render: (_, r, n) => name(r, n === rows.length - 1) },
          ...(f.rows.length > 0 ? [{ title: t('reports.rank'), align: 'right' as const, render: (_: unknown, r: ReportRow) => r.rank || '' }] : []),
          ...numbers<ReportRow>(t, groups[group]),
        ]}
      />
    </>
  );
}

const built = ['planned', 'enrolled', 'built', 'accepted', 'in_service', 'due_ms', 'recorded_ms', 'continuity'] as const;
const faulty = ['faults', 'fault_ms'] as const;

/** Columns of figures that have the names of a division's. */
function numbers<T extends Partial<ReportRow>>(t: TFunction, keys: readonly (Column & keyof T)[]): TableColumnsType<T> {
  return keys.map((key) => ({ title: t(`reports.columns.${key}`), align: 'right', render: (_: unknown, row: T) => show(key, row) }));
}

/** The figures by class, place, funder, kind of fault and user, and what payers owe. */
export function KindTables({ figures: f }: { figures: ReportFigures }) {
  const { t } = useTranslation();
  const table = <T extends Partial<ReportRow>>(list: T[], rowKey: keyof T & string, title: string, name: (row: T) => ReactNode, keys: readonly (Column & keyof T)[], none?: ReactNode) => (
    <Table<T>
      size="small" pagination={false} rowKey={rowKey} dataSource={list} scroll={{ x: 'max-content' }} columns={[{ title, render: (_, row) => name(row) }, ...numbers<T>(t, keys)]}
      {...(none ? { locale: { emptyText: none } } : {})}
    />
  );
  const counts = (list: ReportCount[], title: string, name: (c: ReportCount) => ReactNode) => table(list, 'key', title, name, built);
  return (
    <Tabs
      items={[
        { key: 'classes', label: t('reports.by.classes'), children: counts(f.classes, t('cameras.class'), (c) => t(`class.c${Number(c.key) as 1}`)) },
        { key: 'categories', label: t('reports.by.categories'), children: counts(f.categories, t('cameras.place'), (c) => t(`place.${c.key as 'market'}`, { defaultValue: c.key })) },
        { key: 'funders', label: t('reports.by.funders'), children: counts(f.funders, t('enrol.funder'), (c) => c.name || c.key) },
        {
          key: 'faults', label: <span data-testid="tab-faults">{t('reports.by.faults')}</span>,
          children: table<ReportFault>(f.faults, 'kind', t('reports.faultKind'), (o) => t(`faults.kinds.${o.kind as 'offline'}`, { defaultValue: o.kind }), faulty, t('reports.noFaults')),
        },
        {
          key: 'uses', label: <span data-testid="tab-uses">{t('reports.by.uses')}</span>,
          children: table<ReportUse>(f.uses, 'kind', t('admission.kind'), (u) => t(`kinds.${u.kind as 'police'}`, { defaultValue: u.kind }), groups.use),
        },
        ...(f.settlement ? [{ key: 'settlement', label: <span data-testid="tab-settlement">{t('reports.by.settlement')}</span>, children: <Settlement figures={f} /> }] : []),
      ]}
    />
  );
}

function Settlement({ figures: f }: { figures: ReportFigures }) {
  const { t } = useTranslation();
  const s = f.settlement;
  if (!s) return null;
  return (
    <Table<SettlementLine>
      size="small" pagination={false} scroll={{ x: 'max-content' }} rowKey={(l) => l.payer_id + l.class} dataSource={s.lines}
      columns={[
        { title: t('reports.payer'), render: (_, l) => l.payer || l.payer_id },
        { title: t('cameras.class'), render: (_, l) => t(`class.c${l.class as 1}`) },
        { title: t('reports.columns.due_ms'), align: 'right', render: (_, l) => hours(l.due_ms) },
        { title: t('reports.columns.recorded_ms'), align: 'right', render: (_, l) => hours(l.recorded_ms) },
        { title: t('reports.fee'), align: 'right', render: (_, l) => yuan(l.fee_fen) },
        { title: t('reports.deduction'), align: 'right', render: (_, l) => yuan(l.deduction_fen) },
        { title: t('reports.net'), align: 'right', render: (_, l) => yuan(l.net_fen) },
      ]}
      summary={() => (
        <Table.Summary.Row>
          <Table.Summary.Cell index={0} colSpan={4}><b>{t('reports.total')}</b></Table.Summary.Cell>
          <Table.Summary.Cell index={4} align="right">{yuan(s.fee_fen)}</Table.Summary.Cell>
          <Table.Summary.Cell index={5} align="right">{yuan(s.deduction_fen)}</Table.Summary.Cell>
          <Table.Summary.Cell index={6} align="right"><b data-testid="settlement-net">{yuan(s.net_fen)}</b></Table.Summary.Cell>
        </Table.Summary.Row>
      )}
    />
  );
}

/** The rates, month by month. */
export function Months({ figures: f }: { figures: ReportFigures }) {
  const { t } = useTranslation();
  if (!f.months?.length) return null;
  const rates = ['continuity', 'online_rate', 'watch_rate'] as const;
  return (
    <Bars
      testid="chart-months" title={t('reports.months')} series={rates.map((key) => t(`reports.columns.${key}`))} max={10_000} format={percent}
      bars={[...f.months, { ...f.total, month: f.month }].map((m) => ({ key: m.month, label: m.month, values: rates.map((key) => m[key] ?? null) }))}
    />
  );
}

/** This month beside the last. */
export function MonthOnMonth({ figures: f }: { figures: ReportFigures }) {
  const { t } = useTranslation();
  const before = f.before;
  if (!before) return <span className="quiet">{t('reports.noBefore')}</span>;
  const keys = ['built', 'accepted', 'in_service', 'continuity', 'online_rate', 'watch_rate', 'retention_rate', 'faults', 'work_orders_overdue', 'mean_repair_ms', 'bytes', 'live_looks', 'playbacks', 'exports', 'incidents'] as const;
  return (
    <Table<{ key: Column }>
      size="small" pagination={false} scroll={{ x: 'max-content' }} rowKey="key" dataSource={keys.map((key) => ({ key }))}
      columns={[
        { title: t('reports.figure'), render: (_, { key }) => t(`reports.columns.${key}`) },
        { title: t('reports.before'), align: 'right', render: (_, { key }) => show(key, before) },
        { title: t('reports.now'), align: 'right', render: (_, { key }) => show(key, f.total) },
        { title: t('reports.change'), align: 'right', render: (_, { key }) => change(key, f.total, before) },
      ]}
    />
  );
}
