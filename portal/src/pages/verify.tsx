import { InboxOutlined } from '@ant-design/icons';
import { askLedger, findingWords, maxKeys, parseKeys, parseVerifier, verifyEvidence, type EvidenceManifest, type EvidenceReport, type Verifier } from '@gatepost/sdk/evidence';
import { Alert, Button, Card, Collapse, Descriptions, Form, Input, Progress, Result, Upload } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Brand, Preferences } from '../brand';
import { when } from '../time';

type State =
  | { kind: 'waiting' }
  | { kind: 'working'; name: string; done: number }
  | { kind: 'failed'; words: 'keysBad' | 'ledgerKeyBad' | 'keysAway' | 'ledgerAway' | 'unread' }
  | { kind: 'told'; name: string; report: EvidenceReport };

/** Keys from this platform; empty when they cannot be had. */
async function published(signal: AbortSignal): Promise<Verifier[]> {
  try {
    const res = await fetch('/v1/evidence-keys', { signal, credentials: 'omit' });
    return res.ok ? parseKeys(await res.text()) : [];
  } catch {
    signal.throwIfAborted();
    return [];
  }
}

/** The key of this platform's ledger; null when it cannot be had. */
async function publishedLedger(signal: AbortSignal): Promise<Verifier | null> {
  try {
    const res = await fetch('/v1/ledger/key', { signal, credentials: 'omit' });
    return res.ok ? parseVerifier(await res.text()) : null;
  } catch {
    signal.throwIfAborted();
    return null;
  }
}

/** Checks evidence in the browser of whoever has it. Asks for no session. */
export function VerifyPage() {
  const { t } = useTranslation();
  const [state, setState] = useState<State>({ kind: 'waiting' });
  const [keys, setKeys] = useState('');
  const [book, setBook] = useState('');
  const [kept, setKept] = useState('');
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);

  async function check(file: File) {
    running.current?.abort();
    const mine = new AbortController();
    running.current = mine;
    const { signal } = mine;
    const ask = askLedger('', { signal });
    let asked = false;
    setState({ kind: 'working', name: file.name, done: 0 });
    try {
      const pasted = keys.trim() !== '';
      const trusted = pasted ? parseKeys(keys) : await published(signal);
      if (trusted.length === 0) return setState({ kind: 'failed', words: pasted ? 'keysBad' : 'keysAway' });
      const ledger = book.trim() === '' ? await publishedLedger(signal) : parseVerifier(book);
      if (ledger === null && book.trim() !== '') return setState({ kind: 'failed', words: 'ledgerKeyBad' });
      const report = await verifyEvidence(file, {
        keys: trusted, signal, ...(ledger === null ? {} : { ledger }), ...(kept.trim() === '' ? {} : { kept: `${kept.trim()}\n`, grown: (a, b, key) => ((asked = true), ask(a, b, key)) }),
        onProgress: (done) => setState({ kind: 'working', name: file.name, done }),
      });
      setState({ kind: 'told', name: file.name, report });
    } catch {
      if (!signal.aborted) setState({ kind: 'failed', words: asked ? 'ledgerAway' : 'unread' });
    }
  }

  const outcome = state.kind === 'told' ? (state.report.whole ? 'whole' : 'refused') : state.kind;
  return (
    <>
      <header style={{ display: 'flex', alignItems: 'center', padding: '8px 14px', background: 'var(--header)', borderBottom: '1px solid rgb(128 140 160 / .25)' }}>
        <Brand />
        <span className="grow" />
        <Preferences />
      </header>
      <main className="page" style={{ maxWidth: 900 }} data-testid="verify-page" data-state={outcome}>
        <div className="page-head"><h1>{t('verify.title')}</h1></div>
        {!globalThis.isSecureContext && <Alert type="warning" showIcon title={t('verify.insecure')} style={{ marginBottom: 14 }} />}
        {state.kind === 'told' ? (
          <Told {...state} onAgain={() => setState({ kind: 'waiting' })} />
        ) : (
          <>
            <p className="quiet" style={{ marginTop: 0 }}>{t('verify.intro')}</p>
            <Upload.Dragger
              accept=".zip,application/zip" maxCount={1} showUploadList={false} disabled={state.kind === 'working'} data-testid="verify-drop"
              beforeUpload={(file) => {
                void check(file);
                return false; // it stays here
              }}
            >
              <p className="ant-upload-drag-icon"><InboxOutlined /></p>
              <p className="ant-upload-text">{state.kind === 'working' ? `${t('verify.working')} ${state.name}` : t('verify.drop')}</p>
              {state.kind === 'working' ? <Progress percent={Math.round(state.done * 100)} style={{ padding: '0 24px' }} /> : <p className="ant-upload-hint">{t('verify.dropHint')}</p>}
            </Upload.Dragger>
            {state.kind === 'failed' && <Alert type="error" showIcon title={t(`verify.${state.words}`)} style={{ marginTop: 14 }} data-testid="verify-failed" />}
            <Collapse
              style={{ marginTop: 14 }}
              items={[{
                key: 'options', label: <span data-testid="verify-options">{t('verify.options')}</span>, forceRender: true,
                children: (
                  <Form layout="vertical">
                    <Form.Item label={t('verify.keys')} extra={t('verify.keysHint')}>
                      <Input.TextArea rows={3} className="mono" maxLength={maxKeys} value={keys} onChange={(e) => setKeys(e.target.value)} data-testid="verify-keys" />
                    </Form.Item>
                    <Form.Item label={t('verify.ledgerKey')} extra={t('verify.ledgerKeyHint')}>
                      <Input className="mono" maxLength={512} value={book} onChange={(e) => setBook(e.target.value)} data-testid="verify-ledger-key" />
                    </Form.Item>
                    <Form.Item label={t('verify.checkpoint')} extra={t('verify.checkpointHint')} style={{ marginBottom: 0 }}>
                      <Input.TextArea rows={4} className="mono" maxLength={4096} value={kept} onChange={(e) => setKept(e.target.value)} data-testid="verify-checkpoint" />
                    </Form.Item>
                  </Form>
                ),
              }]}
            />
          </>
        )}
      </main>
    </>
  );
}

function Told({ name, report, onAgain }: { name: string; report: EvidenceReport; onAgain: () => void }) {
  const { t, i18n } = useTranslation();
  const again = <Button key="again" onClick={onAgain} data-testid="verify-again">{t('verify.again')}</Button>;
  if (!report.whole || report.manifest === undefined) {
    const unchecked = report.findings[0]?.kind === 'unchecked';
    return (
      <Result status={unchecked ? 'warning' : 'error'} title={t(unchecked ? 'verify.unchecked' : 'verify.refused')} subTitle={name} extra={again}>
        <ul style={{ margin: 0 }}>
          {report.findings.map((f, i) => <li key={i} data-testid="verify-finding" data-kind={f.kind}>{findingWords(f, i18n.language === 'zh' ? 'zh' : 'en')}</li>)}
        </ul>
      </Result>
    );
  }
  return (
    <>
      <Result status="success" title={t('verify.whole')} subTitle={name} extra={again} style={{ padding: '20px 0' }} />
      {report.withdrawn !== undefined && (
        <Alert type="warning" showIcon style={{ marginBottom: 14 }} data-testid="verify-withdrawn"
          title={t('verify.withdrawn', { at: when(report.withdrawn.withdrawn_at, true), reason: report.withdrawn.withdrawn_reason })} />
      )}
      <Film clip={report.clip} />
      <Facts manifest={report.manifest} />
    </>
  );
}

function Film({ clip }: { clip: Blob | undefined }) {
  const [url, setURL] = useState('');
  useEffect(() => {
    if (clip === undefined) return;
    const made = URL.createObjectURL(clip);
    setURL(made);
    return () => URL.revokeObjectURL(made);
  }, [clip]);
  return url === '' ? null : <video src={url} controls playsInline style={{ width: '100%', maxHeight: '52vh', background: '#0b0e14', borderRadius: 6, marginBottom: 14 }} data-testid="verify-film" />;
}

function Facts({ manifest: m }: { manifest: EvidenceManifest }) {
  const { t } = useTranslation();
  const whole = m.sources.filter((s) => s.offset === m.clip.init_bytes && s.length === s.bytes - m.clip.init_bytes).length;
  const missing = (m.timeline ?? []).filter((s) => s.state !== 'recorded' && s.state !== 'held');
  const seconds = (from: string, to: string) => `${when(from, true)} – ${when(to, true)}`;
  const facts: [string, React.ReactNode][] = [
    [t('verify.camera'), <span>{m.camera.name} <span className="mono">{m.camera.national_id}</span></span>],
    [t('verify.owner'), m.camera.owner_name],
    [t('verify.window'), seconds(m.window.from, m.window.to)],
    [t('verify.footage'), seconds(m.clip.from, m.clip.to)],
    [t('verify.missing'), missing.length === 0 ? t('verify.nothingMissing') : <div>{missing.map((s) => <div key={s.from}>{seconds(s.from, s.to)} {t(`verify.gaps.${(s.reason || s.state) as 'network'}`, { defaultValue: s.reason || s.state })}</div>)}</div>],
    [t('verify.sources'), t('verify.sourcesOf', { n: m.sources.length, whole })],
    [t('verify.by'), `${m.export.user_name} · ${m.export.organisation_name}`],
    [t('verify.at'), when(m.export.made_at, true)],
    [t('verify.why'), `${t(`purpose.kinds.${m.export.purpose as 'case'}`, { defaultValue: m.export.purpose })}：${m.export.reason}`],
    [t('verify.case'), m.export.case_number || '–'],
    [t('verify.ledger'), t('verify.ledgerOf', { n: m.ledger.sequence + 1, size: m.ledger.size })],
    [t('verify.key'), <span className="mono">{m.key}</span>],
  ];
  return (
    <Card size="small" data-testid="verify-facts">
      <Descriptions size="small" column={1} styles={{ label: { width: 150 } }} items={facts.map(([label, children]) => ({ key: label, label, children }))} />
    </Card>
  );
}
