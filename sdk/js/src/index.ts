export * from './api';
export { all, createClient, type CallOptions, type Client, type ClientOptions, type PageQuery } from './client';
export type { LedgerQuery, WindowQuery } from './cooperation';
export type { UsageQuery } from './government';
export { GatepostError, type ErrorCode, type FieldError } from './error';
export { cameraStream, publish, screenStream, type Publisher, type PublishOptions } from './publish';
