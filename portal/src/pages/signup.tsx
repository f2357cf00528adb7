import type { BegunSignup, SignupInput } from '@gatepost/sdk';
import { useQuery } from '@tanstack/react-query';
import { Alert, Button, Checkbox, Form, Input, Space, Spin, Steps } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, Navigate } from 'react-router';
import { useErrorWords, useFormErrors } from '../errors';
import { DivisionPicker } from '../parts/division';
import { Door } from '../parts/door';
import { client, useSession } from '../session';
import { when } from '../time';

/** A small business comes in by itself: who it is, the code, the undertaking. */
export function SignUpPage() {
  const { t } = useTranslation();
  const session = useSession();
  const say = useErrorWords();
  const about = useQuery({ queryKey: ['signup'], queryFn: ({ signal }) => client.signup.about({ signal }) });
  const [input, setInput] = useState<SignupInput | null>(null);
  const [begun, setBegun] = useState<BegunSignup | null>(null);
  const [verified, setVerified] = useState(false);

  if (session.kind === 'in') return <Navigate to="/cameras" replace />;
  if (about.isPending || session.kind === 'asking') return <Spin fullscreen delay={300} />;
  const step = begun === null || input === null ? 0 : verified ? 2 : 1;
  return (
    <Door about={t('signUp.about')} width={560}>
      {about.isError && <Alert type="error" showIcon title={say(about.error)} action={<Button size="small" onClick={() => void about.refetch()}>{t('common.retry')}</Button>} />}
      {about.data?.open === false && <Alert type="info" showIcon title={t('signUp.closed')} data-testid="signup-closed" />}
      {about.data?.open && (
        <div data-testid="signup" data-step={step}>
          <Steps size="small" current={step} style={{ marginBottom: 22 }} items={[{ title: t('signUp.who') }, { title: t('signUp.code') }, { title: t('signUp.undertaking') }]} />
          {/* Kept, for whoever comes back to correct something. */}
          <div hidden={step !== 0}><Who onDone={(i, b) => { setInput(i); setBegun(b); }} /></div>
          {step === 1 && <Code contact={input!.contact} begun={begun!} onDone={() => setVerified(true)} onBack={() => setBegun(null)} />}
          {step === 2 && <Accept input={input!} token={begun!.token} version={about.data.undertaking.version} zh={about.data.undertaking.zh} en={about.data.undertaking.en} />}
        </div>
      )}
      <p style={{ margin: '18px 0 0', textAlign: 'center' }}><Link to="/signin">{t('signUp.haveAccount')}</Link></p>
    </Door>
  );
}

function Who({ onDone }: { onDone: (input: SignupInput, begun: BegunSignup) => void }) {
  const { t } = useTranslation();
  const [form] = Form.useForm<SignupInput>();
  const place = useFormErrors();
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);

  async function submit(input: SignupInput) {
    setBusy(true);
    setFailure('');
    try {
      onDone(input, await client.signup.begin(input));
    } catch (err) {
      setFailure(place(form, err));
    } finally {
      setBusy(false);
    }
  }

  const required = [{ required: true, whitespace: true, message: t('common.required_field') }];
  return (
    <Form<SignupInput> form={form} layout="vertical" requiredMark={false} onFinish={(v) => void submit(v)}>
      {failure !== '' && <Alert type="error" showIcon style={{ marginBottom: 14 }} title={failure} data-testid="signup-error" />}
      <Form.Item name="organisation" label={t('signUp.organisation')} rules={required}>
        <Input maxLength={200} placeholder={t('signUp.organisationHint')} autoComplete="organization" data-testid="signup-organisation" />
      </Form.Item>
      <Form.Item name="division" label={t('signUp.division')} rules={[{ required: true, message: t('common.required_field') }]}><DivisionPicker /></Form.Item>
      <Form.Item name="name" label={t('signUp.name')} rules={required}><Input maxLength={100} autoComplete="name" data-testid="signup-name" /></Form.Item>
      <Form.Item name="contact" label={t('signUp.contact')} extra={t('signUp.contactHint')} rules={required}>
        <Input maxLength={254} autoComplete="username" data-testid="signup-contact" />
      </Form.Item>
      <Form.Item name="password" label={t('signUp.password')} rules={[{ required: true, min: 8, message: t('signUp.passwordRule') }]}>
        <Input.Password maxLength={256} autoComplete="new-password" data-testid="signup-password" />
      </Form.Item>
      <Button type="primary" size="large" block htmlType="submit" loading={busy} data-testid="signup-begin">{t('signUp.begin')}</Button>
    </Form>
  );
}

function Code({ contact, begun, onDone, onBack }: { contact: string; begun: BegunSignup; onDone: () => void; onBack: () => void }) {
  const { t } = useTranslation();
  const [form] = Form.useForm<{ code: string }>();
  const place = useFormErrors();
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);

  async function submit({ code }: { code: string }) {
    setBusy(true);
    setFailure('');
    try {
      await client.signup.verify(begun.token, code.trim());
      onDone();
    } catch (err) {
      setFailure(place(form, err));
      setBusy(false);
    }
  }

  return (
    <Form<{ code: string }> form={form} layout="vertical" requiredMark={false} onFinish={(v) => void submit(v)}>
      <p style={{ marginTop: 0 }}>{t(begun.sent ? 'signUp.sent' : 'signUp.notSent', { contact, time: when(begun.expires_at) })}</p>
      {failure !== '' && <Alert type="error" showIcon style={{ marginBottom: 14 }} title={failure} data-testid="signup-error" />}
      <Form.Item name="code" label={t('signUp.codeLabel')} rules={[{ required: true, pattern: /^\s*\d{6}\s*$/, message: t('signUp.codeRule') }]}>
        <Input size="large" maxLength={8} inputMode="numeric" autoComplete="one-time-code" autoFocus style={{ maxWidth: 200, letterSpacing: 6 }} data-testid="signup-code" />
      </Form.Item>
      <Space>
        <Button type="primary" htmlType="submit" loading={busy} data-testid="signup-verify">{t('signUp.verify')}</Button>
        <Button onClick={onBack} data-testid="signup-again">{t('signUp.again')}</Button>
      </Space>
    </Form>
  );
}

function Accept({ input, token, version, zh, en }: { input: SignupInput; token: string; version: number; zh: string; en: string }) {
  const { t, i18n } = useTranslation();
  const say = useErrorWords();
  const [agreed, setAgreed] = useState(false);
  const [failure, setFailure] = useState('');
  const [busy, setBusy] = useState(false);

  async function accept() {
    setBusy(true);
    setFailure('');
    try {
      const { login } = await client.signup.accept(token, version);
      await client.session.login({ login, password: input.password });
    } catch (err) {
      setFailure(say(err));
      setBusy(false);
    }
  }

  return (
    <>
      <div className="undertaking" tabIndex={0} data-testid="undertaking">{i18n.language === 'zh' ? zh : en}</div>
      {failure !== '' && <Alert type="error" showIcon style={{ marginBottom: 14 }} title={failure} data-testid="signup-error" />}
      <Checkbox checked={agreed} onChange={(e) => setAgreed(e.target.checked)} data-testid="undertaking-agree">{t('signUp.agree')}</Checkbox>
      <Button type="primary" size="large" block style={{ marginTop: 16 }} disabled={!agreed} loading={busy} onClick={() => void accept()} data-testid="signup-accept">
        {t('signUp.accept')}
      </Button>
    </>
  );
}
