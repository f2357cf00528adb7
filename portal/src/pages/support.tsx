import { ToolOutlined } from '@ant-design/icons';
import type { SupportWindow } from '@gatepost/sdk';
import { useQueryClient } from '@tanstack/react-query';
import { Button, Card, DatePicker, Form, Input, Tag } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { leads } from '../ability';
import { Act, FormModal } from '../parts/ask';
import { CameraLink } from '../parts/cameralink';
import { List } from '../parts/list';
import { CameraPicker } from '../parts/pick';
import { client, useUser } from '../session';
import { span, when } from '../time';

type State = 'open' | 'closed' | 'over';

/** How a support window stands at a moment. */
export function supportState(w: SupportWindow, now: number): State {
  if (w.closed_at) return 'closed';
  return Date.parse(w.until) > now ? 'open' : 'over';
}

/** Support windows: an owner opens and closes his; the operator sees those that are open to it. */
export function SupportPage() {
  const { t } = useTranslation();
  const user = useUser();
  const queries = useQueryClient();
  const [opening, setOpening] = useState(false);
  const owner = leads(user) && user.organisation.kind !== 'operator';
  const required = { required: true, message: t('common.required_field') };
  return (
    <main className="page" data-testid="support-page">
      <div className="page-head">
        <h1>{t('support.title')}</h1>
        <span className="quiet">{t('support.about')}</span>
        <span className="grow" />
        {owner && <Button type="primary" icon={<ToolOutlined />} onClick={() => setOpening(true)} data-testid="support-new">{t('support.open')}</Button>}
      </div>
      <Card size="small">
        <List<SupportWindow>
          name={['support']} load={client.support.list} rowKey="id" empty={t('support.none')} row={(w) => ({ 'data-testid': 'support-row', 'data-state': supportState(w, Date.now()) })}
          columns={[
            { title: t('shares.status'), render: (_, w) => { const s = supportState(w, Date.now()); return <Tag color={s === 'open' ? 'green' : 'default'}>{t(`support.states.${s}`)}</Tag>; } },
            { title: t('support.which'), render: (_, w) => (w.camera_id ? <CameraLink id={w.camera_id} /> : t('support.all')) },
            { title: t('purpose.reason'), dataIndex: 'reason' },
            { title: t('incidents.when'), render: (_, w) => <>{span(w.from, w.until)}{w.closed_at && <div className="quiet">{t('incidents.endedAt', { time: when(w.closed_at) })}</div>}</> },
            { title: '', align: 'right', render: (_, w) => owner && supportState(w, Date.now()) === 'open' && <Act danger ask={t('shares.revokeAsk')} about="support" changes={['support']} run={() => client.support.close(w.id)} data-testid="support-close">{t('support.close')}</Act> },
          ]}
        />
      </Card>
      <FormModal<{ camera_id?: string; reason: string; until: Dayjs }>
        open={opening} title={t('support.open')} submit={t('support.open')} testid="support-form" about="support" initial={{ until: dayjs().add(2, 'hour') }}
        onCancel={() => setOpening(false)} onDone={() => { setOpening(false); void queries.invalidateQueries({ queryKey: ['support'] }); }}
        send={(f) => client.support.open({ reason: f.reason.trim(), until: f.until.toISOString(), ...(f.camera_id ? { camera_id: f.camera_id } : {}) })}
      >
        <Form.Item name="camera_id" label={t('support.which')}>
          <CameraPicker owner={user.organisation.id} allowClear placeholder={t('support.all')} />
        </Form.Item>
        <Form.Item name="reason" label={t('purpose.reason')} rules={[{ ...required, whitespace: true }]}><Input maxLength={500} data-testid="support-reason" /></Form.Item>
        <Form.Item name="until" label={t('support.until')} rules={[required]}><DatePicker showTime={{ format: 'HH:mm' }} format="YYYY-MM-DD HH:mm" style={{ width: '100%' }} /></Form.Item>
      </FormModal>
    </main>
  );
}
