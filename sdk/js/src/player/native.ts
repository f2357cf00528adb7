import type { Source } from './source';
import { Sentry, type Probe } from './probe';
import type { Hooks, Outcome, PlayerTransport } from './transport';
import { wait } from './wait';

const pollMS = 500;
const stallMS = 1500;
const reopenMS = 15000;
const vodProbeMS = 3000;

/** WebKit's own addition to HTMLMediaElement: the wall time of media time 0, from EXT-X-PROGRAM-DATE-TIME. */
interface DatedVideo extends HTMLVideoElement {
  getStartDate?: () => Date;
}

/** HLS played by the browser itself, where there is no MediaSource (Safari on older iPhones). */
export class NativeTransport implements PlayerTransport {
  readonly #video: DatedVideo;
  readonly #url: string;
  readonly #live: boolean;
  readonly #probe: Probe;
  #seekTo: number | null;

  constructor(
    video: HTMLVideoElement,
    source: Source,
    live: boolean,
    probe: Probe,
    startAt: number | null = null,
  ) {
    this.#video = video;
    this.#url = (live ? source.hls : source.playlist) ?? '';
    this.#live = live;
    this.#probe = probe;
    this.#seekTo = startAt;
  }

  /** Whether this browser plays HLS without help. */
  static supported(video: HTMLVideoElement): boolean {
    return video.canPlayType('application/vnd.apple.mpegurl') !== '';
  }

  renew(): boolean {
    return false;
  }

  seek(wall: number): boolean {
    if (this.#live) return false;
    this.#seekTo = wall;
    this.#applySeek();
    return true;
  }

  #origin(): number | null {
    const t = this.#video.getStartDate?.().getTime();
    return t === undefined || Number.isNaN(t) ? null : t;
  }

  #applySeek(): void {
    const origin = this.#origin();
    if (this.#seekTo === null || origin === null || this.#video.readyState < HTMLMediaElement.HAVE_METADATA) return;
    this.#video.currentTime = Math.max(0, (this.#seekTo - origin) / 1000);
    this.#seekTo = null;
  }

  async run(signal: AbortSignal, hooks: Hooks): Promise<Outcome> {
    const video = this.#video;
    const mine = new AbortController();
    const on = { signal: mine.signal };
    let failed: Outcome | null = null;
    video.addEventListener('loadedmetadata', () => this.#applySeek(), on);
    video.addEventListener('ended', () => hooks.ended(), on);
    video.addEventListener('error', () => {
      const code = video.error?.code;
      failed =
        code === MediaError.MEDIA_ERR_DECODE ? { kind: 'lost', reason: 'decode' }
        : code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED ? { kind: 'offline' }
        : { kind: 'lost', reason: 'network' };
    }, on);
    try {
      video.srcObject = null;
      video.src = this.#url;
      hooks.using('native');
      video.play().catch(() => undefined);
      let at = 0;
      let moved = performance.now();
      const sentry = new Sentry(this.#probe, vodProbeMS);
      for (;;) {
        await wait(pollMS, signal);
        const now = performance.now();
        if (failed !== null) return (await this.#probe(signal)) ?? failed;
        if (video.currentTime !== at) {
          at = video.currentTime;
          moved = now;
          const origin = this.#origin();
          const q = video.getVideoPlaybackQuality();
          hooks.progress({
            frames: q.totalVideoFrames - q.droppedVideoFrames,
            dropped: q.droppedVideoFrames,
            width: video.videoWidth,
            height: video.videoHeight,
            wallClock: origin === null ? null : origin + at * 1000,
          });
        } else if (video.paused || video.ended || document.hidden) {
          moved = now;
        } else if (now - moved > stallMS) {
          hooks.stalled();
        }
        if (!this.#live || now - moved > stallMS) sentry.ask(signal);
        if (sentry.denied !== null) return sentry.denied;
        if (this.#live && now - moved > reopenMS) return { kind: 'offline' };
      }
    } finally {
      mine.abort();
    }
  }
}
