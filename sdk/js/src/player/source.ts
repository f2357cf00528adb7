import type { MediaGrant } from '../api';

/** Which live transports a player may take. */
export type PlayerMode = 'auto' | 'whep' | 'hls';

/** What a player plays: a media token and where it opens a picture. */
export interface Source {
  token: string;
  /** WHEP endpoint; the token goes with it as bearer. */
  whep?: string;
  /** LL-HLS multivariant playlist; the token is in its path. */
  hls?: string;
  /** VOD playlist of a recorded window; the token is in its path. When set, the others are not looked at. */
  playlist?: string;
  /** Unix milliseconds; 0 when it is not known. */
  expiresAt: number;
  mode: PlayerMode;
}

/** A source of a grant, as POST /v1/grants and POST /v1/shares/open answer it. */
export function sourceOfGrant(grant: MediaGrant, mode: PlayerMode = 'auto', base?: string): Source {
  const at = (url: string | undefined) => (url ? new URL(url, base).href : undefined);
  const expires = Date.parse(grant.expires_at);
  return {
    token: grant.token,
    whep: at(grant.urls.whep),
    hls: at(grant.urls.hls),
    playlist: at(grant.urls.playlist),
    expiresAt: Number.isNaN(expires) ? 0 : expires,
    mode,
  };
}

/** The address with one whole path segment put for another: tokens are segments of playlists' paths. */
function withSegment(url: string, old: string, now: string): string {
  return old === '' ? url : url.split('/').map((part) => (part === old ? now : part)).join('/');
}

/** Whether b opens the same picture as a with another token, so that playing may go on. */
export function samePicture(a: Source, b: Source): boolean {
  const without = (url: string | undefined, token: string) => withSegment(url ?? '', token, '');
  return (
    a.mode === b.mode &&
    a.token !== '' &&
    b.token !== '' &&
    without(a.whep, a.token) === without(b.whep, b.token) &&
    without(a.hls, a.token) === without(b.hls, b.token) &&
    without(a.playlist, a.token) === without(b.playlist, b.token)
  );
}

/**
 * Writes the present token into addresses that were made with earlier ones, so that a player goes
 * on with a renewed grant without opening its playlist anew.
 */
export class TokenRewriter {
  #token: string;
  readonly #earlier: string[] = [];

  constructor(token: string) {
    this.#token = token;
  }

  renew(token: string): void {
    if (token === this.#token) return;
    this.#earlier.push(this.#token);
    this.#token = token;
  }

  rewrite(url: string): string {
    return this.#earlier.reduce((u, old) => withSegment(u, old, this.#token), url);
  }
}

/** Why a server that answered `status` refuses, or null when it does not refuse but cannot. */
export function refusal(status: number, code: string, expiresAt: number, now: number): 'expired' | 'revoked' | 'refused' | null {
  if (status !== 401 && status !== 403 && status !== 410) return null;
  if (expiresAt > 0 && now >= expiresAt) return 'expired';
  if (status === 410 || code === 'gone') return 'revoked';
  return 'refused';
}
