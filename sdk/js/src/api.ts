// The shapes of docs/design/api.md, until they come from the OpenAPI document.

export type CameraState = 'planned' | 'enrolled' | 'acceptance' | 'in_service' | 'suspended' | 'retired';
export type Action = 'live' | 'playback';
export type SpanState = 'recorded' | 'gap' | 'expired' | 'held';

export interface Page<T> {
  items: T[];
  /** Cursor of the next page, '' or absent after the last. */
  next?: string;
}

export interface Organisation {
  id: string;
  name: string;
  kind: string;
  division?: string;
  created_at?: string;
}

export interface User {
  id: string;
  login: string;
  name: string;
  role: string;
  organisation: { id: string; name: string; kind: string };
}

export interface Session {
  access_token: string;
  expires_at: string;
  user: User;
}

export interface Division {
  code: string;
  name: string;
  level: string;
  parent: string;
  has_children: boolean;
}

export interface CameraMedia {
  video_codec: string;
  audio_codec: string;
  width: number;
  height: number;
  fps: number;
  bits_per_second: number;
  key_interval_ms: number;
  packets_lost: number;
  packets_received: number;
  clock_skew_ppm: number;
}

export interface Acceptance {
  at: string;
  passed: boolean;
  reasons: { code: string; zh: string; en: string }[] | null;
  measurement: CameraMedia;
}

export interface Camera {
  id: string;
  national_id: string;
  name: string;
  position: { longitude: number; latitude: number } | null;
  address: string;
  division: string;
  place: string;
  class: number;
  owner_id: string;
  responsible_id: string;
  funder_id: string;
  beneficiary_id: string;
  retention_days: number;
  consent_to_share: boolean;
  sign_posted: boolean;
  not_banned_place: boolean;
  state: CameraState;
  online: boolean;
  recording: boolean;
  protocol?: string;
  since?: string | null;
  viewers: number;
  media?: CameraMedia | null;
  acceptance?: Acceptance | null;
  created_at: string;
  updated_at: string;
}

export interface CameraInput {
  name: string;
  position?: { longitude: number; latitude: number };
  address?: string;
  division?: string;
  place?: string;
  class?: number;
  owner_id?: string;
  responsible_id?: string;
  funder_id?: string;
  beneficiary_id?: string;
  retention_days?: number;
  consent_to_share?: boolean;
  sign_posted?: boolean;
  not_banned_place?: boolean;
}

export interface Publish {
  rtsp: string;
  rtsps?: string;
  rtmp: string;
  rtmps?: string;
  srt: string;
  whip: string;
}

export interface StreamKey {
  stream_key: string;
  publish: Publish;
}

export type EnrolledCamera = Camera & StreamKey;

export interface MediaURLs {
  hls?: string;
  whep?: string;
  playlist?: string;
}

export interface MediaGrant {
  token: string;
  expires_at: string;
  label?: string;
  urls: MediaURLs;
}

export interface GrantInput {
  camera_id: string;
  action: Action;
  purpose: string;
  reason: string;
  case_number?: string;
  from?: string;
  to?: string;
}

export type NewGrant = MediaGrant & { id: string };

export interface Grant {
  id: string;
  camera_id: string;
  action: Action;
  user_id?: string;
  user_name?: string;
  organisation_id?: string;
  organisation_name?: string;
  share_id?: string;
  purpose: string;
  reason: string;
  case_number?: string;
  from?: string | null;
  to?: string | null;
  expires_at: string;
  created_at: string;
  revoked_at?: string | null;
}

export interface Span {
  from: string;
  to: string;
  state: SpanState;
  reason?: string;
}

export interface Clip {
  id: string;
  url: string;
  from: string;
  to: string;
  bytes: number;
  expires_at: string;
}

export interface ShareInput {
  camera_id: string;
  actions: Action[];
  from?: string;
  to?: string;
  expires_at: string;
  max_uses?: number;
  label?: string;
}

export interface Share {
  id: string;
  camera_id: string;
  actions: Action[];
  from?: string | null;
  to?: string | null;
  expires_at: string;
  max_uses?: number;
  uses: number;
  label?: string;
  created_at: string;
  revoked_at?: string | null;
}

export interface NewShare {
  id: string;
  url: string;
  token: string;
}

export interface OpenedShare {
  camera: { name: string };
  actions: Action[];
  from?: string | null;
  to?: string | null;
  expires_at: string;
  label: string;
  grants: { live?: MediaGrant; playback?: MediaGrant };
}

export interface Hold {
  id: string;
  camera_id: string;
  from: string;
  to: string;
  case_number: string;
  reason: string;
  until: string;
}

export interface APIKey {
  id: string;
  name: string;
  created_at?: string;
  expires_at?: string | null;
}
