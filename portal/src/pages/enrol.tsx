import { CheckCircleFilled } from '@ant-design/icons';
import type { CameraInput, EnrolledCamera, User } from '@gatepost/sdk';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Card, Checkbox, Col, Form, Input, InputNumber, Modal, Radio, Row, Select, Space } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useBlocker, useNavigate } from 'react-router';
import { useFormErrors } from '../errors';
import { DivisionPicker } from '../parts/division';
import { OrganisationPicker } from '../parts/pick';
import { useKinds, type Place } from '../parts/place';
import { boundsOf, usePolicy } from '../parts/policy';
import { PublishInfo } from '../parts/publish';
import { client, useUser } from '../session';

interface Fields {
  name: string;
  division?: string;
  address?: string;
  longitude?: number | null;
  latitude?: number | null;
  place: Place;
  class: number;
  category?: CameraInput['category'];
  retention_days: number;
  consent_to_share?: boolean;
  banned: 'yes' | 'no';
  sign: 'yes' | 'no';
  owner_id?: string;
  responsible_id?: string;
  funder_id?: string;
  beneficiary_id?: string;
}

/** What is sent of what was filled in; what was left empty is left out. */
export function inputOf(f: Fields): CameraInput {
  const { longitude, latitude, banned, sign, name, division, address, place, category, retention_days, consent_to_share } = f;
  const given: CameraInput = {
    name: name.trim(), division, address: address?.trim(), place, class: f.class, category, retention_days, consent_to_share: consent_to_share ?? false,
    not_banned_place: banned === 'no', sign_posted: sign === 'yes',
    owner_id: f.owner_id, responsible_id: f.responsible_id, funder_id: f.funder_id, beneficiary_id: f.beneficiary_id,
  };
  if (typeof longitude === 'number' && typeof latitude === 'number') given.position = { longitude, latitude };
  return Object.fromEntries(Object.entries(given).filter(([, v]) => v !== undefined && v !== '')) as unknown as CameraInput;
}

/** Names that a field has in the form where they differ from the API's. */
const formNames = { 'position.longitude': 'longitude', 'position.latitude': 'latitude', position: 'longitude', not_banned_place: 'banned', sign_posted: 'sign' };

export function EnrolPage() {
  const { t } = useTranslation();
  const [enrolled, setEnrolled] = useState<EnrolledCamera | null>(null);
  return (
    <main className="page" style={{ maxWidth: 900 }} data-testid="enrol-page">
      <div className="page-head"><h1>{t('enrol.title')}</h1></div>
      {enrolled === null ? <EnrolForm onDone={setEnrolled} /> : <Done camera={enrolled} onAnother={() => setEnrolled(null)} />}
    </main>
  );
}

/** Whether somebody says which of his organisation's cameras are of class 1 and 2. */
const classifies = (user: User) => user.role === 'admin' || ['police', 'government', 'sub_control'].includes(user.organisation.kind);

function EnrolForm({ onDone }: { onDone: (c: EnrolledCamera) => void }) {
  const { t } = useTranslation();
  const user = useUser();
  const admin = user.role === 'admin';
  const [form] = Form.useForm<Fields>();
  const place = useFormErrors();
  const queries = useQueryClient();
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  const banned = Form.useWatch('banned', form);
  const sign = Form.useWatch('sign', form);
  const kinds = useKinds();
  const category = Form.useWatch('category', form) ?? 'general';
  const bounds = boundsOf(usePolicy(), category);

  // The fewest days of the category, until somebody gives others.
  const offered = useRef<number | undefined>(undefined);
  useEffect(() => {
    if (form.getFieldValue('retention_days') === offered.current) form.setFieldValue('retention_days', bounds.floor_days);
    offered.current = bounds.floor_days;
  }, [form, bounds.floor_days]);

  async function submit(fields: Fields) {
    setBusy(true);
    setFailure('');
    try {
      const camera = await client.cameras.create(inputOf(fields));
      window.scrollTo({ top: 0 });
      void queries.invalidateQueries({ queryKey: ['cameras'] });
      void queries.invalidateQueries({ queryKey: ['plan'] });
      onDone(camera);
    } catch (err) {
      setFailure(place(form, err, formNames));
    } finally {
      setBusy(false);
    }
  }

  /** Both or neither of the coordinates. */
  const both = (other: 'longitude' | 'latitude') => ({
    validator: (_: unknown, v: number | null | undefined) =>
      (v === null || v === undefined) && typeof form.getFieldValue(other) === 'number' ? Promise.reject(new Error(t('enrol.rule.both'))) : Promise.resolve(),
  });

  return (
    <Form<Fields>
      form={form} layout="vertical" onFinish={(f) => void submit(f)} scrollToFirstError={{ block: 'center' }} data-testid="enrol-form"
      initialValues={{ place: admin ? 'unclassified' : 'premises', class: 3, ...(admin ? { category: 'general' } : {}), consent_to_share: false }}
    >
      <p className="quiet" style={{ marginTop: 0 }}>{t('enrol.intro')}</p>
      <Room organisation={user.organisation.id} />
      {failure !== '' && <Alert type="error" showIcon title={failure} style={{ marginBottom: 14 }} data-testid="enrol-error" />}
      <Space orientation="vertical" size={14} style={{ width: '100%' }}>
        <Card size="small" title={t('enrol.what')}>
          <Form.Item name="name" label={t('enrol.name')} rules={[{ required: true, whitespace: true, max: 100, message: t('enrol.rule.name') }]}>
            <Input placeholder={t('enrol.nameHint')} maxLength={120} data-testid="enrol-name" />
          </Form.Item>
          <Form.Item name="class" label={t('enrol.class')} extra={classifies(user) ? undefined : t('enrol.classHint')}>
            <Radio.Group data-testid="enrol-class" style={{ display: 'grid', gap: 6 }} options={([1, 2, 3] as const).map((n) => ({ value: n, label: t(`class.explain${n}`), disabled: n !== 3 && !classifies(user) }))} />
          </Form.Item>
          <Space wrap align="start" size={24}>
            {admin && (
              <Form.Item name="category" label={t('enrol.category')} extra={t('enrol.categoryHint')} style={{ marginBottom: 4 }}>
                <Radio.Group data-testid="enrol-category" options={kinds.categories} />
              </Form.Item>
            )}
            <Form.Item
              name="retention_days" label={t('enrol.retention')} extra={t('enrol.retentionHint', { floor: bounds.floor_days, ceiling: bounds.ceiling_days })} style={{ marginBottom: 4 }}
              rules={[{ required: true, type: 'integer', min: bounds.floor_days, max: bounds.ceiling_days, message: t('enrol.rule.retention', { floor: bounds.floor_days, ceiling: bounds.ceiling_days }) }]}
            >
              <InputNumber style={{ width: 140 }} data-testid="enrol-retention" />
            </Form.Item>
          </Space>
        </Card>
        <Card size="small" title={t('enrol.where')}>
          <Row gutter={16}>
            <Col xs={24} md={12}>
              <Form.Item name="division" label={t('enrol.division')}><DivisionPicker /></Form.Item>
            </Col>
            <Col xs={24} md={12}>
              <Form.Item name="place" label={t('enrol.place')}>
                <Select data-testid="enrol-place" options={kinds.places} />
              </Form.Item>
            </Col>
            <Col xs={24}>
              <Form.Item name="address" label={t('enrol.address')}><Input maxLength={200} data-testid="enrol-address" /></Form.Item>
            </Col>
            <Col xs={12}>
              <Form.Item
                name="longitude" label={t('enrol.longitude')} extra={t('enrol.coordinates')} dependencies={['latitude']}
                rules={[{ type: 'number', min: -180, max: 180, message: t('enrol.rule.longitude') }, both('latitude')]}
              >
                <InputNumber style={{ width: '100%' }} placeholder="120.153576" data-testid="enrol-longitude" />
              </Form.Item>
            </Col>
            <Col xs={12}>
              <Form.Item
                name="latitude" label={t('enrol.latitude')} dependencies={['longitude']}
                rules={[{ type: 'number', min: -90, max: 90, message: t('enrol.rule.latitude') }, both('longitude')]}
              >
                <InputNumber style={{ width: '100%' }} placeholder="30.287459" data-testid="enrol-latitude" />
              </Form.Item>
            </Col>
          </Row>
        </Card>
        <Card size="small" title={t('enrol.rules')}>
          <Form.Item name="banned" label={t('enrol.banned')} extra={t('enrol.bannedList')} rules={[{ required: true, message: t('enrol.rule.banned') }]}>
            <Radio.Group data-testid="enrol-banned" options={[{ value: 'no', label: t('enrol.bannedNo') }, { value: 'yes', label: t('enrol.bannedYes') }]} />
          </Form.Item>
          {banned === 'yes' && <Alert type="error" showIcon title={t('enrol.bannedRefused')} style={{ marginBottom: 16 }} data-testid="enrol-banned-refused" />}
          <Form.Item name="sign" label={t('enrol.sign')} extra={t('enrol.signHint')} rules={[{ required: true, message: t('enrol.rule.sign') }]}>
            <Radio.Group data-testid="enrol-sign" options={[{ value: 'yes', label: t('enrol.signYes') }, { value: 'no', label: t('enrol.signNo') }]} />
          </Form.Item>
          {sign === 'no' && <Alert type="warning" showIcon title={t('enrol.signRefused')} style={{ marginBottom: 16 }} />}
          <Form.Item name="consent_to_share" valuePropName="checked" extra={t('enrol.consentHint')} style={{ marginBottom: 4 }}>
            <Checkbox data-testid="enrol-consent">{t('enrol.consent')}</Checkbox>
          </Form.Item>
        </Card>
        {admin && <Units />}
        <Button type="primary" size="large" htmlType="submit" loading={busy} disabled={banned === 'yes' || sign === 'no'} data-testid="enrol-submit">
          {t('enrol.submit')}
        </Button>
      </Space>
    </Form>
  );
}

/** What is left of the plan, where there is one. */
function Room({ organisation }: { organisation: string }) {
  const { t } = useTranslation();
  const use = useQuery({ queryKey: ['plan', organisation], queryFn: ({ signal }) => client.plans.use(organisation, { signal }) });
  const plan = use.data?.plan;
  if (!use.data || !plan) return null;
  const { cameras } = use.data;
  const full = cameras >= plan.cameras;
  return (
    <Alert
      type={full ? 'warning' : 'info'} showIcon style={{ marginBottom: 14 }} data-testid="enrol-plan" data-full={full}
      title={t('plan.room', { used: cameras, limit: plan.cameras, days: plan.retention_days })} description={full ? t('plan.full') : undefined}
    />
  );
}

/** Who owns it, answers for it, paid, benefits: an administrator names them, everybody else enrols for his own. */
function Units() {
  const { t } = useTranslation();
  const fields = { owner_id: t('enrol.owner'), responsible_id: t('enrol.responsible'), funder_id: t('enrol.funder'), beneficiary_id: t('enrol.beneficiary') };
  return (
    <Card size="small" title={t('enrol.who')}>
      <Row gutter={16}>
        {Object.entries(fields).map(([name, label]) => (
          <Col xs={24} sm={12} key={name}>
            <Form.Item name={name} label={label}>
              <OrganisationPicker allowClear placeholder={t('enrol.own')} data-testid={`enrol-${name}`} />
            </Form.Item>
          </Col>
        ))}
      </Row>
    </Card>
  );
}

function Done({ camera, onAnother }: { camera: EnrolledCamera; onAnother: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [leaving, setLeaving] = useState(false);
  // A stray click must not cost the key; a deliberate one may.
  const blocker = useBlocker(() => !leaving);
  useEffect(() => {
    const ask = (e: BeforeUnloadEvent) => e.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, []);
  useEffect(() => {
    if (leaving) void navigate(`/cameras/${camera.id}`);
  }, [leaving, navigate, camera.id]);
  return (
    <Card>
      <h2 style={{ margin: '0 0 2px', fontSize: 18 }}><CheckCircleFilled style={{ color: '#52c41a' }} /> {t('enrol.done')}</h2>
      <p style={{ margin: '0 0 14px' }}>{camera.name} · <span className="mono" data-testid="national-id">{camera.national_id}</span></p>
      <Alert type="warning" showIcon title={t('enrol.doneHint')} style={{ marginBottom: 18 }} />
      <PublishInfo stream={camera} />
      <Space style={{ marginTop: 20 }}>
        <Button type="primary" data-testid="to-camera" onClick={() => setLeaving(true)}>{t('enrol.toCamera')}</Button>
        <Button onClick={onAnother}>{t('enrol.another')}</Button>
      </Space>
      <Modal open={blocker.state === 'blocked'} title={t('enrol.leave')} onOk={() => blocker.proceed?.()} onCancel={() => blocker.reset?.()} />
    </Card>
  );
}
