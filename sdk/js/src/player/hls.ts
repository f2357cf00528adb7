import type Hls from 'hls.js';
import type { ErrorData, HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration, LoaderContext } from 'hls.js';
import { mediaOfWall, wallOfMedia, type TimedFragment } from './fragments';
import { refusal, samePicture, TokenRewriter, type Source } from './source';
import { Sentry, type Probe } from './probe';
import type { Hooks, Outcome, PlayerTransport } from './transport';
import { wait } from './wait';

const pollMS = 250;
/** The picture stands still for so long: say so, and ask whether the token is still good. */
const stallMS = 1500;
/**
 * The playlist grew by so much and the picture still stands: open anew. While the playlist stands, too,
 * the camera is away, and opening anew would only show old pictures again.
 */
const stuckSeconds = 8;
/** A recording is asked for so often whether it may still be shown: what is buffered must go dark, too. */
const vodProbeMS = 3000;
const liveProbeMS = 2000;
/** Two recoveries of the decoder within so long are one too many. */
const decodeMS = 5000;

/** HLS by hls.js: LL-HLS for live, VOD for a recorded window. */
export class HlsTransport implements PlayerTransport {
  readonly #video: HTMLVideoElement;
  readonly #live: boolean;
  readonly #probe: Probe;
  readonly #rewriter: TokenRewriter;
  #source: Source;
  #hls: Hls | null = null;
  #seekTo: number | null;
  /** Media time (seconds) of the playlist's end. */
  #edge = 0;

  constructor(
    video: HTMLVideoElement,
    source: Source,
    live: boolean,
    probe: Probe,
    /** Wall time to begin at, for a recording. */
    startAt: number | null = null,
  ) {
    this.#video = video;
    this.#source = source;
    this.#live = live;
    this.#probe = probe;
    this.#rewriter = new TokenRewriter(source.token);
    this.#seekTo = startAt;
  }

  renew(source: Source): boolean {
    if (!samePicture(this.#source, source)) return false;
    this.#source = source;
    this.#rewriter.renew(source.token);
    return true;
  }

  seek(wall: number): boolean {
    if (this.#live) return false;
    this.#seekTo = wall;
    this.#applySeek();
    return true;
  }

  #fragments(): readonly TimedFragment[] {
    const hls = this.#hls;
    const level = hls?.levels[Math.max(0, hls.currentLevel)] ?? hls?.levels[0];
    return level?.details?.fragments ?? [];
  }

  /** A recorded segment's address: cheaper to ask for than the playlist. */
  #segment(): string | undefined {
    const hls = this.#hls;
    const url = this.#live ? undefined : hls?.levels[Math.max(0, hls.currentLevel)]?.details?.fragments[0]?.url;
    return url === undefined ? undefined : this.#rewriter.rewrite(url);
  }

  #applySeek(): void {
    if (this.#seekTo === null || this.#video.readyState < HTMLMediaElement.HAVE_METADATA) return;
    const fragments = this.#fragments();
    if (fragments.length === 0) return;
    const media = mediaOfWall(fragments, this.#seekTo);
    if (media !== null) this.#video.currentTime = media;
    this.#seekTo = null;
  }

  async run(signal: AbortSignal, hooks: Hooks): Promise<Outcome> {
    const url = this.#live ? this.#source.hls : this.#source.playlist;
    if (url === undefined) return { kind: 'failed', reason: 'unsupported' };
    const { default: HlsClass } = await import('hls.js/light');
    signal.throwIfAborted();
    if (!HlsClass.isSupported()) return { kind: 'failed', reason: 'unsupported' };

    const hls = new HlsClass(this.#config(HlsClass));
    this.#hls = hls;
    this.#video.srcObject = null;
    hooks.using(this.#live ? 'll-hls' : 'hls');
    const over = new Promise<Outcome>((resolve) => this.#listen(hls, HlsClass, hooks, resolve));
    const mine = new AbortController();
    this.#video.addEventListener('loadedmetadata', () => this.#applySeek(), { signal: mine.signal });
    this.#video.addEventListener('ended', () => hooks.ended(), { signal: mine.signal });
    hls.on(HlsClass.Events.LEVEL_UPDATED, (_, { details }) => {
      this.#edge = details.edge;
      this.#applySeek();
    });
    try {
      hls.attachMedia(this.#video);
      hls.loadSource(this.#rewriter.rewrite(url));
      this.#video.play().catch(() => undefined);
      return await Promise.race([over, this.#watch(hls, AbortSignal.any([signal, mine.signal]), hooks)]);
    } finally {
      mine.abort(new Error('over'));
      hls.destroy();
      this.#hls = null;
    }
  }

  #config(HlsClass: typeof Hls): Partial<HlsConfig> {
    const rewriter = this.#rewriter;
    const Default = HlsClass.DefaultConfig.loader;
    class RenewingLoader extends (Default as new (config: HlsConfig) => Loader<LoaderContext>) {
      override load(context: LoaderContext, config: LoaderConfiguration, callbacks: LoaderCallbacks<LoaderContext>): void {
        context.url = rewriter.rewrite(context.url);
        super.load(context, config, callbacks);
      }
    }
    return {
      loader: RenewingLoader,
      lowLatencyMode: this.#live,
      backBufferLength: this.#live ? 10 : 60,
      maxBufferLength: this.#live ? 10 : 20,
      maxMaxBufferLength: this.#live ? 20 : 60,
      maxLiveSyncPlaybackRate: this.#live ? 1.15 : 1,
    };
  }

  #listen(hls: Hls, HlsClass: typeof Hls, hooks: Hooks, resolve: (o: Outcome) => void): void {
    let recovered = 0;
    hls.on(HlsClass.Events.ERROR, (_, data) => {
      const status = data.response?.code ?? 0;
      const denied = refusal(status, '', this.#source.expiresAt, Date.now());
      if (denied !== null) {
        resolve({ kind: 'denied', reason: denied });
        return;
      }
      if (!data.fatal) return;
      if (data.type === HlsClass.ErrorTypes.MEDIA_ERROR) {
        if (isCodecError(HlsClass, data)) {
          resolve({ kind: 'failed', reason: 'codec' });
          return;
        }
        const now = performance.now();
        if (now - recovered > decodeMS) {
          recovered = now;
          hls.recoverMediaError();
          return;
        }
        resolve({ kind: 'lost', reason: 'decode' });
      } else if (status === 404 || status === 503) {
        resolve({ kind: 'offline' });
      } else if (data.type === HlsClass.ErrorTypes.NETWORK_ERROR && hls.levels.length > 0 && status === 0) {
        hooks.stalled();
        hls.startLoad();
      } else {
        resolve({ kind: 'lost', reason: 'network' });
      }
    });
  }

  /** Follows the element until the picture is refused or stands still for too long. */
  async #watch(hls: Hls, signal: AbortSignal, hooks: Hooks): Promise<Outcome> {
    const video = this.#video;
    let at = video.currentTime;
    let moved = performance.now();
    const sentry = new Sentry(this.#probe, this.#live ? liveProbeMS : vodProbeMS);
    let shown = false;
    let edge = this.#edge;
    for (;;) {
      await wait(pollMS, signal);
      const now = performance.now();
      if (video.currentTime !== at && !video.ended && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) {
        at = video.currentTime;
        moved = now;
        edge = this.#edge;
        shown = true;
        hooks.progress(this.#measure(hls));
      } else if (video.paused || video.ended || video.seeking) {
        moved = Math.max(moved, now - stallMS);
      }
      const standing = now - moved;
      if (shown && standing > stallMS && !video.paused && !video.ended) hooks.stalled();
      if (!this.#live || standing > stallMS) sentry.ask(signal, this.#segment());
      if (sentry.denied !== null) return sentry.denied;
      if (this.#live && !video.paused) {
        if (this.#edge - edge > stuckSeconds && standing > stallMS) return { kind: 'lost', reason: 'network' };
        this.#catchUp(hls, standing > stallMS && this.#edge - edge > 1);
      }
    }
  }

  /**
   * After a stall the picture would stay behind by its length: jump instead of creeping. The same when the
   * camera is back, and a hole where it was away keeps the decoder from going on.
   */
  #catchUp(hls: Hls, back: boolean): void {
    const target = hls.liveSyncPosition;
    const allowed = (hls.targetLatency ?? 3) + 6;
    if (target !== null && (back || hls.latency > allowed) && target > this.#video.currentTime) this.#video.currentTime = target;
  }

  #measure(hls: Hls) {
    const q = this.#video.getVideoPlaybackQuality();
    return {
      frames: q.totalVideoFrames - q.droppedVideoFrames,
      dropped: q.droppedVideoFrames,
      width: this.#video.videoWidth,
      height: this.#video.videoHeight,
      latency: this.#live && hls.latency > 0 ? hls.latency : null,
      wallClock: wallOfMedia(this.#fragments(), this.#video.currentTime),
    };
  }
}

/** Whether the browser has no decoder for what the playlist names. */
function isCodecError(HlsClass: typeof Hls, data: ErrorData): boolean {
  const d = HlsClass.ErrorDetails;
  return (
    data.details === d.MANIFEST_INCOMPATIBLE_CODECS_ERROR ||
    data.details === d.BUFFER_ADD_CODEC_ERROR ||
    data.details === d.BUFFER_INCOMPATIBLE_CODECS_ERROR
  );
}
