import type { NewInvitation, Role } from '@gatepost/sdk';
import { useQuery } from '@tanstack/react-query';
import { Alert, Form, Input, Modal, Select } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { rolesToGive } from '../ability';
import { useFormErrors } from '../errors';
import { client, useUser } from '../session';

interface Fields {
  contact: string;
  role: Role;
  organisation_id?: string;
}

/** Asks whom to invite, and as what; an administrator also says into which organisation. */
export function InviteForm({ open, onDone, onCancel }: { open: boolean; onDone: (i: NewInvitation) => void; onCancel: () => void }) {
  const { t } = useTranslation();
  const user = useUser();
  const admin = user.role === 'admin';
  const [form] = Form.useForm<Fields>();
  const place = useFormErrors();
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  const organisations = useQuery({
    queryKey: ['organisations'], enabled: admin && open, queryFn: ({ signal }) => client.organisations.list({ limit: 200 }, { signal }),
  });

  async function submit(fields: Fields) {
    setBusy(true);
    setFailure('');
    try {
      onDone(await client.invitations.create(fields));
    } catch (err) {
      setFailure(place(form, err));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Modal
      open={open} title={t('members.invite')} okText={t('members.inviteSubmit')} onOk={() => form.submit()} onCancel={onCancel} confirmLoading={busy} destroyOnHidden
      okButtonProps={{ 'data-testid': 'invite-submit' }}
    >
      {failure !== '' && <Alert type="error" showIcon title={failure} style={{ marginBottom: 12 }} data-testid="invite-error" />}
      <Form<Fields> form={form} layout="vertical" requiredMark={false} initialValues={{ role: 'watcher' }} onFinish={(f) => void submit(f)} data-testid="invite-form">
        <Form.Item name="contact" label={t('signUp.contact')} rules={[{ required: true, whitespace: true, message: t('common.required_field') }]}>
          <Input maxLength={254} autoComplete="off" data-testid="invite-contact" />
        </Form.Item>
        <Form.Item name="role" label={t('members.role')}>
          <Select data-testid="invite-role" options={rolesToGive(user).map((r) => ({ value: r, label: t(`roles.${r}`) }))} />
        </Form.Item>
        {admin && (
          <Form.Item name="organisation_id" label={t('members.organisation')}>
            <Select
              allowClear showSearch={{ optionFilterProp: 'label' }} loading={organisations.isPending} placeholder={t('enrol.own')} data-testid="invite-organisation"
              options={organisations.data?.items.map((o) => ({ value: o.id, label: o.name })) ?? []}
            />
          </Form.Item>
        )}
      </Form>
    </Modal>
  );
}
