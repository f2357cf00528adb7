import { LockOutlined, UserOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Form, Input, Spin } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Navigate, useLocation } from 'react-router';
import { codeOf, useErrorWords } from '../errors';
import { Door } from '../parts/door';
import { client, useSession } from '../session';

/** A path of ours, whatever was in the history. */
function backTo(state: unknown): string {
  const back = (state as { back?: unknown } | null)?.back;
  return typeof back === 'string' && back.startsWith('/') && !back.startsWith('//') ? back : '/cameras';
}

export function SignInPage() {
  const { t } = useTranslation();
  const session = useSession();
  const location = useLocation();
  const say = useErrorWords();
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);
  const about = useQuery({ queryKey: ['signup'], queryFn: ({ signal }) => client.signup.about({ signal }), staleTime: 60_000 });

  if (session.kind === 'in') return <Navigate to={backTo(location.state)} replace />;
  if (session.kind === 'asking') return <Spin fullscreen delay={300} />;

  async function signIn(input: { login: string; password: string }) {
    setBusy(true);
    setFailure('');
    try {
      await client.session.login(input);
    } catch (err) {
      setFailure(codeOf(err) === 'unauthenticated' ? t('signIn.failed') : say(err));
      setBusy(false);
    }
  }

  return (
    <Door about={t('signIn.about')}>
      {session.kind === 'away' && (
        <Alert
          type="warning" showIcon style={{ marginBottom: 16 }} data-testid="login-away"
          title={t('signIn.away')} description={t('signIn.awayHint')}
          action={<Button size="small" onClick={session.retry}>{t('common.retry')}</Button>}
        />
      )}
      {failure !== '' && <Alert type="error" showIcon style={{ marginBottom: 16 }} title={failure} data-testid="login-error" />}
      <Form layout="vertical" size="large" requiredMark={false} onFinish={(v: { login: string; password: string }) => void signIn(v)}>
        <Form.Item name="login" label={t('signIn.login')} rules={[{ required: true, message: t('common.required_field') }]}>
          <Input prefix={<UserOutlined />} autoComplete="username" autoFocus data-testid="login-login" maxLength={254} placeholder={t('signIn.loginHint')} />
        </Form.Item>
        <Form.Item name="password" label={t('signIn.password')} rules={[{ required: true, message: t('common.required_field') }]}>
          <Input.Password prefix={<LockOutlined />} autoComplete="current-password" data-testid="login-password" maxLength={256} />
        </Form.Item>
        <Button type="primary" htmlType="submit" block loading={busy} data-testid="login-submit">
          {t('signIn.submit')}
        </Button>
      </Form>
      {about.data?.open && (
        <p style={{ margin: '18px 0 0', textAlign: 'center' }}>
          <Link to="/signup" data-testid="to-signup">{t('signIn.signUp')}</Link>
        </p>
      )}
    </Door>
  );
}
