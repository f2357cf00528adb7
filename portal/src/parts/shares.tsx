import { LinkOutlined } from '@ant-design/icons';
import type { Action, NewShare, Share, ShareOpening } from '@gatepost/sdk';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Checkbox, DatePicker, Empty, Form, Input, InputNumber, Modal, Popconfirm, QRCode, Select, Space, Table, Tag } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { snippet } from '../embedding';
import { useErrorWords, useFormErrors } from '../errors';
import { client } from '../session';
import { span, when } from '../time';
import { Line } from './copy';

export type ShareStatus = 'active' | 'revoked' | 'expired' | 'used';

/** How a link stands at a moment. */
export function statusOf(s: Share, now: number): ShareStatus {
  if (s.revoked_at) return 'revoked';
  if (Date.parse(s.expires_at) <= now) return 'expired';
  if (s.max_uses && s.uses >= s.max_uses) return 'used';
  return 'active';
}

export function SharesTab({ camera }: { camera: string }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useErrorWords();
  const queries = useQueryClient();
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<NewShare | null>(null);
  const [asked, setAsked] = useState<Share | null>(null);
  const list = useQuery({
    queryKey: ['shares', camera],
    queryFn: ({ signal }) => client.shares.list({ camera_id: camera, limit: 200 }, { signal }),
    refetchInterval: 5000,
  });
  const refresh = () => void queries.invalidateQueries({ queryKey: ['shares', camera] });
  const revoke = useMutation({
    mutationFn: (id: string) => client.shares.revoke(id),
    onSuccess: () => {
      void message.success(t('shares.revokedNow'));
      refresh();
    },
    onError: (err) => void message.error(say(err)),
  });
  const revokeAll = useMutation({
    mutationFn: () => client.shares.revokeAll({ camera_id: camera }),
    onSuccess: ({ revoked }) => {
      void message.success(t('shares.revokedAll', { n: revoked }));
      refresh();
    },
    onError: (err) => void message.error(say(err)),
  });
  const colour: Record<ShareStatus, string> = { active: 'green', revoked: 'red', expired: 'default', used: 'default' };
  const items = list.data?.items ?? [];
  return (
    <div data-testid="shares">
      <Space style={{ marginBottom: 12 }} wrap>
        <Button type="primary" icon={<LinkOutlined />} onClick={() => setMaking(true)} data-testid="share-new">{t('shares.make')}</Button>
        {items.some((s) => statusOf(s, Date.now()) === 'active') && (
          <Popconfirm title={t('shares.revokeAllAsk')} onConfirm={() => revokeAll.mutate()} okText={t('shares.revokeAll')} okButtonProps={{ danger: true, 'data-testid': 'share-revoke-all-confirm' }}>
            <Button danger data-testid="share-revoke-all">{t('shares.revokeAll')}</Button>
          </Popconfirm>
        )}
        <span className="quiet">{t('shares.noneHint')}</span>
      </Space>
      {list.isError && <Alert type="error" title={say(list.error)} />}
      {list.isSuccess && items.length === 0 ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('shares.none')} />
      ) : (
        <Table<Share>
          rowKey="id" size="small" loading={list.isPending} dataSource={items} pagination={false} scroll={{ x: 'max-content' }}
          onRow={(s) => ({ 'data-testid': 'share-row', 'data-share': s.id, 'data-status': statusOf(s, Date.now()) }) as React.HTMLAttributes<HTMLElement>}
          columns={[
            { title: t('shares.status'), render: (_, s) => { const st = statusOf(s, Date.now()); return <Tag color={colour[st]}>{t(`shares.${st}`)}</Tag>; } },
            { title: t('shares.what'), render: (_, s) => <>{s.actions.map((a) => t(`shares.${a}`)).join(' + ')}{s.actions.includes('playback') && s.from && s.to ? <div className="quiet">{span(s.from, s.to)}</div> : null}</> },
            { title: t('shares.expires'), render: (_, s) => when(s.expires_at) },
            { title: t('shares.uses'), render: (_, s) => `${s.uses} / ${s.max_uses || t('common.unlimited')}` },
            { title: t('shares.label'), render: (_, s) => s.label },
            { title: t('shares.bound'), render: (_, s) => <Bound share={s} /> },
            { title: t('shares.created'), render: (_, s) => <span className="quiet">{when(s.created_at)}</span> },
            {
              title: '', align: 'right',
              render: (_, s) => (
                <Space>
                  <Button size="small" onClick={() => setAsked(s)} data-testid="share-openings">{t('shares.openings')}</Button>
                  {statusOf(s, Date.now()) === 'active' && (
                    <Popconfirm title={t('shares.revokeAsk')} onConfirm={() => revoke.mutate(s.id)} okText={t('shares.revoke')} okButtonProps={{ danger: true, 'data-testid': 'share-revoke-confirm' }}>
                      <Button danger size="small" data-testid="share-revoke">{t('shares.revoke')}</Button>
                    </Popconfirm>
                  )}
                </Space>
              ),
            },
          ]}
        />
      )}
      <ShareForm camera={camera} open={making} onCancel={() => setMaking(false)} onDone={(s) => { setMaking(false); setMade(s); refresh(); }} />
      <Modal open={made !== null} title={t('shares.made')} footer={<Button type="primary" onClick={() => setMade(null)} data-testid="share-made-close">{t('common.close')}</Button>} onCancel={() => setMade(null)}>
        {made && (
          <Space orientation="vertical" size={14} style={{ width: '100%' }}>
            <Alert type="warning" showIcon title={t('shares.madeHint')} />
            <Line text={made.url} testid="share-url" />
            <div style={{ display: 'grid', placeItems: 'center' }}><QRCode value={made.url} type="svg" size={220} errorLevel="L" color="#000" bgColor="#fff" /></div>
            {made.embed && <div><p className="quiet">{t('shares.embed')}</p><Line text={snippet(made.embed)} testid="share-embed" /></div>}
          </Space>
        )}
      </Modal>
      <Modal open={asked !== null} title={t('shares.openings')} footer={null} onCancel={() => setAsked(null)} width={760} destroyOnHidden>
        {asked && <Openings share={asked.id} />}
      </Modal>
    </div>
  );
}

/** What a link is bound to, besides its time. */
function Bound({ share }: { share: Share }) {
  const { t } = useTranslation();
  const facts: [string, string][] = [
    [t('shares.networks'), share.networks.join(', ')], [t('shares.origins'), share.origins.join(', ')], [t('shares.basis'), share.legal_basis],
  ];
  return <>{facts.filter(([, v]) => v !== '').map(([name, v]) => <div key={name}><span className="quiet">{name}: </span>{v}</div>)}</>;
}

/** Who opened a link, as far as it can be told: when, from which address, and what came of it. */
function Openings({ share }: { share: string }) {
  const { t } = useTranslation();
  const say = useErrorWords();
  const list = useQuery({ queryKey: ['openings', share], queryFn: ({ signal }) => client.shares.openings(share, { limit: 200 }, { signal }) });
  if (list.isError) return <Alert type="error" title={say(list.error)} />;
  const result = (o: ShareOpening) => {
    if (o.act === 'look') return o.start && o.end ? span(o.start, o.end) : '';
    if (o.allowed) return t('shares.allowed');
    return o.code === 'forbidden' ? t('shares.elsewhere') : t('shares.refused');
  };
  return (
    <Table<ShareOpening>
      rowKey="id" size="small" loading={list.isPending} dataSource={list.data?.items ?? []} pagination={{ pageSize: 20, hideOnSinglePage: true }} scroll={{ x: 'max-content' }}
      locale={{ emptyText: t('shares.noOpenings') }}
      onRow={(o) => ({ 'data-testid': 'share-opening', 'data-act': o.act }) as React.HTMLAttributes<HTMLElement>}
      columns={[
        { title: t('looks.when'), render: (_, o) => when(o.at) },
        { title: t('shares.act'), render: (_, o) => t(`shares.acts.${o.act}`) },
        { title: t('shares.remote'), render: (_, o) => o.remote ?? '' },
        { title: t('shares.result'), render: (_, o) => result(o) },
      ]}
    />
  );
}

interface Fields {
  actions: Action[];
  window?: [Dayjs, Dayjs];
  expires: Dayjs;
  max_uses?: number | null;
  label?: string;
  networks?: string[];
  origins?: string[];
  legal_basis?: string;
}

function ShareForm({ camera, open, onDone, onCancel }: { camera: string; open: boolean; onDone: (s: NewShare) => void; onCancel: () => void }) {
  const { t } = useTranslation();
  const [form] = Form.useForm<Fields>();
  const place = useFormErrors();
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  const playback = (Form.useWatch('actions', form) ?? []).includes('playback');

  async function submit(f: Fields) {
    setBusy(true);
    setFailure('');
    const window = f.actions.includes('playback') && f.window ? { from: f.window[0].toISOString(), to: f.window[1].toISOString() } : {};
    try {
      onDone(await client.shares.create({
        camera_id: camera, actions: f.actions, ...window, expires_at: f.expires.toISOString(),
        ...(f.max_uses ? { max_uses: f.max_uses } : {}), ...(f.label?.trim() ? { label: f.label.trim() } : {}),
        ...(f.networks?.length ? { networks: f.networks } : {}), ...(f.origins?.length ? { origins: f.origins } : {}),
        ...(f.legal_basis?.trim() ? { legal_basis: f.legal_basis.trim() } : {}),
      }));
    } catch (err) {
      setFailure(place(form, err, { from: 'window', to: 'window', expires_at: 'expires' }));
    } finally {
      setBusy(false);
    }
  }

  const presets = [
    { label: t('shares.hour'), value: dayjs().add(1, 'hour') },
    { label: t('shares.day'), value: dayjs().add(1, 'day') },
    { label: t('shares.week'), value: dayjs().add(7, 'day') },
    { label: t('shares.month'), value: dayjs().add(30, 'day') },
  ];
  return (
    <Modal
      open={open} title={t('shares.make')} okText={t('shares.make')} onOk={() => form.submit()} onCancel={onCancel} confirmLoading={busy} destroyOnHidden
      okButtonProps={{ 'data-testid': 'share-submit' }}
    >
      {failure !== '' && <Alert type="error" showIcon title={failure} style={{ marginBottom: 12 }} data-testid="share-error" />}
      <Form<Fields> form={form} layout="vertical" data-testid="share-form" initialValues={{ actions: ['live'], expires: dayjs().add(1, 'day') }} onFinish={(f) => void submit(f)}>
        <Form.Item name="actions" label={t('shares.actions')} rules={[{ required: true, message: t('shares.rule.actions') }]}>
          <Checkbox.Group data-testid="share-actions" options={[{ value: 'live', label: t('shares.live') }, { value: 'playback', label: t('shares.playback') }]} />
        </Form.Item>
        {playback && (
          <Form.Item
            name="window" label={t('shares.window')} data-testid="share-window"
            rules={[
              { required: true, message: t('shares.rule.window') },
              { validator: (_, w?: [Dayjs, Dayjs]) => (w && !w[0].isBefore(w[1]) ? Promise.reject(new Error(t('shares.rule.windowOrder'))) : w && w[1].isAfter(dayjs()) ? Promise.reject(new Error(t('shares.rule.windowFuture'))) : Promise.resolve()) },
            ]}
          >
            <DatePicker.RangePicker showTime={{ format: 'HH:mm:ss' }} style={{ width: '100%' }} disabledDate={(d) => d.isAfter(dayjs(), 'day')} />
          </Form.Item>
        )}
        <Form.Item
          name="expires" label={t('shares.expires')} data-testid="share-expires"
          rules={[{ validator: (_, d?: Dayjs) => (d?.isAfter(dayjs()) ? Promise.resolve() : Promise.reject(new Error(t('shares.rule.expires')))) }]}
        >
          <DatePicker showTime={{ format: 'HH:mm' }} format="YYYY-MM-DD HH:mm" presets={presets} style={{ width: '100%' }} disabledDate={(d) => d.isBefore(dayjs(), 'day')} />
        </Form.Item>
        <Form.Item name="max_uses" label={t('shares.maxUses')} extra={t('shares.maxUsesHint')}>
          <InputNumber min={1} max={100000} precision={0} style={{ width: 160 }} data-testid="share-uses" />
        </Form.Item>
        <Form.Item name="label" label={t('shares.label')} extra={t('shares.labelHint')}>
          <Input maxLength={64} data-testid="share-label" />
        </Form.Item>
        <Form.Item name="legal_basis" label={t('shares.basis')} extra={t('shares.basisHint')}>
          <Input maxLength={200} data-testid="share-basis" />
        </Form.Item>
        <Form.Item name="networks" label={t('shares.networks')} extra={t('shares.networksHint')}>
          <Select mode="tags" open={false} suffixIcon={null} tokenSeparators={[' ', ',']} placeholder="203.0.113.0/24" maxCount={16} data-testid="share-networks" />
        </Form.Item>
        <Form.Item name="origins" label={t('shares.origins')} extra={t('shares.originsHint')}>
          <Select mode="tags" open={false} suffixIcon={null} tokenSeparators={[' ', ',']} placeholder="https://www.example.org" maxCount={16} data-testid="share-origins" />
        </Form.Item>
      </Form>
    </Modal>
  );
}
