import type { Camera, CameraPatch, CameraRetention } from '@gatepost/sdk';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Button, Card, Descriptions, Form, InputNumber, Radio, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { bytes, cost, count } from '../figure';
import { client, useUser } from '../session';
import { FormModal } from './ask';
import { useKinds } from './place';
import { boundsOf, usePolicy } from './policy';

/** For how long a camera's recordings are kept now, and what they cost. */
export function useKept(camera: string): CameraRetention | undefined {
  return useQuery({ queryKey: ['retention', 'camera', camera], queryFn: ({ signal }) => client.retention.camera(camera, { signal }), staleTime: 60_000 }).data;
}

/** Days, bounds, storage and its cost; beside the plan of its owner, when it is mine. */
export function KeptCard({ camera, may }: { camera: Camera; may: boolean }) {
  const { t } = useTranslation();
  const user = useUser();
  const kept = useKept(camera.id);
  const mine = camera.owner_id === user.organisation.id || user.role === 'admin';
  const plan = useQuery({ queryKey: ['plan', camera.owner_id], enabled: mine && camera.owner_id !== '', queryFn: ({ signal }) => client.plans.use(camera.owner_id, { signal }) }).data?.plan;
  const [editing, setEditing] = useState(false);
  if (kept === undefined) return null;
  const stored = kept.storage?.stored.map((s) => ({ key: s.class, label: t('retention.storedIn', { class: t(`retention.classes.${s.class}`) }), children: `${bytes(s.bytes)} · ${count(s.recordings)}` }));
  return (
    <Card size="small" title={t('retention.ofCamera')} data-testid="kept" extra={may && <Button size="small" onClick={() => setEditing(true)} data-testid="kept-edit">{t('retention.edit')}</Button>}>
      <Descriptions
        size="small" column={1} styles={{ label: { width: 116 } }} items={[
          { key: 'category', label: t('retention.category'), children: <Tag color={kept.category === 'key_target' ? 'red' : 'default'}>{t(`retention.categories.${kept.category}`)}</Tag> },
          { key: 'days', label: t('retention.now'), children: <span data-testid="kept-days">{t('common.days', { count: kept.days })} <span className="quiet">({t('retention.bounds', { floor: kept.floor_days, ceiling: kept.ceiling_days })})</span></span> },
          ...(kept.asked_days === kept.days ? [] : [{ key: 'asked', label: t('retention.asked'), children: t('common.days', { count: kept.asked_days }) }]),
          { key: 'incident', label: t('retention.incident'), children: t('common.days', { count: kept.incident_days }) },
          ...(stored?.length === 0 ? [{ key: 'none', label: t('retention.stored'), children: t('retention.nothingStored') }] : stored ?? []),
          ...(kept.storage ? [{ key: 'cost', label: t('retention.monthly'), children: <b data-testid="kept-cost">{cost(kept.storage.monthly_cost)}</b> }] : []),
          ...(plan ? [{ key: 'plan', label: t('retention.plan'), children: `${plan.name} · ${t('retention.planDays', { count: plan.retention_days })}` }] : []),
        ]}
      />
      {editing && <KeptForm camera={camera} onClose={() => setEditing(false)} />}
    </Card>
  );
}

function KeptForm({ camera: c, onClose }: { camera: Camera; onClose: () => void }) {
  const { t } = useTranslation();
  const user = useUser();
  const kinds = useKinds();
  const policy = usePolicy();
  const queries = useQueryClient();
  const admin = user.role === 'admin';
  const done = () => {
    onClose();
    void queries.invalidateQueries({ queryKey: ['camera', c.id] });
    void queries.invalidateQueries({ queryKey: ['retention'] });
  };
  return (
    <FormModal<{ category?: Camera['category']; retention_days: number }>
      open title={t('retention.ofCamera')} submit={t('common.save')} testid="kept-form" about="camera" initial={{ category: c.category, retention_days: c.retention_days }} onCancel={onClose} onDone={done}
      send={(f) => client.cameras.update(c.id, { retention_days: f.retention_days, ...(admin && f.category ? { category: f.category } : {}) } as CameraPatch)}
    >
      {(form) => {
        const b = boundsOf(policy, (form.getFieldValue('category') as Camera['category'] | undefined) ?? c.category);
        return (
          <>
            <Form.Item name="category" label={t('retention.category')} extra={t('retention.editHint')}><Radio.Group disabled={!admin} options={kinds.categories} /></Form.Item>
            <Form.Item name="retention_days" label={t('enrol.retention')} extra={t('retention.bounds', { floor: b.floor_days, ceiling: b.ceiling_days })} rules={[{ required: true, message: t('common.required_field') }]}>
              <InputNumber precision={0} style={{ width: 140 }} data-testid="kept-retention" />
            </Form.Item>
          </>
        );
      }}
    </FormModal>
  );
}
