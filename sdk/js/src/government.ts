// What is kept and for how long, what is to be built, and what is reported:
// retention, holds, programmes, monthly reports, usage.
import type {
  CameraRetention, Coverage, DeletionCertificate, DeletionOrder, DeletionOrderInput, DryRun, Hold, HoldInput, HoldUse, NewHold, Page, Programme,
  ProgrammeContent, ProgrammeInput, ProgrammeReview, Report, ReportFormat, ReportReview, Restore, RestoreInput, RetentionPolicy, RetentionRules, RetentionRun, SettlementTerms, SignOff,
  UncontrolledCamera, Usage,
} from './api';
import type { CallOptions, PageQuery } from './client';
import type { Verbs } from './cooperation';

/** Which sums of days: YYYY-MM-DD, China Standard Time. */
export interface UsageQuery extends PageQuery {
  from: string;
  to: string;
  by?: 'camera' | 'organisation';
  owner_id?: string;
}

const id = encodeURIComponent;

/** The calls of this file, over a client's verbs. */
export function government({ get, post, put, remove, download }: Verbs) {
  return {
    retention: {
      policy: (o: CallOptions = {}) => get<RetentionPolicy>('/v1/retention/policy', o),
      /** Replaces the policy of a version; it counts at once, for footage that exists too. Fails with `conflict` when there is a newer one. */
      setPolicy: (policy: RetentionRules & { version: number }, o: CallOptions = {}) => put<RetentionPolicy>('/v1/retention/policy', policy, o),
      policies: (q: PageQuery = {}, o: CallOptions = {}) => get<Page<RetentionPolicy>>('/v1/retention/policies', o, { ...q }),
      /** The days that count for a camera now, and what its storage costs. */
      camera: (camera: string, o: CallOptions = {}) => get<CameraRetention>(`/v1/cameras/${id(camera)}/retention`, o),
      /** What would be ended now of the next cameras; nothing is. Go on after `next`. */
      dryRun: (input: { policy?: RetentionRules; after?: string; cameras?: number } = {}, o: CallOptions = {}) => post<DryRun>('/v1/retention/dry-run', input, o),
      runs: (q: PageQuery & { quiet?: boolean } = {}, o: CallOptions = {}) => get<Page<RetentionRun>>('/v1/retention/runs', o, { ...q }),
      certificates: (q: PageQuery & { camera_id?: string } = {}, o: CallOptions = {}) => get<Page<DeletionCertificate>>('/v1/retention/certificates', o, { ...q }),
    },

    deletionOrders: {
      /** Orders footage to be deleted before its days are over; somebody else approves it. */
      create: (input: DeletionOrderInput, o: CallOptions = {}) => post<DeletionOrder>('/v1/deletion-orders', input, o),
      list: (q: PageQuery & { camera_id?: string } = {}, o: CallOptions = {}) => get<Page<DeletionOrder>>('/v1/deletion-orders', o, { ...q }),
      decide: (order: string, approve: boolean, o: CallOptions = {}) => post<DeletionOrder>(`/v1/deletion-orders/${id(order)}/decide`, { approve }, o),
    },

    holds: {
      /** Fails with `conflict` when a hold of the same case keeps some of the window. */
      create: (input: HoldInput, o: CallOptions = {}) => post<NewHold>('/v1/holds', input, o),
      list: (q: PageQuery & { camera_id?: string } = {}, o: CallOptions = {}) => get<Page<Hold>>('/v1/holds', o, { ...q }),
      release: (hold: string, o: CallOptions = {}) => remove(`/v1/holds/${id(hold)}`, o),
      /** What holds keep, by organisation, and how near that is to its limit. */
      use: (o: CallOptions = {}) => get<Page<HoldUse>>('/v1/holds/use', o),
    },

    restores: {
      /** Has a window of at most 31 days brought back from the deep archive, which takes hours, to be played for some days. Fails with `conflict` when nothing of it lies there. */
      create: (input: RestoreInput, o: CallOptions = {}) => post<Restore>('/v1/restores', input, o),
      /** What my organisation asked for, newest first. */
      list: (q: PageQuery = {}, o: CallOptions = {}) => get<Page<Restore>>('/v1/restores', o, { ...q }),
      get: (restore: string, o: CallOptions = {}) => get<Restore>(`/v1/restores/${id(restore)}`, o),
    },

    programmes: {
      /** Draws up my division's programme of a year, or another version of it. */
      create: (input: ProgrammeInput, o: CallOptions = {}) => post<Programme>('/v1/programmes', input, o),
      list: (q: PageQuery & { year?: number; in_force?: boolean } = {}, o: CallOptions = {}) => get<Page<Programme>>('/v1/programmes', o, { ...q }),
      get: (programme: string, o: CallOptions = {}) => get<Programme>(`/v1/programmes/${id(programme)}`, o),
      update: (programme: string, input: ProgrammeContent, o: CallOptions = {}) => put<Programme>(`/v1/programmes/${id(programme)}`, input, o),
      submit: (programme: string, o: CallOptions = {}) => post<Programme>(`/v1/programmes/${id(programme)}/submit`, undefined, o),
      /** Passes it on or approves it, or returns it with a remark. */
      review: (programme: string, word: ProgrammeReview, o: CallOptions = {}) => post<Programme>(`/v1/programmes/${id(programme)}/review`, word, o),
    },

    coverage: {
      /** My division: cameras against programmes, and sites without a working camera within some metres. */
      get: (q: { metres?: number } = {}, o: CallOptions = {}) => get<Coverage>('/v1/coverage', o, { ...q }),
      /** Cameras in service that did not record as they must on the last measured day. */
      uncontrolled: (q: PageQuery = {}, o: CallOptions = {}) => get<Page<UncontrolledCamera>>('/v1/coverage/uncontrolled', o, { ...q }),
      /** The police's word on a camera that its gateway has measured. */
      signOff: (camera: string, word: SignOff, o: CallOptions = {}) => post<void>(`/v1/cameras/${id(camera)}/sign-off`, word, o),
    },

    reports: {
      /** Draws up my division's report of a month that is over (YYYY-MM), or another version of it. */
      create: (month: string, o: CallOptions = {}) => post<Report>('/v1/reports', { month }, o),
      /** Without their figures, newest first. */
      list: (q: PageQuery & { month?: string; division?: string } = {}, o: CallOptions = {}) => get<Page<Report>>('/v1/reports', o, { ...q }),
      get: (report: string, o: CallOptions = {}) => get<Report>(`/v1/reports/${id(report)}`, o),
      /** Computes the figures of a draft anew. */
      refresh: (report: string, o: CallOptions = {}) => post<Report>(`/v1/reports/${id(report)}/refresh`, undefined, o),
      submit: (report: string, o: CallOptions = {}) => post<Report>(`/v1/reports/${id(report)}/submit`, undefined, o),
      /** Accepts and locks it, or returns it with a remark. */
      review: (report: string, word: ReportReview, o: CallOptions = {}) => post<Report>(`/v1/reports/${id(report)}/review`, word, o),
      /** The report as a file; of a locked one, json is the signed object. */
      file: (report: string, q: { format: ReportFormat; lang?: 'zh' | 'en' }, o: CallOptions = {}) => download(`/v1/reports/${id(report)}/file`, o, { ...q }),
    },

    settlement: {
      /** The formula of what payers owe. Fails with `not_found` while none is set. */
      terms: (o: CallOptions = {}) => get<SettlementTerms>('/v1/settlement-terms', o),
      setTerms: (terms: Omit<SettlementTerms, 'set_at'>, o: CallOptions = {}) => put<SettlementTerms>('/v1/settlement-terms', terms, o),
    },

    usage: {
      list: (q: UsageQuery, o: CallOptions = {}) => get<Page<Usage>>('/v1/usage', o, { ...q }),
    },
  };
}
