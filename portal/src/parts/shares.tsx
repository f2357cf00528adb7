import { LinkOutlined } from '@ant-design/icons';
import type { Action, NewShare } from '@gatepost/sdk';
import { useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Checkbox, DatePicker, Form, Input, InputNumber, Modal, QRCode, Select, Space } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { snippet } from '../embedding';
import { useFormErrors } from '../errors';
import { client } from '../session';
import { Line } from './copy';
import { ShareList } from './sharelist';

export function SharesTab({ camera }: { camera: string }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<NewShare | null>(null);
  const refresh = () => void queries.invalidateQueries({ queryKey: ['shares'] });
  return (
    <>
      <ShareList
        of={{ camera_id: camera }}
        actions={<Button type="primary" icon={<LinkOutlined />} onClick={() => setMaking(true)} data-testid="share-new">{t('shares.make')}</Button>}
      />
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
    </>
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
