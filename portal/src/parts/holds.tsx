import { LockOutlined } from '@ant-design/icons';
import type { Hold, HoldUse } from '@gatepost/sdk';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Button, DatePicker, Form, Input, Progress, Space, Tag } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { bytes, count } from '../figure';
import { client, useUser } from '../session';
import { span, when } from '../time';
import { Act, FormModal } from './ask';
import { CameraLink } from './cameralink';
import { List } from './list';
import { CameraPicker, useOrganisations } from './pick';

type State = 'held' | 'released' | 'over';

/** How a hold stands at a moment. */
export function holdState(h: Pick<Hold, 'until' | 'released_at'>, now: number): State {
  if (h.released_at) return 'released';
  return Date.parse(h.until) > now ? 'held' : 'over';
}

const colour: Record<State, string> = { held: 'purple', released: 'default', over: 'default' };

/** What is kept for cases, and how much room that takes. */
export function HoldsTab() {
  const { t } = useTranslation();
  const user = useUser();
  const queries = useQueryClient();
  const [laying, setLaying] = useState(false);
  const required = { required: true, message: t('common.required_field') };
  const hour = dayjs().startOf('hour');
  const now = Date.now();
  return (
    <>
      <Uses />
      <Space wrap style={{ margin: '12px 0' }}>
        <Button type="primary" icon={<LockOutlined />} onClick={() => setLaying(true)} data-testid="hold-new">{t('retention.hold')}</Button>
        <span className="quiet">{t('retention.holdHint')}</span>
      </Space>
      <List<Hold>
        name={['retention', 'holds']} load={client.holds.list} rowKey="id" empty={t('retention.noHolds')} row={(h) => ({ 'data-testid': 'hold-row', 'data-state': holdState(h, now), 'data-case': h.case_number })}
        columns={[
          { title: t('shares.status'), render: (_, h) => { const s = holdState(h, now); return <Tag color={colour[s]}>{t(`retention.holdStates.${s}`)}</Tag>; } },
          { title: t('ledger.camera'), render: (_, h) => <CameraLink id={h.camera_id} /> },
          { title: t('shares.window'), render: (_, h) => span(h.from, h.to) },
          { title: t('looks.case'), render: (_, h) => <><span className="mono">{h.case_number}</span><div className="quiet">{h.reason}</div></> },
          { title: t('retention.until'), render: (_, h) => <>{when(h.until)}{h.released_at && <div className="quiet">{t('retention.releasedAt', { time: when(h.released_at) })}</div>}</> },
          { title: '', align: 'right', render: (_, h) => holdState(h, now) === 'held' && <Act danger changes={['retention', 'holds']} ask={t('retention.releaseAsk')} run={() => client.holds.release(h.id)} data-testid="hold-release">{t('retention.release')}</Act> },
        ]}
      />
      <FormModal<{ camera_id: string; window: [Dayjs, Dayjs]; case_number: string; reason: string; until: Dayjs }>
        open={laying} title={t('retention.hold')} submit={t('retention.hold')} testid="hold-form" about="hold" names={{ from: 'window', to: 'window', '': 'camera_id' }} initial={{ window: [hour.subtract(1, 'hour'), hour], until: dayjs().add(90, 'day') }}
        onCancel={() => setLaying(false)} onDone={() => { setLaying(false); void queries.invalidateQueries({ queryKey: ['retention', 'holds'] }); void queries.invalidateQueries({ queryKey: ['retention', 'uses'] }); }}
        send={(f) => client.holds.create({ camera_id: f.camera_id, from: f.window[0].toISOString(), to: f.window[1].toISOString(), case_number: f.case_number.trim(), reason: f.reason.trim(), until: f.until.toISOString() })}
      >
        <Form.Item name="camera_id" label={t('ledger.camera')} rules={[required]}><CameraPicker {...(user.role === 'admin' ? {} : { owner: user.organisation.id })} data-testid="hold-camera" /></Form.Item>
        <Form.Item name="window" label={t('shares.window')} rules={[required]}><DatePicker.RangePicker showTime={{ format: 'HH:mm:ss' }} style={{ width: '100%' }} /></Form.Item>
        <Form.Item name="case_number" label={t('looks.case')} rules={[{ ...required, whitespace: true }]}><Input maxLength={64} data-testid="hold-case" /></Form.Item>
        <Form.Item name="reason" label={t('purpose.reason')} rules={[{ ...required, whitespace: true }]}><Input.TextArea rows={2} maxLength={500} showCount data-testid="hold-reason" /></Form.Item>
        <Form.Item name="until" label={t('retention.until')} extra={t('retention.untilHint')} rules={[required]}><DatePicker showTime={{ format: 'HH:mm' }} format="YYYY-MM-DD HH:mm" style={{ width: '100%' }} /></Form.Item>
      </FormModal>
    </>
  );
}

const warnings: Record<HoldUse['warning'], 'success' | 'normal' | 'exception'> = { none: 'success', near: 'normal', over: 'exception' };

/** What holds keep, by organisation, and how near that is to what they may. */
function Uses() {
  const { t } = useTranslation();
  const user = useUser();
  const admin = user.role === 'admin';
  const uses = useQuery({ queryKey: ['retention', 'uses'], queryFn: ({ signal }) => client.holds.use({ signal }) }).data?.items ?? [];
  const organisations = useOrganisations(admin);
  const nameOf = (id: string) => organisations?.find((o) => o.id === id)?.name ?? (id === user.organisation.id ? user.organisation.name : id);
  if (uses.length === 0) return <span className="quiet" data-testid="hold-use">{t('retention.noUse')}</span>;
  return (
    <div className="figures" data-testid="hold-use">
      {uses.map((u) => (
        <div key={u.organisation_id} data-warning={u.warning}>
          <span className="quiet">{nameOf(u.organisation_id)}</span>
          <b>{bytes(u.bytes)}</b>
          <span className="quiet">{t('retention.use', { holds: count(u.holds), recordings: count(u.recordings), limit: u.limit_bytes === 0 ? t('common.unlimited') : bytes(u.limit_bytes) })}</span>
          {u.limit_bytes > 0 && <Progress size="small" percent={Math.min(100, Math.round((u.bytes / u.limit_bytes) * 100))} status={warnings[u.warning]} />}
          {u.warning !== 'none' && <Tag color={u.warning === 'over' ? 'red' : 'orange'}>{t(`retention.warnings.${u.warning}`)}</Tag>}
        </div>
      ))}
    </div>
  );
}
