import { GatepostPlayer } from './player/element';

export { GatepostPlayer, type PlayerEvents } from './player/element';
export type { PlayerMode } from './player/source';
export { PlayerStore, type FallbackReason, type PlayerReason, type PlayerSnapshot, type PlayerState, type Progress, type Transport } from './player/store';

if (!customElements.get('gatepost-player')) customElements.define('gatepost-player', GatepostPlayer);
