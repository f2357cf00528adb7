import { LeftOutlined, RightOutlined } from '@ant-design/icons';
import type { DutyGap, Handover, Shift } from '@gatepost/sdk';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, DatePicker, Empty, Form, Input, InputNumber, Select, Space, Table, Tag } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { leads } from '../ability';
import { useErrorWords } from '../errors';
import { client, useUser } from '../session';
import { span, when } from '../time';
import { Act, FormModal } from './ask';
import { List } from './list';

const week = 7 * 86_400_000;
const early = 30 * 60_000;

/** What there is of a shift at a moment. */
export type ShiftState = 'ahead' | 'waiting' | 'on' | 'left' | 'missed';

export function shiftState(s: Shift, now: number): ShiftState {
  if (s.checked_out) return 'left';
  const over = Date.parse(s.to) <= now;
  if (s.checked_in) return over ? 'left' : 'on';
  if (over) return 'missed';
  return Date.parse(s.from) - early <= now ? 'waiting' : 'ahead';
}

const colour: Record<ShiftState, string> = { ahead: 'default', waiting: 'orange', on: 'green', left: 'blue', missed: 'red' };

/** A week, and the way to others. */
function useWeek() {
  const { t } = useTranslation();
  const [from, setFrom] = useState(() => dayjs().startOf('day').subtract((dayjs().day() + 6) % 7, 'day').valueOf());
  const to = from + week;
  const bar = (
    <Space wrap>
      <Button icon={<LeftOutlined />} aria-label={t('duty.previousWeek')} onClick={() => setFrom(from - week)} />
      <span>{span(from, to - 60_000)}</span>
      <Button icon={<RightOutlined />} aria-label={t('duty.nextWeek')} onClick={() => setFrom(from + week)} />
    </Space>
  );
  return { window: { from: new Date(from).toISOString(), to: new Date(to).toISOString() }, bar };
}

/** The rota of a week; each takes up and leaves his own shifts. */
export function RotaTab() {
  const { t } = useTranslation();
  const user = useUser();
  const say = useErrorWords();
  const queries = useQueryClient();
  const { window, bar } = useWeek();
  const [adding, setAdding] = useState(false);
  const shifts = useQuery({ queryKey: ['shifts', window.from], queryFn: ({ signal }) => client.shifts.list({ ...window, limit: 200 }, { signal }), refetchInterval: 10_000 });
  const items = [...(shifts.data?.items ?? [])].sort((a, b) => Date.parse(a.from) - Date.parse(b.from));
  return (
    <>
      <Space style={{ marginBottom: 12 }} wrap>
        {bar}
        {leads(user) && <Button type="primary" onClick={() => setAdding(true)} data-testid="shift-new">{t('duty.assign')}</Button>}
      </Space>
      {shifts.isError && <Alert type="error" title={say(shifts.error)} />}
      {shifts.isSuccess && items.length === 0 ? <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('duty.noShifts')} /> : (
        <Table<Shift>
          rowKey="id" size="small" dataSource={items} loading={shifts.isPending} pagination={false} scroll={{ x: 'max-content' }}
          onRow={(s) => ({ 'data-testid': 'shift-row', 'data-state': shiftState(s, Date.now()) }) as React.HTMLAttributes<HTMLElement>}
          columns={[
            { title: t('incidents.when'), render: (_, s) => span(s.from, s.to) },
            { title: t('duty.person'), render: (_, s) => s.user_name },
            { title: t('shares.status'), render: (_, s) => { const st = shiftState(s, Date.now()); return <Tag color={colour[st]}>{t(`duty.states.${st}`)}</Tag>; } },
            { title: t('duty.present'), render: (_, s) => <span className="quiet">{[when(s.checked_in, true), when(s.checked_out, true)].filter(Boolean).join(' – ')}</span> },
            {
              title: '', align: 'right',
              render: (_, s) => {
                const st = shiftState(s, Date.now());
                const own = s.user_id === user.id;
                return (
                  <Space>
                    {own && st === 'waiting' && <Act type="primary" about="shift" changes={['shifts']} run={() => client.shifts.checkIn(s.id)} data-testid="check-in">{t('duty.checkIn')}</Act>}
                    {own && s.checked_in && !s.checked_out && <Act about="shift" changes={['shifts']} ask={t('duty.checkOutAsk')} run={() => client.shifts.checkOut(s.id)} data-testid="check-out">{t('duty.checkOut')}</Act>}
                    {leads(user) && Date.parse(s.from) > Date.now() && <Act danger about="shift" changes={['shifts']} ask={t('duty.removeAsk')} run={() => client.shifts.remove(s.id)}>{t('duty.remove')}</Act>}
                  </Space>
                );
              },
            },
          ]}
        />
      )}
      <ShiftForm open={adding} onCancel={() => setAdding(false)} onDone={() => { setAdding(false); void queries.invalidateQueries({ queryKey: ['shifts'] }); }} />
    </>
  );
}

interface ShiftFields {
  user_id: string;
  time: [Dayjs, Dayjs];
  every_days?: number | null;
  times?: number | null;
}

function ShiftForm({ open, onDone, onCancel }: { open: boolean; onDone: () => void; onCancel: () => void }) {
  const { t } = useTranslation();
  const user = useUser();
  const people = useQuery({ queryKey: ['users'], queryFn: ({ signal }) => client.users.list({ limit: 200 }, { signal }), enabled: open });
  const watching = (people.data?.items ?? []).filter((u) => u.organisation.id === user.organisation.id && ['watcher', 'responder', 'supervisor', 'owner'].includes(u.role));
  const required = { required: true, message: t('common.required_field') };
  const hour = dayjs().startOf('hour');
  return (
    <FormModal<ShiftFields>
      open={open} title={t('duty.assign')} submit={t('duty.assign')} testid="shift-form" about="shift" onDone={onDone} onCancel={onCancel} names={{ from: 'time', to: 'time' }} initial={{ time: [hour, hour.add(8, 'hour')] }}
      send={(f) => client.shifts.create({
        user_id: f.user_id, from: f.time[0].toISOString(), to: f.time[1].toISOString(), ...(f.every_days ? { every_days: f.every_days } : {}), ...(f.times ? { times: f.times } : {}),
      })}
    >
      <Form.Item name="user_id" label={t('duty.person')} rules={[required]}>
        <Select showSearch optionFilterProp="label" loading={people.isPending} options={watching.map((u) => ({ value: u.id, label: u.name || u.login }))} data-testid="shift-person" />
      </Form.Item>
      <Form.Item name="time" label={t('incidents.when')} rules={[required]}><DatePicker.RangePicker showTime={{ format: 'HH:mm' }} format="YYYY-MM-DD HH:mm" style={{ width: '100%' }} /></Form.Item>
      <Space align="start">
        <Form.Item name="every_days" label={t('duty.everyDays')} extra={t('duty.everyHint')}><InputNumber min={1} max={28} precision={0} /></Form.Item>
        <Form.Item name="times" label={t('duty.times')}><InputNumber min={1} max={200} precision={0} /></Form.Item>
      </Space>
    </FormModal>
  );
}

/** What shifts told one another; the present one writes, the next takes over. */
export function HandoverTab() {
  const { t } = useTranslation();
  const user = useUser();
  const queries = useQueryClient();
  const [writing, setWriting] = useState(false);
  const [now] = useState(() => Date.now());
  const window = { from: new Date(now - 86_400_000).toISOString(), to: new Date(now + 86_400_000).toISOString() };
  const mine = useQuery({ queryKey: ['shifts', 'mine'], queryFn: ({ signal }) => client.shifts.list({ ...window, limit: 200 }, { signal }) }).data?.items.filter((s) => s.user_id === user.id && s.checked_in) ?? [];
  const required = { required: true, message: t('common.required_field') };
  return (
    <>
      <Space style={{ marginBottom: 12 }} wrap>
        <Button type="primary" disabled={mine.length === 0} onClick={() => setWriting(true)} data-testid="handover-new">{t('duty.handOver')}</Button>
        <span className="quiet">{t('duty.handoverHint')}</span>
      </Space>
      <List<Handover>
        name={['handovers']} load={client.handovers.list} rowKey="id" empty={t('duty.noHandovers')} row={(h) => ({ 'data-testid': 'handover-row', 'data-acknowledged': String(h.acknowledged_at !== undefined) })}
        columns={[
          { title: t('looks.when'), render: (_, h) => when(h.at, true) },
          { title: t('duty.from'), render: (_, h) => h.author_name },
          { title: t('duty.happened'), render: (_, h) => <div style={{ maxWidth: 360, whiteSpace: 'pre-line' }}>{h.happened}</div> },
          { title: t('duty.openMatters'), render: (_, h) => <div style={{ maxWidth: 360, whiteSpace: 'pre-line' }}>{h.open_matters}</div> },
          {
            title: t('duty.takenOver'),
            render: (_, h) => (h.acknowledged_at ? <>{h.acknowledged_by_name}<div className="quiet">{when(h.acknowledged_at, true)}</div></>
              : h.author_id === user.id ? <span className="quiet">{t('duty.waits')}</span>
                : <Act type="primary" about="handover" changes={['handovers']} run={() => client.handovers.acknowledge(h.id)} data-testid="handover-acknowledge">{t('duty.acknowledge')}</Act>),
          },
        ]}
      />
      <FormModal<{ shift_id: string; happened: string; open_matters?: string }>
        open={writing} title={t('duty.handOver')} submit={t('duty.handOver')} testid="handover-form" about="handover" initial={mine[0] ? { shift_id: mine[0].id } : {}} onCancel={() => setWriting(false)}
        onDone={() => { setWriting(false); void queries.invalidateQueries({ queryKey: ['handovers'] }); }}
        send={(f) => client.handovers.create({ shift_id: f.shift_id, happened: f.happened, ...(f.open_matters?.trim() ? { open_matters: f.open_matters } : {}) })}
      >
        <Form.Item name="shift_id" label={t('duty.shift')} rules={[required]}><Select options={mine.map((s) => ({ value: s.id, label: span(s.from, s.to) }))} /></Form.Item>
        <Form.Item name="happened" label={t('duty.happened')} rules={[{ ...required, whitespace: true }]}><Input.TextArea rows={4} maxLength={2000} showCount data-testid="handover-happened" /></Form.Item>
        <Form.Item name="open_matters" label={`${t('duty.openMatters')}（${t('common.optional')}）`}><Input.TextArea rows={3} maxLength={2000} showCount data-testid="handover-open" /></Form.Item>
      </FormModal>
    </>
  );
}

const gapColour: Record<DutyGap['kind'], string> = { rota: 'orange', attendance: 'red', watch: 'volcano' };

/** When nobody was assigned, present or watching, in a week. */
export function GapsTab() {
  const { t } = useTranslation();
  const say = useErrorWords();
  const { window, bar } = useWeek();
  const gaps = useQuery({ queryKey: ['duty', 'gaps', window.from], queryFn: ({ signal }) => client.duty.gaps(window, { signal }), refetchInterval: 10_000 });
  return (
    <>
      <div style={{ marginBottom: 12 }}>{bar}</div>
      {gaps.isError && <Alert type="error" title={say(gaps.error)} />}
      {gaps.data?.items.length === 0 ? <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('duty.noGaps')} /> : (
        <Table<DutyGap>
          rowKey={(g) => g.kind + g.from + (g.shift_id ?? g.camera_id ?? '')} size="small" dataSource={gaps.data?.items ?? []} loading={gaps.isPending} pagination={false}
          onRow={(g) => ({ 'data-testid': 'gap-row', 'data-kind': g.kind }) as React.HTMLAttributes<HTMLElement>}
          columns={[
            { title: t('duty.gap'), render: (_, g) => <Tag color={gapColour[g.kind]}>{t(`duty.gapKinds.${g.kind}`)}</Tag> },
            { title: t('incidents.when'), render: (_, g) => span(g.from, g.to) },
            { title: t('ledger.detail'), render: (_, g) => (g.camera_id ? <Link to={`/cameras/${g.camera_id}`}>{g.camera_name}</Link> : g.user_name) },
          ]}
        />
      )}
    </>
  );
}
