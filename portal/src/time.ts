/** Times as people read them: local, 24 hours, to the minute or the second. */
const two = (n: number) => String(n).padStart(2, '0');

/** 2026-11-23 08:15, or with seconds; '' for what is no time. */
export function when(t: Date | string | number | null | undefined, seconds = false): string {
  if (t === null || t === undefined || t === '') return '';
  const d = t instanceof Date ? t : new Date(t);
  // The zero time of the server means "never".
  if (Number.isNaN(d.getTime()) || d.getTime() <= 0) return '';
  const hm = `${two(d.getHours())}:${two(d.getMinutes())}`;
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${hm}${seconds ? `:${two(d.getSeconds())}` : ''}`;
}

/** The zone of these times at a moment: "UTC+8", "UTC-3:30", "UTC". */
export function zone(at = new Date()): string {
  const east = -at.getTimezoneOffset();
  const minutes = Math.abs(east) % 60;
  return east === 0 ? 'UTC' : `UTC${east > 0 ? '+' : '-'}${Math.floor(Math.abs(east) / 60)}${minutes === 0 ? '' : `:${two(minutes)}`}`;
}

/** From one to the other, the day named once when it is one day. */
export function span(from: Date | string | number, to: Date | string | number): string {
  const a = when(from);
  const b = when(to);
  return a.slice(0, 10) === b.slice(0, 10) ? `${a} – ${b.slice(11)}` : `${a} – ${b}`;
}

/** Local midnight of a day, and the next. */
export function dayOf(t: Date): { from: number; to: number } {
  const from = new Date(t);
  from.setHours(0, 0, 0, 0);
  const to = new Date(from);
  to.setDate(to.getDate() + 1);
  return { from: from.getTime(), to: to.getTime() };
}

/** 2500000 → "2.5 Mbit/s". */
export function bitRate(bps: number): string {
  if (bps >= 1e6) return `${(bps / 1e6).toFixed(1)} Mbit/s`;
  return `${Math.round(bps / 1e3)} kbit/s`;
}
