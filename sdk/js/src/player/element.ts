import type { MediaGrant } from '../api';
import { labelOfToken } from './claims';
import { browserTransports, PlayerController } from './controller';
import { save, takeSnapshot } from './snapshot';
import { sourceOfGrant, type PlayerMode, type Source } from './source';
import { PlayerStore, type PlayerSnapshot } from './store';
import { icons, playerCSS, playerHTML } from './style';
import { languageOf, sayState, stamp, words } from './words';

/** Events of `<gatepost-player>`, all of them CustomEvents that bubble out of shadow trees. */
export interface PlayerEvents {
  /** The state, its reason or the transport changed. */
  statechange: CustomEvent<PlayerSnapshot>;
  /** The picture moved; wallClock is when it was taken, or null when the stream does not tell. */
  timeupdate: CustomEvent<{ wallClock: Date | null }>;
  /** The grant ends soon: set a new one, and playing goes on. */
  grantexpiring: CustomEvent<{ expiresAt: Date }>;
}

const speeds = [0.5, 1, 2, 4, 8, 16];

/**
 * `<gatepost-player>`: plays what a grant opens. Set `grant` (the answer of POST /v1/grants, or a
 * grant of POST /v1/shares/open), or the attributes `whep`, `hls`, `playlist` and `token`.
 *
 * Attributes: `mode` (auto, whep, hls), `label` (watermark, where the token names none), `muted`,
 * `nocontrols`, `lang` (zh or en). Parts: video, watermark, message, bar, button, clock, badge, speed.
 */
export class GatepostPlayer extends HTMLElement {
  static readonly observedAttributes = ['grant', 'whep', 'hls', 'playlist', 'token', 'mode', 'label', 'muted', 'lang'];

  /** The player's state; read it or subscribe to it. */
  readonly store = new PlayerStore();
  readonly video: HTMLVideoElement;
  readonly #controller: PlayerController;
  readonly #parts: Record<'message' | 'bar' | 'watermark' | 'play' | 'mute' | 'clock' | 'badge' | 'speed' | 'snapshot' | 'fullscreen', HTMLElement>;
  #grant: MediaGrant | null = null;
  #startAt: number | null = null;
  #opening = false;
  #connected: AbortController | null = null;
  #quiet: ReturnType<typeof setTimeout> | undefined;
  #expiring: ReturnType<typeof setTimeout> | undefined;
  /** The latest end that was announced, Unix milliseconds. */
  #announced = 0;

  constructor() {
    super();
    const root = this.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(playerCSS);
    root.adoptedStyleSheets = [sheet];
    root.innerHTML = playerHTML;
    const part = <T extends Element = HTMLElement>(name: string) => root.querySelector<T>(`[part~="${name}"]`) as T;
    this.video = part<HTMLVideoElement>('video');
    this.#parts = {
      message: part('message'),
      bar: part('bar'),
      watermark: part('watermark'),
      play: part('play'),
      mute: part('mute'),
      clock: part('clock'),
      badge: part('badge'),
      speed: part('speed'),
      snapshot: part('snapshot'),
      fullscreen: part('fullscreen'),
    };
    for (let i = 0; i < 9; i++) this.#parts.watermark.append(document.createElement('span'));
    for (const s of speeds) this.#parts.speed.append(new Option(`${s}×`, String(s), s === 1, s === 1));
    const fetcher = (url: string, init?: RequestInit) => fetch(url, init);
    const transports = browserTransports(this.video, () => this.#controller.source, fetcher);
    this.#controller = new PlayerController(this.store, transports, () => this.#blank());
    this.store.subscribe((now, before) => this.#changed(now, before));
  }

  /** What is played. Setting a renewed grant of the same picture goes on without a break; null stops. */
  get grant(): MediaGrant | null {
    return this.#grant;
  }

  set grant(grant: MediaGrant | null) {
    // A page that renders again sets the same grant again; that opens nothing, least of all what was denied.
    const same = grant !== null && grant.token === this.#grant?.token;
    this.#grant = grant;
    if (same) {
      this.#drawWatermark();
      return;
    }
    this.#reopen();
  }

  /** The watermark: what the token names, which no page takes off; else the attribute, else the grant's label. */
  get label(): string {
    const token = this.#grant?.token ?? this.getAttribute('token') ?? '';
    return labelOfToken(token) || (this.getAttribute('label') ?? this.#grant?.label ?? '');
  }

  /** Plays, with a recording's speed and the sound as they were. Resolves when the browser has begun. */
  async play(): Promise<void> {
    const { state } = this.store.snapshot;
    if (state === 'error' || state === 'denied') this.#reopen();
    else await this.video.play();
  }

  pause(): void {
    this.video.pause();
  }

  /** Shows the recorded picture of that moment; in a gap, the first one after it. Before anything is open it says where a recording will begin. */
  seekTo(date: Date): void {
    if (this.#opening || !this.#controller.seek(date.getTime())) this.#startAt = date.getTime();
  }

  /** A PNG of the present picture, watermark included. */
  snapshot(): Promise<Blob> {
    return takeSnapshot(this.video, this.#watermark());
  }

  connectedCallback(): void {
    // A property set before the element was defined would hide the accessor.
    for (const name of ['grant'] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      delete (this as Partial<this>)[name];
      this[name] = value;
    }
    const connected = new AbortController();
    this.#connected = connected;
    const on = { signal: connected.signal };
    if (!this.hasAttribute('tabindex')) this.tabIndex = 0;
    this.#listen(on);
    this.#words();
    const tick = setInterval(() => this.#drawWatermark(), 1000);
    connected.signal.addEventListener('abort', () => clearInterval(tick));
    this.#drawWatermark();
    this.#render(this.store.snapshot);
    this.#reopen();
  }

  disconnectedCallback(): void {
    this.#connected?.abort();
    this.#connected = null;
    clearTimeout(this.#quiet);
    clearTimeout(this.#expiring);
    this.#controller.close();
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now) return;
    if (name === 'muted') this.video.muted = now !== null;
    else if (name === 'label') this.#drawWatermark();
    else if (name === 'lang') this.#words();
    else if (name === 'grant') this.grant = now === null ? null : (JSON.parse(now) as MediaGrant);
    else this.#reopen();
  }

  // ---- opening

  #source(): Source | null {
    const attribute = this.getAttribute('mode');
    const mode: PlayerMode = attribute === 'whep' || attribute === 'hls' ? attribute : 'auto';
    if (this.#grant !== null) return sourceOfGrant(this.#grant, mode, document.baseURI);
    const urls = {
      whep: this.getAttribute('whep') ?? undefined,
      hls: this.getAttribute('hls') ?? undefined,
      playlist: this.getAttribute('playlist') ?? undefined,
    };
    if (!urls.whep && !urls.hls && !urls.playlist) return null;
    return sourceOfGrant({ token: this.getAttribute('token') ?? '', expires_at: '', urls }, mode, document.baseURI);
  }

  /** Opens the source after the present task, so that several attributes set together open it once. */
  #reopen(): void {
    if (this.#connected === null || this.#opening) return;
    this.#opening = true;
    queueMicrotask(() => {
      this.#opening = false;
      if (this.#connected === null) return;
      const source = this.#source();
      clearTimeout(this.#expiring);
      if (source === null) {
        this.#controller.close();
        return;
      }
      const startAt = this.#startAt;
      this.#startAt = null;
      this.#controller.open(source, startAt);
      this.#announceExpiry(source.expiresAt);
      this.#drawWatermark();
    });
  }

  #announceExpiry(expiresAt: number): void {
    // A renewal that brought no more time will bring none the next time.
    if (expiresAt <= this.#announced) return;
    const left = expiresAt - Date.now();
    const ms = left - Math.min(60_000, left / 4);
    if (ms <= 0 || ms > 2 ** 31 - 1) return;
    this.#expiring = setTimeout(() => {
      this.#announced = expiresAt;
      this.#emit('grantexpiring', { expiresAt: new Date(expiresAt) });
    }, ms);
  }

  #blank(): void {
    this.video.srcObject = null;
    this.video.removeAttribute('src');
    this.video.load();
  }

  // ---- showing

  #emit(name: keyof PlayerEvents, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  #changed(now: PlayerSnapshot, before: PlayerSnapshot): void {
    if (now.state !== before.state || now.reason !== before.reason || now.transport !== before.transport || now.fallback !== before.fallback) {
      this.#emit('statechange', now);
    }
    if (now.frames !== before.frames || now.wallClock !== before.wallClock) {
      this.#emit('timeupdate', { wallClock: now.wallClock === null ? null : new Date(now.wallClock) });
    }
    this.#render(now);
  }

  #render(s: PlayerSnapshot): void {
    const w = words[languageOf(this)];
    const { message, badge, clock, speed, play, mute, snapshot } = this.#parts;
    this.dataset['state'] = s.state;
    const silent = s.state === 'playing' && !s.paused;
    message.hidden = silent;
    (message.firstElementChild as HTMLElement).hidden = s.state !== 'connecting' && s.state !== 'stalled';
    const said = s.state === 'playing' && s.paused ? w.tapToPlay : sayState(w, s.state, s.reason);
    const text = message.lastElementChild as HTMLElement;
    if (text.textContent !== said) text.textContent = said;
    text.hidden = s.state === 'playing';

    badge.hidden = s.transport === null || s.state === 'denied' || s.state === 'error';
    if (s.transport !== null) {
      badge.textContent = s.live ? `${w.live} · ${w.transport[s.transport]}` : w.transport[s.transport];
      badge.toggleAttribute('data-live', s.live && s.state === 'playing');
      badge.toggleAttribute('data-fallback', s.fallback !== null);
      badge.title = [
        s.fallback === null ? '' : w.fallback[s.fallback],
        s.latency === null ? '' : w.latency(s.latency.toFixed(1)),
        s.width > 0 ? `${s.width}×${s.height}` : '',
      ].filter(Boolean).join(' · ');
      badge.dataset['transport'] = s.transport;
    }
    const time = s.wallClock === null || s.state === 'error' ? '' : stamp(s.wallClock);
    clock.textContent = this.clientWidth < 480 ? time.slice(11) : time;
    speed.hidden = s.live;
    setIcon(play, s.paused ? icons.play : icons.pause, s.paused ? w.play : w.pause);
    setIcon(mute, s.muted ? icons.silent : icons.sound, s.muted ? w.unmute : w.mute);
    mute.setAttribute('aria-pressed', String(s.muted));
    (snapshot as HTMLButtonElement).disabled = s.width === 0;
  }

  #words(): void {
    const w = words[languageOf(this)];
    this.setAttribute('role', 'region');
    this.ariaLabel = this.getAttribute('aria-label') ?? w.player;
    this.#parts.bar.ariaLabel = w.player;
    this.#parts.speed.ariaLabel = w.speed;
    this.#parts.speed.title = w.speed;
    setIcon(this.#parts.snapshot, icons.snapshot, w.snapshot);
    this.#fullscreenIcon();
    this.#render(this.store.snapshot);
  }

  #watermark(): string {
    const label = this.label;
    return label === '' ? '' : `${label} ${stamp(this.store.snapshot.wallClock ?? Date.now())}`;
  }

  #drawWatermark(): void {
    const text = this.#watermark();
    for (const span of this.#parts.watermark.children) span.textContent = text;
  }

  // ---- what the viewer does

  #listen(on: { signal: AbortSignal }): void {
    const { play, mute, speed, snapshot, fullscreen } = this.#parts;
    const v = this.video;
    v.addEventListener('play', () => this.store.choose({ paused: false }), on);
    v.addEventListener('pause', () => this.store.choose({ paused: v.paused && !v.ended }), on);
    v.addEventListener('volumechange', () => this.store.choose({ muted: v.muted }), on);
    // A live picture's rate is the transport's own, to catch up; only that of a recording was chosen.
    v.addEventListener('ratechange', () => this.store.snapshot.live || this.store.choose({ rate: v.playbackRate }), on);
    v.addEventListener('loadedmetadata', () => this.#begin(), on);
    v.addEventListener('click', () => this.#toggle(), on);
    play.addEventListener('click', () => this.#toggle(), on);
    mute.addEventListener('click', () => this.#mute(), on);
    speed.addEventListener('change', () => this.#speed(Number((speed as HTMLSelectElement).value)), on);
    snapshot.addEventListener('click', () => void this.#save(), on);
    fullscreen.addEventListener('click', () => void this.#fullscreen(), on);
    document.addEventListener('fullscreenchange', () => this.#fullscreenIcon(), on);
    this.addEventListener('keydown', (e) => this.#key(e), on);
    for (const name of ['pointermove', 'pointerdown', 'focusin'] as const) this.addEventListener(name, () => this.#wake(), on);
    this.store.choose({ muted: v.muted });
  }

  /** Begins to play; a browser that forbids sound without a gesture gets it muted. */
  #begin(): void {
    const s = this.store.snapshot;
    this.video.playbackRate = s.live ? 1 : s.rate;
    this.video.play().catch((err: unknown) => {
      if (!(err instanceof DOMException) || err.name !== 'NotAllowedError') return;
      this.video.muted = true;
      this.video.play().catch(() => this.store.choose({ paused: true }));
    });
  }

  #toggle(): void {
    if (this.video.paused) this.play().catch(() => this.store.choose({ paused: true }));
    else this.pause();
  }

  #mute(): void {
    this.video.muted = !this.video.muted;
  }

  #speed(rate: number): void {
    if (this.store.snapshot.live) return;
    this.video.playbackRate = rate;
    (this.#parts.speed as HTMLSelectElement).value = String(rate);
  }

  async #save(): Promise<void> {
    try {
      save(await this.snapshot(), `gatepost-${stamp(this.store.snapshot.wallClock ?? Date.now()).replace(/[ :]/g, '-')}.png`);
    } catch {
      // No picture yet: the button is disabled then, a key is not.
    }
  }

  async #fullscreen(): Promise<void> {
    // The element itself, not the video, so that the watermark stays on it.
    if (document.fullscreenElement === this) await document.exitFullscreen();
    else if (typeof this.requestFullscreen === 'function') await this.requestFullscreen();
    else this.classList.toggle('filled');
    this.#fullscreenIcon();
  }

  #fullscreenIcon(): void {
    const w = words[languageOf(this)];
    const full = document.fullscreenElement === this || this.classList.contains('filled');
    setIcon(this.#parts.fullscreen, full ? icons.shrink : icons.full, full ? w.exitFullscreen : w.fullscreen);
  }

  #key(e: KeyboardEvent): void {
    if (e.ctrlKey || e.altKey || e.metaKey) return;
    const at = e.composedPath()[0];
    if (at instanceof HTMLSelectElement || (at instanceof HTMLButtonElement && (e.key === ' ' || e.key === 'Enter'))) return;
    const { live, rate } = this.store.snapshot;
    // By the media's own time, so that a step back leads over a gap.
    const step = (d: number) => {
      if (live) return false;
      this.video.currentTime += d;
      return true;
    };
    const faster = (d: number) => {
      if (live) return false;
      const i = speeds.indexOf(rate) + d;
      const next = speeds[Math.max(0, Math.min(i, speeds.length - 1))];
      if (next !== undefined) this.#speed(next);
      return true;
    };
    const keys: Record<string, () => boolean | void> = {
      ' ': () => this.#toggle(),
      k: () => this.#toggle(),
      m: () => this.#mute(),
      f: () => void this.#fullscreen(),
      s: () => void this.#save(),
      ArrowLeft: () => step(-10),
      ArrowRight: () => step(10),
      '<': () => faster(-1),
      '>': () => faster(1),
    };
    const act = keys[e.key];
    if (act !== undefined && act() !== false) e.preventDefault();
  }

  /** Shows the bar; it goes after a while without a hand on it. */
  #wake(): void {
    clearTimeout(this.#quiet);
    this.removeAttribute('data-quiet');
    this.#quiet = setTimeout(() => {
      const s = this.store.snapshot;
      if (s.state === 'playing' && !s.paused) this.setAttribute('data-quiet', '');
    }, 3000);
  }
}

function setIcon(button: HTMLElement, svg: string, label: string): void {
  if (button.ariaLabel === label) return;
  button.innerHTML = svg;
  button.ariaLabel = label;
  button.title = label;
}

declare global {
  interface HTMLElementTagNameMap {
    'gatepost-player': GatepostPlayer;
  }
}
