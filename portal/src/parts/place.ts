import type { Camera } from '@gatepost/sdk';
import { useTranslation } from 'react-i18next';

/** The categories of places, in the order of forms. */
export const places = [
  'town_centre', 'market_town', 'main_street', 'busy_area', 'public_place', 'junction', 'troubled_area', 'boundary', 'market', 'residential',
  'premises', 'bus', 'village', 'unclassified',
] as const;

export type Place = (typeof places)[number];

/** What places, classes and legal categories are called; as options too. */
export function useKinds() {
  const { t } = useTranslation();
  return {
    place: (p: string) => t(`place.${p as Place}`, { defaultValue: p }),
    places: places.map((p) => ({ value: p, label: t(`place.${p}`) })),
    watch: (n: number) => t(`class.c${n as 1}`),
    classes: ([1, 2, 3] as const).map((n) => ({ value: n, label: t(`class.c${n}`) })),
    categories: (['general', 'key_target'] as const satisfies readonly Camera['category'][]).map((c) => ({ value: c, label: t(`retention.categories.${c}`) })),
  };
}
