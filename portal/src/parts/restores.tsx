import { CloudDownloadOutlined } from '@ant-design/icons';
import type { Restore } from '@gatepost/sdk';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, DatePicker, Form, Input, Progress, Select, Space, Tag } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { bytes, count } from '../figure';
import { client } from '../session';
import { span, when } from '../time';
import { FormModal } from './ask';
import { CameraLink } from './cameralink';
import { List } from './list';
import { CameraPicker } from './pick';
import { purposeKinds } from './purpose';
import type { Window } from './watch';

const colour: Record<Restore['state'], string> = { running: 'blue', ready: 'green', over: 'default', given_up: 'red' };

/** What my organisation asked back from the deep archive: how far it is, and until when it plays. */
export function RestoresTab() {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  return (
    <>
      <Space wrap style={{ marginBottom: 12 }}>
        <Button icon={<CloudDownloadOutlined />} onClick={() => setAsking(true)} data-testid="restore-new">{t('restores.ask')}</Button>
        <span className="quiet">{t('restores.hint')}</span>
      </Space>
      <List<Restore>
        name={['restores', 'list']} load={client.restores.list} rowKey="id" empty={t('restores.none')} row={(r) => ({ 'data-testid': 'restore-row', 'data-state': r.state, 'data-camera': r.camera_id })}
        columns={[
          { title: t('shares.status'), render: (_, r) => <Tag color={colour[r.state]}>{t(`restores.states.${r.state}`)}</Tag> },
          { title: t('ledger.camera'), render: (_, r) => <CameraLink id={r.camera_id} /> },
          { title: t('shares.window'), render: (_, r) => span(r.from, r.to) },
          { title: t('restores.progress'), render: (_, r) => <How far={r} /> },
          { title: t('restores.playable'), render: (_, r) => when(r.playable_to) },
          { title: t('purpose.reason'), render: (_, r) => <>{t(`purpose.kinds.${r.purpose as 'own'}`, { defaultValue: r.purpose })}<div className="quiet">{r.reason}</div></> },
          { title: t('looks.when'), render: (_, r) => when(r.created_at) },
        ]}
      />
      {asking && <RestoreForm onClose={() => setAsking(false)} />}
    </>
  );
}

/** How far a restore is, or why it was given up. */
function How({ far: r }: { far: Restore }) {
  const { t } = useTranslation();
  if (r.state === 'given_up') return <>{t('restores.problem')}</>;
  return (
    <div style={{ minWidth: 150 }}>
      {t('restores.of', { ready: count(r.ready), recordings: count(r.recordings) })} <span className="quiet">{bytes(r.bytes)}</span>
      {r.state === 'running' && <Progress size="small" percent={Math.floor((r.ready / Math.max(1, r.recordings)) * 100)} />}
    </div>
  );
}

interface Fields {
  camera_id: string;
  window: [Dayjs, Dayjs];
  purpose: string;
  reason: string;
}

/** Asks a window back; of the camera and the window at hand, when there are. */
function RestoreForm({ camera, window: at, onClose }: { camera?: string; window?: Window; onClose: () => void }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const required = { required: true, message: t('common.required_field') };
  return (
    <FormModal<Fields>
      open title={t('restores.ask')} submit={t('restores.ask')} testid="restore-form" about="restore" names={{ from: 'window', to: 'window', '': 'window' }}
      initial={{ ...(camera ? { camera_id: camera } : {}), ...(at ? { window: [dayjs(at.from), dayjs(at.to)] } : {}) }}
      onCancel={onClose} onDone={() => { onClose(); void message.success(t('restores.asked')); void queries.invalidateQueries({ queryKey: ['restores'] }); }}
      send={(f) => client.restores.create({ camera_id: f.camera_id, from: f.window[0].toISOString(), to: f.window[1].toISOString(), purpose: f.purpose, reason: f.reason.trim() })}
    >
      <p className="quiet" style={{ marginTop: 0 }}>{t('restores.hint')}</p>
      <Form.Item name="camera_id" label={t('ledger.camera')} rules={[required]} hidden={camera !== undefined}><CameraPicker data-testid="restore-camera" /></Form.Item>
      <Form.Item name="window" label={t('shares.window')} rules={[required]}><DatePicker.RangePicker showTime={{ format: 'HH:mm:ss' }} style={{ width: '100%' }} /></Form.Item>
      <Form.Item name="purpose" label={t('purpose.purpose')} rules={[required]}>
        <Select data-testid="restore-purpose" options={(['own', ...purposeKinds] as const).map((k) => ({ value: k, label: t(`purpose.kinds.${k}`) }))} />
      </Form.Item>
      <Form.Item name="reason" label={t('purpose.reason')} rules={[{ ...required, whitespace: true }]}><Input.TextArea rows={2} maxLength={500} showCount data-testid="restore-reason" /></Form.Item>
    </FormModal>
  );
}

/** Says that a window cannot be played, and has it brought back; or how far that is. */
export function Archived({ camera, window: at, onClose }: { camera: string; window: Window; onClose: () => void }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const running = useQuery({
    queryKey: ['restores', 'of', camera], refetchInterval: 60_000,
    queryFn: async ({ signal }) => (await client.restores.list({ limit: 200 }, { signal })).items.filter((r) => r.camera_id === camera && r.state === 'running'),
  }).data?.find((r) => Date.parse(r.from) < at.to && Date.parse(r.to) > at.from);
  return (
    <>
      <Alert
        type="warning" showIcon style={{ marginBottom: 10 }} closable={{ onClose }} data-testid="archived" title={t('restores.here')}
        description={running ? t('restores.under', { time: when(running.created_at), ready: count(running.ready), recordings: count(running.recordings) }) : t('restores.hereHint', { window: span(at.from, at.to) })}
        action={!running && <Button size="small" onClick={() => setAsking(true)} data-testid="archived-restore">{t('restores.ask')}</Button>}
      />
      {asking && <RestoreForm camera={camera} window={at} onClose={() => setAsking(false)} />}
    </>
  );
}
