/** Looks of the player; hosts change them by the custom properties and the parts. */
export const playerCSS = `
:host {
  --gatepost-accent: #4096ff;
  display: block; position: relative; overflow: hidden; background: #0b0e14; color: #fff;
  aspect-ratio: 16 / 9; border-radius: var(--gatepost-radius, 6px);
  font: 14px/1.5 system-ui, -apple-system, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  -webkit-user-select: none; user-select: none;
}
:host([hidden]) { display: none; }
:host(:fullscreen), :host(.filled) { border-radius: 0; aspect-ratio: auto; width: 100%; height: 100%; }
:host(.filled) { position: fixed; inset: 0; z-index: 2147483647; }
[part=video] { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: contain; }
[part=watermark] { position: absolute; inset: 0; overflow: hidden; pointer-events: none; display: grid;
  grid-template-columns: repeat(3, 1fr); grid-template-rows: repeat(3, 1fr); place-items: center; }
[part=watermark] span { transform: rotate(-18deg); white-space: nowrap; font-size: clamp(10px, 1.6vw, 15px);
  color: rgb(255 255 255 / .30); text-shadow: 0 0 2px rgb(0 0 0 / .45); }
/* No picture, nothing to mark. */
:host(:is([data-state=idle], [data-state=denied], [data-state=error])) [part=watermark] { display: none; }
:host(:is([data-state=idle], [data-state=denied])) [part=bar] { display: none; }
[part=message] { position: absolute; inset: 0; display: flex; flex-direction: column; gap: 12px; align-items: center;
  justify-content: center; text-align: center; padding: 24px 24px 56px; pointer-events: none; }
[part=message][hidden] { display: none; }
[part=message] p { margin: 0; padding: 6px 14px; border-radius: 6px; background: rgb(0 0 0 / .55); max-width: 90%; }
:host([data-state=denied]) [part=message] p { background: #a8071a; font-size: 16px; }
:host([data-state=error]) [part=message] p { background: #874d00; }
.spinner { width: 34px; height: 34px; border-radius: 50%; border: 3px solid rgb(255 255 255 / .25);
  border-top-color: #fff; animation: turn 0.9s linear infinite; }
.spinner[hidden] { display: none; }
@keyframes turn { to { transform: rotate(360deg); } }
@media (prefers-reduced-motion: reduce) { .spinner { animation-duration: 4s; } }
[part=bar] { position: absolute; left: 0; right: 0; bottom: 0; display: flex; align-items: center; gap: 2px;
  padding: 22px 8px 6px; background: linear-gradient(transparent, rgb(0 0 0 / .72)); transition: opacity .2s; }
:host([data-quiet]) [part=bar] { opacity: 0; }
:host([data-quiet]:focus-within) [part=bar] { opacity: 1; }
:host([nocontrols]) [part=bar] { display: none; }
button, select { all: unset; box-sizing: border-box; cursor: pointer; color: #fff; border-radius: 4px; }
button { width: 34px; height: 34px; display: grid; place-items: center; }
button:hover, select:hover { background: rgb(255 255 255 / .18); }
button:focus-visible, select:focus-visible { outline: 2px solid var(--gatepost-accent); }
button[hidden], select[hidden] { display: none; }
button svg { width: 20px; height: 20px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round;
  stroke-linejoin: round; pointer-events: none; }
select { height: 28px; padding: 0 8px; font-size: 13px; text-align: center; }
select option { color: #000; background: #fff; }
[part=clock] { margin-left: 6px; font-size: 13px; font-variant-numeric: tabular-nums; white-space: nowrap; overflow: hidden; }
.grow { flex: 1; }
[part=badge] { font-size: 12px; line-height: 20px; padding: 0 7px; border-radius: 4px; background: rgb(255 255 255 / .18);
  white-space: nowrap; }
[part=badge][hidden] { display: none; }
[part=badge][data-live]::before { content: ""; display: inline-block; width: 7px; height: 7px; margin-right: 5px;
  border-radius: 50%; background: #ff4d4f; vertical-align: 1px; }
[part=badge][data-fallback] { box-shadow: inset 0 0 0 1px #faad14; }
.tiny { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
`;

const icon = (d: string) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${d}"/></svg>`;

export const icons = {
  play: icon('M7 4.5v15l12-7.5z'),
  pause: icon('M8 5v14M16 5v14'),
  sound: icon('M4 9.5v5h4l5 4v-13l-5 4zM16.5 9a4.5 4.5 0 0 1 0 6M19 6.5a8 8 0 0 1 0 11'),
  silent: icon('M4 9.5v5h4l5 4v-13l-5 4zM17 9.5l5 5M22 9.5l-5 5'),
  snapshot: icon('M4 8h3.5L9 5.5h6L16.5 8H20v11H4zM12 16.3a3.3 3.3 0 1 0 0-6.6 3.3 3.3 0 0 0 0 6.6z'),
  full: icon('M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5'),
  shrink: icon('M9 4v5H4M20 9h-5V4M15 20v-5h5M4 15h5v5'),
};

export const playerHTML = `
<video part="video" data-testid="player-video" playsinline disablepictureinpicture></video>
<div part="watermark" data-testid="player-watermark" aria-hidden="true"></div>
<div part="message" data-testid="player-message"><div class="spinner"></div><p role="status" aria-live="polite"></p></div>
<div part="bar" role="toolbar">
  <button part="button play" data-testid="player-play" type="button"></button>
  <button part="button mute" data-testid="player-mute" type="button"></button>
  <span part="clock" data-testid="player-clock"></span>
  <span class="grow"></span>
  <span part="badge" data-testid="player-badge" role="note"></span>
  <select part="speed" data-testid="player-speed"></select>
  <button part="button snapshot" data-testid="player-snapshot" type="button"></button>
  <button part="button fullscreen" data-testid="player-fullscreen" type="button"></button>
</div>`;
