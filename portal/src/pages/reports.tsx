import { FileAddOutlined } from '@ant-design/icons';
import type { Report, SettlementTerms } from '@gatepost/sdk';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Button, Card, DatePicker, Form, InputNumber, Space, Tag } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { drawsReports } from '../ability';
import { codeOf } from '../errors';
import { percent, yuan } from '../figure';
import { Fixed, FormModal } from '../parts/ask';
import { DivisionName, DivisionPicker } from '../parts/division';
import { List } from '../parts/list';
import { client, useUser } from '../session';
import { when, zone } from '../time';

const colour: Record<Report['state'], string> = { draft: 'default', submitted: 'blue', returned: 'orange', locked: 'green' };

/** Where a report stands, and whether it came late. */
export function ReportState({ report: r }: { report: Pick<Report, 'state' | 'late'> }) {
  const { t } = useTranslation();
  return (
    <>
      <Tag color={colour[r.state]} data-testid="report-state" data-state={r.state}>{t(`reports.states.${r.state}`)}</Tag>
      {r.late && <Tag color="red" data-testid="report-late">{t('reports.late')}</Tag>}
    </>
  );
}

/** Monthly reports of my division and below it; a draft is drawn up here. */
export function ReportsPage() {
  const { t } = useTranslation();
  const user = useUser();
  const [month, setMonth] = useState<Dayjs | null>(null);
  const [division, setDivision] = useState<string>();
  const [drawing, setDrawing] = useState(false);
  const filter = { ...(month ? { month: month.format('YYYY-MM') } : {}), ...(division ? { division } : {}) };
  return (
    <main className="page" data-testid="reports-page">
      <div className="page-head">
        <h1>{t('reports.title')}</h1>
        <span className="quiet">{t('reports.about')}</span>
        <span className="grow" />
        <Terms />
        {drawsReports(user) && <Button type="primary" icon={<FileAddOutlined />} onClick={() => setDrawing(true)} data-testid="report-new">{t('reports.draw')}</Button>}
      </div>
      <Card size="small">
        <Space wrap style={{ marginBottom: 12 }}>
          <DatePicker picker="month" value={month} onChange={setMonth} placeholder={t('reports.month')} />
          <div style={{ width: 260 }}><DivisionPicker onChange={setDivision} testid="report-division" /></div>
        </Space>
        <List<Report>
          name={['reports', 'list', filter]} load={(q, o) => client.reports.list({ ...q, ...filter }, o)} rowKey="id" empty={t('reports.none')}
          row={(r) => ({ 'data-testid': 'report-row', 'data-division': r.division, 'data-month': r.month, 'data-state': r.state })}
          columns={[
            { title: t('camera.division'), render: (_, r) => <Link to={`/reports/${r.id}`} data-testid="report-open"><DivisionName code={r.division} /></Link> },
            { title: t('reports.month'), dataIndex: 'month' },
            { title: t('reports.version'), render: (_, r) => t('reports.versionOf', { n: r.version }) },
            { title: t('shares.status'), render: (_, r) => <ReportState report={r} /> },
            { title: t('reports.submitted'), render: (_, r) => when(r.submitted_at) },
            { title: t('reports.decided'), render: (_, r) => <>{when(r.decided_at)}{r.remark && <div className="quiet">{r.remark}</div>}</> },
          ]}
        />
      </Card>
      <Clocks />
      <DrawForm open={drawing} onClose={() => setDrawing(false)} />
    </main>
  );
}

/** By which clocks the times of reports are told: months and files go by the country's, pages by the reader's. */
export function Clocks() {
  const { t } = useTranslation();
  return <p className="quiet" data-testid="clocks">{t('reports.clocks', { zone: zone() })}</p>;
}

function DrawForm({ open, onClose }: { open: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const user = useUser();
  const navigate = useNavigate();
  const queries = useQueryClient();
  async function draw(f: { month: Dayjs }) {
    const made = await client.reports.create(f.month.format('YYYY-MM'));
    void queries.invalidateQueries({ queryKey: ['reports'] });
    void navigate(`/reports/${made.id}`);
  }
  return (
    <FormModal<{ month: Dayjs }>
      open={open} title={t('reports.draw')} submit={t('reports.draw')} testid="report-form" about="report" names={{ '': 'division' }} initial={{ month: dayjs().subtract(1, 'month') }}
      onCancel={onClose} onDone={onClose} send={draw}
    >
      <Form.Item name="division" label={t('reports.of')}><Fixed testid="report-form-division" text={<><DivisionName code={user.organisation.division ?? ''} /> · {user.organisation.name}</>} /></Form.Item>
      <Form.Item name="month" label={t('reports.month')} extra={t('reports.drawHint')} rules={[{ required: true, message: t('common.required_field') }]}>
        <DatePicker picker="month" allowClear={false} style={{ width: '100%' }} />
      </Form.Item>
    </FormModal>
  );
}

/** The formula of what payers owe, for administrators to set. */
function Terms() {
  const { t } = useTranslation();
  const user = useUser();
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const query = useQuery({ queryKey: ['terms'], queryFn: ({ signal }) => client.settlement.terms({ signal }) });
  const now = query.data;
  if (now === undefined && codeOf(query.error) !== 'not_found') return null;
  const admin = user.role === 'admin';
  type Fields = Record<'price1' | 'price2' | 'price3' | 'owed' | 'factor' | 'cap', number>;
  const initial: Partial<Fields> = now === undefined ? {} : {
    price1: (now.prices_fen[0] ?? 0) / 100, price2: (now.prices_fen[1] ?? 0) / 100, price3: (now.prices_fen[2] ?? 0) / 100,
    owed: now.owed_continuity / 100, factor: now.deduction_factor / 10_000, cap: now.deduction_cap / 100,
  };
  return (
    <Space>
      <span className="quiet" data-testid="terms">{now === undefined ? t('reports.terms.none') : <TermsWords terms={now} />}</span>
      {admin && <Button onClick={() => setOpen(true)} data-testid="terms-set">{t('reports.terms.set')}</Button>}
      <FormModal<Fields>
        open={open} title={t('reports.terms.set')} submit={t('common.save')} testid="terms-form" about="terms" initial={initial}
        names={{ owed_continuity: 'owed', deduction_factor: 'factor', deduction_cap: 'cap', prices_fen: 'price1', 'prices_fen.0': 'price1', 'prices_fen.1': 'price2', 'prices_fen.2': 'price3' }}
        onCancel={() => setOpen(false)} onDone={() => { setOpen(false); void queries.invalidateQueries({ queryKey: ['terms'] }); }}
        send={(f) => client.settlement.setTerms({
          prices_fen: [f.price1, f.price2, f.price3].map((p) => Math.round(p * 100)), owed_continuity: Math.round(f.owed * 100),
          deduction_factor: Math.round(f.factor * 10_000), deduction_cap: Math.round(f.cap * 100),
        })}
      >
        <p className="quiet" style={{ marginTop: 0 }}>{t('reports.terms.about')}</p>
        <Space wrap align="start">
          {([1, 2, 3] as const).map((n) => <Money key={n} name={`price${n}`} label={t('reports.terms.price', { class: t(`class.c${n}`) })} suffix="¥" />)}
        </Space>
        <Space wrap align="start">
          <Money name="owed" label={t('reports.terms.owed')} suffix="%" />
          <Money name="factor" label={t('reports.terms.factor')} suffix="%" />
          <Money name="cap" label={t('reports.terms.cap')} suffix="%" />
        </Space>
      </FormModal>
    </Space>
  );
}

function Money({ name, label, suffix }: { name: string; label: string; suffix: string }) {
  const { t } = useTranslation();
  return (
    <Form.Item name={name} label={label} rules={[{ required: true, message: t('common.required_field') }]}>
      <InputNumber precision={2} suffix={suffix} style={{ width: 150 }} data-testid={`terms-${name}`} />
    </Form.Item>
  );
}

/** The formula in words. */
export function TermsWords({ terms: s }: { terms: SettlementTerms }) {
  const { t } = useTranslation();
  return <>{t('reports.terms.words', { prices: s.prices_fen.map(yuan).join(' / '), owed: percent(s.owed_continuity), factor: s.deduction_factor / 10_000, cap: percent(s.deduction_cap) })}</>;
}
