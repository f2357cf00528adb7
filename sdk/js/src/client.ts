import type {
  AcceptedInvitation, APIKey, APIKeyInput, BegunSignup, Camera, CameraInput, CameraPatch, CameraReason, Clip, ClipInput, Contact, Division,
  EnrolledCamera, Evidence, EvidenceInput, EvidenceLink, Grant, GrantInput, Invitation, InvitationInput, Me, Message, MomentPicture, NewAPIKey, NewGrant, NewInvitation,
  NewShare, OpenedInvitation, OpenedShare, Organisation, OrganisationInput, Page, Plan, PlanUse, Session, Share, SharedGrant, ShareInput,
  ShareOpening, SignedUp, SignupInfo, SignupInput, StreamKey, Timeline, User, UserInput, UserPatch,
} from './api';
import { cooperation } from './cooperation';
import { health } from './health';
import { GatepostError, errorOfResponse } from './error';
import { government } from './government';
import { labelOfToken } from './player/claims';
import { SessionKeeper, send, type Fetch } from './session';

export interface ClientOptions {
  /** Origin of the API, e.g. `https://video.example.org`. Default: the page's own origin. */
  baseUrl?: string;
  /** An API key (`gpk_…`) for machines. With it there is no session and no refresh. */
  apiKey?: string;
  /** Replaces the platform's fetch. */
  fetch?: Fetch;
}

/** What every call takes. */
export interface CallOptions {
  /** Ends the call; it then rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** What every list takes. */
export interface PageQuery {
  /** At most 200; the server's default is 50. */
  limit?: number;
  /** The `next` of the page before. */
  after?: string;
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

interface Request {
  query?: Query;
  body?: unknown;
  /** false: without credentials, and a 401 is final. */
  authorised?: boolean;
}

/** ISO text of a time given either way. */
function iso(t: Date | string): string {
  return typeof t === 'string' ? t : t.toISOString();
}

/** A typed client of one Gatepost. Make one for each page or process, and share it. */
export type Client = ReturnType<typeof createClient>;

/** Makes a client. Nothing is sent before its first call. */
export function createClient(options: ClientOptions = {}) {
  const base = (options.baseUrl ?? '').replace(/\/+$/, '');
  const fetch: Fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  const keeper = new SessionKeeper(base, fetch);

  function headers(req: Request): Headers {
    const h = new Headers({ Accept: 'application/json, application/problem+json' });
    if (req.body !== undefined) h.set('Content-Type', 'application/json');
    const token = options.apiKey ?? keeper.current?.access_token;
    if (req.authorised !== false && token !== undefined) h.set('Authorization', `Bearer ${token}`);
    return h;
  }

  async function attempt(method: string, path: string, req: Request, signal?: AbortSignal): Promise<Response> {
    const query = new URLSearchParams();
    for (const [k, v] of Object.entries(req.query ?? {})) if (v !== undefined && v !== '') query.set(k, String(v));
    const search = query.size > 0 ? `?${query.toString()}` : '';
    return send(fetch, `${base}${path}${search}`, {
      method,
      headers: headers(req),
      credentials: 'same-origin',
      signal: signal ?? null,
      body: req.body === undefined ? null : JSON.stringify(req.body),
    });
  }

  /** One exchange; a 401 is answered with one refresh and one more attempt. */
  async function exchange(method: string, path: string, req: Request, { signal }: CallOptions): Promise<Response> {
    const used = keeper.current?.access_token;
    let res = await attempt(method, path, req, signal);
    if (res.status === 401 && req.authorised !== false && options.apiKey === undefined) {
      const refused = await errorOfResponse(res);
      // Another call may have refreshed while this one was under way.
      if (keeper.current === null || keeper.current.access_token === used) {
        await keeper.refresh({ signal }).catch((err: unknown) => {
          if (err instanceof GatepostError && err.code === 'unauthenticated') throw refused;
          throw err;
        });
      }
      res = await attempt(method, path, req, signal);
    }
    if (!res.ok) {
      const err = await errorOfResponse(res);
      if (err.code === 'unauthenticated' && req.authorised !== false && options.apiKey === undefined) keeper.set(null);
      throw err;
    }
    return res;
  }

  async function call<T>(method: string, path: string, req: Request, o: CallOptions): Promise<T> {
    const res = await exchange(method, path, req, o);
    if (res.status === 204) return undefined as T;
    try {
      return (await res.json()) as T;
    } catch (cause) {
      o.signal?.throwIfAborted();
      throw new GatepostError('unexpected', 'the answer is not JSON', { status: res.status, cause });
    }
  }

  const get = <T>(path: string, o: CallOptions, query: Query = {}) => call<T>('GET', path, { query }, o);
  const post = <T>(path: string, body: unknown, o: CallOptions) => call<T>('POST', path, { body }, o);
  const put = <T>(path: string, body: unknown, o: CallOptions) => call<T>('PUT', path, { body }, o);
  /** A post without an account. */
  const open = <T>(path: string, body: unknown, o: CallOptions) => call<T>('POST', path, { body, authorised: false }, o);
  const remove = (path: string, o: CallOptions) => call<void>('DELETE', path, {}, o);
  const download = async (path: string, o: CallOptions, query: Query = {}) => (await exchange('GET', path, { query }, o)).blob();
  const verbs = { get, post, put, remove, download };
  const id = encodeURIComponent;

  return {
    session: {
      /** The session in memory, or null. */
      get current(): Session | null {
        return keeper.current;
      },
      /** Calls listener at each sign-in, refresh and sign-out until the returned function is called. */
      subscribe: (listener: (session: Session | null) => void): (() => void) => keeper.subscribe(listener),
      /** Signs in. Fails with `unauthenticated` (wrong login or password) and `rate_limited`. */
      async login(input: { login: string; password: string }, o: CallOptions = {}): Promise<Session> {
        const session = await call<Session>('POST', '/v1/session', { body: input, authorised: false }, o);
        keeper.set(session);
        return session;
      },
      /** Takes the session up again by the refresh cookie, e.g. after a reload. Fails with `unauthenticated` when there is none. */
      refresh: (o: CallOptions = {}): Promise<Session> => keeper.refresh(o),
      /** Signs out: the refresh cookie is revoked, the token forgotten, even when the server cannot be told. */
      async logout(o: CallOptions = {}): Promise<void> {
        try {
          await call<void>('DELETE', '/v1/session', {}, o);
        } finally {
          keeper.set(null);
        }
      },
    },

    /** Who is signed in. */
    me: (o: CallOptions = {}) => get<Me>('/v1/me', o),
    /** Accepts a version of the undertaking that was read. */
    undertake: (version: number, o: CallOptions = {}) => post<void>('/v1/me/undertaking', { undertaking: version }, o),

    apiKeys: {
      create: (input: APIKeyInput, o: CallOptions = {}) =>
        post<NewAPIKey>('/v1/api-keys', input, o),
      list: (q: PageQuery = {}, o: CallOptions = {}) => get<Page<APIKey>>('/v1/api-keys', o, { ...q }),
      delete: (key: string, o: CallOptions = {}) => remove(`/v1/api-keys/${id(key)}`, o),
    },

    organisations: {
      list: (q: PageQuery = {}, o: CallOptions = {}) => get<Page<Organisation>>('/v1/organisations', o, { ...q }),
      create: (input: OrganisationInput, o: CallOptions = {}) =>
        post<Organisation>('/v1/organisations', input, o),
    },

    users: {
      list: (q: PageQuery = {}, o: CallOptions = {}) => get<Page<User>>('/v1/users', o, { ...q }),
      create: (input: UserInput, o: CallOptions = {}) => post<User>('/v1/users', input, o),
      /** A new role or a deactivation counts at once. */
      update: (user: string, input: UserPatch, o: CallOptions = {}) => call<User>('PATCH', `/v1/users/${id(user)}`, { body: input }, o),
    },

    /** A small business comes in by itself: begin, give the code back, accept the undertaking. */
    signup: {
      about: (o: CallOptions = {}) => call<SignupInfo>('GET', '/v1/signup', { authorised: false }, o),
      begin: (input: SignupInput, o: CallOptions = {}) => open<BegunSignup>('/v1/signup', input, o),
      verify: (token: string, code: string, o: CallOptions = {}) => open<void>('/v1/signup/verify', { token, code }, o),
      accept: (token: string, undertaking: number, o: CallOptions = {}) => open<SignedUp>('/v1/signup/accept', { token, undertaking }, o),
    },

    invitations: {
      /** Invites. The link is in the answer only where the server does not send it. */
      create: (input: InvitationInput, o: CallOptions = {}) => post<NewInvitation>('/v1/invitations', input, o),
      list: (q: PageQuery = {}, o: CallOptions = {}) => get<Page<Invitation>>('/v1/invitations', o, { ...q }),
      revoke: (invitation: string, o: CallOptions = {}) => remove(`/v1/invitations/${id(invitation)}`, o),
      /** Reads an invitation without an account. Fails with `not_found` and `gone`. */
      open: (token: string, o: CallOptions = {}) => open<OpenedInvitation>('/v1/invitations/open', { token }, o),
      accept: (input: AcceptedInvitation, o: CallOptions = {}) => open<{ login: string }>('/v1/invitations/accept', input, o),
    },

    plans: {
      list: (o: CallOptions = {}) => get<Page<Plan>>('/v1/plans', o),
      put: (plan: Plan, o: CallOptions = {}) =>
        call<Plan>('PUT', `/v1/plans/${id(plan.name)}`, { body: { cameras: plan.cameras, retention_days: plan.retention_days } }, o),
      /** An organisation's plan, and what it has of it. */
      use: (organisation: string, o: CallOptions = {}) => get<PlanUse>(`/v1/organisations/${id(organisation)}/plan`, o),
      /** Gives an organisation a plan; '' for none, which is without limits. */
      assign: (organisation: string, plan: string, o: CallOptions = {}) =>
        call<PlanUse>('PUT', `/v1/organisations/${id(organisation)}/plan`, { body: { plan } }, o),
    },

    /** One's own e-mail address or phone number. */
    contact: {
      get: (o: CallOptions = {}) => get<Contact>('/v1/me/contact', o),
      /** Has a code sent there; `sent` is false where an administrator passes it on. */
      ask: (contact: string, o: CallOptions = {}) => call<{ expires_at: string; sent: boolean }>('PUT', '/v1/me/contact', { body: { contact } }, o),
      verify: (code: string, o: CallOptions = {}) => post<Contact>('/v1/me/contact/verify', { code }, o),
      notify: (notify: boolean, o: CallOptions = {}) => call<Contact>('PATCH', '/v1/me/contact', { body: { notify } }, o),
    },

    /** Codes, links and notifications on their way to people. */
    messages: {
      list: (q: PageQuery & { state?: Message['state'] } = {}, o: CallOptions = {}) => get<Page<Message>>('/v1/messages', o, { ...q }),
      retry: (message: string, o: CallOptions = {}) => call<void>('POST', `/v1/messages/${id(message)}/retry`, {}, o),
    },

    divisions: {
      /** The divisions right below parent; without it, the provinces. */
      list: (q: { parent?: string } = {}, o: CallOptions = {}) => get<{ items: Division[] }>('/v1/divisions', o, { ...q }),
    },

    cameras: {
      /** Enrols a camera. The stream key in the answer is shown once and never again. */
      create: (input: CameraInput, o: CallOptions = {}) => post<EnrolledCamera>('/v1/cameras', input, o),
      list: (q: PageQuery & { owner_id?: string } = {}, o: CallOptions = {}) => get<Page<Camera>>('/v1/cameras', o, { ...q }),
      get: (camera: string, o: CallOptions = {}) => get<Camera>(`/v1/cameras/${id(camera)}`, o),
      update: (camera: string, input: CameraPatch, o: CallOptions = {}) =>
        call<Camera>('PATCH', `/v1/cameras/${id(camera)}`, { body: input }, o),
      /** Makes a new stream key; the old one stops at once. */
      rotateKey: (camera: string, o: CallOptions = {}) =>
        call<StreamKey>('POST', `/v1/cameras/${id(camera)}/key`, {}, o),
      suspend: (camera: string, input: CameraReason = {}, o: CallOptions = {}) =>
        post<Camera>(`/v1/cameras/${id(camera)}/suspend`, input, o),
      resume: (camera: string, input: CameraReason = {}, o: CallOptions = {}) =>
        post<Camera>(`/v1/cameras/${id(camera)}/resume`, input, o),
      retire: (camera: string, input: CameraReason = {}, o: CallOptions = {}) =>
        post<Camera>(`/v1/cameras/${id(camera)}/retire`, input, o),
      /** Measures again over the next 30 s of pushing. */
      accept: (camera: string, o: CallOptions = {}) =>
        post<Camera>(`/v1/cameras/${id(camera)}/acceptance`, {}, o),
      /** What there is of a window of at most 31 days; spans are sorted, touch, and end at `to` or now. */
      timeline: (camera: string, window: { from: Date | string; to: Date | string }, o: CallOptions = {}) =>
        get<Timeline>(`/v1/cameras/${id(camera)}/timeline`, o, { from: iso(window.from), to: iso(window.to) }),
    },

    grants: {
      /** Registers a look, and opens it. Without a grant there is no picture. */
      create: (input: GrantInput, o: CallOptions = {}) => post<NewGrant>('/v1/grants', input, o),
      /** Who looked at a camera, newest first. */
      list: (q: PageQuery & { camera_id: string }, o: CallOptions = {}) => get<Page<Grant>>('/v1/grants', o, { ...q }),
      /** Revokes; the picture is dark within 5 s. */
      revoke: (grant: string, o: CallOptions = {}) => remove(`/v1/grants/${id(grant)}`, o),
    },

    playback: {
      /**
       * The picture of a moment within the window of a media token for playback, 320 pixels wide unless
       * told otherwise. Fails with `not_found` where nothing is recorded, `rate_limited` when too many are
       * made, and `unsupported` where the server makes none.
       */
      async picture(token: string, of: { at: Date | string; width?: number }, o: CallOptions = {}): Promise<MomentPicture> {
        const res = await exchange('GET', `/v1/playback/${id(token)}/picture`, { query: { at: iso(of.at), width: of.width }, authorised: false }, o);
        return { image: await res.blob(), time: new Date(res.headers.get('Gatepost-Picture-Time') ?? of.at), label: labelOfToken(token) };
      },
    },

    clips: {
      /** Cuts an MP4 of at most an hour. */
      create: (input: ClipInput, o: CallOptions = {}) => post<Clip>('/v1/clips', input, o),
    },

    evidence: {
      /** Orders footage as evidence, of at most an hour; it is made within minutes. */
      create: (input: EvidenceInput, o: CallOptions = {}) => post<Evidence>('/v1/evidence', input, o),
      list: (q: PageQuery & { camera_id?: string } = {}, o: CallOptions = {}) => get<Page<Evidence>>('/v1/evidence', o, { ...q }),
      get: (evidence: string, o: CallOptions = {}) => get<Evidence>(`/v1/evidence/${id(evidence)}`, o),
      /** Where to fetch the file; each link is registered. Fails with `conflict` until it is made, with `gone` when it was deleted. */
      link: (evidence: string, o: CallOptions = {}) => call<EvidenceLink>('POST', `/v1/evidence/${id(evidence)}/link`, {}, o),
      remove: (evidence: string, o: CallOptions = {}) => remove(`/v1/evidence/${id(evidence)}`, o),
    },

    shares: {
      create: (input: ShareInput, o: CallOptions = {}) => post<NewShare>('/v1/shares', input, o),
      list: (q: PageQuery & { camera_id?: string } = {}, o: CallOptions = {}) =>
        get<Page<Share>>('/v1/shares', o, { ...q }),
      revoke: (share: string, o: CallOptions = {}) => remove(`/v1/shares/${id(share)}`, o),
      /** Revokes every link to a camera, or to the cameras of an organisation. */
      revokeAll: (of: { camera_id: string } | { organisation_id: string }, o: CallOptions = {}) =>
        post<{ revoked: number }>('/v1/shares/revoke', of, o),
      /** When and from where a link was opened, and watched, newest first. */
      openings: (share: string, q: PageQuery = {}, o: CallOptions = {}) =>
        get<Page<ShareOpening>>(`/v1/shares/${id(share)}/openings`, o, { ...q }),
      /** Opens a link without an account; counts one use. Fails with `gone` when it is expired, used up or revoked. */
      open: (token: string, o: CallOptions = {}) =>
        call<OpenedShare>('POST', '/v1/shares/open', { body: { token }, authorised: false }, o),
      /** Renews a media token of an opened link before it expires; no further use is counted. */
      renew: (token: string, o: CallOptions = {}) =>
        call<SharedGrant>('POST', '/v1/shares/renew', { body: { token }, authorised: false }, o),
    },

    ...cooperation(verbs),
    ...government(verbs),
    ...health(verbs),
  };
}

/** Walks through every item of a list, page by page: `for await (const c of all((q) => client.cameras.list(q)))`. */
export async function* all<T>(list: (q: PageQuery) => Promise<Page<T>>, limit = 200): AsyncGenerator<T, void, void> {
  let after: string | undefined;
  do {
    const page = await list({ limit, after });
    yield* page.items;
    after = page.next || undefined;
  } while (after !== undefined);
}
