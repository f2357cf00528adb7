import type { FallbackReason, Progress, Transport } from './store';
import type { Source } from './source';

/** How an attempt to play ended. */
export type Outcome =
  /** This transport cannot carry this camera to this browser; the next one may. */
  | { kind: 'unsuitable'; reason: FallbackReason }
  /** The server refuses the token. */
  | { kind: 'denied'; reason: 'expired' | 'revoked' | 'refused' }
  /** The camera does not push at the moment. */
  | { kind: 'offline' }
  /** It broke, or could not be reached. */
  | { kind: 'lost'; reason: 'network' | 'decode' }
  /** The browser cannot decode it, by any transport. */
  | { kind: 'failed'; reason: 'unsupported' | 'codec' | 'decode' }
  /** A recording played to its end and was left there. */
  | { kind: 'ended' };

/** Where a transport reports to while it runs. */
export interface Hooks {
  /** What will play; said once it is known. */
  using(transport: Transport): void;
  /** The picture moved. */
  progress(p: Progress): void;
  /** The picture stands still, though the transport is still there. */
  stalled(): void;
  /** The recording played to its end; it may still be sought back. */
  ended(): void;
}

/**
 * One way of bringing a picture to a video element. run plays until it ends, breaks or the signal
 * is aborted (it then rejects with the signal's reason), and has let go of everything it made when
 * it settles, but for the last picture when the transport may be tried again.
 */
export interface PlayerTransport {
  run(signal: AbortSignal, hooks: Hooks): Promise<Outcome>;
  /** Goes on with a renewed token. False: it cannot, run it anew. */
  renew(source: Source): boolean;
  /** Seeks to the picture of a wall time (Unix milliseconds); false when the transport cannot. */
  seek(wall: number): boolean;
}
