import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { all, createClient, GatepostError } from '../src/index';
import { json, problem, serve, type Seen } from './server';

let close: (() => Promise<void>) | undefined;
afterEach(async () => {
  await close?.();
  close = undefined;
});

async function started(answer: (req: Seen, res: ServerResponse) => void) {
  const server = await serve(answer);
  close = server.close;
  return { ...server, client: createClient({ baseUrl: server.url }) };
}

const user = { id: 'u', login: 'owner', name: 'Owner', role: 'owner', organisation: { id: 'o', name: 'Shop', kind: 'business' } };
const session = (n: number) => ({ access_token: `t${n}`, expires_at: '2030-01-01T00:00:00Z', user });

async function failure(p: Promise<unknown>): Promise<GatepostError> {
  const err: unknown = await p.then(() => null, (e: unknown) => e);
  expect(err).toBeInstanceOf(GatepostError);
  return err as GatepostError;
}

describe('session', () => {
  it('signs in, sends the token on, and forgets it at sign-out', async () => {
    const s = await started((req, res) => {
      if (req.url === '/v1/session' && req.method === 'POST') json(res, 200, session(1));
      else if (req.method === 'DELETE') res.writeHead(204).end();
      else json(res, 200, { items: [], next: '' });
    });
    const told: (string | null)[] = [];
    s.client.session.subscribe((x) => told.push(x?.access_token ?? null));
    await s.client.session.login({ login: 'owner', password: 'secret' });
    await s.client.cameras.list({ limit: 10 });
    await s.client.session.logout();
    expect(s.seen.map((r) => `${r.method} ${r.url} ${r.authorization}`)).toEqual([
      'POST /v1/session ',
      'GET /v1/cameras?limit=10 Bearer t1',
      'DELETE /v1/session Bearer t1',
    ]);
    expect(told).toEqual(['t1', null]);
    expect(s.client.session.current).toBeNull();
  });

  it('signs up and accepts invitations without credentials, and takes a refusal as final', async () => {
    const s = await started((req, res) => {
      if (req.url === '/v1/session') json(res, 200, session(1));
      else if (req.url === '/v1/signup/verify') res.writeHead(204).end();
      else if (req.url === '/v1/invitations/open') problem(res, 401, 'unauthenticated');
      else json(res, 200, { token: 'x' });
    });
    await s.client.session.login({ login: 'a', password: 'b' });
    await s.client.signup.begin({ organisation: 'Shop', division: '330102', name: 'N', contact: 'a@example.org', password: 'long enough' });
    expect(await s.client.signup.verify('x', '123456')).toBeUndefined();
    await s.client.signup.accept('x', 1);
    expect((await failure(s.client.invitations.open('x'))).code).toBe('unauthenticated');
    expect(s.seen.slice(1).map((r) => `${r.method} ${r.url} ${r.authorization}`)).toEqual([
      'POST /v1/signup ', 'POST /v1/signup/verify ', 'POST /v1/signup/accept ', 'POST /v1/invitations/open ',
    ]);
    expect(s.client.session.current).not.toBeNull();
  });

  it('refreshes once on 401, for all calls under way together, and repeats them', async () => {
    let refreshes = 0;
    const s = await started((req, res) => {
      if (req.url === '/v1/session') json(res, 200, session(1));
      else if (req.url === '/v1/session/refresh') json(res, 200, session(2 + refreshes++));
      else if (req.authorization === 'Bearer t2') json(res, 200, { items: [] });
      else problem(res, 401, 'unauthenticated');
    });
    await s.client.session.login({ login: 'a', password: 'b' });
    await Promise.all([s.client.cameras.list(), s.client.organisations.list(), s.client.me()]);
    expect(refreshes).toBe(1);
    expect(s.client.session.current?.access_token).toBe('t2');
  });

  it('is over when the refresh is refused; the refusal of the call is what is thrown', async () => {
    const s = await started((req, res) => {
      if (req.url === '/v1/session') json(res, 200, session(1));
      else problem(res, 401, 'unauthenticated', { detail: req.url });
    });
    await s.client.session.login({ login: 'a', password: 'b' });
    const err = await failure(s.client.me());
    expect(err).toMatchObject({ code: 'unauthenticated', status: 401, message: '/v1/me' });
    expect(s.client.session.current).toBeNull();
  });

  it('stays when the refresh cannot be asked', async () => {
    const s = await started((req, res) => {
      if (req.url === '/v1/session') json(res, 200, session(1));
      else if (req.url === '/v1/session/refresh') problem(res, 503, 'unavailable');
      else problem(res, 401, 'unauthenticated');
    });
    await s.client.session.login({ login: 'a', password: 'b' });
    expect(await failure(s.client.me())).toMatchObject({ code: 'unavailable' });
    expect(s.client.session.current?.access_token).toBe('t1');
  });

  it('repeats a call once and no more', async () => {
    const s = await started((req, res) => {
      if (req.url.startsWith('/v1/session')) json(res, 200, session(1));
      else problem(res, 401, 'unauthenticated');
    });
    await s.client.session.login({ login: 'a', password: 'b' });
    await failure(s.client.me());
    expect(s.seen.filter((r) => r.url === '/v1/me')).toHaveLength(2);
  });

  it('never refreshes for an API key, a sign-in or a share link', async () => {
    const s = await started((_, res) => problem(res, 401, 'unauthenticated'));
    await failure(createClient({ baseUrl: s.url, apiKey: 'gpk_x' }).me());
    await failure(s.client.session.login({ login: 'a', password: 'b' }));
    await failure(s.client.shares.open('t'));
    expect(s.seen.map((r) => r.url)).toEqual(['/v1/me', '/v1/session', '/v1/shares/open']);
    expect(s.seen[0]?.authorization).toBe('Bearer gpk_x');
  });
});

describe('errors', () => {
  const table: [number, unknown, Partial<GatepostError>][] = [
    [422, { code: 'invalid', detail: 'no', field: 'position.longitude' }, { code: 'invalid', field: 'position.longitude', message: 'no' }],
    [422, { code: 'invalid', detail: 'bad', errors: [{ location: 'body.name', message: 'too long' }] }, { code: 'invalid', field: 'name', errors: [{ field: 'name', message: 'too long' }] }],
    [410, { code: 'gone', detail: 'revoked' }, { code: 'gone', status: 410 }],
    [409, { code: 'archived', detail: 'restore it' }, { code: 'archived', status: 409 }],
    [501, { code: 'unsupported', detail: 'no ffmpeg' }, { code: 'unsupported', status: 501 }],
    [403, 'not JSON at all', { code: 'forbidden', message: 'HTTP 403' }],
    [502, '<html>', { code: 'unavailable' }],
    [418, '{}', { code: 'unexpected', status: 418 }],
    [500, { code: 'a code of the future' }, { code: 'internal' }],
    [404, '[1]', { code: 'not_found' }],
  ];
  it.each(table)('%i %j', async (status, body, want) => {
    const s = await started((_, res) => res.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body)));
    expect(await failure(s.client.shares.open('t'))).toMatchObject(want);
  });

  it('says how long to wait', async () => {
    const s = await started((_, res) => res.writeHead(429, { 'Retry-After': '7' }).end('{}'));
    expect(await failure(s.client.shares.open('t'))).toMatchObject({ code: 'rate_limited', retryAfter: 7 });
  });

  it('is `network` when nobody answers', async () => {
    const s = await started((_, res) => res.end());
    await s.close();
    expect(await failure(s.client.shares.open('t'))).toMatchObject({ code: 'network', status: 0 });
  });

  it('is `unexpected` when the answer is not JSON', async () => {
    const s = await started((_, res) => res.writeHead(200).end('<html>'));
    expect(await failure(s.client.shares.open('t'))).toMatchObject({ code: 'unexpected', status: 200 });
  });

  it('rejects with the reason of the signal when aborted', async () => {
    const s = await started(() => undefined); // never answers
    const stop = new AbortController();
    const call = s.client.cameras.get('x', { signal: stop.signal });
    const why = new Error('left the page');
    stop.abort(why);
    await expect(call).rejects.toBe(why);
  });
});

describe('requests', () => {
  it('escapes ids, drops empty queries, and sends JSON', async () => {
    const s = await started((_, res) => json(res, 200, { items: [], spans: [] }));
    const c = createClient({ baseUrl: `${s.url}///`, apiKey: 'k' });
    await c.cameras.get('../x');
    await c.divisions.list({ parent: '33' });
    await c.shares.list({ camera_id: undefined });
    await c.cameras.timeline('a', { from: new Date(0), to: '1970-01-02T00:00:00Z' });
    await c.cameras.suspend('a', { reason: 'broken' });
    expect(s.seen.map((r) => `${r.method} ${r.url} ${r.body}`.trim())).toEqual([
      'GET /v1/cameras/..%2Fx',
      'GET /v1/divisions?parent=33',
      'GET /v1/shares',
      'GET /v1/cameras/a/timeline?from=1970-01-01T00%3A00%3A00.000Z&to=1970-01-02T00%3A00%3A00Z',
      'POST /v1/cameras/a/suspend {"reason":"broken"}',
    ]);
  });

  it('fetches the picture of a moment without credentials, with its time and the label of the token', async () => {
    const s = await started((_, res) => res.writeHead(200, { 'Content-Type': 'image/jpeg', 'Gatepost-Picture-Time': '2026-11-23T00:00:01.5Z' }).end('jpeg'));
    const c = createClient({ baseUrl: s.url, apiKey: 'k' });
    const token = `h.${btoa(JSON.stringify({ lbl: 'officer' }))}.s`;
    const p = await c.playback.picture(token, { at: new Date('2026-11-23T00:00:03Z'), width: 160 });
    expect([p.time.toISOString(), p.label, p.image.type, await p.image.text()]).toEqual(['2026-11-23T00:00:01.500Z', 'officer', 'image/jpeg', 'jpeg']);
    expect(s.seen.map((r) => `${r.method} ${r.url} ${r.authorization}`)).toEqual([
      `GET /v1/playback/${encodeURIComponent(token)}/picture?at=2026-11-23T00%3A00%3A03.000Z&width=160 `,
    ]);
  });

  it('walks through all pages', async () => {
    const s = await started((req, res) => {
      const after = new URL(req.url, 'http://x').searchParams.get('after') ?? '';
      json(res, 200, { items: [{ id: `${after}1` }, { id: `${after}2` }], next: after.length < 2 ? `${after}a` : '' });
    });
    const c = createClient({ baseUrl: s.url, apiKey: 'k' });
    const ids: string[] = [];
    for await (const camera of all((q) => c.cameras.list(q))) ids.push(camera.id);
    expect(ids).toEqual(['1', '2', 'a1', 'a2', 'aa1', 'aa2']);
  });
});
