import type { Watch, WatchAlarm } from '@gatepost/sdk';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Badge, Button, Card, Form, InputNumber, Segmented, Space, Tabs, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { inCharge, leads, watchesOver } from '../ability';
import { FormModal } from '../parts/ask';
import { DivisionName } from '../parts/division';
import { List } from '../parts/list';
import { GapsTab, HandoverTab, RotaTab } from '../parts/rota';
import { client, useUser } from '../session';
import { when } from '../time';

/** Duty: who watches class 1 cameras now, alarms, the rota, handovers, gaps. */
export function DutyPage() {
  const { t } = useTranslation();
  const user = useUser();
  return (
    <main className="page" data-testid="duty-page">
      <div className="page-head"><h1>{t('duty.title')}</h1><span className="quiet">{t('duty.about')}</span></div>
      <Card size="small">
        <Tabs
          destroyOnHidden
          items={[
            ...(inCharge(user) ? [
              { key: 'board', label: t('duty.board'), children: <Board /> },
              { key: 'alarms', label: <span data-testid="tab-alarms">{t('duty.alarms')}</span>, children: <Alarms /> },
            ] : []),
            ...(watchesOver(user) ? [
              { key: 'rota', label: <span data-testid="tab-rota">{t('duty.rota')}</span>, children: <RotaTab /> },
              { key: 'handovers', label: <span data-testid="tab-handovers">{t('duty.handovers')}</span>, children: <HandoverTab /> },
              { key: 'gaps', label: <span data-testid="tab-gaps">{t('duty.gaps')}</span>, children: <GapsTab /> },
            ] : []),
          ]}
        />
      </Card>
    </main>
  );
}

function Board() {
  const { t } = useTranslation();
  const [unwatched, setUnwatched] = useState(false);
  return (
    <>
      <Space style={{ marginBottom: 12 }} wrap>
        <Segmented<boolean> value={unwatched} onChange={setUnwatched} options={[{ value: false, label: t('duty.all') }, { value: true, label: t('duty.unwatched') }]} />
        <Setting />
      </Space>
      <List<Watch>
        name={['duty', 'board', unwatched]} every={2000} load={(q, o) => client.duty.watches({ ...q, ...(unwatched ? { unwatched } : {}) }, o)} rowKey="camera_id" empty={t('duty.noCameras')}
        row={(w) => ({ 'data-testid': 'watch-row', 'data-camera': w.camera_id, 'data-watched': String(w.watched), 'data-alarm': String(w.alarm_id !== undefined) })}
        columns={[
          { title: t('cameras.name'), render: (_, w) => <Link to={`/cameras/${w.camera_id}`}><Badge status={w.online ? 'success' : 'default'} text={w.name} /></Link> },
          { title: t('shares.status'), render: (_, w) => (w.alarm_id ? <Tag color="red">{t('duty.alarm')}</Tag> : w.watched ? <Tag color="green">{t('duty.watched')}</Tag> : <Tag color="orange">{t('duty.unwatched')}</Tag>) },
          { title: t('duty.since'), render: (_, w) => when(w.since, true) },
          { title: t('duty.watchers'), render: (_, w) => <>{w.watchers.map((p) => <div key={p.user_id + p.since}>{p.user_name} <span className="quiet">{p.organisation_name}</span></div>)}{w.others > 0 && <span className="quiet">{t('duty.others', { n: w.others })}</span>}</> },
          { title: t('camera.division'), render: (_, w) => <span className="quiet"><DivisionName code={w.division} /></span> },
        ]}
      />
    </>
  );
}

/** After how long an unwatched camera is an alarm. */
function Setting() {
  const { t } = useTranslation();
  const user = useUser();
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const setting = useQuery({ queryKey: ['duty', 'setting'], queryFn: ({ signal }) => client.duty.setting({ signal }) }).data;
  if (setting === undefined) return null;
  return (
    <Space>
      <span className="quiet" data-testid="duty-setting">{t('duty.after', { n: setting.alarm_after_seconds })}</span>
      {leads(user) && <Button size="small" onClick={() => setOpen(true)} data-testid="duty-set">{t('duty.set')}</Button>}
      <FormModal<{ alarm_after_seconds: number }>
        open={open} title={t('duty.set')} submit={t('common.save')} testid="duty-setting-form" about="duty" initial={{ alarm_after_seconds: setting.alarm_after_seconds }} onCancel={() => setOpen(false)}
        onDone={() => { setOpen(false); void queries.invalidateQueries({ queryKey: ['duty', 'setting'] }); }} send={(f) => client.duty.set(f.alarm_after_seconds)}
      >
        <Form.Item name="alarm_after_seconds" label={t('duty.seconds')} extra={t('duty.setHint')} rules={[{ required: true, message: t('common.required_field') }]}><InputNumber min={10} max={3600} precision={0} data-testid="duty-seconds" /></Form.Item>
      </FormModal>
    </Space>
  );
}

function Alarms() {
  const { t } = useTranslation();
  const [now] = useState(() => Date.now());
  const window = { from: new Date(now - 30 * 86_400_000).toISOString(), to: new Date(now + 86_400_000).toISOString() };
  return (
    <List<WatchAlarm>
      name={['duty', 'alarms']} load={(q, o) => client.duty.alarms({ ...q, ...window }, o)} rowKey="id" empty={t('duty.noAlarms')} row={(a) => ({ 'data-testid': 'alarm-row', 'data-open': String(a.closed_at === undefined) })}
      columns={[
        { title: t('shares.status'), render: (_, a) => (a.closed_at ? <Tag>{t('duty.closed')}</Tag> : <Tag color="red">{t('duty.alarm')}</Tag>) },
        { title: t('cameras.name'), render: (_, a) => <Link to={`/cameras/${a.camera_id}`}>{a.camera_name}</Link> },
        { title: t('duty.cause'), render: (_, a) => t(`duty.causes.${a.cause}`) },
        { title: t('duty.unwatchedSince'), render: (_, a) => when(a.since, true) },
        { title: t('duty.opened'), render: (_, a) => when(a.opened_at, true) },
        { title: t('duty.closedAt'), render: (_, a) => when(a.closed_at, true) },
      ]}
    />
  );
}
