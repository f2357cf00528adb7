import { ShareAltOutlined } from '@ant-design/icons';
import type { CrossGrant } from '@gatepost/sdk';
import { useQueryClient } from '@tanstack/react-query';
import { Button, Card, Checkbox, DatePicker, Form, Input, Select, Space, Tag, TimePicker } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { leads, watchesOver } from '../ability';
import { Act, FormModal } from '../parts/ask';
import { CameraLink } from '../parts/cameralink';
import { List } from '../parts/list';
import { CameraPicker } from '../parts/pick';
import { client, useUser } from '../session';
import { when } from '../time';

const colour: Record<CrossGrant['state'], string> = { asked: 'orange', approved: 'green', refused: 'red', revoked: 'red', expired: 'default' };

/** Cross-department grants: what my organisation asked for and was asked for. */
export function SharingPage() {
  const { t } = useTranslation();
  const user = useUser();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const mine = user.organisation.id;
  const hours = (g: CrossGrant) => (g.hours_from && g.hours_to ? `${g.hours_from}–${g.hours_to}` : t('sharing.allDay'));
  const done = () => void queries.invalidateQueries({ queryKey: ['cross-grants'] });
  return (
    <main className="page" data-testid="sharing-page">
      <div className="page-head">
        <h1>{t('sharing.title')}</h1>
        <span className="quiet">{t('sharing.about')}</span>
        <span className="grow" />
        {watchesOver(user) && leads(user) && <Button type="primary" icon={<ShareAltOutlined />} onClick={() => setAsking(true)} data-testid="sharing-new">{t('sharing.ask')}</Button>}
      </div>
      <Card size="small">
        <List<CrossGrant>
          name={['cross-grants']} load={client.crossGrants.list} rowKey="id" empty={t('sharing.none')} row={(g) => ({ 'data-testid': 'sharing-row', 'data-state': g.state })}
          columns={[
            { title: t('shares.status'), render: (_, g) => <><Tag color={colour[g.state]}>{t(`sharing.states.${g.state}`)}</Tag><div className="quiet">{t(g.holder_id === mine ? 'sharing.weHold' : 'sharing.weAsk')}</div></> },
            { title: t('sharing.between'), render: (_, g) => <>{g.grantee_name}<div className="quiet">→ {g.holder_name}</div></> },
            { title: t('looks.why'), render: (_, g) => <>{t(`purpose.kinds.${g.purpose as 'case'}`, { defaultValue: g.purpose })} · {g.reason}{g.answer && <div className="quiet">{t('sharing.answered', { words: g.answer })}</div>}</> },
            { title: t('shares.what'), render: (_, g) => <>{g.actions.map((a) => t(`looks.${a as 'live'}`)).join(' + ')} · {hours(g)}<div>{g.cameras.map((id) => <CameraLink key={id} id={id} />)}</div></> },
            { title: t('shares.expires'), render: (_, g) => when(g.until) },
            {
              title: '', align: 'right',
              render: (_, g) => leads(user) && (
                <Space>
                  {g.state === 'asked' && g.holder_id === mine && (
                    <>
                      <Act type="primary" about="sharing" changes={['cross-grants']} run={() => client.crossGrants.answer(g.id, { approve: true })} data-testid="sharing-approve">{t('sharing.approve')}</Act>
                      <Act danger about="sharing" changes={['cross-grants']} ask={t('sharing.refuseAsk')} run={() => client.crossGrants.answer(g.id, { approve: false })} data-testid="sharing-refuse">{t('sharing.refuse')}</Act>
                    </>
                  )}
                  {(g.state === 'approved' || (g.state === 'asked' && g.grantee_id === mine)) && <Act danger about="sharing" changes={['cross-grants']} ask={t('shares.revokeAsk')} run={() => client.crossGrants.revoke(g.id)} data-testid="sharing-revoke">{t('shares.revoke')}</Act>}
                </Space>
              ),
            },
          ]}
        />
      </Card>
      <AskForm open={asking} onCancel={() => setAsking(false)} onDone={() => { setAsking(false); done(); }} />
    </main>
  );
}

interface Fields {
  cameras: string[];
  actions: ('live' | 'playback')[];
  purpose: string;
  reason: string;
  hours?: [Dayjs, Dayjs] | null;
  until: Dayjs;
}

function AskForm({ open, onDone, onCancel }: { open: boolean; onDone: () => void; onCancel: () => void }) {
  const { t } = useTranslation();
  const user = useUser();
  const required = { required: true, message: t('common.required_field') };
  return (
    <FormModal<Fields>
      open={open} title={t('sharing.ask')} submit={t('footage.send')} testid="sharing-form" about="sharing" onDone={onDone} onCancel={onCancel} names={{ hours_from: 'hours', hours_to: 'hours' }}
      initial={{ actions: ['live'], purpose: 'inspection', until: dayjs().add(30, 'day') }}
      send={(f) => client.crossGrants.ask({
        cameras: f.cameras, actions: f.actions, purpose: f.purpose, reason: f.reason.trim(), until: f.until.toISOString(),
        // Hours are China Standard Time on the server, whatever the reader's clock says.
        ...(f.hours ? { hours_from: f.hours[0].format('HH:mm'), hours_to: f.hours[1].format('HH:mm') } : {}),
      })}
    >
      <Form.Item name="cameras" label={t('sharing.cameras')} extra={t('sharing.camerasHint')} rules={[required]}><CameraPicker mode="tags" tokenSeparators={[',', ' ', '\n']} filter={(c) => c.owner_id !== user.organisation.id} data-testid="sharing-cameras" /></Form.Item>
      <Form.Item name="actions" label={t('shares.actions')} rules={[required]}><Checkbox.Group options={[{ value: 'live', label: t('shares.live') }, { value: 'playback', label: t('shares.playback') }]} /></Form.Item>
      <Form.Item name="purpose" label={t('purpose.purpose')} rules={[required]}><Select options={(['case', 'emergency', 'patrol', 'inspection', 'maintenance', 'other'] as const).map((k) => ({ value: k, label: t(`purpose.kinds.${k}`) }))} /></Form.Item>
      <Form.Item name="reason" label={t('purpose.reason')} rules={[{ ...required, whitespace: true }]}><Input maxLength={500} data-testid="sharing-reason" /></Form.Item>
      <Form.Item name="hours" label={`${t('sharing.hours')}（${t('common.optional')}）`} extra={t('sharing.hoursHint')}><TimePicker.RangePicker format="HH:mm" order={false} style={{ width: '100%' }} /></Form.Item>
      <Form.Item name="until" label={t('shares.expires')} rules={[required]}><DatePicker showTime={{ format: 'HH:mm' }} format="YYYY-MM-DD HH:mm" style={{ width: '100%' }} /></Form.Item>
    </FormModal>
  );
}
