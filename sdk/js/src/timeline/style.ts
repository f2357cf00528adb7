/** Looks of the timeline. The four states differ in colour and in pattern, for those who see few colours. */
export const timelineCSS = `
:host {
  --gatepost-recorded: #389e0d; --gatepost-held: #722ed1; --gatepost-gap: #ffccc7; --gatepost-gap-line: #cf1322;
  --gatepost-expired: #bfbfbf; --gatepost-axis: #595959; --gatepost-ground: #f0f0f0; --gatepost-hand: #1677ff;
  display: block; position: relative; height: 76px; outline: none; touch-action: pan-y;
  font: 12px/1.4 system-ui, -apple-system, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  -webkit-user-select: none; user-select: none; cursor: crosshair;
}
:host([theme=dark]) {
  --gatepost-recorded: #49aa19; --gatepost-held: #9254de; --gatepost-gap: #431418; --gatepost-gap-line: #e84749;
  --gatepost-expired: #434343; --gatepost-axis: #a6a6a6; --gatepost-ground: #1f1f1f; --gatepost-hand: #4096ff;
}
:host([hidden]) { display: none; }
:host([data-panning]) { cursor: grabbing; }
:host(:focus-visible) svg { outline: 2px solid var(--gatepost-hand); outline-offset: 2px; border-radius: 4px; }
svg { display: block; width: 100%; height: 100%; overflow: visible; }
.ground { fill: var(--gatepost-ground); }
.span[data-state=recorded] { fill: var(--gatepost-recorded); }
.span[data-state=held] { fill: url(#held); }
.span[data-state=gap] { fill: url(#gap); }
.span[data-state=expired] { fill: url(#expired); }
.span[data-archived] { fill-opacity: .4; }
.pattern-held { fill: var(--gatepost-held); } .pattern-held-line { stroke: #fff; stroke-opacity: .55; stroke-width: 2; }
.pattern-gap { fill: var(--gatepost-gap); } .pattern-gap-line { stroke: var(--gatepost-gap-line); stroke-width: 1.5; }
.pattern-expired { fill: var(--gatepost-ground); } .pattern-expired-dot { fill: var(--gatepost-expired); }
.tick { stroke: var(--gatepost-axis); stroke-opacity: .5; } .tick.major { stroke-opacity: 1; }
.label { fill: var(--gatepost-axis); font-variant-numeric: tabular-nums; } .label.major { font-weight: 600; }
.hand { stroke: var(--gatepost-hand); stroke-width: 2; } .knob { fill: var(--gatepost-hand); stroke: #fff; stroke-width: 1.5; cursor: ew-resize; }
.cursor { stroke: var(--gatepost-axis); stroke-dasharray: 2 3; }
[part=tip] { position: absolute; top: -30px; padding: 2px 8px; border-radius: 4px; background: rgb(0 0 0 / .82); color: #fff;
  white-space: nowrap; pointer-events: none; transform: translateX(-50%); font-variant-numeric: tabular-nums; z-index: 1; }
[part=preview] { position: absolute; bottom: calc(100% + 34px); max-width: 240px; max-height: 180px; border-radius: 4px; background: #000;
  box-shadow: 0 2px 10px rgb(0 0 0 / .45); pointer-events: none; transform: translateX(-50%); z-index: 1; }
[part=preview][data-stale] { opacity: .5; }
[part=tip][hidden], [part=preview][hidden] { display: none; }
`;

export const timelineHTML = `
<svg part="strip" data-testid="timeline-strip" aria-hidden="true">
  <defs>
    <pattern id="gap" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect class="pattern-gap" width="8" height="8"/><path class="pattern-gap-line" d="M0 0V8"/></pattern>
    <pattern id="held" width="10" height="10" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
      <rect class="pattern-held" width="10" height="10"/><path class="pattern-held-line" d="M0 0V10"/></pattern>
    <pattern id="expired" width="7" height="7" patternUnits="userSpaceOnUse">
      <rect class="pattern-expired" width="7" height="7"/><circle class="pattern-expired-dot" cx="3" cy="3" r="1.5"/></pattern>
  </defs>
  <rect class="ground" x="0" y="8" width="100%" height="38" rx="3"/>
  <g class="spans"></g><g class="axis"></g>
  <g class="over"><line class="cursor" y1="4" y2="50" visibility="hidden"/>
    <line class="hand" y1="4" y2="50" visibility="hidden"/><circle class="knob" cy="5" r="5" visibility="hidden" data-testid="timeline-handle"/></g>
</svg>
<canvas part="preview" data-testid="timeline-preview" aria-hidden="true" hidden></canvas>
<div part="tip" hidden></div>`;
