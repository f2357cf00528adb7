import { PlusOutlined } from '@ant-design/icons';
import type { Message, Organisation, Plan } from '@gatepost/sdk';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Empty, Form, Input, InputNumber, Modal, Select, Table, Tabs, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useErrorWords, useFormErrors } from '../errors';
import { CopyButton } from '../parts/copy';
import { client, useUser } from '../session';
import { when } from '../time';

/** What an administrator does for those who come in: codes to pass on, plans. */
export function AdmissionPage() {
  const { t } = useTranslation();
  const user = useUser();
  if (user.role !== 'admin') return <main className="page"><Alert type="info" showIcon title={t('errors.forbidden')} /></main>;
  return (
    <main className="page" style={{ maxWidth: 1200 }} data-testid="admission-page">
      <div className="page-head"><h1>{t('admission.title')}</h1></div>
      <Tabs
        items={[
          { key: 'messages', label: <span data-testid="tab-messages">{t('admission.messages')}</span>, children: <Messages /> },
          { key: 'plans', label: <span data-testid="tab-plans">{t('admission.plans')}</span>, children: <Plans /> },
          { key: 'organisations', label: <span data-testid="tab-organisations">{t('admission.organisations')}</span>, children: <Organisations /> },
        ]}
      />
    </main>
  );
}

const colours: Record<Message['state'], string> = { waiting: 'blue', delivered: 'green', dead: 'default' };

function Messages() {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useErrorWords();
  const queries = useQueryClient();
  const list = useInfiniteQuery({
    queryKey: ['messages'],
    queryFn: ({ pageParam, signal }) => client.messages.list({ limit: 50, after: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
    refetchInterval: 5000,
  });
  const retry = useMutation({
    mutationFn: (id: string) => client.messages.retry(id),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['messages'] }),
    onError: (err) => void message.error(say(err)),
  });
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  if (list.isSuccess && items.length === 0) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('admission.none')} />;
  return (
    <>
      <p className="quiet" style={{ marginTop: 0 }}>{t('admission.messagesHint')}</p>
      {list.isError && <Alert type="error" title={say(list.error)} />}
      <Table<Message>
        rowKey="id" size="small" loading={list.isPending} dataSource={items} pagination={false} scroll={{ x: 'max-content' }}
        onRow={(m) => ({ 'data-testid': 'message-row', 'data-to': m.to, 'data-state': m.state }) as React.HTMLAttributes<HTMLElement>}
        columns={[
          { title: t('admission.when'), render: (_, m) => when(m.created_at, true) },
          { title: t('admission.purpose'), render: (_, m) => t(`admission.purposes.${m.purpose}`) },
          { title: t('admission.to'), dataIndex: 'to' },
          { title: t('admission.code'), render: (_, m) => m.code && <span className="code-cell"><b className="mono" data-testid="message-code">{m.code}</b> <CopyButton text={m.code} /></span> },
          { title: t('shares.status'), render: (_, m) => <Tag color={m.state === 'waiting' && m.by_hand ? 'orange' : colours[m.state]}>{t(m.state === 'waiting' && m.by_hand ? 'admission.byHand' : `admission.state.${m.state}`)}</Tag> },
          { title: t('shares.expires'), render: (_, m) => <span className="quiet">{when(m.expires_at)}</span> },
          { title: t('admission.problem'), render: (_, m) => m.last_error && <span className="quiet">{t('admission.tries', { n: m.attempts })} · {m.last_error}</span> },
          {
            title: '', align: 'right',
            render: (_, m) => m.state === 'dead' && m.attempts > 0 && Date.parse(m.expires_at) > Date.now() && <Button size="small" onClick={() => retry.mutate(m.id)}>{t('common.retry')}</Button>,
          },
        ]}
      />
      {list.hasNextPage && <Button style={{ marginTop: 10 }} loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('common.more')}</Button>}
    </>
  );
}

/** The plans, in the reader's words where there are some. */
function usePlans() {
  const { t, i18n } = useTranslation();
  const list = useQuery({ queryKey: ['plans'], queryFn: ({ signal }) => client.plans.list({ signal }) });
  const nameOf = (name: string) => (i18n.exists(`plan.names.${name}`) ? t(`plan.names.${name as 'basic'}`) : name);
  return { list, nameOf };
}

function Plans() {
  const { t } = useTranslation();
  const say = useErrorWords();
  const { list, nameOf } = usePlans();
  const [editing, setEditing] = useState<Partial<Plan> | null>(null);
  return (
    <>
      <p className="quiet" style={{ marginTop: 0 }}>{t('plan.hint')}</p>
      {list.isError && <Alert type="error" title={say(list.error)} />}
      <Table<Plan>
        rowKey="name" size="small" loading={list.isPending} dataSource={list.data?.items ?? []} pagination={false}
        onRow={(p) => ({ 'data-testid': 'plan-row', 'data-plan': p.name }) as React.HTMLAttributes<HTMLElement>}
        columns={[
          { title: t('plan.name'), render: (_, p) => <>{nameOf(p.name)} <span className="quiet mono">{p.name}</span></> },
          { title: t('plan.cameras'), dataIndex: 'cameras' },
          { title: t('plan.retention'), render: (_, p) => t('common.days', { count: p.retention_days }) },
          { title: '', align: 'right', render: (_, p) => <Button size="small" onClick={() => setEditing(p)} data-testid="plan-edit">{t('plan.edit')}</Button> },
        ]}
      />
      <Button icon={<PlusOutlined />} style={{ marginTop: 12 }} onClick={() => setEditing({ cameras: 8, retention_days: 30 })} data-testid="plan-new">{t('plan.make')}</Button>
      {editing && <PlanForm plan={editing} onClose={() => setEditing(null)} />}
    </>
  );
}

function PlanForm({ plan, onClose }: { plan: Partial<Plan>; onClose: () => void }) {
  const { t } = useTranslation();
  const [form] = Form.useForm<Plan>();
  const place = useFormErrors();
  const queries = useQueryClient();
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);

  async function submit(p: Plan) {
    setBusy(true);
    setFailure('');
    try {
      await client.plans.put(p);
      void queries.invalidateQueries({ queryKey: ['plans'] });
      onClose();
    } catch (err) {
      setFailure(place(form, err));
      setBusy(false);
    }
  }

  return (
    <Modal open title={t(plan.name ? 'plan.edit' : 'plan.make')} okText={t('common.save')} onOk={() => form.submit()} onCancel={onClose} confirmLoading={busy} okButtonProps={{ 'data-testid': 'plan-save' }}>
      {failure !== '' && <Alert type="error" showIcon title={failure} style={{ marginBottom: 12 }} />}
      <Form<Plan> form={form} layout="vertical" requiredMark={false} initialValues={plan} onFinish={(p) => void submit(p)}>
        <Form.Item name="name" label={t('plan.name')} rules={[{ required: true, pattern: /^[a-z0-9][a-z0-9-]*$/, message: t('plan.nameRule') }]}>
          <Input maxLength={32} disabled={plan.name !== undefined} data-testid="plan-name" />
        </Form.Item>
        <Form.Item name="cameras" label={t('plan.cameras')} rules={[{ required: true, type: 'integer', min: 1, max: 100000, message: t('common.required_field') }]}>
          <InputNumber style={{ width: 160 }} data-testid="plan-cameras" />
        </Form.Item>
        <Form.Item name="retention_days" label={t('plan.retention')} rules={[{ required: true, type: 'integer', min: 30, max: 3650, message: t('plan.retentionRule') }]}>
          <InputNumber style={{ width: 160 }} data-testid="plan-retention" />
        </Form.Item>
      </Form>
    </Modal>
  );
}

function Organisations() {
  const { t } = useTranslation();
  const say = useErrorWords();
  const list = useInfiniteQuery({
    queryKey: ['organisations', 'pages'],
    queryFn: ({ pageParam, signal }) => client.organisations.list({ limit: 20, after: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
  });
  return (
    <>
      {list.isError && <Alert type="error" title={say(list.error)} />}
      <Table<Organisation>
        rowKey="id" size="small" loading={list.isPending} dataSource={list.data?.pages.flatMap((p) => p.items) ?? []} pagination={false}
        onRow={(o) => ({ 'data-testid': 'organisation-row', 'data-name': o.name }) as React.HTMLAttributes<HTMLElement>}
        columns={[
          { title: t('members.organisation'), dataIndex: 'name' },
          { title: t('admission.kind'), render: (_, o) => t(`kinds.${o.kind}`) },
          { title: t('admission.since'), render: (_, o) => <span className="quiet">{when(o.created_at)}</span> },
          { title: t('plan.title'), render: (_, o) => <Assign organisation={o.id} /> },
        ]}
      />
      {list.hasNextPage && <Button style={{ marginTop: 10 }} loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('common.more')}</Button>}
    </>
  );
}

/** An organisation's plan, to be chosen, and what it has of it. */
function Assign({ organisation }: { organisation: string }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useErrorWords();
  const queries = useQueryClient();
  const { list, nameOf } = usePlans();
  const use = useQuery({ queryKey: ['plan', organisation], queryFn: ({ signal }) => client.plans.use(organisation, { signal }) });
  const assign = useMutation({
    mutationFn: (plan: string) => client.plans.assign(organisation, plan),
    onSuccess: (u) => queries.setQueryData(['plan', organisation], u),
    onError: (err) => void message.error(say(err)),
  });
  if (!use.data) return null;
  const limit = use.data.plan ? String(use.data.plan.cameras) : t('common.unlimited');
  return (
    <>
      <Select
        size="small" style={{ minWidth: 140 }} value={use.data.plan?.name ?? ''} loading={assign.isPending} onChange={(p) => assign.mutate(p)} data-testid="assign-plan"
        options={[{ value: '', label: t('plan.none') }, ...(list.data?.items.map((p) => ({ value: p.name, label: nameOf(p.name) })) ?? [])]}
      />{' '}
      <span className="quiet">{t('plan.used', { used: use.data.cameras, limit })}</span>
    </>
  );
}
