import { Alert, Form, Input, Modal, Select } from 'antd';
import { useTranslation } from 'react-i18next';

/** Why somebody looks, as it is registered. */
export interface Purpose {
  purpose: string;
  reason: string;
  case_number?: string;
}

/** What a look or an export may be for. */
export const purposeKinds = ['case', 'emergency', 'patrol', 'inspection', 'maintenance', 'other'] as const;

/** Comes before the picture of somebody else's camera (Order 799 art. 16). */
export function PurposeForm({ open, what, initial, onDone, onCancel }: {
  open: boolean;
  /** What will be seen, in words. */
  what: string;
  initial: Purpose | null;
  onDone: (p: Purpose) => void;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const [form] = Form.useForm<Purpose>();
  return (
    <Modal
      open={open} title={t('purpose.title')} okText={t('purpose.submit')} onCancel={onCancel} onOk={() => form.submit()} destroyOnHidden
      okButtonProps={{ 'data-testid': 'purpose-submit' }}
    >
      <Alert type="info" title={t('purpose.intro')} style={{ marginBottom: 16 }} />
      <Form<Purpose>
        form={form} layout="vertical" initialValues={initial ?? {}} data-testid="purpose-form"
        onFinish={(p) => onDone({ purpose: p.purpose, reason: p.reason.trim(), ...(p.case_number?.trim() ? { case_number: p.case_number.trim() } : {}) })}
      >
        <p style={{ marginTop: 0 }}><span className="quiet">{t('purpose.window')}</span> {what}</p>
        <Form.Item name="purpose" label={t('purpose.purpose')} rules={[{ required: true, message: t('errors.fields.purpose') }]}>
          <Select data-testid="purpose-kind" options={purposeKinds.map((k) => ({ value: k, label: t(`purpose.kinds.${k}`) }))} />
        </Form.Item>
        <Form.Item name="reason" label={t('purpose.reason')} rules={[{ required: true, whitespace: true, min: 4, message: t('purpose.reasonRule') }]}>
          <Input.TextArea rows={3} maxLength={500} showCount placeholder={t('purpose.reasonHint')} data-testid="purpose-reason" />
        </Form.Item>
        <Form.Item name="case_number" label={`${t('purpose.case')}（${t('common.optional')}）`}>
          <Input maxLength={64} data-testid="purpose-case" />
        </Form.Item>
      </Form>
    </Modal>
  );
}
