import type { Contact } from '@gatepost/sdk';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Card, Descriptions, Form, Input, Space, Switch, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { mayInvite } from '../ability';
import { useErrorWords, useFormErrors } from '../errors';
import { client, useUser } from '../session';
import { when } from '../time';

/** Who I am, where I am reached, what comes there. */
export function AccountPage() {
  const { t } = useTranslation();
  const user = useUser();
  const { message } = App.useApp();
  const say = useErrorWords();
  const queries = useQueryClient();
  const contact = useQuery({ queryKey: ['contact'], queryFn: ({ signal }) => client.contact.get({ signal }) });
  const took = (c: Contact) => queries.setQueryData(['contact'], c);
  const notify = useMutation({ mutationFn: (on: boolean) => client.contact.notify(on), onSuccess: took, onError: (err) => void message.error(say(err)) });
  const c = contact.data;
  return (
    <main className="page" style={{ maxWidth: 760 }} data-testid="account-page">
      <div className="page-head"><h1>{t('account.title')}</h1></div>
      <Space orientation="vertical" size={14} style={{ width: '100%' }}>
        <Card size="small">
          <Descriptions
            size="small" column={1}
            items={[
              { key: 'name', label: t('members.name'), children: user.name || user.login },
              { key: 'login', label: t('signIn.login'), children: user.login },
              { key: 'organisation', label: t('members.organisation'), children: user.organisation.name },
              { key: 'role', label: t('members.role'), children: t(`roles.${user.role}`) },
              { key: 'contact', label: t('signUp.contact'), children: c?.contact ? <span data-testid="own-contact">{c.contact} <Tag color="green">{t('account.verified', { time: when(c.verified_at) })}</Tag></span> : t('account.noContact') },
            ]}
          />
        </Card>
        {contact.isError && <Alert type="error" showIcon title={say(contact.error)} />}
        <Change onDone={took} />
        {c && mayInvite(user) && (
          <Card size="small" title={t('account.notify')}>
            <Space align="start">
              <Switch checked={c.notify} loading={notify.isPending} disabled={!c.notify && (!c.mail || c.kind !== 'email')} onChange={(on) => notify.mutate(on)} data-testid="notify" />
              <span>{t('account.notifyAbout')}{!c.mail && <div className="quiet">{t('account.noMail')}</div>}{c.mail && c.kind !== 'email' && <div className="quiet">{t('account.needsEmail')}</div>}</span>
            </Space>
          </Card>
        )}
      </Space>
    </main>
  );
}

/** Has a code sent to another contact, and takes it back. */
function Change({ onDone }: { onDone: (c: Contact) => void }) {
  const { t } = useTranslation();
  const [form] = Form.useForm<{ contact: string; code?: string }>();
  const place = useFormErrors();
  const [asked, setAsked] = useState<{ sent: boolean; expires_at: string } | null>(null);
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);

  async function submit({ contact, code }: { contact: string; code?: string }) {
    setBusy(true);
    setFailure('');
    try {
      if (asked === null) setAsked(await client.contact.ask(contact));
      else {
        onDone(await client.contact.verify((code ?? '').trim()));
        setAsked(null);
        form.resetFields();
      }
    } catch (err) {
      setFailure(place(form, err));
    } finally {
      setBusy(false);
    }
  }

  return (
    <Card size="small" title={t('account.change')}>
      {failure !== '' && <Alert type="error" showIcon style={{ marginBottom: 14 }} title={failure} />}
      <Form form={form} layout="vertical" requiredMark={false} onFinish={(v: { contact: string; code?: string }) => void submit(v)} style={{ maxWidth: 420 }}>
        <Form.Item name="contact" label={t('signUp.contact')} rules={[{ required: true, whitespace: true, message: t('common.required_field') }]}>
          <Input maxLength={254} disabled={asked !== null} data-testid="contact" />
        </Form.Item>
        {asked && (
          <>
            <p className="quiet">{t(asked.sent ? 'signUp.sent' : 'signUp.notSent', { contact: form.getFieldValue('contact') as string, time: when(asked.expires_at) })}</p>
            <Form.Item name="code" label={t('signUp.codeLabel')} rules={[{ required: true, pattern: /^\s*\d{6}\s*$/, message: t('signUp.codeRule') }]}>
              <Input maxLength={8} inputMode="numeric" autoComplete="one-time-code" style={{ maxWidth: 160 }} data-testid="contact-code" />
            </Form.Item>
          </>
        )}
        <Space>
          <Button type="primary" htmlType="submit" loading={busy} data-testid="contact-submit">{t(asked === null ? 'signUp.begin' : 'signUp.verify')}</Button>
          {asked && <Button onClick={() => setAsked(null)}>{t('signUp.again')}</Button>}
        </Space>
      </Form>
    </Card>
  );
}
