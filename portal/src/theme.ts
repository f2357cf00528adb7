import { useSyncExternalStore } from 'react';

const remembered = 'gatepost.theme';
const media = matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set<() => void>();
media.addEventListener('change', () => tell());

function tell(): void {
  for (const l of listeners) l();
}

function isDark(): boolean {
  const chosen = localStorage.getItem(remembered);
  return chosen === null ? media.matches : chosen === 'dark';
}

/** Whether what opens and closes may move: not where the system is told to keep still. */
export const mayMove = !matchMedia('(prefers-reduced-motion: reduce)').matches;

/** Whether the pages are dark: as chosen, else as the system is. */
export function useDark(): boolean {
  return useSyncExternalStore((l) => {
    listeners.add(l);
    return () => listeners.delete(l);
  }, isDark);
}

/** Chooses, now and for the next visit. */
export function chooseDark(dark: boolean): void {
  localStorage.setItem(remembered, dark ? 'dark' : 'light');
  tell();
}
