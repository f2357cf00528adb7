import { DeleteOutlined } from '@ant-design/icons';
import type { DeletionCertificate, DeletionOrder } from '@gatepost/sdk';
import { useQueryClient } from '@tanstack/react-query';
import { Button, DatePicker, Form, Input, Space, Tag } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { bytes, count } from '../figure';
import { client, useUser } from '../session';
import { span, when } from '../time';
import { Act, FormModal } from './ask';
import { CameraLink } from './cameralink';
import { List } from './list';
import { CameraPicker } from './pick';

/** What was deleted, by camera, day and rule. */
export function CertificatesTab() {
  const { t } = useTranslation();
  const [camera, setCamera] = useState<string>();
  const rule = useRule();
  return (
    <>
      <Space wrap style={{ marginBottom: 12 }}><Whose value={camera} onChange={setCamera} /><span className="quiet">{t('retention.certificatesHint')}</span></Space>
      <List<DeletionCertificate>
        name={['retention', 'certificates', camera]} load={(q, o) => client.retention.certificates({ ...q, ...(camera ? { camera_id: camera } : {}) }, o)} rowKey="id" empty={t('retention.noCertificates')}
        row={(c) => ({ 'data-testid': 'certificate-row', 'data-camera': c.camera_id })}
        columns={[
          { title: t('retention.dayUTC'), dataIndex: 'day' },
          { title: t('ledger.camera'), render: (_, c) => <CameraLink id={c.camera_id} /> },
          { title: t('retention.ruleTitle'), render: (_, c) => rule(c.rule) },
          { title: t('retention.recordings'), align: 'right', render: (_, c) => <>{count(c.recordings)} <span className="quiet">{bytes(c.bytes)}</span></> },
          { title: t('retention.gone'), render: (_, c) => span(c.from, c.to) },
          { title: t('retention.digest'), render: (_, c) => (c.issued_at ? <><span className="mono" title={c.digest}>{c.digest.slice(0, 20)}…</span><div className="quiet">{t('retention.issued', { time: when(c.issued_at) })}</div></> : <Tag>{t('retention.notIssued')}</Tag>) },
        ]}
      />
    </>
  );
}

/** policy:3/ordinary:30 → in words. */
function useRule() {
  const { t } = useTranslation();
  return (rule: string) => {
    const policy = /^policy:(\d+)\/(ordinary|incident|held):(\d+)$/.exec(rule);
    if (policy) return t('retention.rule.policy', { version: policy[1], footage: t(`retention.footage.${policy[2] as 'ordinary'}`), days: policy[3] });
    return rule.startsWith('order:') ? t('retention.rule.order') : rule;
  };
}

/** The cameras whose lists somebody reads: his organisation's, or all. */
function Whose({ value, onChange }: { value: string | undefined; onChange: (camera: string | undefined) => void }) {
  const { t } = useTranslation();
  const user = useUser();
  return <CameraPicker {...(user.role === 'admin' ? {} : { owner: user.organisation.id })} allowClear value={value} onChange={onChange} placeholder={t('retention.allCameras')} style={{ width: 280 }} />;
}

const colour: Record<DeletionOrder['state'], string> = { open: 'orange', refused: 'default', approved: 'blue', done: 'green' };

/** Deletion before its days are over: one person orders, another approves. */
export function OrdersTab() {
  const { t } = useTranslation();
  const user = useUser();
  const queries = useQueryClient();
  const [ordering, setOrdering] = useState(false);
  const required = { required: true, message: t('common.required_field') };
  const hour = dayjs().startOf('hour');
  const decide = (o: DeletionOrder, approve: boolean) => client.deletionOrders.decide(o.id, approve);
  return (
    <>
      <Space wrap style={{ marginBottom: 12 }}>
        <Button danger icon={<DeleteOutlined />} onClick={() => setOrdering(true)} data-testid="order-new">{t('retention.order')}</Button>
        <span className="quiet">{t('retention.orderHint')}</span>
      </Space>
      <List<DeletionOrder>
        name={['retention', 'orders']} load={client.deletionOrders.list} rowKey="id" empty={t('retention.noOrders')} row={(o) => ({ 'data-testid': 'order-row', 'data-state': o.state })}
        columns={[
          { title: t('shares.status'), render: (_, o) => <Tag color={colour[o.state]}>{t(`retention.orderStates.${o.state}`)}</Tag> },
          { title: t('ledger.camera'), render: (_, o) => <CameraLink id={o.camera_id} /> },
          { title: t('shares.window'), render: (_, o) => span(o.from, o.to) },
          { title: t('retention.decision'), render: (_, o) => <><span className="mono">{o.decision}</span><div className="quiet">{o.reason}</div></> },
          { title: t('looks.when'), render: (_, o) => <>{when(o.ordered_at)}{o.done_at && <div className="quiet">{t('retention.doneAt', { time: when(o.done_at) })}</div>}</> },
          {
            title: '', align: 'right',
            render: (_, o) => o.state === 'open' && (o.ordered_by === user.id ? <span className="quiet">{t('retention.another')}</span> : (
              <Space>
                <Act danger about="deletion" changes={['retention', 'orders']} ask={t('retention.approveAsk')} run={() => decide(o, true)} data-testid="order-approve">{t('sharing.approve')}</Act>
                <Act about="deletion" changes={['retention', 'orders']} run={() => decide(o, false)} data-testid="order-refuse">{t('sharing.refuse')}</Act>
              </Space>
            )),
          },
        ]}
      />
      <FormModal<{ camera_id: string; window: [Dayjs, Dayjs]; decision: string; reason: string }>
        open={ordering} title={t('retention.order')} submit={t('retention.order')} testid="order-form" about="deletion" names={{ from: 'window', to: 'window', '': 'camera_id' }} initial={{ window: [hour.subtract(1, 'hour'), hour] }}
        onCancel={() => setOrdering(false)} onDone={() => { setOrdering(false); void queries.invalidateQueries({ queryKey: ['retention', 'orders'] }); }}
        send={(f) => client.deletionOrders.create({ camera_id: f.camera_id, from: f.window[0].toISOString(), to: f.window[1].toISOString(), decision: f.decision.trim(), reason: f.reason.trim() })}
      >
        <Form.Item name="camera_id" label={t('ledger.camera')} rules={[required]}><CameraPicker {...(user.role === 'admin' ? {} : { owner: user.organisation.id })} data-testid="order-camera" /></Form.Item>
        <Form.Item name="window" label={t('shares.window')} extra={t('retention.windowHint')} rules={[required]}><DatePicker.RangePicker showTime={{ format: 'HH:mm:ss' }} style={{ width: '100%' }} /></Form.Item>
        <Form.Item name="decision" label={t('retention.decision')} extra={t('retention.decisionHint')} rules={[{ ...required, whitespace: true }]}><Input maxLength={64} data-testid="order-decision" /></Form.Item>
        <Form.Item name="reason" label={t('purpose.reason')} rules={[{ ...required, whitespace: true }]}><Input.TextArea rows={2} maxLength={500} showCount data-testid="order-reason" /></Form.Item>
      </FormModal>
    </>
  );
}
