/** The part of time that a timeline shows. All times are Unix milliseconds, widths and positions CSS pixels. */
export interface View {
  readonly from: number;
  readonly to: number;
}

/** One stretch of a timeline. */
export interface TimeSpan {
  readonly from: number;
  readonly to: number;
  readonly state: 'recorded' | 'gap' | 'expired' | 'held';
  readonly reason?: string;
  /** It lies in the deep archive, and is restored before it plays. */
  readonly archived?: boolean;
}

/** No view is shorter (a minute) or longer (31 days, what the server answers at once). */
export const shortest = 60_000;
export const longest = 31 * 86_400_000;

/** Position of a time. */
export function xOf(v: View, width: number, t: number): number {
  return ((t - v.from) / (v.to - v.from)) * width;
}

/** Time at a position. */
export function timeAt(v: View, width: number, x: number): number {
  return v.from + (x / width) * (v.to - v.from);
}

/** Moves a view into limits: its length is kept where it fits, cut where not. */
export function within(v: View, limits: View): View {
  const length = Math.min(v.to - v.from, limits.to - limits.from);
  const from = Math.max(limits.from, Math.min(v.from, limits.to - length));
  return { from, to: from + length };
}

/** Makes the view factor times as long, so that the time at `anchor` stays where it is. */
export function zoom(v: View, factor: number, anchor: number, limits: View): View {
  const length = v.to - v.from;
  const most = Math.min(longest, limits.to - limits.from);
  const next = Math.max(Math.min(shortest, most), Math.min(length * factor, most));
  const share = (anchor - v.from) / length;
  const from = anchor - share * next;
  return within({ from, to: from + next }, limits);
}

/** Moves the view by ms. */
export function pan(v: View, ms: number, limits: View): View {
  return within({ from: v.from + ms, to: v.to + ms }, limits);
}

/** The span that holds t; the later one at a border. Spans are sorted and touch. */
export function spanAt(spans: readonly TimeSpan[], t: number): TimeSpan | null {
  let lo = 0;
  let hi = spans.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if ((spans[mid] as TimeSpan).from <= t) lo = mid + 1;
    else hi = mid;
  }
  const s = spans[lo - 1];
  return s !== undefined && t < s.to ? s : null;
}

/** Whether there is something to play. */
export function playable(s: TimeSpan): boolean {
  return s.state === 'recorded' || s.state === 'held';
}

/** The nearest playable time from t on: t itself, or the start of the next playable span; null when there is none. */
export function nextPlayable(spans: readonly TimeSpan[], t: number): number | null {
  for (const s of spans) if (s.to > t && playable(s)) return Math.max(s.from, t);
  return null;
}

/** Spans as they are drawn: cut to the view; neighbours of one state thinner than a pixel are one. */
export function drawn(spans: readonly TimeSpan[], v: View, width: number): TimeSpan[] {
  const out: TimeSpan[] = [];
  const pixel = (v.to - v.from) / Math.max(1, width);
  // What matters most survives when a pixel holds several.
  const weight: Record<TimeSpan['state'], number> = { held: 3, gap: 2, recorded: 1, expired: 0 };
  for (const s of spans) {
    const from = Math.max(s.from, v.from);
    const to = Math.min(s.to, v.to);
    if (to <= from) continue;
    const last = out.at(-1);
    if (last !== undefined && last.state === s.state && last.reason === s.reason && last.archived === s.archived && from - last.to < pixel) {
      out[out.length - 1] = { ...last, to };
    } else if (last !== undefined && to - from < pixel && last.to - last.from < pixel) {
      const lead = weight[s.state] > weight[last.state] ? s : last;
      out[out.length - 1] = { ...lead, from: last.from, to };
    } else {
      out.push({ ...s, from, to });
    }
  }
  return out;
}

/** One mark of the axis. */
export interface Tick {
  readonly at: number;
  /** Marks a new day, or the coarser unit at hand. */
  readonly major: boolean;
  readonly label: string;
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const steps = [5_000, 10_000, 30_000, minute, 2 * minute, 5 * minute, 10 * minute, 15 * minute, 30 * minute, hour, 2 * hour, 3 * hour, 6 * hour, 12 * hour, day, 2 * day, 7 * day];

/** Marks of a local-time axis, at least `spacing` pixels apart. */
export function ticks(v: View, width: number, spacing = 64): Tick[] {
  const wanted = ((v.to - v.from) * spacing) / Math.max(1, width);
  const step = steps.find((s) => s >= wanted) ?? (steps.at(-1) as number);
  const two = (n: number) => String(n).padStart(2, '0');
  const out: Tick[] = [];
  // From local midnight, so that marks fall on whole local hours in every time zone and across clock changes.
  const d = new Date(v.from);
  d.setHours(0, 0, 0, 0);
  let midnight = d.getTime();
  for (let guard = 0; midnight <= v.to && guard < 400; guard++) {
    const next = new Date(midnight);
    next.setDate(next.getDate() + Math.max(1, step / day));
    const end = next.getTime();
    for (let t = midnight; t < end; t += Math.min(step, end - midnight)) {
      if (t < v.from || t > v.to) continue;
      const l = new Date(t);
      const first = t === midnight;
      const label =
        first ? `${two(l.getMonth() + 1)}-${two(l.getDate())}`
        : step < minute ? `${two(l.getHours())}:${two(l.getMinutes())}:${two(l.getSeconds())}`
        : `${two(l.getHours())}:${two(l.getMinutes())}`;
      out.push({ at: t, major: first, label });
    }
    midnight = end;
  }
  return out;
}
