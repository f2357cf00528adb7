import type { Camera } from '@gatepost/sdk';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Card, Descriptions, Empty, Form, Input, Radio, Space, Spin } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { leads } from '../ability';
import { useErrorWords } from '../errors';
import { client, useUser } from '../session';
import { bitRate, when } from '../time';
import { FormModal } from './ask';

/** The verdict of the gateway in plain words, with what it measured. */
export function AcceptanceCard({ camera, mayMeasure }: { camera: Camera; mayMeasure: boolean }) {
  const { t, i18n } = useTranslation();
  const { message } = App.useApp();
  const say = useErrorWords();
  const queries = useQueryClient();
  const again = useMutation({
    mutationFn: () => client.cameras.accept(camera.id),
    onSuccess: () => {
      void message.success(t('acceptance.started'));
      void queries.invalidateQueries({ queryKey: ['camera', camera.id] });
    },
    onError: (err) => void message.error(say(err)),
  });
  const a = camera.acceptance;
  const m = a?.measurement;
  const measuring = !a && camera.online;
  return (
    <Card
      size="small" title={t('acceptance.title')} data-testid="acceptance" data-passed={a ? a.passed : undefined}
      extra={<Space>{a?.passed && <SignOff camera={camera} />}{mayMeasure && <Button size="small" disabled={!camera.online} loading={again.isPending} title={camera.online ? undefined : t('acceptance.offline')} onClick={() => again.mutate()} data-testid="acceptance-again">{t('acceptance.again')}</Button>}</Space>}
    >
      {measuring && <p style={{ margin: 0 }}><Spin size="small" /> {t('acceptance.measuring')}</p>}
      {!a && !measuring && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={<>{t('acceptance.none')}<br /><span className="quiet">{t('acceptance.noneHint')}</span></>} />}
      {a && (
        <>
          <Alert
            type={a.passed ? 'success' : 'error'} showIcon style={{ marginBottom: 10 }} title={a.passed ? t('acceptance.passed') : t('acceptance.failed')}
            description={
              <>
                {(a.reasons ?? []).map((r) => <div key={r.code} data-testid="acceptance-reason" data-code={r.code}>{i18n.language === 'zh' ? r.zh : r.en}</div>)}
                <span className="quiet">{t('acceptance.at', { time: when(a.at, true) })}</span>
              </>
            }
          />
          {camera.sign_off && (
            <p data-testid="signed-off" data-passed={camera.sign_off.passed}>
              {t(camera.sign_off.passed ? 'signOff.signedPassed' : 'signOff.signedFailed', { time: when(camera.sign_off.at, true) })} {camera.sign_off.remark}
            </p>
          )}
          {m && (
            <Descriptions
              size="small" column={1} styles={{ label: { width: 152 } }}
              items={[
                { key: 'codec', label: t('acceptance.codec'), children: [m.video_codec.toUpperCase(), m.audio_codec ? m.audio_codec.toUpperCase() : t('acceptance.noAudio')].filter(Boolean).join(' · ') },
                { key: 'size', label: t('acceptance.size'), children: `${m.width} × ${m.height}` },
                { key: 'fps', label: t('acceptance.fps'), children: t('acceptance.frames', { n: m.fps.toFixed(1) }) },
                { key: 'rate', label: t('acceptance.bitrate'), children: bitRate(m.bits_per_second) },
                { key: 'key', label: t('acceptance.keyInterval'), children: t('acceptance.seconds', { n: (m.key_interval_ms / 1000).toFixed(1) }) },
                { key: 'loss', label: t('acceptance.loss'), children: `${m.packets_lost} / ${m.packets_lost + m.packets_received}` },
                { key: 'skew', label: t('acceptance.skew'), children: `${m.clock_skew_ppm.toFixed(0)} ppm` },
              ]}
            />
          )}
        </>
      )}
    </Card>
  );
}

/** The police's word on a camera of their division, for which reports count it as accepted. */
function SignOff({ camera: c }: { camera: Camera }) {
  const { t } = useTranslation();
  const user = useUser();
  const { message } = App.useApp();
  const queries = useQueryClient();
  const [open, setOpen] = useState(false);
  const { kind, division } = user.organisation;
  if (kind !== 'police' || !leads(user) || !division || !c.division.startsWith(division)) return null;
  return (
    <>
      <Button size="small" type="primary" onClick={() => setOpen(true)} data-testid="sign-off">{t('signOff.title')}</Button>
      <FormModal<{ passed: boolean; remark?: string }>
        open={open} title={t('signOff.title')} submit={t('common.confirm')} testid="sign-off-form" about="sign-off" names={{ '': 'passed' }} initial={{ passed: true }} onCancel={() => setOpen(false)}
        onDone={() => { setOpen(false); void queries.invalidateQueries({ queryKey: ['camera', c.id] }); void message.success(t('signOff.done')); }} send={(f) => client.coverage.signOff(c.id, { passed: f.passed, ...(f.remark?.trim() ? { remark: f.remark.trim() } : {}) })}
      >
        <p className="quiet" style={{ marginTop: 0 }}>{t('signOff.hint')}</p>
        <Form.Item name="passed"><Radio.Group options={[{ value: true, label: t('signOff.passed') }, { value: false, label: t('signOff.failed') }]} data-testid="sign-off-passed" /></Form.Item>
        <Form.Item name="remark" label={t('signOff.remark')} extra={t('signOff.remarkHint')}><Input.TextArea rows={2} maxLength={500} showCount data-testid="sign-off-remark" /></Form.Item>
      </FormModal>
    </>
  );
}
