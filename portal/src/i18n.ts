import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { en } from './locales/en';
import { zh } from './locales/zh';

export type Language = 'zh' | 'en';

const remembered = 'gatepost.language';

function firstLanguage(): Language {
  const chosen = localStorage.getItem(remembered) ?? navigator.language;
  return chosen.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

function mark(language: string): void {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
}

export const i18n = i18next.createInstance();
i18n.on('languageChanged', mark);
await i18n.use(initReactI18next).init({
  lng: firstLanguage(),
  fallbackLng: 'en',
  resources: { zh: { translation: zh }, en: { translation: en } },
  interpolation: { escapeValue: false }, // React escapes
  returnNull: false,
});

/** Changes the language, now and for the next visit. */
export async function choose(language: Language): Promise<void> {
  localStorage.setItem(remembered, language);
  await i18n.changeLanguage(language);
}

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof zh };
    returnNull: false;
  }
}
