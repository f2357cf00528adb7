// What is wrong with cameras, and its repair.
import type { Fault, HealthFigures, HealthSetting, HealthSettingInput, Outage, OutageInput, Page, RepairInput, WorkOrder, WorkOrderInput } from './api';
import type { CallOptions, PageQuery } from './client';
import type { Verbs } from './cooperation';

const id = encodeURIComponent;

/** The calls of this file, over a client's verbs. */
export function health({ get, post, put }: Verbs) {
  const step = (order: string, act: string, body: unknown, o: CallOptions) => post<WorkOrder>(`/v1/work-orders/${id(order)}/${act}`, body, o);
  return {
    faults: {
      /** What is wrong now; with `over`, what was as well. */
      list: (q: PageQuery & { over?: boolean; camera_id?: string; kind?: string } = {}, o: CallOptions = {}) => get<Page<Fault>>('/v1/faults', o, { ...q }),
    },

    outages: {
      create: (input: OutageInput, o: CallOptions = {}) => post<Outage>('/v1/outages', input, o),
      list: (q: PageQuery = {}, o: CallOptions = {}) => get<Page<Outage>>('/v1/outages', o, { ...q }),
      end: (outage: string, o: CallOptions = {}) => post<void>(`/v1/outages/${id(outage)}/end`, undefined, o),
    },

    workOrders: {
      create: (input: WorkOrderInput, o: CallOptions = {}) => post<WorkOrder>('/v1/work-orders', input, o),
      list: (q: PageQuery & { closed?: boolean; overdue?: boolean } = {}, o: CallOptions = {}) => get<Page<WorkOrder>>('/v1/work-orders', o, { ...q }),
      assign: (order: string, organisation: string, person?: string, o: CallOptions = {}) =>
        step(order, 'assign', { organisation_id: organisation, ...(person === undefined ? {} : { assignee_id: person }) }, o),
      take: (order: string, o: CallOptions = {}) => step(order, 'take', undefined, o),
      done: (order: string, input: RepairInput, o: CallOptions = {}) => step(order, 'done', input, o),
      confirm: (order: string, o: CallOptions = {}) => step(order, 'confirm', undefined, o),
      reopen: (order: string, remark: string, o: CallOptions = {}) => step(order, 'reopen', { remark }, o),
      withdraw: (order: string, remark: string, o: CallOptions = {}) => step(order, 'withdraw', { remark }, o),
    },

    health: {
      setting: (o: CallOptions = {}) => get<HealthSetting>('/v1/health/setting', o),
      set: (input: HealthSettingInput, o: CallOptions = {}) => put<HealthSetting>('/v1/health/setting', input, o),
      /** Of a month, YYYY-MM. */
      figures: (q: { month: string; division?: string }, o: CallOptions = {}) => get<HealthFigures>('/v1/health/figures', o, { ...q }),
    },
  };
}
