import type { Fault, Outage, WorkOrder } from '@gatepost/sdk';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Button, Card, DatePicker, Form, Input, Segmented, Select, Space, Tabs, Tag, type ButtonProps } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { leads } from '../ability';
import { Act, FormModal } from '../parts/ask';
import { List } from '../parts/list';
import { client, useUser } from '../session';
import { span, when } from '../time';

const causes = ['power', 'lighting', 'network', 'camera', 'obstruction', 'settings', 'other'] as const;

/** What is wrong with cameras, its repair, and when they are planned not to work. */
export function FaultsPage() {
  const { t } = useTranslation();
  return (
    <main className="page" data-testid="faults-page">
      <div className="page-head"><h1>{t('faults.title')}</h1><span className="quiet">{t('faults.about')}</span></div>
      <Card size="small">
        <Tabs
          destroyOnHidden
          items={[
            { key: 'faults', label: t('faults.faults'), children: <Faults /> },
            { key: 'orders', label: <span data-testid="tab-orders">{t('faults.orders')}</span>, children: <Orders /> },
            { key: 'outages', label: <span data-testid="tab-outages">{t('faults.outages')}</span>, children: <Outages /> },
          ]}
        />
      </Card>
    </main>
  );
}

/** Words of the server in the reader's language. */
function useWords() {
  const { i18n } = useTranslation();
  return (w: { zh: string; en: string }) => (i18n.language === 'zh' ? w.zh : w.en);
}

function Faults() {
  const { t } = useTranslation();
  const words = useWords();
  const [over, setOver] = useState(false);
  return (
    <>
      <Segmented<boolean> style={{ marginBottom: 12 }} value={over} onChange={setOver} options={[{ value: false, label: t('faults.lasting') }, { value: true, label: t('faults.over') }]} />
      <List<Fault>
        name={['faults', over]} load={(q, o) => client.faults.list({ ...q, ...(over ? { over } : {}) }, o)} rowKey="id" empty={t('faults.none')}
        row={(f) => ({ 'data-testid': 'fault-row', 'data-kind': f.kind, 'data-camera': f.camera_id, 'data-over': String(f.until !== undefined) })}
        columns={[
          { title: t('faults.faults'), render: (_, f) => <Tag color={f.until ? 'default' : 'red'}>{t(`faults.kinds.${f.kind}`)}</Tag> },
          { title: t('cameras.name'), render: (_, f) => <Link to={`/cameras/${f.camera_id}`}>{f.camera_name}</Link> },
          { title: t('cameras.class'), dataIndex: 'class' },
          { title: t('faults.evidence'), render: (_, f) => words(f.evidence) },
          { title: t('faults.since'), render: (_, f) => when(f.from, true) },
          { title: t('faults.lasted'), render: (_, f) => when(f.until, true) },
          { title: '', align: 'right', render: (_, f) => f.work_order_id ? <Tag data-testid="fault-ordered">{t('faults.ordered')}</Tag> : !f.until && f.kind !== 'unwatched' && <Act changes={['faults']} run={() => client.workOrders.create({ fault_id: f.id })} data-testid="fault-order">{t('faults.order')}</Act> },
        ]}
      />
    </>
  );
}

const colour: Record<WorkOrder['state'], string> = { open: 'orange', taken: 'blue', done: 'cyan', confirmed: 'green', withdrawn: 'default' };
type Shown = 'open' | 'overdue' | 'all';

function Orders() {
  const { t } = useTranslation();
  const words = useWords();
  const [shown, setShown] = useState<Shown>('open');
  const query = { open: {}, overdue: { overdue: true }, all: { closed: true } }[shown];
  return (
    <>
      <Space style={{ marginBottom: 12 }} wrap>
        <Segmented<Shown>
          value={shown} onChange={setShown}
          options={[{ value: 'open', label: t('faults.openOrders') }, { value: 'overdue', label: t('faults.overdueOnly') }, { value: 'all', label: <span data-testid="orders-all">{t('faults.closedToo')}</span> }]}
        />
        <ByHand />
      </Space>
      <List<WorkOrder>
        name={['orders', shown]} load={(q, o) => client.workOrders.list({ ...q, ...query }, o)} rowKey="id" empty={t('faults.noOrders')}
        row={(w) => ({ 'data-testid': 'order-row', 'data-state': w.state, 'data-camera': w.camera_id, 'data-overdue': String(w.overdue) })}
        columns={[
          { title: t('shares.status'), render: (_, w) => <><Tag color={colour[w.state]}>{t(`faults.states.${w.state}`)}</Tag>{w.overdue && <Tag color="red">{t('faults.overdue')}</Tag>}{w.reopenings > 0 && <span className="quiet">{t('faults.reopened', { n: w.reopenings })}</span>}</> },
          { title: t('cameras.name'), render: (_, w) => <Link to={`/cameras/${w.camera_id}`}>{w.camera_name}</Link> },
          { title: t('faults.description'), render: (_, w) => <div style={{ maxWidth: 360, whiteSpace: 'normal' }}>{w.kind && <Tag>{t(`faults.kinds.${w.kind}`)}</Tag>}{[w.description, w.evidence ? words(w.evidence) : ''].filter(Boolean).join(' · ')}<div className="quiet">{w.remark}</div></div> },
          { title: t('faults.due'), render: (_, w) => when(w.due_at) },
          { title: t('faults.who'), render: (_, w) => <>{w.organisation_name}<div className="quiet">{w.taken_by_name ?? w.assignee_name}</div></> },
          { title: t('faults.note'), render: (_, w) => w.cause && <>{t(`faults.causes.${w.cause}`)}<div className="quiet">{w.note}</div></> },
          { title: '', align: 'right', render: (_, w) => <Steps order={w} /> },
        ]}
      />
    </>
  );
}

/** What somebody may do next with a work order. */
function Steps({ order }: { order: WorkOrder }) {
  const { t } = useTranslation();
  const user = useUser();
  const queries = useQueryClient();
  const [asking, setAsking] = useState<'done' | 'reopen' | 'withdraw' | null>(null);
  const ours = order.organisation_id === user.organisation.id;
  const judges = user.role === 'admin' || leads(user) || order.opened_by === user.id;
  const form = { onCancel: () => setAsking(null), onDone: () => { setAsking(null); void queries.invalidateQueries({ queryKey: ['orders'] }); } };
  const ask = (what: typeof asking, button: ButtonProps = {}) => <Button size="small" onClick={() => setAsking(what)} data-testid={`order-${what}`} {...button}>{t(`faults.${what as 'done'}`)}</Button>;
  const required = { required: true, whitespace: true, message: t('common.required_field') };
  return (
    <Space wrap>
      {ours && order.state === 'open' && <Act type="primary" changes={['orders']} run={() => client.workOrders.take(order.id)} data-testid="order-take">{t('faults.take')}</Act>}
      {ours && order.state === 'taken' && ask('done', { type: 'primary' })}
      {judges && order.state === 'done' && <><Act type="primary" changes={['orders']} run={() => client.workOrders.confirm(order.id)} data-testid="order-confirm">{t('faults.confirm')}</Act>{ask('reopen')}</>}
      {judges && (order.state === 'open' || order.state === 'taken') && ask('withdraw', { danger: true })}
      <FormModal<{ cause: (typeof causes)[number]; note: string }> {...form} open={asking === 'done'} title={t('faults.done')} submit={t('faults.done')} testid="repair-form" send={(f) => client.workOrders.done(order.id, { cause: f.cause, note: f.note.trim() })}>
        <Form.Item name="cause" label={t('faults.cause')} rules={[{ required: true, message: t('common.required_field') }]}><Select options={causes.map((c) => ({ value: c, label: t(`faults.causes.${c}`) }))} data-testid="repair-cause" /></Form.Item>
        <Form.Item name="note" label={t('faults.note')} rules={[required]}><Input.TextArea maxLength={1000} rows={3} data-testid="repair-note" /></Form.Item>
      </FormModal>
      <FormModal<{ remark: string }>
        {...form} open={asking === 'reopen' || asking === 'withdraw'} title={t(asking === 'reopen' ? 'faults.reopen' : 'faults.withdraw')} submit={t('common.confirm')} testid="remark-form"
        send={(f) => (asking === 'reopen' ? client.workOrders.reopen : client.workOrders.withdraw)(order.id, f.remark.trim())}
      >
        <Form.Item name="remark" label={t('faults.remark')} rules={[required]}><Input.TextArea maxLength={1000} rows={3} data-testid="remark-text" /></Form.Item>
      </FormModal>
    </Space>
  );
}

/** The cameras that somebody may choose from. */
function useCameras(open: boolean) {
  const user = useUser();
  const cameras = useQuery({ queryKey: ['cameras', 'own', user.organisation.id], queryFn: ({ signal }) => client.cameras.list({ limit: 200 }, { signal }), enabled: open });
  return (cameras.data?.items ?? []).map((c) => ({ value: c.id, label: c.name }));
}

function ByHand() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const required = { required: true, message: t('common.required_field') };
  const cameras = useCameras(open);
  return (
    <>
      <Button onClick={() => setOpen(true)} data-testid="order-new">{t('faults.byHand')}</Button>
      <FormModal<{ camera_id: string; description: string }>
        open={open} title={t('faults.byHand')} submit={t('faults.byHand')} testid="order-form" onCancel={() => setOpen(false)}
        onDone={() => { setOpen(false); void queries.invalidateQueries({ queryKey: ['orders'] }); }} send={(f) => client.workOrders.create({ camera_id: f.camera_id, description: f.description.trim() })}
      >
        <Form.Item name="camera_id" label={t('cameras.name')} rules={[required]}><Select showSearch optionFilterProp="label" options={cameras} data-testid="order-camera" /></Form.Item>
        <Form.Item name="description" label={t('faults.description')} rules={[{ ...required, whitespace: true }]}><Input.TextArea maxLength={1000} rows={3} data-testid="order-description" /></Form.Item>
      </FormModal>
    </>
  );
}

function Outages() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const required = { required: true, message: t('common.required_field') };
  const cameras = useCameras(open);
  return (
    <>
      <Space style={{ marginBottom: 12 }} wrap><Button onClick={() => setOpen(true)} data-testid="outage-new">{t('faults.plan')}</Button><span className="quiet">{t('faults.planHint')}</span></Space>
      <List<Outage>
        name={['outages']} load={client.outages.list} rowKey="id" empty={t('faults.noOutages')} row={(o) => ({ 'data-testid': 'outage-row', 'data-camera': o.camera_id })}
        columns={[
          { title: t('cameras.name'), render: (_, o) => <Link to={`/cameras/${o.camera_id}`}>{o.camera_name}</Link> },
          { title: t('incidents.when'), render: (_, o) => span(o.from, o.to) },
          { title: t('purpose.reason'), dataIndex: 'reason' },
          { title: '', align: 'right', render: (_, o) => Date.parse(o.to) > Date.now() && <Act danger ask={t('faults.endAsk')} changes={['outages']} run={() => client.outages.end(o.id)} data-testid="outage-end">{t('faults.end')}</Act> },
        ]}
      />
      <FormModal<{ camera_id: string; from: Dayjs; to: Dayjs; reason: string }>
        open={open} title={t('faults.plan')} submit={t('faults.plan')} testid="outage-form" initial={{ from: dayjs().add(1, 'minute'), to: dayjs().add(2, 'hour') }} onCancel={() => setOpen(false)}
        onDone={() => { setOpen(false); void queries.invalidateQueries({ queryKey: ['outages'] }); }}
        send={(f) => client.outages.create({ camera_id: f.camera_id, from: f.from.toISOString(), to: f.to.toISOString(), reason: f.reason.trim() })}
      >
        <Form.Item name="camera_id" label={t('cameras.name')} rules={[required]}><Select showSearch optionFilterProp="label" options={cameras} data-testid="outage-camera" /></Form.Item>
        <Form.Item name="from" label={t('faults.from')} rules={[required]}><DatePicker showTime={{ format: 'HH:mm' }} format="YYYY-MM-DD HH:mm" style={{ width: '100%' }} /></Form.Item>
        <Form.Item name="to" label={t('faults.to')} rules={[required]}><DatePicker showTime={{ format: 'HH:mm' }} format="YYYY-MM-DD HH:mm" style={{ width: '100%' }} /></Form.Item>
        <Form.Item name="reason" label={t('purpose.reason')} rules={[{ ...required, whitespace: true }]}><Input maxLength={500} data-testid="outage-reason" /></Form.Item>
      </FormModal>
    </>
  );
}
