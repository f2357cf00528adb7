import { GatepostTimeline } from './timeline/element';

export { GatepostTimeline, type PictureSource, type TimelineEvents } from './timeline/element';
export type { TimeSpan, View } from './timeline/view';

if (!customElements.get('gatepost-timeline')) customElements.define('gatepost-timeline', GatepostTimeline);
