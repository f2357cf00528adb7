import { GatepostError, type ErrorCode } from '@gatepost/sdk';
import type { FormInstance } from 'antd';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';

/** The code of anything that was thrown. */
export function codeOf(err: unknown): ErrorCode {
  return err instanceof GatepostError ? err.code : 'unexpected';
}

/** Words for an error, in the reader's language. */
export function useErrorWords() {
  const { t, i18n } = useTranslation();
  return useCallback(
    (err: unknown) => {
      const code = codeOf(err);
      const words = t(`errors.${code}`);
      if (!(err instanceof GatepostError) || code === 'network' || code === 'internal' || code === 'unexpected') return words;
      // The server speaks English; in Chinese its sentence is an addition, not the message.
      return i18n.language === 'zh' ? (code === 'invalid' || code === 'conflict' ? `${words}（${err.message}）` : words) : err.message || words;
    },
    [t, i18n.language],
  );
}

/** `position.longitude` → ['position', 'longitude']; `actions[0]` → ['actions']. */
export function pathOf(field: string): string[] {
  return field.replace(/\[\d+\]/g, '').split('.').filter(Boolean);
}

/**
 * Puts a server's findings to the fields of a form. Returns what has no field in it, as words to
 * show above the form, or '' when every finding found its place.
 */
export function useFormErrors() {
  const { t, i18n } = useTranslation();
  const say = useErrorWords();
  return useCallback(
    (form: FormInstance, err: unknown, names: Readonly<Record<string, string>> = {}): string => {
      if (!(err instanceof GatepostError) || err.errors.length === 0) return say(err);
      const known = new Map(form.getFieldsError().map((f) => [f.name.join('.'), f.name]));
      const left: string[] = [];
      for (const e of err.errors) {
        const field = pathOf(e.field).join('.');
        const name = known.get(names[field] ?? field);
        const key = `errors.fields.${field}`;
        const words = i18n.language !== 'zh' || !i18n.exists(key)
          ? t('errors.field', { message: e.message })
          : String(t(key as 'errors.fields.name', { nsSeparator: false, keySeparator: '.' }));
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
