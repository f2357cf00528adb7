import type { Delivery, NewWebhook, Notification, Webhook } from '@gatepost/sdk';
import { useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Card, Form, Input, Modal, Space, Tabs, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Act, FormModal } from '../parts/ask';
import { CameraLink } from '../parts/cameralink';
import { Line } from '../parts/copy';
import { List } from '../parts/list';
import { client } from '../session';
import { when } from '../time';

/** What my organisation was told, where that is sent, and what became of it. */
export function NotificationsPage() {
  const { t } = useTranslation();
  return (
    <main className="page" data-testid="notifications-page">
      <div className="page-head"><h1>{t('notifications.title')}</h1></div>
      <Card size="small">
        <Tabs
          destroyOnHidden
          items={[
            { key: 'told', label: t('notifications.told'), children: <Told /> },
            { key: 'webhooks', label: <span data-testid="tab-webhooks">{t('notifications.webhooks')}</span>, children: <Webhooks /> },
            { key: 'deliveries', label: t('notifications.deliveries'), children: <Deliveries /> },
          ]}
        />
      </Card>
    </main>
  );
}

function Words({ of: n }: { of: Notification }) {
  const { t } = useTranslation();
  const act = n.detail['act'];
  return (
    <>
      <Tag>{t(`notifications.kinds.${n.kind as 'cross_grant'}`, { defaultValue: n.kind })}</Tag>
      {act && t(`notifications.acts.${act as 'asked'}`, { defaultValue: act })}
      {n.detail['drill'] === 'true' && <Tag color="gold">{t('incidents.drill')}</Tag>}
    </>
  );
}

function Told() {
  const { t } = useTranslation();
  return (
    <List<Notification>
      name={['notifications']} load={client.notifications.list} rowKey="id" empty={t('notifications.none')} row={(n) => ({ 'data-testid': 'notification-row', 'data-kind': n.kind })}
      columns={[
        { title: t('looks.when'), render: (_, n) => when(n.at, true) },
        { title: t('notifications.about'), render: (_, n) => <Words of={n} /> },
        {
          title: t('ledger.detail'),
          render: (_, n) => (
            <div style={{ maxWidth: 640, whiteSpace: 'normal' }}>
              {[n.detail['organisation'] ?? n.detail['by'] ?? n.detail['grantee'], n.detail['name'] ?? n.detail['camera'], n.detail['reason']].filter(Boolean).join(' · ')}
              {n.camera_id && <> <CameraLink id={n.camera_id} /></>}
              {n.detail['until'] && <div className="quiet">{t('common.until', { time: when(n.detail['until']) })}</div>}
            </div>
          ),
        },
      ]}
    />
  );
}

function Webhooks() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<NewWebhook | null>(null);
  return (
    <>
      <Space style={{ marginBottom: 12 }} wrap><Button type="primary" onClick={() => setAdding(true)} data-testid="webhook-new">{t('notifications.add')}</Button><span className="quiet">{t('notifications.webhookHint')}</span></Space>
      <List<Webhook>
        name={['webhooks']} load={client.webhooks.list} rowKey="id" empty={t('notifications.noWebhooks')} row={() => ({ 'data-testid': 'webhook-row' })}
        columns={[
          { title: t('notifications.address'), render: (_, w) => <span className="mono">{w.address}</span> },
          { title: t('shares.created'), render: (_, w) => when(w.created_at) },
          { title: '', align: 'right', render: (_, w) => <Act danger ask={t('notifications.removeAsk')} changes={['webhooks']} run={() => client.webhooks.remove(w.id)}>{t('notifications.remove')}</Act> },
        ]}
      />
      <FormModal<{ url: string }>
        open={adding} title={t('notifications.add')} submit={t('notifications.add')} testid="webhook-form" about="webhook" onCancel={() => setAdding(false)}
        onDone={() => { setAdding(false); void queries.invalidateQueries({ queryKey: ['webhooks'] }); }} send={async (f) => setMade(await client.webhooks.create(f.url.trim()))}
      >
        <Form.Item name="url" label={t('notifications.address')} rules={[{ required: true, message: t('common.required_field') }]}><Input placeholder="https://" maxLength={2000} data-testid="webhook-url" /></Form.Item>
      </FormModal>
      <Modal open={made !== null} title={t('notifications.secret')} onCancel={() => setMade(null)} footer={<Button type="primary" onClick={() => setMade(null)}>{t('common.close')}</Button>}>
        {made && <Space orientation="vertical" style={{ width: '100%' }}><Alert type="warning" showIcon title={t('notifications.secretHint')} /><Line text={made.secret} testid="webhook-secret" /></Space>}
      </Modal>
    </>
  );
}

const colour: Record<Delivery['state'], string> = { waiting: 'orange', delivered: 'green', dead: 'red' };

function Deliveries() {
  const { t } = useTranslation();
  return (
    <List<Delivery>
      name={['deliveries']} load={client.webhooks.deliveries} rowKey="id" empty={t('notifications.noDeliveries')}
      columns={[
        { title: t('shares.status'), render: (_, d) => <Tag color={colour[d.state]}>{t(`notifications.states.${d.state}`)}</Tag> },
        { title: t('notifications.about'), render: (_, d) => <Words of={d.notification} /> },
        { title: t('notifications.address'), render: (_, d) => <span className="mono">{d.address}</span> },
        { title: t('notifications.attempts'), dataIndex: 'attempts' },
        { title: t('looks.when'), render: (_, d) => when(d.delivered_at ?? d.next_at, true) },
        { title: t('notifications.error'), render: (_, d) => <span className="quiet">{d.last_error}</span> },
        { title: '', align: 'right', render: (_, d) => d.state === 'dead' && <Act changes={['deliveries']} run={() => client.webhooks.retry(d.id)}>{t('common.retry')}</Act> },
      ]}
    />
  );
}
