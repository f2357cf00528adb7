import { FileSearchOutlined } from '@ant-design/icons';
import type { FootageAnswer, FootageRequest, ReceivedFootageRequest } from '@gatepost/sdk';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Button, Card, Checkbox, DatePicker, Form, Input, Select, Space, Tabs, Tag } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { leads, watchesOver } from '../ability';
import { AreaInput, AreaWords, areaNames, areaOf, type AreaFields } from '../parts/area';
import { Act, FormModal } from '../parts/ask';
import { CameraLink } from '../parts/cameralink';
import { List } from '../parts/list';
import { client, useUser } from '../session';
import { span, when } from '../time';

const colour: Record<FootageRequest['state'] | FootageAnswer['state'], string> = { open: 'green', withdrawn: 'default', expired: 'default', revoked: 'red' };

/** Footage requests: those of my organisation with their answers, and those that it received. */
export function FootagePage() {
  const { t } = useTranslation();
  const user = useUser();
  const asks = watchesOver(user) || user.role === 'admin';
  const answers = leads(user) && user.organisation.kind !== 'operator';
  return (
    <main className="page" data-testid="footage-page">
      <div className="page-head"><h1>{t('footage.title')}</h1><span className="quiet">{t('footage.about')}</span></div>
      <Card size="small">
        <Tabs
          items={[
            ...(asks ? [{ key: 'asked', label: t('footage.asked'), children: <Asked mayAsk={watchesOver(user) && leads(user)} /> }] : []),
            ...(answers ? [{ key: 'received', label: <span data-testid="footage-received">{t('footage.received')}</span>, children: <Received /> }] : []),
          ]}
        />
      </Card>
    </main>
  );
}

function Asked({ mayAsk }: { mayAsk: boolean }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const required = { required: true, message: t('common.required_field') };
  return (
    <>
      {mayAsk && <Space style={{ marginBottom: 12 }} wrap><Button type="primary" icon={<FileSearchOutlined />} onClick={() => setAsking(true)} data-testid="footage-new">{t('footage.ask')}</Button><span className="quiet">{t('footage.silence')}</span></Space>}
      <List<FootageRequest>
        name={['footage', 'asked']} load={client.footage.list} rowKey="id" empty={t('footage.noneAsked')}
        row={(r) => ({ 'data-testid': 'footage-row', 'data-state': r.state, 'data-answers': String(r.answers.length) })}
        columns={[
          { title: t('shares.status'), render: (_, r) => <Tag color={colour[r.state]}>{t(`footage.states.${r.state}`)}</Tag> },
          { title: t('looks.case'), render: (_, r) => <><span className="mono">{r.case_number}</span><div className="quiet">{r.reason}</div></> },
          { title: t('shares.window'), render: (_, r) => <>{span(r.from, r.to)}<div className="quiet"><AreaWords area={r.area} /></div></> },
          { title: t('footage.answers'), render: (_, r) => (r.answers.length === 0 ? <span className="quiet">{t('footage.noAnswer')}</span> : r.answers.map((a) => <AnswerView key={a.id} answer={a} />)) },
          { title: t('footage.expires'), render: (_, r) => when(r.expires) },
          { title: '', align: 'right', render: (_, r) => mayAsk && r.state !== 'withdrawn' && <Act danger ask={t('footage.withdrawAsk')} about="footage" changes={['footage']} run={() => client.footage.withdraw(r.id)} data-testid="footage-withdraw">{t('footage.withdraw')}</Act> },
        ]}
      />
      <FormModal<AreaFields & { window: [Dayjs, Dayjs]; case_number: string; reason: string }>
        open={asking} title={t('footage.ask')} submit={t('footage.send')} testid="footage-form" about="footage ask" onCancel={() => setAsking(false)}
        names={{ ...areaNames, from: 'window', to: 'window' }} initial={{ window: [dayjs().subtract(2, 'hour'), dayjs()] }}
        onDone={() => { setAsking(false); void queries.invalidateQueries({ queryKey: ['footage'] }); }}
        send={(f) => client.footage.ask({ area: areaOf(f), from: f.window[0].toISOString(), to: f.window[1].toISOString(), case_number: f.case_number.trim(), reason: f.reason.trim() })}
      >
        {(form) => (
          <>
            <p className="quiet" style={{ marginTop: 0 }}>{t('footage.silence')}</p>
            <AreaInput form={form} shapes={['circle', 'polygon']} />
            <Form.Item name="window" label={t('shares.window')} rules={[required]}><DatePicker.RangePicker showTime={{ format: 'HH:mm:ss' }} style={{ width: '100%' }} disabledDate={(d) => d.isAfter(dayjs(), 'day')} /></Form.Item>
            <Form.Item name="case_number" label={t('looks.case')} rules={[{ ...required, whitespace: true }]}><Input maxLength={64} data-testid="footage-case" /></Form.Item>
            <Form.Item name="reason" label={t('purpose.reason')} rules={[{ ...required, whitespace: true }]}><Input maxLength={500} data-testid="footage-reason" /></Form.Item>
          </>
        )}
      </FormModal>
    </>
  );
}

/** An owner's answer, as those who asked see it. */
function AnswerView({ answer: a }: { answer: FootageAnswer }) {
  const { t } = useTranslation();
  return (
    <div data-testid="footage-answer" data-state={a.state}>
      <Tag color={colour[a.state]}>{t(`footage.answerStates.${a.state}`)}</Tag>{a.holder_name}
      <div className="quiet">{span(a.from, a.to)} · {t('common.until', { time: when(a.until) })}{a.copies && ` · ${t('footage.copies')}`}</div>
      {a.answer && <div>{a.answer}</div>}
      {a.state === 'open' && a.cameras.map((id) => <CameraLink key={id} id={id} />)}
    </div>
  );
}

function Received() {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [answering, setAnswering] = useState<ReceivedFootageRequest | null>(null);
  return (
    <>
      <List<ReceivedFootageRequest>
        name={['footage', 'received']} load={client.footage.received} rowKey="id" empty={t('footage.noneReceived')}
        row={(r) => ({ 'data-testid': 'footage-received-row', 'data-state': r.state })}
        columns={[
          { title: t('shares.status'), render: (_, r) => <Tag color={colour[r.state]}>{t(`footage.states.${r.state}`)}</Tag> },
          { title: t('looks.who'), render: (_, r) => <>{r.organisation_name}<div className="quiet">{r.asked_by_name}</div></> },
          { title: t('looks.why'), render: (_, r) => <>{r.reason}<div className="quiet">{t('looks.case')} <span className="mono">{r.case_number}</span></div></> },
          { title: t('shares.window'), render: (_, r) => <>{span(r.from, r.to)}<div className="quiet"><AreaWords area={r.area} /></div></> },
          { title: t('footage.mine'), render: (_, r) => r.answers.map((a) => <AnswerView key={a.id} answer={a} />) },
          {
            title: '', align: 'right',
            render: (_, r) => {
              const open = r.answers.some((a) => a.state === 'open');
              return (
                <Space>
                  {r.state === 'open' && !r.answers.some((a) => a.state !== 'revoked') && <Button size="small" type="primary" onClick={() => setAnswering(r)} data-testid="footage-answer-open">{t('footage.answer')}</Button>}
                  {open && <Act danger ask={t('shares.revokeAsk')} about="footage" changes={['footage']} run={() => client.footage.revoke(r.id)} data-testid="footage-revoke">{t('shares.revoke')}</Act>}
                </Space>
              );
            },
          },
        ]}
      />
      {answering && <AnswerForm request={answering} onCancel={() => setAnswering(null)} onDone={() => { setAnswering(null); void queries.invalidateQueries({ queryKey: ['footage'] }); }} />}
    </>
  );
}

function AnswerForm({ request: r, onDone, onCancel }: { request: ReceivedFootageRequest; onDone: () => void; onCancel: () => void }) {
  const { t } = useTranslation();
  const cameras = useQuery({ queryKey: ['footage', r.id, 'cameras'], queryFn: ({ signal }) => client.footage.cameras(r.id, { limit: 200 }, { signal }) });
  const required = { required: true, message: t('common.required_field') };
  return (
    <FormModal<{ cameras: string[]; window: [Dayjs, Dayjs]; until: Dayjs; copies?: boolean; answer?: string }>
      open title={t('footage.answer')} submit={t('footage.give')} testid="footage-answer-form" about="footage" onDone={onDone} onCancel={onCancel} names={{ from: 'window', to: 'window' }}
      initial={{ window: [dayjs(r.from), dayjs(r.to)], until: dayjs().add(7, 'day') }}
      send={(f) => client.footage.answer(r.id, {
        cameras: f.cameras, until: f.until.toISOString(), copies: f.copies ?? false, ...(f.answer?.trim() ? { answer: f.answer.trim() } : {}),
        // The picker knows milliseconds; what was left as it was stays as it was asked for.
        ...(f.window[0].isSame(r.from) ? {} : { from: f.window[0].toISOString() }), ...(f.window[1].isSame(r.to) ? {} : { to: f.window[1].toISOString() }),
      })}
    >
      <p className="quiet" style={{ marginTop: 0 }}>{t('footage.ignore')}</p>
      <Form.Item name="cameras" label={t('footage.choose')} rules={[required]}>
        <Select mode="multiple" optionFilterProp="label" loading={cameras.isPending} options={(cameras.data?.items ?? []).map((c) => ({ value: c.id, label: c.name }))} data-testid="footage-cameras" />
      </Form.Item>
      <Form.Item name="window" label={t('shares.window')} rules={[required]}><DatePicker.RangePicker showTime={{ format: 'HH:mm:ss' }} style={{ width: '100%' }} /></Form.Item>
      <Form.Item name="until" label={t('shares.expires')} rules={[required]}><DatePicker showTime={{ format: 'HH:mm' }} format="YYYY-MM-DD HH:mm" style={{ width: '100%' }} /></Form.Item>
      <Form.Item name="copies" valuePropName="checked"><Checkbox data-testid="footage-copies">{t('footage.copies')}</Checkbox></Form.Item>
      <Form.Item name="answer" label={`${t('footage.words')}（${t('common.optional')}）`}><Input maxLength={500} data-testid="footage-words" /></Form.Item>
    </FormModal>
  );
}
