import { AlertOutlined } from '@ant-design/icons';
import type { Incident, IncidentCamera, IncidentInput, IncidentLook } from '@gatepost/sdk';
import { Alert, Button, Card, Checkbox, DatePicker, Drawer, Form, Input, Select, Space, Tabs, Tag } from 'antd';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { commands } from '../ability';
import { AreaInput, AreaWords, areaNames, areaOf, type AreaFields } from '../parts/area';
import { Act, FormModal } from '../parts/ask';
import { CameraLink } from '../parts/cameralink';
import { DivisionName } from '../parts/division';
import { List } from '../parts/list';
import { OrganisationPicker } from '../parts/pick';
import { client, useUser } from '../session';
import { span, when } from '../time';

const colour: Record<Incident['state'], string> = { waiting: 'orange', scheduled: 'blue', active: 'red', ended: 'default' };

/** Incidents that concern my organisation: activated, approved, ended; and their record. */
export function IncidentsPage() {
  const { t } = useTranslation();
  const user = useUser();
  const queries = useQueryClient();
  const [making, setMaking] = useState(false);
  const [shown, setShown] = useState<Incident | null>(null);
  return (
    <main className="page" data-testid="incidents-page">
      <div className="page-head">
        <h1>{t('incidents.title')}</h1>
        <span className="quiet">{t('incidents.about')}</span>
        <span className="grow" />
        {commands(user) && <Button type="primary" danger icon={<AlertOutlined />} onClick={() => setMaking(true)} data-testid="incident-new">{t('incidents.make')}</Button>}
      </div>
      <Card size="small">
        <List<Incident>
          name={['incidents']} load={client.incidents.list} rowKey="id" empty={t('incidents.none')}
          row={(i) => ({ 'data-testid': 'incident-row', 'data-state': i.state })}
          columns={[
            { title: t('incidents.state'), render: (_, i) => <><Tag color={colour[i.state]}>{t(`incidents.states.${i.state}`)}</Tag>{i.drill && <Tag color="gold" data-testid="drill">{t('incidents.drill')}</Tag>}</> },
            { title: t('incidents.name'), render: (_, i) => <><b>{i.name}</b><div className="quiet">{t(`incidents.kinds.${i.kind as 'emergency'}`)} · {i.reason}</div></> },
            { title: t('area.title'), render: (_, i) => <div style={{ maxWidth: 300, whiteSpace: 'normal' }}><AreaWords area={i.area} /></div> },
            { title: t('incidents.who'), render: (_, i) => <>{i.organisation_name}<div className="quiet">{i.created_by_name}</div></> },
            { title: t('incidents.when'), render: (_, i) => <>{span(i.start, i.end)}{i.ended_at && <div className="quiet">{t('incidents.endedAt', { time: when(i.ended_at) })}</div>}</> },
            {
              title: '', align: 'right',
              render: (_, i) => (
                <Space>
                  <Button size="small" onClick={() => setShown(i)} data-testid="incident-open">{t('incidents.record')}</Button>
                  {i.state === 'waiting' && i.approver_id === user.organisation.id && commands(user) && <Act about="incident" changes={['incidents']} run={() => client.incidents.approve(i.id)} ask={t('incidents.approveAsk')} type="primary">{t('incidents.approve')}</Act>}
                  {i.state !== 'ended' && (user.role === 'admin' || commands(user)) && <Act about="incident" changes={['incidents']} run={() => client.incidents.end(i.id)} ask={t('incidents.endAsk')} danger data-testid="incident-end">{t('incidents.end')}</Act>}
                </Space>
              ),
            },
          ]}
        />
      </Card>
      <IncidentForm open={making} onCancel={() => setMaking(false)} onDone={() => { setMaking(false); void queries.invalidateQueries({ queryKey: ['incidents'] }); }} />
      <Drawer open={shown !== null} onClose={() => setShown(null)} size="large" title={shown?.name} destroyOnHidden>{shown && <Record incident={shown} />}</Drawer>
    </main>
  );
}

/** What an incident opens, and who looked. */
function Record({ incident: i }: { incident: Incident }) {
  const { t } = useTranslation();
  return (
    <div data-testid="incident-record">
      {i.drill && <Alert type="warning" showIcon title={t('incidents.drillHint')} style={{ marginBottom: 12 }} />}
      <Tabs
        items={[
          {
            key: 'cameras', label: t('incidents.cameras'),
            children: <List<IncidentCamera>
              name={['incidents', i.id, 'cameras']} load={(q, o) => client.incidents.cameras(i.id, q, o)} rowKey="id" empty={t('incidents.noCameras')}
              columns={[{ title: t('cameras.name'), render: (_, c) => <Link to={`/cameras/${c.id}`}>{c.name}</Link> }, { title: t('cameras.class'), render: (_, c) => t(`class.c${c.class as 1}`) }, { title: t('camera.division'), render: (_, c) => <DivisionName code={c.division} /> }]}
            />,
          },
          {
            key: 'looks', label: t('incidents.looks'),
            children: <List<IncidentLook>
              name={['incidents', i.id, 'looks']} load={(q, o) => client.incidents.looks(i.id, q, o)} rowKey="grant_id" empty={t('incidents.noLooks')}
              columns={[
                { title: t('looks.when'), render: (_, l) => span(l.from, l.until) },
                { title: t('looks.who'), render: (_, l) => <>{l.user_name}<div className="quiet">{l.organisation_name}</div></> },
                { title: t('looks.what'), render: (_, l) => <><CameraLink id={l.camera_id} />{t(`looks.${l.action as 'live'}`)}</> },
                { title: t('looks.why'), render: (_, l) => <>{t(`purpose.kinds.${l.purpose as 'case'}`, { defaultValue: l.purpose })} · {l.reason}</> },
              ]}
            />,
          },
        ]}
      />
    </div>
  );
}

interface Fields extends AreaFields {
  kind: IncidentInput['kind'];
  name: string;
  reason: string;
  levels?: string[];
  units?: string[];
  approver_id?: string[];
  end: Dayjs;
  renews?: string;
  drill?: boolean;
}

/** The kinds of organisations to whom no incident opens anything. */
const hidden = ['operator', 'third_party'];

/** Incidents of an organisation that may be renewed: in their last hour, or over for less than one. */
function renewable(list: Incident[], organisation: string): Incident[] {
  const hour = 3_600_000;
  return list.filter((i) => i.organisation_id === organisation && Math.abs(Date.parse(i.ended_at ?? i.end) - Date.now()) <= hour);
}

function IncidentForm({ open, onDone, onCancel }: { open: boolean; onDone: () => void; onCancel: () => void }) {
  const { t } = useTranslation();
  const user = useUser();
  const before = useQuery({ queryKey: ['incidents', 'renewable'], queryFn: ({ signal }) => client.incidents.list({ limit: 200 }, { signal }), enabled: open });
  const required = { required: true, message: t('common.required_field') };
  return (
    <FormModal<Fields>
      open={open} title={t('incidents.make')} submit={t('incidents.make')} testid="incident-form" about="incident" onDone={onDone} onCancel={onCancel} names={areaNames}
      initial={{ kind: 'emergency', levels: ['county', 'town'], end: dayjs().add(2, 'hour') }}
      send={(f) => client.incidents.create({
        kind: f.kind, name: f.name.trim(), reason: f.reason.trim(), area: areaOf(f), end: f.end.toISOString(), ...(f.drill ? { drill: true } : {}), ...(f.renews ? { renews: f.renews } : {}), ...(f.approver_id?.[0] ? { approver_id: f.approver_id[0] } : {}),
        ...(f.levels?.length ? { levels: f.levels } : {}), ...(f.units?.length ? { units: f.units } : {}),
      })}
    >
      {(form) => (
        <>
          <Form.Item name="kind" label={t('incidents.kind')}><Select options={(['emergency', 'major_event', 'security_task'] as const).map((k) => ({ value: k, label: t(`incidents.kinds.${k}`) }))} /></Form.Item>
          <Form.Item name="name" label={t('incidents.name')} rules={[{ ...required, whitespace: true }]}><Input maxLength={100} data-testid="incident-name" /></Form.Item>
          <Form.Item name="reason" label={t('purpose.reason')} rules={[{ ...required, whitespace: true }]} extra={t('incidents.reasonHint')}><Input maxLength={500} data-testid="incident-reason" /></Form.Item>
          <AreaInput form={form} shapes={['circle', 'polygon', 'division']} />
          <Form.Item name="levels" label={t('incidents.levels')}><Checkbox.Group options={(['province', 'city', 'county', 'town'] as const).map((l) => ({ value: l, label: t(`incidents.level.${l}`) }))} /></Form.Item>
          <Form.Item name="units" label={t('incidents.units')} extra={t('incidents.unitsHint')}>
            <OrganisationPicker mode="tags" filter={(o) => !hidden.includes(o.kind)} />
          </Form.Item>
          <Form.Item name="approver_id" label={t('incidents.approver')} extra={t('incidents.approverHint')}>
            <OrganisationPicker mode="tags" maxCount={1} filter={(o) => ['police', 'government'].includes(o.kind) && o.id !== user.organisation.id} />
          </Form.Item>
          <Form.Item name="end" label={t('incidents.until')} rules={[required]}><DatePicker showTime={{ format: 'HH:mm' }} format="YYYY-MM-DD HH:mm" style={{ width: '100%' }} /></Form.Item>
          <Form.Item name="renews" label={t('incidents.renews')} extra={t('incidents.renewsHint')}>
            <Select allowClear options={renewable(before.data?.items ?? [], user.organisation.id).map((i) => ({ value: i.id, label: `${i.name} · ${span(i.start, i.end)}` }))} />
          </Form.Item>
          <Form.Item name="drill" valuePropName="checked"><Checkbox data-testid="incident-drill">{t('incidents.drillHint')}</Checkbox></Form.Item>
        </>
      )}
    </FormModal>
  );
}
