import type { OpenedInvitation } from '@gatepost/sdk';
import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Checkbox, Form, Input, Result, Spin } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation, useNavigate } from 'react-router';
import { codeOf, useErrorWords, useFormErrors } from '../errors';
import { Door } from '../parts/door';
import { client } from '../session';
import { when } from '../time';

/** Whoever got an invitation's link joins here. The token is behind #, which no server sees. */
export function InvitationPage() {
  const { t } = useTranslation();
  const say = useErrorWords();
  const token = useLocation().hash.slice(1);
  const opened = useQuery({
    queryKey: ['invitation', token], enabled: token !== '', retry: false, staleTime: Infinity,
    queryFn: ({ signal }) => client.invitations.open(token, { signal }),
  });
  if (token !== '' && opened.isPending) return <Spin fullscreen delay={300} />;
  return (
    <Door about={t('invitation.about')} width={440}>
      {opened.data ? <Join token={token} invitation={opened.data} /> : (
        <Result
          status="warning" style={{ padding: '8px 0' }} data-testid="invitation-gone"
          title={t('invitation.gone')} subTitle={token === '' || codeOf(opened.error) === 'not_found' ? t('invitation.bad') : say(opened.error)}
          extra={<Link to="/signin">{t('signIn.submit')}</Link>}
        />
      )}
    </Door>
  );
}

interface Fields {
  name: string;
  login: string;
  password: string;
  agreed: boolean;
}

function Join({ token, invitation }: { token: string; invitation: OpenedInvitation }) {
  const { t, i18n } = useTranslation();
  const [form] = Form.useForm<Fields>();
  const place = useFormErrors();
  const navigate = useNavigate();
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);

  async function submit({ name, login, password }: Fields) {
    setBusy(true);
    setFailure('');
    try {
      const made = await client.invitations.accept({ token, name, password, undertaking: invitation.undertaking.version, ...(login === invitation.contact ? {} : { login }) });
      await client.session.login({ login: made.login, password });
      void navigate('/cameras', { replace: true });
    } catch (err) {
      setFailure(place(form, err));
      setBusy(false);
    }
  }

  const required = [{ required: true, whitespace: true, message: t('common.required_field') }];
  return (
    <Form<Fields> form={form} layout="vertical" requiredMark={false} initialValues={{ login: invitation.contact }} onFinish={(v) => void submit(v)} data-testid="invitation">
      <p style={{ marginTop: 0 }}>
        {t('invitation.invites', { organisation: invitation.organisation, role: t(`roles.${invitation.role}`), time: when(invitation.expires_at) })}
      </p>
      {failure !== '' && <Alert type="error" showIcon style={{ marginBottom: 14 }} title={failure} data-testid="invitation-error" />}
      <Form.Item name="name" label={t('signUp.name')} rules={required}><Input maxLength={100} autoComplete="name" autoFocus data-testid="invitation-name" /></Form.Item>
      <Form.Item name="login" label={t('signIn.login')} extra={t('invitation.loginHint')} rules={required}>
        <Input maxLength={254} autoComplete="username" data-testid="invitation-login" />
      </Form.Item>
      <Form.Item name="password" label={t('signUp.password')} rules={[{ required: true, min: 8, message: t('signUp.passwordRule') }]}>
        <Input.Password maxLength={256} autoComplete="new-password" data-testid="invitation-password" />
      </Form.Item>
      <div className="undertaking" tabIndex={0} data-testid="undertaking">{i18n.language === 'zh' ? invitation.undertaking.zh : invitation.undertaking.en}</div>
      <Form.Item name="agreed" valuePropName="checked" rules={[{ validator: (_, agreed: unknown) => (agreed === true ? Promise.resolve() : Promise.reject(new Error(t('common.required_field')))) }]}>
        <Checkbox data-testid="undertaking-agree">{t('signUp.agree')}</Checkbox>
      </Form.Item>
      <Button type="primary" size="large" block htmlType="submit" loading={busy} data-testid="invitation-accept">{t('invitation.accept')}</Button>
    </Form>
  );
}
