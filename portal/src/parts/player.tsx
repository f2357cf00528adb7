import '@gatepost/sdk/player';
import type { MediaGrant } from '@gatepost/sdk';
import type { GatepostPlayer, PlayerEvents } from '@gatepost/sdk/player';
import { useEffect, useRef, type Ref } from 'react';
import { useTranslation } from 'react-i18next';

export interface PlayerProps {
  grant: MediaGrant | null;
  /** The element itself, for seeking. */
  ref?: Ref<GatepostPlayer>;
  onState?: (e: PlayerEvents['statechange']) => void;
  onTime?: (wallClock: Date | null) => void;
  /** The grant ends soon: hand in a new one. */
  onExpiring?: () => void;
}

/** `<gatepost-player>` as a component. */
export function Player({ grant, ref, onState, onTime, onExpiring }: PlayerProps) {
  const { i18n } = useTranslation();
  const element = useRef<GatepostPlayer | null>(null);
  const handlers = useRef({ onState, onTime, onExpiring });
  useEffect(() => {
    handlers.current = { onState, onTime, onExpiring };
  });
  useEffect(() => {
    const el = element.current;
    if (el === null) return;
    const stop = new AbortController();
    const on = { signal: stop.signal };
    el.addEventListener('statechange', (e) => handlers.current.onState?.(e as PlayerEvents['statechange']), on);
    el.addEventListener('timeupdate', (e) => handlers.current.onTime?.((e as PlayerEvents['timeupdate']).detail?.wallClock ?? null), on);
    el.addEventListener('grantexpiring', () => handlers.current.onExpiring?.(), on);
    return () => stop.abort();
  }, []);
  return (
    <gatepost-player
      data-testid="player"
      lang={i18n.language}
      muted={true}
      grant={grant}
      ref={(el: GatepostPlayer | null) => {
        element.current = el;
        if (typeof ref === 'function') ref(el);
        else if (ref) ref.current = el;
      }}
    />
  );
}

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'gatepost-player': React.DetailedHTMLProps<React.HTMLAttributes<GatepostPlayer>, GatepostPlayer> & { grant?: MediaGrant | null; muted?: boolean; label?: string };
    }
  }
}
