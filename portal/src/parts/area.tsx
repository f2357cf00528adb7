import { Form, Input, InputNumber, Segmented, Space, type FormInstance } from 'antd';
import { useTranslation } from 'react-i18next';
import { DivisionName, DivisionPicker } from './division';
import { CameraPicker, useCameras } from './pick';

/** An area as forms hold it. */
export interface AreaFields {
  shape: 'circle' | 'polygon' | 'division';
  longitude?: number;
  latitude?: number;
  metres?: number;
  corners?: string;
  division?: string;
}

/** The corners of a polygon, a line for each: longitude, latitude. null when a line is none. */
export function cornersOf(text: string): { longitude: number; latitude: number }[] | null {
  const corners = [];
  for (const line of text.split('\n').filter((l) => l.trim() !== '')) {
    const numbers = line.trim().split(/[\s,，]+/).map(Number);
    const [longitude, latitude] = numbers;
    if (numbers.length !== 2 || longitude === undefined || latitude === undefined || Number.isNaN(longitude) || Number.isNaN(latitude)) return null;
    corners.push({ longitude, latitude });
  }
  return corners;
}

/** An area as the API takes it. */
export function areaOf(f: AreaFields) {
  if (f.shape === 'circle') return { circle: { centre: { longitude: f.longitude ?? 0, latitude: f.latitude ?? 0 }, metres: f.metres ?? 0 } };
  if (f.shape === 'polygon') return { polygon: cornersOf(f.corners ?? '') ?? [] };
  return { divisions: f.division ? [f.division] : [] };
}

/** Where the server's findings belong. */
export const areaNames = {
  area: 'shape', 'area.circle.metres': 'metres', 'area.circle.centre.longitude': 'longitude', 'area.circle.centre.latitude': 'latitude',
  'area.polygon': 'corners', 'area.divisions': 'division',
};

/** Fields of a form that say where: around a point, which may be a camera's, within corners, or a division. */
export function AreaInput({ form, shapes }: { form: FormInstance; shapes: AreaFields['shape'][] }) {
  const { t } = useTranslation();
  const shape = (Form.useWatch('shape', form) as AreaFields['shape'] | undefined) ?? shapes[0];
  const cameras = useCameras();
  const required = { required: true, message: t('common.required_field') };
  return (
    <>
      <Form.Item name="shape" label={t('area.title')} initialValue={shapes[0]}>
        <Segmented options={shapes.map((s) => ({ value: s, label: t(`area.${s}`) }))} data-testid="area-shape" />
      </Form.Item>
      {shape === 'circle' && (
        <>
          <Form.Item label={t('area.around')}>
            <CameraPicker
              allowClear placeholder={t('area.aroundHint')} filter={(c) => c.position !== null && c.position !== undefined} data-testid="area-camera"
              onChange={(id: string | undefined) => form.setFieldsValue(cameras?.find((c) => c.id === id)?.position ?? {})}
            />
          </Form.Item>
          <Space wrap align="start">
            <Form.Item name="longitude" label={t('enrol.longitude')} rules={[required]}><InputNumber min={-180} max={180} style={{ width: 150 }} data-testid="area-longitude" /></Form.Item>
            <Form.Item name="latitude" label={t('enrol.latitude')} rules={[required]}><InputNumber min={-90} max={90} style={{ width: 150 }} data-testid="area-latitude" /></Form.Item>
            <Form.Item name="metres" label={t('area.radius')} rules={[required]} initialValue={500}><InputNumber min={1} max={100_000} suffix="m" style={{ width: 150 }} data-testid="area-metres" /></Form.Item>
          </Space>
        </>
      )}
      {shape === 'polygon' && (
        <Form.Item
          name="corners" label={t('area.corners')} extra={t('area.cornersHint')}
          rules={[required, { validator: (_, text?: string) => ((cornersOf(text ?? '')?.length ?? 0) >= 3 ? Promise.resolve() : Promise.reject(new Error(t('area.cornersRule')))) }]}
        >
          <Input.TextArea rows={4} placeholder={'120.15, 30.25\n120.17, 30.25\n120.16, 30.27'} data-testid="area-corners" />
        </Form.Item>
      )}
      {shape === 'division' && <Form.Item name="division" label={t('camera.division')} rules={[required]}><DivisionPicker /></Form.Item>}
    </>
  );
}

/** An area in words. */
export function AreaWords({ area: a }: { area: { circle?: { centre: { longitude: number; latitude: number }; metres: number }; polygon?: unknown[]; divisions?: string[] } }) {
  const { t } = useTranslation();
  return (
    <>
      {a.circle && t('area.aCircle', { metres: a.circle.metres, longitude: a.circle.centre.longitude.toFixed(4), latitude: a.circle.centre.latitude.toFixed(4) })}
      {a.polygon && a.polygon.length > 0 && t('area.aPolygon', { n: a.polygon.length })}
      {a.divisions?.map((code) => <span key={code} style={{ marginInlineEnd: 8 }}><DivisionName code={code} /></span>)}
    </>
  );
}
