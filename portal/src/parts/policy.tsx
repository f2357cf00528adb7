import type { DryRun, RetentionPolicy, RetentionRules } from '@gatepost/sdk';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Descriptions, Form, InputNumber, Space, type FormInstance } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useErrorWords, useFormErrors } from '../errors';
import { bytes, cost, count } from '../figure';
import { client } from '../session';
import { when } from '../time';
import { FormModal } from './ask';
import { List } from './list';

/** The rules as a form holds them: what holds may keep is in gibibytes. */
type Fields = Omit<RetentionRules, 'hold_bytes'> & { hold_gib: number };

const gibibyte = 2 ** 30;
const names = { hold_bytes: 'hold_gib' };

const fieldsOf = (p: RetentionRules): Fields => ({
  general: p.general, key_target: p.key_target, incident_days: p.incident_days, infrequent_after_days: p.infrequent_after_days, archive_after_days: p.archive_after_days, deep_archive_after_days: p.deep_archive_after_days ?? 0,
  hold_gib: p.hold_bytes / gibibyte, prices: { ...p.prices, deep_archive: p.prices.deep_archive ?? 0 },
});

const rulesOf = ({ hold_gib, ...rules }: Fields): RetentionRules => ({ ...rules, hold_bytes: Math.round(hold_gib * gibibyte) });

/** The policy that counts now. */
export function usePolicy(): RetentionPolicy | undefined {
  return useQuery({ queryKey: ['retention', 'policy'], queryFn: ({ signal }) => client.retention.policy({ signal }), staleTime: 30_000 }).data;
}

/** The bounds of a category; those that the law sets in general until the policy is known. */
export function boundsOf(policy: RetentionPolicy | undefined, category: 'general' | 'key_target'): { floor_days: number; ceiling_days: number } {
  return policy?.[category] ?? { floor_days: 30, ceiling_days: 180 };
}

/** The policy, what it was before, and another to replace it. */
export function PolicyTab() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const policy = usePolicy();
  const [editing, setEditing] = useState(false);
  return (
    <Space orientation="vertical" size={16} style={{ width: '100%' }}>
      {policy && <Rules policy={policy} />}
      <Button type="primary" disabled={policy === undefined} onClick={() => setEditing(true)} data-testid="policy-edit">{t('retention.change')}</Button>
      <b>{t('retention.history')}</b>
      <List<RetentionPolicy>
        name={['retention', 'policies']} load={client.retention.policies} rowKey="version" empty={t('retention.noHistory')} row={(p) => ({ 'data-testid': 'policy-row', 'data-version': String(p.version) })}
        columns={[
          { title: t('reports.version'), dataIndex: 'version' },
          { title: t('looks.when'), render: (_, p) => when(p.changed_at, true) },
          { title: t('retention.categories.general'), render: (_, p) => <Days bounds={p.general} /> },
          { title: t('retention.categories.key_target'), render: (_, p) => <Days bounds={p.key_target} /> },
          { title: t('retention.incidentDays'), align: 'right', dataIndex: 'incident_days' },
        ]}
      />
      {editing && policy && (
        <FormModal<Fields>
          open title={t('retention.change')} submit={t('common.save')} testid="policy-form" about="retention" names={names} initial={fieldsOf(policy)} width={720} onCancel={() => setEditing(false)}
          onDone={() => { setEditing(false); void queries.invalidateQueries({ queryKey: ['retention'] }); }} send={(f) => client.retention.setPolicy({ ...rulesOf(f), version: policy.version })}
        >
          {(form) => <PolicyFields form={form} />}
        </FormModal>
      )}
    </Space>
  );
}

function Days({ bounds: b }: { bounds: { floor_days: number; ceiling_days: number } }) {
  const { t } = useTranslation();
  return <>{t('retention.bounds', { floor: b.floor_days, ceiling: b.ceiling_days })}</>;
}

function Rules({ policy: p }: { policy: RetentionPolicy }) {
  const { t } = useTranslation();
  const after = (days: number) => (days === 0 ? t('retention.never') : t('retention.after', { count: days }));
  return (
    <Descriptions
      size="small" bordered column={{ xs: 1, md: 2 }} data-testid="policy" title={t('retention.present', { n: p.version })} items={[
        { key: 'general', label: t('retention.categories.general'), children: <Days bounds={p.general} /> },
        { key: 'key', label: t('retention.categories.key_target'), children: <Days bounds={p.key_target} /> },
        { key: 'incident', label: t('retention.incidentDays'), children: t('common.days', { count: p.incident_days }) },
        { key: 'hold', label: t('retention.holdLimit'), children: p.hold_bytes === 0 ? t('common.unlimited') : bytes(p.hold_bytes) },
        { key: 'infrequent', label: t('retention.classes.infrequent'), children: after(p.infrequent_after_days) },
        { key: 'archive', label: t('retention.classes.archive'), children: after(p.archive_after_days) },
        { key: 'deep', label: t('retention.classes.deep_archive'), children: after(p.deep_archive_after_days ?? 0) },
        { key: 'prices', label: t('retention.prices'), span: 'filled', children: `${t('retention.classes.hot')} ${cost(p.prices.hot)} · ${t('retention.classes.infrequent')} ${cost(p.prices.infrequent)} · ${t('retention.classes.archive')} ${cost(p.prices.archive)} · ${t('retention.classes.deep_archive')} ${cost(p.prices.deep_archive ?? 0)}` },
      ]}
    />
  );
}

function PolicyFields({ form }: { form: FormInstance<Fields> }) {
  const { t } = useTranslation();
  const number = (name: string | string[], label: string, unit: string, precision = 0) => (
    <Form.Item name={name} label={label} rules={[{ required: true, message: t('common.required_field') }]}>
      <InputNumber precision={precision} suffix={unit} style={{ width: 200 }} data-testid={`policy-${[name].flat().join('-')}`} />
    </Form.Item>
  );
  const days = t('retention.unit');
  return (
    <>
      <Alert type="info" showIcon title={t('retention.changeHint')} style={{ marginBottom: 12 }} />
      {(['general', 'key_target'] as const).map((c) => (
        <Space key={c} wrap align="start" size={16}>
          {number([c, 'floor_days'], t('retention.floorOf', { category: t(`retention.categories.${c}`) }), days)}
          {number([c, 'ceiling_days'], t('retention.ceilingOf', { category: t(`retention.categories.${c}`) }), days)}
        </Space>
      ))}
      <Space wrap align="start" size={16}>
        {number('incident_days', t('retention.incidentDays'), days)}
        {number('hold_gib', t('retention.holdLimit'), 'GiB', 1)}
      </Space>
      <Space wrap align="start" size={16}>
        {number('infrequent_after_days', t('retention.infrequentAfter'), days)}
        {number('archive_after_days', t('retention.archiveAfter'), days)}
        {number('deep_archive_after_days', t('retention.deepAfter'), days)}
      </Space>
      <Space wrap align="start" size={16}>
        {(['hot', 'infrequent', 'archive', 'deep_archive'] as const).map((c) => <span key={c}>{number(['prices', c], t('retention.priceOf', { class: t(`retention.classes.${c}`) }), t('retention.perGiB'), 4)}</span>)}
      </Space>
      <Trial form={form} />
    </>
  );
}

/** What the rules in the form would end now, before anybody saves them. */
function Trial({ form }: { form: FormInstance<Fields> }) {
  const { t } = useTranslation();
  const place = useFormErrors();
  const [failure, setFailure] = useState('');
  const go = useMutation({
    mutationFn: () => dryRun(rulesOf(form.getFieldsValue(true) as Fields)),
    onMutate: () => setFailure(''),
    onError: (err) => setFailure(place(form, err, names, 'retention')),
  });
  return (
    <Space orientation="vertical" style={{ width: '100%' }}>
      <Button onClick={() => go.mutate()} loading={go.isPending} data-testid="policy-try">{t('retention.try')}</Button>
      {failure !== '' && <Alert type="error" showIcon title={failure} />}
      {go.data && <Outcome run={go.data} />}
    </Space>
  );
}

/** What would be ended of every camera, some hundred cameras at a time; nothing is. */
async function dryRun(policy?: RetentionRules): Promise<DryRun> {
  const sum: DryRun = { cameras: 0, recordings: 0, bytes: 0, monthly_cost: 0, next: '' };
  do {
    const part = await client.retention.dryRun({ cameras: 500, ...(policy ? { policy } : {}), ...(sum.next ? { after: sum.next } : {}) });
    sum.cameras += part.cameras;
    sum.recordings += part.recordings;
    sum.bytes += part.bytes;
    sum.monthly_cost += part.monthly_cost;
    sum.next = part.next;
  } while (sum.next !== '');
  return sum;
}

function Outcome({ run: r }: { run: DryRun }) {
  const { t } = useTranslation();
  return <Alert type={r.recordings === 0 ? 'success' : 'warning'} showIcon data-testid="dry-run" title={t('retention.outcome', { cameras: count(r.cameras), recordings: count(r.recordings), bytes: bytes(r.bytes), cost: cost(r.monthly_cost) })} />;
}

/** What the next rounds would delete under the present policy. */
export function DryRunTab() {
  const { t } = useTranslation();
  const say = useErrorWords();
  const go = useMutation({ mutationFn: () => dryRun() });
  return (
    <Space orientation="vertical" style={{ width: '100%' }}>
      <p className="quiet" style={{ margin: 0 }}>{t('retention.dryRunHint')}</p>
      <Button type="primary" onClick={() => go.mutate()} loading={go.isPending} data-testid="dry-run-go">{t('retention.tabs.dryRun')}</Button>
      {go.isError && <Alert type="error" showIcon title={say(go.error)} />}
      {go.data && <Outcome run={go.data} />}
    </Space>
  );
}
