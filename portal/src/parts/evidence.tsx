import { DownloadOutlined, ExportOutlined } from '@ant-design/icons';
import type { Evidence, EvidenceInput, EvidenceState } from '@gatepost/sdk';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, DatePicker, Empty, Form, Input, Modal, Popconfirm, Select, Space, Table, Tag } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { useErrorWords, useFormErrors } from '../errors';
import { client } from '../session';
import { span, when } from '../time';
import { purposeKinds } from './purpose';

const hour = 3_600_000;

interface Fields {
  window: [Dayjs, Dayjs];
  purpose: string;
  reason: string;
  case_number?: string;
}

/** The minute before what is looked at, or before now. */
export function minuteBefore(position: Date | null, now: number): [number, number] {
  const to = Math.min(position?.getTime() ?? now, now);
  return [to - 60_000, to];
}

/** Megabytes, as people read sizes of films. */
function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Registers and orders an export of a camera's footage. */
export function ExportButton({ camera, position }: { camera: string; position: Date | null }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const fill = useFormErrors();
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const [failure, setFailure] = useState('');
  const [form] = Form.useForm<Fields>();
  const order = useMutation({
    mutationFn: (input: EvidenceInput) => client.evidence.create(input),
    onSuccess: () => {
      setOpen(false);
      void message.success(t('evidence.ordered'));
      void queries.invalidateQueries({ queryKey: ['evidence', camera] });
    },
    onError: (err) => setFailure(fill(form, err, { from: 'window', to: 'window' })),
  });
  const purpose = Form.useWatch('purpose', form);
  function finish({ window: [from, to], purpose, reason, case_number }: Fields) {
    setFailure('');
    order.mutate({ camera_id: camera, from: from.toISOString(), to: to.toISOString(), purpose, reason: reason.trim(), ...(case_number?.trim() ? { case_number: case_number.trim() } : {}) });
  }
  function begin() {
    setFailure('');
    setOpen(true);
  }
  const [from, to] = minuteBefore(position, Date.now());
  return (
    <>
      <Button size="small" icon={<ExportOutlined />} onClick={begin} data-testid="export">{t('evidence.export')}</Button>
      <Modal
        open={open} title={t('evidence.title')} okText={t('evidence.submit')} onCancel={() => setOpen(false)} onOk={() => form.submit()} confirmLoading={order.isPending} destroyOnHidden
        okButtonProps={{ 'data-testid': 'export-submit' }}
      >
        <Alert type="info" title={t('evidence.intro')} style={{ marginBottom: 16 }} />
        <Form<Fields> form={form} layout="vertical" initialValues={{ window: [dayjs(from), dayjs(to)] }} onFinish={finish} data-testid="export-form" preserve={false}>
          <Form.Item
            name="window" label={t('evidence.window')} extra={t('evidence.hour')}
            rules={[
              { required: true, message: t('shares.rule.window') },
              { validator: async (_, w?: [Dayjs, Dayjs]) => { if (w && w[1].diff(w[0]) > hour) throw new Error(t('evidence.hour')); } },
              { validator: async (_, w?: [Dayjs, Dayjs]) => { if (w && w[1].isAfter(dayjs())) throw new Error(t('evidence.past')); } },
            ]}
          >
            <DatePicker.RangePicker showTime style={{ width: '100%' }} data-testid="export-window" disabledDate={(d) => d.isAfter(dayjs(), 'day')} />
          </Form.Item>
          <Form.Item name="purpose" label={t('purpose.purpose')} rules={[{ required: true, message: t('errors.fields.purpose') }]}>
            <Select data-testid="export-purpose" options={purposeKinds.map((k) => ({ value: k, label: t(`purpose.kinds.${k}`) }))} />
          </Form.Item>
          <Form.Item name="reason" label={t('purpose.reason')} rules={[{ required: true, whitespace: true, min: 4, message: t('purpose.reasonRule') }]}>
            <Input.TextArea rows={2} maxLength={500} showCount placeholder={t('purpose.reasonHint')} data-testid="export-reason" />
          </Form.Item>
          <Form.Item
            name="case_number" label={purpose === 'case' ? t('purpose.case') : `${t('purpose.case')}（${t('common.optional')}）`}
            rules={purpose === 'case' ? [{ required: true, whitespace: true, message: t('evidence.caseRule') }] : []}
          >
            <Input maxLength={64} data-testid="export-case" />
          </Form.Item>
        </Form>
        {failure !== '' && <Alert type="error" showIcon title={failure} data-testid="export-error" />}
      </Modal>
    </>
  );
}

const colours: Record<EvidenceState, string> = { queued: 'default', making: 'blue', ready: 'green', failed: 'red', removed: 'default', expired: 'default' };

/** What was exported of a camera: by whom, why, and the file while it is kept. */
export function EvidenceTab({ camera }: { camera: string }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useErrorWords();
  const queries = useQueryClient();
  const list = useInfiniteQuery({
    queryKey: ['evidence', camera],
    queryFn: ({ pageParam, signal }) => client.evidence.list({ camera_id: camera, limit: 50, after: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
    refetchInterval: 3000,
  });
  const download = useMutation({
    mutationFn: (id: string) => client.evidence.link(id),
    onSuccess: ({ url }) => location.assign(url),
    onError: (err) => void message.error(say(err)),
  });
  const remove = useMutation({
    mutationFn: (id: string) => client.evidence.remove(id),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['evidence', camera] }),
    onError: (err) => void message.error(say(err)),
  });
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  return (
    <div data-testid="evidence-list">
      <p style={{ marginTop: 0 }}><Link to="/verify" target="_blank">{t('evidence.verify')}</Link></p>
      {list.isError && <Alert type="error" title={say(list.error)} />}
      {list.isSuccess && items.length === 0 ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={<>{t('evidence.none')}<br /><span className="quiet">{t('evidence.noneHint')}</span></>} />
      ) : (
        <Table<Evidence>
          rowKey="id" size="small" loading={list.isPending} dataSource={items} pagination={false} scroll={{ x: 'max-content' }}
          onRow={(e) => ({ 'data-testid': 'evidence-row', 'data-state': e.state }) as React.HTMLAttributes<HTMLElement>}
          columns={[
            { title: t('evidence.when'), render: (_, e) => <>{when(e.created_at)}<div className="quiet">{e.user_name || e.user_id}{e.organisation_name && ` · ${e.organisation_name}`}</div></> },
            { title: t('evidence.window'), render: (_, e) => span(e.from, e.to) },
            {
              title: t('looks.why'),
              render: (_, e) => (
                <div style={{ maxWidth: 260, whiteSpace: 'normal' }}>
                  <Tag>{t(`purpose.kinds.${e.purpose as 'case'}`, { defaultValue: e.purpose })}</Tag>
                  {e.reason}
                  {e.case_number && <div className="quiet">{t('looks.case')} <span className="mono">{e.case_number}</span></div>}
                </div>
              ),
            },
            {
              title: t('shares.status'),
              render: (_, e) => (
                <div style={{ maxWidth: 220, whiteSpace: 'normal' }}>
                  <Tag color={colours[e.state]}>{t(`evidence.state.${e.state}`)}</Tag>
                  {e.state === 'ready' && <span className="quiet">{megabytes(e.bytes ?? 0)}</span>}
                  {e.state === 'ready' && <div className="quiet">{t('evidence.until', { time: when(e.expires_at) })}</div>}
                  {e.problem && <div className="quiet">{e.problem}</div>}
                  <Space style={{ marginTop: 4 }}>
                    {e.state === 'ready' && <Button size="small" type="primary" icon={<DownloadOutlined />} loading={download.isPending && download.variables === e.id} onClick={() => download.mutate(e.id)} data-testid="evidence-download">{t('evidence.download')}</Button>}
                    {(e.state === 'ready' || e.state === 'queued' || e.state === 'making') && (
                      <Popconfirm title={t('evidence.removeAsk')} onConfirm={() => remove.mutate(e.id)} okText={t('evidence.remove')} okButtonProps={{ danger: true }}>
                        <Button danger size="small" data-testid="evidence-remove">{t('evidence.remove')}</Button>
                      </Popconfirm>
                    )}
                  </Space>
                </div>
              ),
            },
          ]}
        />
      )}
      {list.hasNextPage && <Button style={{ marginTop: 12 }} loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('common.more')}</Button>}
    </div>
  );
}
