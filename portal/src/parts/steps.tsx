import { useQueryClient } from '@tanstack/react-query';
import { Button, Form, Input, Radio } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { above, commands } from '../ability';
import { useUser } from '../session';
import { Fixed, FormModal } from './ask';
import { DivisionName } from './division';

/** The level's word on what was submitted. */
export interface Word {
  yes: boolean;
  remark?: string;
}

/**
 * Submits something of a division to the level above, or says that level's word on it. It is
 * offered to all who lead police or government; whose turn it is the server says, at the field.
 */
export function Steps({ submitted, division, to, about, changes, submit, review, yes, hint }: {
  submitted: boolean;
  division: string;
  /** Whose word is awaited, or will be; default the level above. */
  to?: string;
  /** What is asked for (useFormErrors). */
  about: string;
  changes: readonly unknown[];
  submit: () => Promise<unknown>;
  review: (word: Word) => Promise<unknown>;
  /** What a yes is called. */
  yes: string;
  hint: string;
}) {
  const { t } = useTranslation();
  const user = useUser();
  const queries = useQueryClient();
  const [step, setStep] = useState<'submit' | 'review' | null>(null);
  if (!commands(user)) return null;
  const done = () => {
    setStep(null);
    void queries.invalidateQueries({ queryKey: changes });
  };
  const up = to || above(division);
  const way = <><DivisionName code={division} />{up && <> → <DivisionName code={up} /></>}</>;
  return (
    <>
      {submitted
        ? <Button type="primary" onClick={() => setStep('review')} data-testid="review">{t('steps.review')}</Button>
        : <Button type="primary" onClick={() => setStep('submit')} data-testid="submit">{t('steps.submit')}</Button>}
      <FormModal<object>
        open={step === 'submit'} title={t('steps.submit')} submit={t('steps.submit')} testid="submit-form" about={`${about} submit`} names={{ '': 'way', filings: 'way', targets: 'way' }}
        onCancel={() => setStep(null)} onDone={done} send={submit}
      >
        <Form.Item name="way" label={t('steps.way')} extra={up ? t('steps.submitHint') : t('steps.submitLast')}><Fixed testid="submit-way" text={way} /></Form.Item>
      </FormModal>
      <FormModal<Word>
        open={step === 'review'} title={t('steps.review')} submit={t('common.confirm')} testid="review-form" about={`${about} review`} names={{ '': 'yes' }} initial={{ yes: true }}
        onCancel={() => setStep(null)} onDone={done} send={(w) => review({ yes: w.yes, ...(w.remark?.trim() ? { remark: w.remark.trim() } : {}) })}
      >
        <Form.Item name="yes" label={way} extra={hint}>
          <Radio.Group data-testid="review-yes" options={[{ value: true, label: yes }, { value: false, label: t('steps.return') }]} />
        </Form.Item>
        <Form.Item name="remark" label={t('steps.remark')} extra={t('steps.remarkHint')}><Input.TextArea rows={3} maxLength={500} showCount data-testid="review-remark" /></Form.Item>
      </FormModal>
    </>
  );
}
