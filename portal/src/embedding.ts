/** The id of the link that a share token speaks of, '' when it is none. Nobody has verified it here. */
export function sharedBy(token: string): string {
  const [, payload = ''] = token.split('.');
  try {
    const value: unknown = JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/')));
    const id = (value as { jti?: unknown } | null)?.jti;
    return typeof id === 'string' ? id : '';
  } catch {
    return '';
  }
}

export interface EmbedWords {
  opening: string;
  gone: string;
  elsewhere: string;
  bad: string;
  away: string;
}

const words: Record<'zh' | 'en', EmbedWords> = {
  zh: {
    opening: '正在打开…',
    gone: '链接已到期、次数用完，或已被撤销。',
    elsewhere: '此链接不对您所在的网络开放。',
    bad: '链接无效，请检查嵌入代码是否完整。',
    away: '暂时打不开，请稍后重试。',
  },
  en: {
    opening: 'Opening…',
    gone: 'The link has expired, is used up, or was revoked.',
    elsewhere: 'This link is not open to the network that you come from.',
    bad: 'This is no valid link; check that the embed code is complete.',
    away: 'It cannot be opened now; try again later.',
  },
};

/** What the embed page says. */
export function wordsOf(language: 'zh' | 'en'): EmbedWords {
  return words[language];
}

/** The HTML with which a page shows a link that may be embedded there. */
export function snippet(address: string): string {
  return `<iframe src="${address}" width="640" height="360" style="border:0" allow="autoplay; fullscreen" referrerpolicy="no-referrer"></iframe>`;
}
