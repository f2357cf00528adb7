import type { Explanation } from '@gatepost/sdk';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { client } from '../session';

/** Whether I may look at a camera, in the server's words; asked again now and then. */
export function useAccess(camera: string, action: 'live' | 'playback'): Explanation | undefined {
  return useQuery({
    queryKey: ['access', camera, action],
    queryFn: ({ signal }) => client.access.explain(camera, { action }, { signal }),
    refetchInterval: 5000,
  }).data;
}

/** Why a look is refused, and what would allow it. */
export function Refusal({ why }: { why: Explanation }) {
  const { t, i18n } = useTranslation();
  const say = (words: { zh: string; en: string }) => (i18n.language === 'zh' ? words.zh : words.en);
  return (
    <div data-testid="refusal" data-rule={why.rule} style={{ maxWidth: 560, textAlign: 'start' }}>
      <b>{say(why)}</b>
      {why.remedies.length > 0 && (
        <>
          <p style={{ margin: '10px 0 4px' }}>{t('access.remedies')}</p>
          <ul style={{ margin: 0, paddingInlineStart: 20 }}>{why.remedies.map((r) => <li key={r.en}>{say(r)}</li>)}</ul>
        </>
      )}
    </div>
  );
}
