import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Checkbox, Form } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { client, useUser } from '../session';
import { FormModal } from './ask';

/** Asks whoever has not accepted the undertaking as it stands to read it: those who were added by somebody, and everybody when it has changed. */
export function Undertaking() {
  const { t, i18n } = useTranslation();
  const user = useUser();
  const queries = useQueryClient();
  const [reading, setReading] = useState(false);
  const me = useQuery({ queryKey: ['me', user.id], queryFn: ({ signal }) => client.me({ signal }), staleTime: Infinity }).data;
  const due = me?.undertaking === 0;
  const text = useQuery({ queryKey: ['signup'], queryFn: ({ signal }) => client.signup.about({ signal }), staleTime: Infinity, enabled: me !== undefined }).data?.undertaking;
  if (me === undefined || text === undefined || me.undertaking >= text.version) return null;
  return (
    <>
      <Alert banner type="warning" title={t(due ? 'undertaking.due' : 'undertaking.changed')} data-testid="undertaking-due" action={<Button size="small" onClick={() => setReading(true)} data-testid="undertaking-read">{t('undertaking.read')}</Button>} />
      <FormModal<{ agreed: boolean }>
        open={reading} title={t('signUp.undertaking')} submit={t('undertaking.accept')} testid="undertaking-form" onCancel={() => setReading(false)}
        onDone={() => { setReading(false); void queries.invalidateQueries({ queryKey: ['me'] }); }} send={() => client.undertake(text.version)}
      >
        <div className="undertaking" tabIndex={0} data-testid="undertaking">{i18n.language === 'zh' ? text.zh : text.en}</div>
        <Form.Item name="agreed" valuePropName="checked" rules={[{ validator: (_, yes) => (yes ? Promise.resolve() : Promise.reject(new Error(t('common.required_field')))) }]}>
          <Checkbox data-testid="undertaking-agree">{t('signUp.agree')}</Checkbox>
        </Form.Item>
      </FormModal>
    </>
  );
}
