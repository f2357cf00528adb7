import { GatepostError, type ErrorCode } from '@gatepost/sdk';
import type { FormInstance } from 'antd';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { refusals } from './locales/refusals';

/** The code of anything that was thrown. */
export function codeOf(err: unknown): ErrorCode {
  return err instanceof GatepostError ? err.code : 'unexpected';
}

/**
 * Words for an error, in the reader's language. `about` is what was asked for, by which
 * the Chinese of a refusal is found; the server speaks English.
 */
export function useErrorWords() {
  const { t, i18n } = useTranslation();
  return useCallback(
    (err: unknown, about = '') => {
      const code = codeOf(err);
      const words = t(`errors.${code}`);
      if (!(err instanceof GatepostError) || code === 'network' || code === 'internal' || code === 'unexpected') return words;
      if (i18n.language !== 'zh') return err.message || words;
      // Where nobody has put it into Chinese, the server's sentence is an addition, not the message.
      return refusalOf(about, code, err.field) ?? refusalOf(about, code) ?? (code === 'invalid' || code === 'conflict' ? `${words}（${err.message}）` : words);
    },
    [t, i18n.language],
  );
}

/** The Chinese of a refusal, by what was asked for, the code and the field. */
function refusalOf(about: string, code: ErrorCode, field = ''): string | undefined {
  return refusals[[about, code, pathOf(field).join('.')].filter(Boolean).join(' ')];
}

/** `position.longitude` → ['position', 'longitude']; `actions[0]` → ['actions']. */
export function pathOf(field: string): string[] {
  return field.replace(/\[\d+\]/g, '').split('.').filter(Boolean);
}

/** The field of a form that a finding is about: itself, that of the whole list, or the first of a row. */
export function fieldOf<T>(known: ReadonlyMap<string, T>, names: Readonly<Record<string, string>>, field: string): T | undefined {
  const exact = field.replace(/\[(\d+)\]/g, '.$1');
  const list = pathOf(field).join('.');
  const row = [...known].find(([name]) => exact !== '' && name.startsWith(`${exact}.`));
  return known.get(names[list] ?? exact) ?? known.get(list) ?? row?.[1];
}

/** What is no fault of what was filled in. */
const accidents: readonly ErrorCode[] = ['unauthenticated', 'rate_limited', 'unavailable', 'internal', 'network', 'unexpected'];

/**
 * Puts a server's findings to the fields of a form. `names` are the fields of the form for
 * those of the API that are called otherwise; that of '' takes what is refused as a whole.
 * Returns what has no field in it, as words to show above the form, or '' when every finding
 * found its place.
 */
export function useFormErrors() {
  const { t, i18n } = useTranslation();
  const say = useErrorWords();
  return useCallback(
    (form: FormInstance, err: unknown, names: Readonly<Record<string, string>> = {}, about = ''): string => {
      if (!(err instanceof GatepostError) || (err.errors.length === 0 && accidents.includes(err.code))) return say(err);
      const known = new Map(form.getFieldsError().map((f) => [f.name.join('.'), f.name]));
      const left: string[] = [];
      for (const e of err.errors.length > 0 ? err.errors : [{ field: '', message: say(err, about) }]) {
        const name = fieldOf(known, names, e.field);
        const field = pathOf(e.field).join('.');
        const key = `errors.fields.${field}`;
        const chinese = refusalOf(about, err.code, e.field) ?? (i18n.exists(key) ? String(t(key as 'errors.fields.name', { nsSeparator: false, keySeparator: '.' })) : undefined);
        const words = e.field === '' ? e.message : (i18n.language === 'zh' ? chinese : undefined) ?? t('errors.field', { message: e.message });
        if (name === undefined) left.push(words);
        else form.setFields([{ name, errors: [words] }]);
      }
      const first = form.getFieldsError().find((f) => f.errors.length > 0);
      if (first) form.scrollToField(first.name, { block: 'center' });
      return left.join('; ');
    },
    [t, i18n, say],
  );
}
