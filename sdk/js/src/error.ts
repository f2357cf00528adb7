/** The codes that the server fails with, as in the root package of the server, and two of the SDK's own. */
export type ErrorCode =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'gone'
  /** Footage that lies in the deep archive: restore it first. */
  | 'archived'
  | 'too_large'
  | 'rate_limited'
  | 'unavailable'
  /** This deployment has not what it takes; trying again does not help. */
  | 'unsupported'
  | 'internal'
  /** No answer came: the network is down, the server is away, or CORS forbids the reply. */
  | 'network'
  /** An answer came that this version of the SDK does not understand. */
  | 'unexpected';

/** One fault in one place of a request, as RFC 9457 problem documents list them. */
export interface FieldError {
  /** The JSON field, without the leading `body.`; dots join nested names. */
  field: string;
  message: string;
}

/** The way back from HTTP status to code, for replies that carry no problem document (a proxy's, a media server's). */
const codeByStatus: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  410: 'gone',
  413: 'too_large',
  422: 'invalid',
  429: 'rate_limited',
  500: 'internal',
  501: 'unsupported',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

const serverCodes: ReadonlySet<string> = new Set<ErrorCode>([...Object.values(codeByStatus), 'archived']);

/** The only error that the SDK throws, aborts aside: those reject with the signal's own reason. */
export class GatepostError extends Error {
  override readonly name = 'GatepostError';
  /** The server's code. */
  readonly code: ErrorCode;
  /** The field at fault, or '' when the request as a whole is. */
  readonly field: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** Every fault that the server named; holds at least `field` when there is one. */
  readonly errors: readonly FieldError[];
  /** Seconds to wait before the next attempt (Retry-After), or 0. */
  readonly retryAfter: number;

  constructor(
    code: ErrorCode,
    message: string,
    more: { field?: string; status?: number; errors?: readonly FieldError[]; retryAfter?: number; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.code = code;
    this.status = more.status ?? 0;
    this.retryAfter = more.retryAfter ?? 0;
    const errors = more.errors ?? [];
    this.field = more.field || errors[0]?.field || '';
    this.errors = errors.length > 0 || this.field === '' ? errors : [{ field: this.field, message }];
  }
}

/** `body.position.longitude` → `position.longitude`: people fill in fields, not bodies. */
function fieldName(location: string): string {
  return location.replace(/^(body|query|path|header|cookie)\.?/, '');
}

function text(v: unknown): string {
  return typeof v === 'string' ? v : '';
}

/** Makes an error of a reply that is not 2xx. Reads its body; never throws. */
export async function errorOfResponse(res: Response): Promise<GatepostError> {
  let problem: Record<string, unknown> = {};
  try {
    const body: unknown = JSON.parse(await res.text());
    if (typeof body === 'object' && body !== null) problem = body as Record<string, unknown>;
  } catch {
    // Not JSON: the status alone has to do.
  }
  const errors: FieldError[] = [];
  if (Array.isArray(problem['errors'])) {
    for (const e of problem['errors'] as unknown[]) {
      if (typeof e !== 'object' || e === null) continue;
      const { location, message } = e as Record<string, unknown>;
      errors.push({ field: fieldName(text(location)), message: text(message) });
    }
  }
  const given = text(problem['code']);
  const code = serverCodes.has(given) ? (given as ErrorCode) : (codeByStatus[res.status] ?? 'unexpected');
  const message = text(problem['detail']) || errors[0]?.message || text(problem['title']) || `HTTP ${res.status}`;
  const retryAfter = Number(res.headers.get('retry-after'));
  return new GatepostError(code, message, {
    status: res.status,
    field: fieldName(text(problem['field'])),
    errors,
    retryAfter: Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter : 0,
  });
}
