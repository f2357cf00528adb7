import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import type { Programme, ProgrammeContent, ProgrammeSite, ProgrammeTarget } from '@gatepost/sdk';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, DatePicker, Descriptions, Form, Input, InputNumber, Select, Skeleton, Space, Table, Tag } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { governs } from '../ability';
import { useErrorWords } from '../errors';
import { count } from '../figure';
import { client, useUser } from '../session';
import { when } from '../time';
import { Fixed, FormModal } from './ask';
import { DivisionName } from './division';
import { useKinds } from './place';
import { Steps } from './steps';

export const programmeColour: Record<Programme['state'], string> = { draft: 'default', submitted: 'blue', returned: 'orange', approved: 'green', superseded: 'default' };

const strengths = ['full', 'basic', 'strive'] as const;

/** A programme: its targets and sites, and its way through the levels. */
export function ProgrammeView({ id }: { id: string }) {
  const { t } = useTranslation();
  const user = useUser();
  const say = useErrorWords();
  const kinds = useKinds();
  const queries = useQueryClient();
  const [editing, setEditing] = useState(false);
  const query = useQuery({ queryKey: ['programmes', id], queryFn: ({ signal }) => client.programmes.get(id, { signal }) });
  const p = query.data;
  const force = p?.state === 'approved';
  const coverage = useQuery({ queryKey: ['coverage', 100], enabled: force, queryFn: ({ signal }) => client.coverage.get({ metres: 100 }, { signal }) }).data;
  if (query.isError) return <Alert type="error" showIcon title={say(query.error)} />;
  if (p === undefined) return <Skeleton active />;
  const open = p.state === 'draft' || p.state === 'returned';
  const blind = new Set(coverage?.blind_spots.filter((b) => b.programme_id === p.id).map((b) => b.site.name));
  return (
    <Space orientation="vertical" size={14} style={{ width: '100%' }} data-testid="programme" data-state={p.state}>
      <Space wrap>
        <Tag color={programmeColour[p.state]} data-testid="programme-state" data-state={p.state}>{t(`programmes.states.${p.state}`)}</Tag>
        {open && governs(user, p.division) && <Button onClick={() => setEditing(true)} data-testid="programme-edit">{t('programmes.edit')}</Button>}
        {(open || p.state === 'submitted') && (
          <Steps
            submitted={p.state === 'submitted'} division={p.division} {...(p.reviewer ? { to: p.reviewer } : {})} about="programme" changes={['programmes']} yes={t('programmes.approve')} hint={t('programmes.approveHint')}
            submit={() => client.programmes.submit(p.id)} review={(w) => client.programmes.review(p.id, { approve: w.yes, ...(w.remark ? { remark: w.remark } : {}) })}
          />
        )}
      </Space>
      {p.state === 'returned' && <Alert type="warning" showIcon title={t('reports.returned', { time: when(p.decided_at) })} description={p.remark} data-testid="programme-returned" />}
      <Descriptions
        size="small" column={2} items={[
          { key: 'division', label: t('camera.division'), children: <DivisionName code={p.division} /> },
          { key: 'year', label: t('programmes.year'), children: `${p.year} · ${t('reports.versionOf', { n: p.version })}` },
          { key: 'submitted', label: t('reports.submitted'), children: when(p.submitted_at) || '–' },
          { key: 'decided', label: t('reports.decided'), children: when(p.decided_at) || '–' },
        ]}
      />
      <Table<ProgrammeTarget>
        size="small" title={() => <b>{t('programmes.targets')}</b>} pagination={false} rowKey={(x) => x.place + x.class + x.strength + x.deadline} dataSource={p.targets}
        onRow={() => ({ 'data-testid': 'target-row' }) as React.HTMLAttributes<HTMLElement>}
        columns={[
          { title: t('cameras.place'), render: (_, x) => kinds.place(x.place) },
          { title: t('cameras.class'), render: (_, x) => kinds.watch(x.class) },
          { title: t('programmes.count'), align: 'right', render: (_, x) => count(x.count) },
          { title: t('programmes.strength'), render: (_, x) => t(`programmes.strengths.${x.strength as 'full'}`) },
          { title: t('programmes.deadline'), dataIndex: 'deadline' },
        ]}
      />
      {p.sites.length > 0 && (
        <Table<ProgrammeSite>
          size="small" title={() => <b>{t('programmes.sites')}</b>} pagination={{ pageSize: 20, hideOnSinglePage: true }} rowKey={(s) => s.name + s.longitude + s.latitude} dataSource={p.sites}
          columns={[
            { title: t('programmes.site'), dataIndex: 'name' },
            { title: t('cameras.place'), render: (_, s) => `${kinds.place(s.place)} · ${kinds.watch(s.class)}` },
            { title: t('camera.position'), render: (_, s) => <span className="mono">{s.longitude.toFixed(6)}, {s.latitude.toFixed(6)}</span> },
            ...(force && coverage ? [{ title: t('shares.status'), render: (_: unknown, s: ProgrammeSite) => (blind.has(s.name) ? <Tag color="red">{t('programmes.isBlind')}</Tag> : <Tag color="green">{t('programmes.isCovered')}</Tag>) }] : []),
          ]}
        />
      )}
      {editing && <ProgrammeForm programme={p} onClose={() => setEditing(false)} onDone={() => { setEditing(false); void queries.invalidateQueries({ queryKey: ['programmes'] }); }} />}
    </Space>
  );
}

interface Fields {
  year?: Dayjs;
  targets?: (Omit<ProgrammeTarget, 'deadline'> & { deadline: Dayjs })[];
  sites?: ProgrammeSite[];
}

function contentOf(f: Fields): ProgrammeContent {
  return { targets: (f.targets ?? []).map((x) => ({ ...x, deadline: x.deadline.format('YYYY-MM-DD') })), sites: f.sites ?? [] };
}

/** Draws a programme up, or changes one: a table of targets, and one of sites. */
export function ProgrammeForm({ programme: p, onDone, onClose }: { programme?: Programme; onDone: (p: Programme) => void; onClose: () => void }) {
  const { t } = useTranslation();
  const user = useUser();
  const queries = useQueryClient();
  const kinds = useKinds();
  const [year] = useState(() => dayjs());
  const required = [{ required: true, message: t('common.required_field') }];
  const initial: Fields = p
    ? { targets: p.targets.map((x) => ({ ...x, deadline: dayjs(x.deadline) })), sites: p.sites }
    : { year, targets: [{ place: 'main_street', class: 1, count: 10, strength: 'full', deadline: year.endOf('year') }] };
  return (
    <FormModal<Fields>
      open title={p ? t('programmes.edit') : t('programmes.draw')} submit={t('common.save')} testid="programme-form" about="programme" names={{ '': 'division' }} initial={initial} width={900} onCancel={onClose} onDone={() => undefined}
      send={async (f) => {
        const made = p ? await client.programmes.update(p.id, contentOf(f)) : await client.programmes.create({ ...contentOf(f), year: (f.year ?? year).year() });
        await queries.invalidateQueries({ queryKey: ['programmes'] });
        onDone(made);
      }}
    >
      <Space size={40} align="start" style={{ display: 'flex' }}>
        <Form.Item name="division" label={t('programmes.of')}><Fixed testid="programme-division" text={<><DivisionName code={p?.division ?? user.organisation.division ?? ''} /> · {user.organisation.name}</>} /></Form.Item>
        {!p && <Form.Item name="year" label={t('programmes.year')} rules={required}><DatePicker picker="year" allowClear={false} /></Form.Item>}
      </Space>
      <b>{t('programmes.targets')}</b>
      <Form.List name="targets">
        {(rows, { add, remove }) => (
          <div className="rows" data-testid="targets">
            {rows.map(({ key, name }) => (
              <div key={key} className="row five" data-testid="target-edit">
                <Form.Item name={[name, 'place']} rules={required}><Select options={kinds.places} aria-label={t('cameras.place')} /></Form.Item>
                <Form.Item name={[name, 'class']} rules={required}><Select options={kinds.classes} aria-label={t('cameras.class')} /></Form.Item>
                <Form.Item name={[name, 'count']} rules={required}><InputNumber precision={0} style={{ width: '100%' }} aria-label={t('programmes.count')} data-testid="target-count" /></Form.Item>
                <Form.Item name={[name, 'strength']} rules={required}><Select options={strengths.map((s) => ({ value: s, label: t(`programmes.strengths.${s}`) }))} aria-label={t('programmes.strength')} /></Form.Item>
                <Form.Item name={[name, 'deadline']} rules={required}><DatePicker allowClear={false} style={{ width: '100%' }} aria-label={t('programmes.deadline')} /></Form.Item>
                <Button type="text" icon={<DeleteOutlined />} onClick={() => remove(name)} aria-label={t('duty.remove')} />
              </div>
            ))}
            <Button size="small" icon={<PlusOutlined />} onClick={() => add({ class: 1, count: 1, strength: 'full', deadline: dayjs(p ? `${p.year}-12-31` : year.endOf('year')) })} data-testid="target-add">{t('programmes.addTarget')}</Button>
          </div>
        )}
      </Form.List>
      <b>{t('programmes.sites')}</b>
      <Form.List name="sites">
        {(rows, { add, remove }) => (
          <div className="rows" data-testid="sites">
            {rows.map(({ key, name }) => (
              <div key={key} className="row five" data-testid="site-edit">
                <Form.Item name={[name, 'name']} rules={required}><Input maxLength={100} placeholder={t('programmes.site')} data-testid="site-name" /></Form.Item>
                <Form.Item name={[name, 'place']} rules={required}><Select options={kinds.places} aria-label={t('cameras.place')} /></Form.Item>
                <Form.Item name={[name, 'class']} rules={required}><Select options={kinds.classes} aria-label={t('cameras.class')} /></Form.Item>
                <Form.Item name={[name, 'longitude']} rules={required}><InputNumber style={{ width: '100%' }} placeholder={t('enrol.longitude')} data-testid="site-longitude" /></Form.Item>
                <Form.Item name={[name, 'latitude']} rules={required}><InputNumber style={{ width: '100%' }} placeholder={t('enrol.latitude')} data-testid="site-latitude" /></Form.Item>
                <Button type="text" icon={<DeleteOutlined />} onClick={() => remove(name)} aria-label={t('duty.remove')} />
              </div>
            ))}
            <Button size="small" icon={<PlusOutlined />} onClick={() => add({ place: 'main_street', class: 1 })} data-testid="site-add">{t('programmes.addSite')}</Button>
          </div>
        )}
      </Form.List>
    </FormModal>
  );
}
