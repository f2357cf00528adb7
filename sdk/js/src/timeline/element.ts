import type { MomentPicture, Span } from '../api';
import { drawWatermark } from '../player/snapshot';
import { Preview, type Ask } from './preview';
import { timelineCSS, timelineHTML } from './style';
import { drawn, nextPlayable, pan, playable, spanAt, ticks, timeAt, within, xOf, zoom, type TimeSpan, type View } from './view';
import { languageOf, stamp, words } from './words';

/** Events of `<gatepost-timeline>`. */
export interface TimelineEvents {
  /** A time was chosen, by click, by dragging the hand, or by Enter: the nearest from there on where something was recorded; that it is archived is told by its span. */
  seek: CustomEvent<{ time: Date }>;
  /** Another part of time is shown; load its spans when they are not at hand. */
  viewchange: CustomEvent<{ from: Date; to: Date }>;
}

/** Gives the picture of a moment, as `client.playback.picture` does, or null. */
export type PictureSource = Ask<MomentPicture>;

const svgNS = 'http://www.w3.org/2000/svg';
const stripTop = 8;
const stripHeight = 38;
/** A press that moves less is a click. */
const clickSlop = 4;

function millis(t: Date | string | number): number {
  return t instanceof Date ? t.getTime() : typeof t === 'string' ? Date.parse(t) : t;
}

/**
 * `<gatepost-timeline>`: a strip of what is recorded, missing (and why), expired and held. The
 * wheel zooms, dragging pans, a click or the hand seeks; arrows move the cursor, + and - zoom,
 * Enter seeks, Home and End go to the ends. With `pictures` it shows the picture of the moment that
 * is pointed at. Attributes: `theme` (dark), `lang`. Parts: strip, tip, preview.
 */
export class GatepostTimeline extends HTMLElement {
  static readonly observedAttributes = ['lang'];

  #spans: TimeSpan[] = [];
  #limits: View = { from: 0, to: 0 };
  #view: View = { from: 0, to: 0 };
  #position: number | null = null;
  #cursor: number | null = null;
  #press: { x: number; view: View; hand: boolean; moved: boolean } | null = null;
  #connected: AbortController | null = null;
  #pending = false;
  #tipX = 0;
  #pictures: PictureSource | null = null;
  readonly #preview = new Preview<MomentPicture & { bitmap: ImageBitmap }>((shown) => this.#picture(shown));
  readonly #root: ShadowRoot;

  constructor() {
    super();
    this.#root = this.attachShadow({ mode: 'open' });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(timelineCSS);
    this.#root.adoptedStyleSheets = [sheet];
    this.#root.innerHTML = timelineHTML;
  }

  /** What is known, as GET /v1/cameras/{id}/timeline answers it. */
  get spans(): readonly TimeSpan[] {
    return this.#spans;
  }

  set spans(spans: readonly (Span | TimeSpan)[]) {
    this.#spans = spans.map((s) => ({ from: millis(s.from), to: millis(s.to), state: s.state, ...(s.reason ? { reason: s.reason } : {}), ...(s.archived ? { archived: true } : {}) }));
    this.#draw();
  }

  /** Where pictures of moments come from; null: none are shown. */
  get pictures(): PictureSource | null {
    return this.#pictures;
  }

  set pictures(source: PictureSource | null) {
    if (source === this.#pictures) return;
    this.#pictures = source;
    this.#preview.source = source === null ? null : async (at, o) => {
      const p = await source(at, o);
      return p === null ? null : { ...p, bitmap: await createImageBitmap(p.image) };
    };
  }

  /** What part of time may be shown; sets the view to all of it. */
  setRange(from: Date | string | number, to: Date | string | number): void {
    this.#limits = { from: millis(from), to: millis(to) };
    this.#view = this.#limits;
    if (this.#cursor !== null && (this.#cursor < this.#limits.from || this.#cursor > this.#limits.to)) this.#cursor = null;
    this.#draw();
  }

  /** What is shown. */
  get view(): { from: Date; to: Date } {
    return { from: new Date(this.#view.from), to: new Date(this.#view.to) };
  }

  /** Makes the view factor times as long (0.5: closer), around the moment that is played, else its middle. */
  zoomBy(factor: number): void {
    const { from, to } = this.#view;
    const at = this.#position !== null && this.#position >= from && this.#position <= to ? this.#position : (from + to) / 2;
    this.#show(zoom(this.#view, factor, at, this.#limits));
  }

  /** The moment that is being played, or null: the hand. */
  get position(): Date | null {
    return this.#position === null ? null : new Date(this.#position);
  }

  set position(t: Date | null) {
    if (this.#press?.hand === true) return; // it is in the viewer's hand
    this.#position = t === null ? null : t.getTime();
    this.#draw();
  }

  connectedCallback(): void {
    const connected = new AbortController();
    this.#connected = connected;
    const on = { signal: connected.signal };
    if (!this.hasAttribute('tabindex')) this.tabIndex = 0;
    this.setAttribute('role', 'slider');
    const size = new ResizeObserver(() => this.#draw());
    size.observe(this);
    connected.signal.addEventListener('abort', () => size.disconnect());
    this.addEventListener('wheel', (e) => this.#wheel(e), { ...on, passive: false });
    this.addEventListener('pointerdown', (e) => this.#down(e), on);
    this.addEventListener('pointermove', (e) => this.#move(e), on);
    this.addEventListener('pointerup', (e) => this.#up(e), on);
    this.addEventListener('pointercancel', () => this.#release(), on);
    this.addEventListener('pointerleave', () => this.#tip(null), on);
    this.addEventListener('keydown', (e) => this.#key(e), on);
    this.addEventListener('focus', () => this.matches(':focus-visible') && this.#tipAt(this.#cursor ?? this.#position), on);
    this.addEventListener('blur', () => this.#tip(null), on);
    this.#draw();
  }

  disconnectedCallback(): void {
    this.#connected?.abort();
    this.#connected = null;
    this.#preview.want(null);
  }

  attributeChangedCallback(): void {
    this.#draw();
  }

  // ---- the viewer's hand

  get #width(): number {
    return this.clientWidth || 1;
  }

  #x(e: MouseEvent): number {
    return e.clientX - this.getBoundingClientRect().left;
  }

  #show(v: View): void {
    if (v.from === this.#view.from && v.to === this.#view.to) return;
    this.#view = v;
    this.dispatchEvent(new CustomEvent('viewchange', { detail: this.view, bubbles: true, composed: true }));
    this.#draw();
  }

  #seek(t: number): void {
    const to = nextPlayable(this.#spans, t);
    if (to === null) return;
    this.#cursor = to;
    this.#position = to;
    this.dispatchEvent(new CustomEvent('seek', { detail: { time: new Date(to) }, bubbles: true, composed: true }));
    this.#draw();
  }

  #wheel(e: WheelEvent): void {
    e.preventDefault();
    if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) {
      this.#show(pan(this.#view, (e.deltaX / this.#width) * (this.#view.to - this.#view.from), this.#limits));
      return;
    }
    this.#show(zoom(this.#view, Math.exp(Math.max(-200, Math.min(200, e.deltaY)) / 300), timeAt(this.#view, this.#width, this.#x(e)), this.#limits));
  }

  #down(e: PointerEvent): void {
    if (e.button !== 0) return;
    this.setPointerCapture(e.pointerId);
    const x = this.#x(e);
    const hand = this.#position !== null && Math.abs(xOf(this.#view, this.#width, this.#position) - x) < 8;
    this.#press = { x, view: this.#view, hand, moved: false };
  }

  #move(e: PointerEvent): void {
    const x = this.#x(e);
    const press = this.#press;
    if (press === null) {
      this.#tip(x);
      return;
    }
    press.moved ||= Math.abs(x - press.x) > clickSlop;
    if (!press.moved) return;
    if (press.hand) {
      this.#position = Math.max(this.#limits.from, Math.min(timeAt(this.#view, this.#width, x), this.#limits.to));
      this.#tip(x);
      this.#draw();
    } else {
      this.toggleAttribute('data-panning', true);
      this.#tip(null);
      this.#show(pan(press.view, ((press.x - x) / this.#width) * (press.view.to - press.view.from), this.#limits));
    }
  }

  #up(e: PointerEvent): void {
    const press = this.#press;
    if (press === null) return;
    this.#release();
    if (!press.moved || press.hand) this.#seek(timeAt(this.#view, this.#width, this.#x(e)));
  }

  #release(): void {
    this.#press = null;
    this.removeAttribute('data-panning');
  }

  #key(e: KeyboardEvent): void {
    if (e.ctrlKey || e.altKey || e.metaKey) return;
    const length = this.#view.to - this.#view.from;
    const at = this.#cursor ?? this.#position ?? (this.#view.from + this.#view.to) / 2;
    const go = (t: number) => {
      const cursor = Math.max(this.#limits.from, Math.min(t, this.#limits.to));
      this.#cursor = cursor;
      if (cursor < this.#view.from) this.#show(within({ from: cursor, to: cursor + length }, this.#limits));
      if (cursor > this.#view.to) this.#show(within({ from: cursor - length, to: cursor }, this.#limits));
      this.#tipAt(cursor);
      this.#draw();
    };
    const step = length / (e.shiftKey ? 10 : 100);
    const keys: Record<string, () => void> = {
      ArrowLeft: () => go(at - step),
      ArrowRight: () => go(at + step),
      PageUp: () => go(at - length / 4),
      PageDown: () => go(at + length / 4),
      Home: () => go(this.#limits.from),
      End: () => go(this.#limits.to),
      Enter: () => this.#seek(at),
      ' ': () => this.#seek(at),
      '+': () => this.#show(zoom(this.#view, 0.5, at, this.#limits)),
      '=': () => this.#show(zoom(this.#view, 0.5, at, this.#limits)),
      '-': () => this.#show(zoom(this.#view, 2, at, this.#limits)),
    };
    const act = keys[e.key];
    if (act === undefined) return;
    e.preventDefault();
    act();
  }

  // ---- drawing

  /** What is to be said of a moment, e.g. "2026-11-23 08:15:09 · gap: network". */
  describe(t: number): string {
    const w = words[languageOf(this)];
    const s = spanAt(this.#spans, t);
    if (s === null) return `${stamp(t)} · ${w.states['future']}`;
    const why = s.state === 'gap' ? w.why(w.reasons[s.reason ?? ''] ?? s.reason ?? w.unknown) : '';
    return `${stamp(t)} · ${w.states[s.state]}${s.archived ? w.archived : why}`;
  }

  /** Says what there is at a moment, beside it, when it is in view. */
  #tipAt(t: number | null): void {
    this.#tip(t === null || t < this.#view.from || t > this.#view.to ? null : xOf(this.#view, this.#width, t));
  }

  #tip(x: number | null): void {
    const tip = this.#part('tip');
    tip.hidden = x === null || this.#limits.to === 0;
    if (x === null) {
      this.#preview.want(null);
      return;
    }
    const t = timeAt(this.#view, this.#width, x);
    tip.textContent = this.describe(t);
    this.#place(tip, x);
    const span = spanAt(this.#spans, t);
    this.#part('preview').toggleAttribute('data-stale', true);
    this.#tipX = x;
    this.#preview.want(span !== null && playable(span) && !span.archived ? t : null);
  }

  #part(name: string): HTMLElement {
    return this.#root.querySelector(`[part=${name}]`) as HTMLElement;
  }

  /** Centres what lies above the strip on x, and keeps it within the strip's width. */
  #place(el: HTMLElement, x: number): void {
    const half = el.offsetWidth / 2;
    el.style.left = `${Math.max(half, Math.min(x, this.#width - half))}px`;
  }

  #picture(shown: (MomentPicture & { bitmap: ImageBitmap }) | null): void {
    const canvas = this.#part('preview') as HTMLCanvasElement;
    canvas.hidden = shown === null;
    if (shown === null) return;
    const { bitmap, label, time } = shown;
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    const c = canvas.getContext('2d');
    c?.drawImage(bitmap, 0, 0);
    if (c && label !== '') drawWatermark(c, bitmap.width, bitmap.height, `${label} ${stamp(time.getTime())}`, 1);
    bitmap.close();
    canvas.dataset['time'] = time.toISOString();
    canvas.toggleAttribute('data-stale', false);
    this.#place(canvas, this.#tipX);
  }

  #draw(): void {
    if (this.#pending || this.#connected === null) return;
    this.#pending = true;
    requestAnimationFrame(() => {
      this.#pending = false;
      if (this.#connected !== null && this.#limits.to > this.#limits.from) this.#paint();
    });
  }

  #paint(): void {
    const width = this.#width;
    const v = this.#view;
    const group = (name: string) => this.#root.querySelector(`.${name}`) as SVGGElement;
    group('spans').replaceChildren(
      ...drawn(this.#spans, v, width).map((s) => {
        const x = xOf(v, width, s.from);
        const w = Math.max(1, xOf(v, width, s.to) - x);
        const r = shape('rect', { class: 'span', x, y: stripTop, width: w, height: stripHeight });
        r.dataset['state'] = s.state;
        if (s.reason) r.dataset['reason'] = s.reason;
        if (s.archived) r.dataset['archived'] = '';
        return r;
      }),
    );
    group('axis').replaceChildren(
      ...ticks(v, width).flatMap((t) => {
        const x = xOf(v, width, t.at);
        const kind = t.major ? ' major' : '';
        const line = shape('line', { class: `tick${kind}`, x1: x, x2: x, y1: 46, y2: t.major ? 54 : 51 });
        const atEdge = x < 28 || x > width - 28;
        if (atEdge && !t.major) return [line]; // its words would leave the strip
        const label = shape('text', { class: `label${kind}`, x, y: 66, 'text-anchor': !atEdge ? 'middle' : x < 28 ? 'start' : 'end' });
        label.textContent = t.label;
        return [line, label];
      }),
    );
    const place = (selector: string, t: number | null, ...names: string[]) => {
      const el = this.#root.querySelector(selector) as SVGElement;
      const visible = t !== null && t >= v.from && t <= v.to;
      el.setAttribute('visibility', visible ? 'visible' : 'hidden');
      if (t !== null) for (const n of names) el.setAttribute(n, String(xOf(v, width, t)));
    };
    place('.cursor', this.#cursor, 'x1', 'x2');
    place('.hand', this.#position, 'x1', 'x2');
    place('.knob', this.#position, 'cx');

    const at = this.#cursor ?? this.#position ?? v.from;
    this.ariaLabel = words[languageOf(this)].timeline;
    this.ariaValueMin = String(Math.round(this.#limits.from / 1000));
    this.ariaValueMax = String(Math.round(this.#limits.to / 1000));
    this.ariaValueNow = String(Math.round(at / 1000));
    this.ariaValueText = this.describe(at);
  }
}

function shape<K extends 'rect' | 'line' | 'text'>(name: K, attributes: Record<string, string | number>): SVGElementTagNameMap[K] {
  const el = document.createElementNS(svgNS, name);
  for (const [k, v] of Object.entries(attributes)) el.setAttribute(k, String(v));
  return el;
}

declare global {
  interface HTMLElementTagNameMap {
    'gatepost-timeline': GatepostTimeline;
  }
}
