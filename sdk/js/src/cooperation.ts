// What organisations do with one another: duty, emergencies, cross-department
// grants, footage requests, the operator's help, the ledger, notifications.
import type {
  CrossGrant, CrossGrantAnswer, CrossGrantInput, Delivery, DutyGap, Explanation, FootageAnswer, FootageAnswerInput, FootageInput, FootageRequest, Handover,
  HandoverInput, Incident, IncidentCamera, IncidentInput, IncidentLook, LedgerEntry, NewWebhook, Notification, Page, ReceivedFootageRequest, RequestedCamera,
  Shift, ShiftInput, SupportInput, SupportWindow, Watch, WatchAlarm, WatchSetting, Webhook,
} from './api';
import type { CallOptions, PageQuery } from './client';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The verbs of a client. */
export interface Verbs {
  get: <T>(path: string, o: CallOptions, query?: Query) => Promise<T>;
  post: <T>(path: string, body: unknown, o: CallOptions) => Promise<T>;
  put: <T>(path: string, body: unknown, o: CallOptions) => Promise<T>;
  remove: (path: string, o: CallOptions) => Promise<void>;
  /** A file, as it is. */
  download: (path: string, o: CallOptions, query?: Query) => Promise<Blob>;
}

/** A window of a list, as ISO text. */
export interface WindowQuery extends PageQuery {
  from: string;
  to: string;
}

/** Which entries of the ledger. */
export interface LedgerQuery extends PageQuery {
  camera_id?: string;
  kind?: string;
  since?: string;
  until?: string;
}

const id = encodeURIComponent;

/** The calls of this file, over a client's verbs. */
export function cooperation({ get, post, put, remove, download }: Verbs) {
  return {
    access: {
      /** Why I may do something with a camera or not, and what would allow it. */
      explain: (camera: string, q: { action: string; from?: string; to?: string }, o: CallOptions = {}) =>
        get<Explanation>(`/v1/cameras/${id(camera)}/access`, o, { ...q }),
    },

    duty: {
      /** Class 1 cameras of my division, and who watches each now. */
      watches: (q: PageQuery & { unwatched?: boolean } = {}, o: CallOptions = {}) => get<Page<Watch>>('/v1/duty/cameras', o, { ...q }),
      alarms: (q: WindowQuery, o: CallOptions = {}) => get<Page<WatchAlarm>>('/v1/duty/alarms', o, { ...q }),
      setting: (o: CallOptions = {}) => get<WatchSetting>('/v1/duty/setting', o),
      /** After how many seconds an unwatched camera of my division is an alarm. */
      set: (seconds: number, o: CallOptions = {}) => put<WatchSetting>('/v1/duty/setting', { alarm_after_seconds: seconds }, o),
      gaps: (q: { from: string; to: string }, o: CallOptions = {}) => get<{ items: DutyGap[] }>('/v1/duty/gaps', o, { ...q }),
    },

    shifts: {
      /** Enters a shift, once or again and again. Fails with `conflict` when the person has another then. */
      create: (input: ShiftInput, o: CallOptions = {}) => post<Page<Shift>>('/v1/duty/shifts', input, o),
      list: (q: WindowQuery, o: CallOptions = {}) => get<Page<Shift>>('/v1/duty/shifts', o, { ...q }),
      remove: (shift: string, o: CallOptions = {}) => remove(`/v1/duty/shifts/${id(shift)}`, o),
      checkIn: (shift: string, o: CallOptions = {}) => post<Shift>(`/v1/duty/shifts/${id(shift)}/check-in`, undefined, o),
      checkOut: (shift: string, o: CallOptions = {}) => post<Shift>(`/v1/duty/shifts/${id(shift)}/check-out`, undefined, o),
    },

    handovers: {
      create: (input: HandoverInput, o: CallOptions = {}) => post<Handover>('/v1/duty/handovers', input, o),
      list: (q: PageQuery = {}, o: CallOptions = {}) => get<Page<Handover>>('/v1/duty/handovers', o, { ...q }),
      acknowledge: (handover: string, o: CallOptions = {}) => post<Handover>(`/v1/duty/handovers/${id(handover)}/acknowledge`, undefined, o),
    },

    footage: {
      ask: (input: FootageInput, o: CallOptions = {}) => post<FootageRequest>('/v1/footage-requests', input, o),
      /** What my organisation asked for, with the answers. */
      list: (q: PageQuery = {}, o: CallOptions = {}) => get<Page<FootageRequest>>('/v1/footage-requests', o, { ...q }),
      withdraw: (request: string, o: CallOptions = {}) => remove(`/v1/footage-requests/${id(request)}`, o),
      /** What my organisation was asked for. */
      received: (q: PageQuery = {}, o: CallOptions = {}) => get<Page<ReceivedFootageRequest>>('/v1/footage-requests/received', o, { ...q }),
      /** My cameras in the area of a request. */
      cameras: (request: string, q: PageQuery = {}, o: CallOptions = {}) => get<Page<RequestedCamera>>(`/v1/footage-requests/${id(request)}/cameras`, o, { ...q }),
      answer: (request: string, input: FootageAnswerInput, o: CallOptions = {}) => post<FootageAnswer>(`/v1/footage-requests/${id(request)}/answer`, input, o),
      /** Revokes my answer; its pictures are dark within 5 s. */
      revoke: (request: string, o: CallOptions = {}) => remove(`/v1/footage-requests/${id(request)}/answer`, o),
    },

    incidents: {
      create: (input: IncidentInput, o: CallOptions = {}) => post<Incident>('/v1/incidents', input, o),
      list: (q: PageQuery = {}, o: CallOptions = {}) => get<Page<Incident>>('/v1/incidents', o, { ...q }),
      approve: (incident: string, o: CallOptions = {}) => post<Incident>(`/v1/incidents/${id(incident)}/approve`, undefined, o),
      /** Ends it early; its pictures are dark within 5 s. */
      end: (incident: string, o: CallOptions = {}) => post<Incident>(`/v1/incidents/${id(incident)}/end`, undefined, o),
      /** What it opens. Fails with `conflict` when it opens nothing now. */
      cameras: (incident: string, q: PageQuery = {}, o: CallOptions = {}) => get<Page<IncidentCamera>>(`/v1/incidents/${id(incident)}/cameras`, o, { ...q }),
      /** Who looked at what under it. */
      looks: (incident: string, q: PageQuery = {}, o: CallOptions = {}) => get<Page<IncidentLook>>(`/v1/incidents/${id(incident)}/looks`, o, { ...q }),
    },

    crossGrants: {
      ask: (input: CrossGrantInput, o: CallOptions = {}) => post<CrossGrant>('/v1/cross-grants', input, o),
      list: (q: PageQuery = {}, o: CallOptions = {}) => get<Page<CrossGrant>>('/v1/cross-grants', o, { ...q }),
      answer: (grant: string, input: CrossGrantAnswer, o: CallOptions = {}) => post<CrossGrant>(`/v1/cross-grants/${id(grant)}/answer`, input, o),
      revoke: (grant: string, o: CallOptions = {}) => remove(`/v1/cross-grants/${id(grant)}`, o),
    },

    support: {
      /** Lets the operator's people look, for at most 24 hours. */
      open: (input: SupportInput, o: CallOptions = {}) => post<SupportWindow>('/v1/support-windows', input, o),
      list: (q: PageQuery = {}, o: CallOptions = {}) => get<Page<SupportWindow>>('/v1/support-windows', o, { ...q }),
      close: (window: string, o: CallOptions = {}) => remove(`/v1/support-windows/${id(window)}`, o),
    },

    ledger: {
      list: (q: LedgerQuery = {}, o: CallOptions = {}) => get<Page<LedgerEntry>>('/v1/ledger', o, { ...q }),
      /** The first ten thousand entries as a file; that a copy was taken is an entry of its own. */
      export: (q: Omit<LedgerQuery, 'limit'> & { format: 'csv' | 'jsonl' }, o: CallOptions = {}) => download('/v1/ledger/export', o, { ...q }),
    },

    notifications: {
      list: (q: PageQuery = {}, o: CallOptions = {}) => get<Page<Notification>>('/v1/notifications', o, { ...q }),
    },

    webhooks: {
      /** The secret in the answer signs each post, and is shown once. */
      create: (url: string, o: CallOptions = {}) => post<NewWebhook>('/v1/webhooks', { url }, o),
      list: (q: PageQuery = {}, o: CallOptions = {}) => get<Page<Webhook>>('/v1/webhooks', o, { ...q }),
      remove: (webhook: string, o: CallOptions = {}) => remove(`/v1/webhooks/${id(webhook)}`, o),
      deliveries: (q: PageQuery & { state?: string } = {}, o: CallOptions = {}) => get<Page<Delivery>>('/v1/deliveries', o, { ...q }),
      retry: (delivery: string, o: CallOptions = {}) => post<void>(`/v1/deliveries/${id(delivery)}/retry`, undefined, o),
    },
  };
}
