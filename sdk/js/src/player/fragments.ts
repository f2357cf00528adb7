/** What the clock of a playlist needs of each of its fragments (hls.js's have it). */
export interface TimedFragment {
  /** Seconds on the media timeline. */
  start: number;
  duration: number;
  /** Unix milliseconds, of EXT-X-PROGRAM-DATE-TIME or carried on from the fragment before; null when the playlist has none. */
  programDateTime: number | null;
}

/** Index of the last fragment whose key is at most v, or -1; key must grow with the index. */
function lastAtMost(fragments: readonly TimedFragment[], v: number, key: (f: TimedFragment) => number): number {
  let lo = 0;
  let hi = fragments.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (key(fragments[mid] as TimedFragment) <= v) lo = mid + 1;
    else hi = mid;
  }
  return lo - 1;
}

/** Wall time (Unix milliseconds) of a media time (seconds), or null when the playlist does not tell it. */
export function wallOfMedia(fragments: readonly TimedFragment[], media: number): number | null {
  const f = fragments[Math.max(0, lastAtMost(fragments, media, (x) => x.start))];
  if (f === undefined || f.programDateTime === null) return null;
  return f.programDateTime + Math.max(0, Math.min(media - f.start, f.duration)) * 1000;
}

/**
 * Media time (seconds) of a wall time (Unix milliseconds): within a gap the first picture after
 * it, before the first picture that one, after the last its end; null when the playlist does not tell.
 */
export function mediaOfWall(fragments: readonly TimedFragment[], wall: number): number | null {
  if (fragments.some((f) => f.programDateTime === null)) return null;
  const i = lastAtMost(fragments, wall, (x) => x.programDateTime as number);
  const first = fragments[0];
  if (first === undefined) return null;
  if (i < 0) return first.start;
  const f = fragments[i] as TimedFragment;
  const into = (wall - (f.programDateTime as number)) / 1000;
  if (into < f.duration) return f.start + into;
  return fragments[i + 1]?.start ?? f.start + f.duration;
}
