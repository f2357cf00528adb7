import { GatepostError } from './error';
import { leave, negotiate } from './webrtc';

/** Where and what a browser publishes. */
export interface PublishOptions {
  /** The WHIP endpoint of an enrolled camera. */
  whipUrl: string;
  /** Its stream key. */
  key: string;
  /** What is sent; the caller made it and stops its tracks. See cameraStream and screenStream. */
  stream: MediaStream;
  /** Ends the attempt to begin. Once begun, call stop. */
  signal?: AbortSignal;
  /** Upper bound of the video's bit rate, bits per second. Default 2,500,000. */
  maxBitrate?: number;
  /** Told at each change; `failed` means that the connection is gone for good and may be begun anew. */
  onState?: (state: RTCPeerConnectionState) => void;
}

/** A running publisher. */
export interface Publisher {
  readonly connection: RTCPeerConnection;
  /** Ends the session here and at the server. */
  stop(): void;
}

/**
 * Publishes a stream by WHIP (RFC 9725). H.264 comes first among the codecs, because it is what
 * every viewer and the recording can carry, and audio is Opus. Resolves when the server has
 * answered. Fails with `unauthenticated` (wrong key), `not_found`, `forbidden` (suspended),
 * `conflict` (another publisher is live), `invalid` (no codec in common), `unavailable`, `network`.
 */
export async function publish(options: PublishOptions): Promise<Publisher> {
  const { stream, key, onState } = options;
  if (stream.getTracks().length === 0) throw new GatepostError('invalid', 'the stream has no tracks', { field: 'stream' });
  const pc = new RTCPeerConnection({ iceServers: [] });
  let location = '';
  const stop = () => {
    leave(pc, location, key);
    location = '';
  };
  try {
    for (const track of stream.getTracks()) {
      const video = track.kind === 'video';
      const t = pc.addTransceiver(track, {
        direction: 'sendonly',
        streams: [stream],
        ...(video ? { sendEncodings: [{ maxBitrate: options.maxBitrate ?? 2_500_000 }] } : {}),
      });
      if (video) preferH264(t);
    }
    if (onState) pc.addEventListener('connectionstatechange', () => onState(pc.connectionState));
    const signal = options.signal ?? new AbortController().signal;
    ({ location } = await negotiate(pc, options.whipUrl, key, { signal }));
    for (const sender of pc.getSenders()) if (sender.track?.kind === 'video') await keepSize(sender);
  } catch (err) {
    stop();
    throw err;
  }
  return { connection: pc, stop };
}

/** A recording should keep one size: on a weak network the browser shall drop frames, not shrink them. */
async function keepSize(sender: RTCRtpSender): Promise<void> {
  const parameters: RTCRtpSendParameters & { degradationPreference?: string } = sender.getParameters();
  parameters.degradationPreference = 'maintain-resolution';
  // A browser without this preference refuses it, and does as it always did.
  await sender.setParameters(parameters).catch(() => undefined);
}

function preferH264(t: RTCRtpTransceiver): void {
  const codecs = RTCRtpSender.getCapabilities('video')?.codecs ?? [];
  const rank = (c: { mimeType: string }) => (c.mimeType.toLowerCase() === 'video/h264' ? 0 : 1);
  if (codecs.some((c) => rank(c) === 0)) t.setCodecPreferences([...codecs].sort((a, b) => rank(a) - rank(b)));
}

/** Opens the device's camera and microphone; without sound when there is no microphone or it is refused. */
export async function cameraStream(video: MediaTrackConstraints = { width: 1280, height: 720, frameRate: 25 }): Promise<MediaStream> {
  try {
    return await navigator.mediaDevices.getUserMedia({ video, audio: true });
  } catch {
    return navigator.mediaDevices.getUserMedia({ video });
  }
}

/** Asks for a screen, a window or a tab, with its sound where the browser gives it. */
export function screenStream(video: MediaTrackConstraints = { frameRate: 15 }): Promise<MediaStream> {
  return navigator.mediaDevices.getDisplayMedia({ video, audio: true });
}
