import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { askLedger, findingWords, parseKeys, parseVerifier, verifyEvidence, type FindingKind, type VerifyOptions } from '../src/evidence';
import { pack, walk } from '../src/evidence/archive';
import { CRC32, slice } from '../src/evidence/bytes';
import { parseRestore, Restorer } from '../src/evidence/restore';

// The files that gatepost verify is tested with.
const golden = fileURLToPath(new URL('../../../internal/evidence/testdata/', import.meta.url));
const read = (name: string) => readFileSync(golden + name);
const text = (name: string) => read(name).toString('utf8');
const blob = (bytes: Uint8Array | string) => new Blob([bytes as Uint8Array<ArrayBuffer>]);
const whole = blob(read('evidence.zip'));
const keys = parseKeys(text('keys.json'));
const ledger = parseVerifier(text('ledger.key'))!;

async function verify(file: Blob, options: Partial<VerifyOptions> = {}) {
  const report = await verifyEvidence(file, { keys, ledger, ...options });
  expect(report.whole).toBe(report.findings.length === 0);
  for (const f of report.findings) {
    for (const language of ['zh', 'en'] as const) expect(findingWords(f, language)).not.toMatch(/undefined/);
  }
  return report;
}

async function refused(file: Blob, kind: FindingKind, options: Partial<VerifyOptions> = {}) {
  expect((await verify(file, options)).findings.map((f) => f.kind)).toEqual([kind]);
}

type Files = { name: string; data: Uint8Array; crc: number }[];

async function unpack(): Promise<Files> {
  const { entries } = await walk(whole);
  return Promise.all(entries.map(async (e) => ({ name: e.name, crc: e.crc, data: await slice(whole, e.data, e.data + e.size) })));
}

function crc(data: Uint8Array): number {
  const c = new CRC32();
  c.update(data);
  return c.value;
}

describe('evidence as it was exported', () => {
  it('is whole', async () => {
    const steps: number[] = [];
    const report = await verify(whole, { onProgress: (p) => steps.push(p) });
    expect(report).toMatchObject({ whole: true, manifest: { export: { case_number: '2026-17', reason: '盗窃 <案>' }, timeline: [{ state: 'recorded' }, { state: 'gap', reason: 'network' }, { state: 'recorded' }] } });
    expect(report.clip?.size).toBe(report.manifest?.files[2]?.bytes);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(steps.at(-1)).toBeGreaterThan(0.9);
  });
  it('is whole with the checkpoint that it holds, and with a newer one that the ledger proves', async () => {
    expect((await verify(whole, { kept: text('same.checkpoint') })).whole).toBe(true);
    const asked: number[] = [];
    const proved = await verify(whole, {
      kept: text('newer.checkpoint'),
      grown: async (a, b) => {
        asked.push(a.size, b.size);
        return true;
      },
    });
    expect(proved.whole).toBe(true);
    expect(asked[0]).toBeLessThan(asked[1]!);
  });
  it('packs into the same bytes again', async () => {
    expect(Buffer.from(await pack(await unpack()).arrayBuffer()).equals(read('evidence.zip'))).toBe(true);
  });
  it('stops when it is told to', async () => {
    await expect(verifyEvidence(whole, { keys, signal: AbortSignal.abort() })).rejects.toThrow();
  });
});

describe('evidence that was tampered with', () => {
  const ways = readdirSync(`${golden}tampered`);
  it('comes in ten ways of changing a file', () => expect(ways).toHaveLength(10));
  for (const way of ways) {
    const [name = '', kind] = way.split('.');
    // This one was made with an evidence key, a stranger's, and without the ledger's.
    const stolen = kind === 'other_ledger' ? { keys: parseKeys(text('stranger.key')) } : {};
    it(`${name} is ${kind}`, () => refused(blob(read(`tampered/${way}`)), kind as FindingKind, stolen));
  }
  it('is not whole without the key of the ledger', async () => {
    for (const [file, signer] of [[whole, keys], [blob(read('tampered/a-ledger-of-its-own.other_ledger.zip')), parseKeys(text('stranger.key'))]] as const) {
      expect((await verifyEvidence(file, { keys: signer })).findings.map((f) => f.kind)).toEqual(['unchecked']);
    }
  });
  it('an older ledger', () => refused(whole, 'older_ledger', { kept: text('newer.checkpoint') }));
  it('a rewritten ledger', () => refused(whole, 'rewritten', { kept: text('newer.checkpoint'), grown: async () => false }));
  it('another ledger', () => refused(whole, 'other_ledger', { kept: 'x' }));
  it('a key that was withdrawn before it was registered', async () => {
    const gone = (untrusted_since: string) => [{ ...keys[0]!, withdrawn: { withdrawn_at: '2099-01-01T00:00:00Z', untrusted_since, withdrawn_reason: 'lost' } }];
    await refused(whole, 'withdrawn_key', { keys: gone('2020-01-01T00:00:00Z') });
    await refused(whole, 'withdrawn_key', { keys: gone('never') });
    const before = await verify(whole, { keys: gone('2099-01-01T00:00:00Z') });
    expect([before.whole, before.withdrawn?.withdrawn_reason]).toEqual([true, 'lost']);
  });
  it('no key', () => refused(whole, 'other_key', { keys: [] }));
});

describe('hostile files', () => {
  const bytes = new Uint8Array(read('evidence.zip'));
  const patched = (at: number, value: number) => {
    const b = bytes.slice();
    b[at < 0 ? b.length + at : at] = value;
    return blob(b);
  };
  const edit = async (change: (files: Files) => Files) => pack(change(await unpack()).map((f) => ({ ...f, crc: crc(f.data) })));
  it.each<[string, FindingKind, () => Blob | Promise<Blob>]>([
    ['nothing', 'foreign', () => blob('')],
    ['something else', 'foreign', () => blob('not a ZIP at all, but long enough to be looked at')],
    ['a ZIP without files', 'foreign', () => pack([])],
    ['a few bytes of it', 'truncated', () => blob(bytes.slice(0, 20))],
    ['its last byte cut off', 'truncated', () => blob(bytes.slice(0, -1))],
    ['bytes behind', 'trailing', () => new Blob([bytes, 'x'])],
    ['a comment', 'trailing', async () => new Blob([await patched(-2, 1).arrayBuffer(), 'x'])],
    ['two clips', 'duplicate', () => edit((f) => [...f, f[4]!])],
    ['a path that climbs', 'added', () => edit((f) => [...f, { name: '../../etc/passwd', data: new Uint8Array(1), crc: 0 }])],
    ['very many files', 'added', () => edit((f) => [...f, ...Array.from({ length: 500 }, (_, i) => ({ name: `x${i}`, data: new Uint8Array(0), crc: 0 }))])],
    ['no manifest', 'removed', () => edit((f) => f.slice(1))],
    ['an empty signature', 'other_signature', () => edit((f) => f.map((x, i) => (i === 1 ? { ...x, data: new Uint8Array(0) } : x)))],
    ['a manifest that is none', 'changed', () => edit((f) => f.map((x, i) => (i === 0 ? { ...x, data: new TextEncoder().encode('{') } : x)))],
    ['a huge manifest', 'foreign', () => edit((f) => f.map((x, i) => (i === 0 ? { ...x, data: new Uint8Array(5 << 20) } : x)))],
    ['a time in a header', 'repacked', () => patched(10, 1)],
    ['a CRC in a header', 'repacked', () => patched(14, bytes[14]! ^ 1)],
    ['the directory', 'repacked', () => patched(-30, bytes.at(-30)! ^ 1)],
  ])('%s is %s', async (_, kind, make) => refused(await make(), kind));
});

describe('the ledger', () => {
  // What a platform answers whose ledger went on for some entries.
  const proof = text('consistency.json');
  const newest = (JSON.parse(proof) as { checkpoint: string }).checkpoint;
  const answers = (of: (from: string) => Response) => askLedger('https://video.example.org', { fetch: async (url) => of(new URL(String(url)).searchParams.get('from') ?? '') });
  const size = Number(text('same.checkpoint').split('\n')[1]);
  const honest = (from: string) => new Response(from === String(size) ? proof : JSON.stringify({ hashes: [], checkpoint: newest }));
  it('proves that it only grew', async () => {
    expect((await verify(whole, { kept: newest, grown: answers(honest) })).whole).toBe(true);
  });
  it.each<[string, (from: string) => Response]>([
    ['is shorter', () => new Response('', { status: 422 })],
    ['proves nothing', () => new Response(JSON.stringify({ hashes: [], checkpoint: newest }))],
    ['proves another thing', (from) => new Response(honest(from).body && proof.replace(/"hashes":\["./, (m) => `${m.slice(0, -1)}${m.endsWith('A') ? 'B' : 'A'}`))],
    ['shows half a proof', () => new Response(JSON.stringify({ hashes: (JSON.parse(proof) as { hashes: string[] }).hashes.slice(1), checkpoint: newest }))],
    ['is not signed', () => new Response(JSON.stringify({ hashes: [], checkpoint: '' }))],
  ])('that %s was rewritten', (_, of) => refused(whole, 'rewritten', { kept: newest, grown: answers(of) }));
  it('that does not answer says nothing', async () => {
    await expect(verify(whole, { kept: newest, grown: answers(() => new Response('', { status: 503 })) })).rejects.toThrow('503');
  });
});

describe('keys', () => {
  const verifier = text('ledger.key');
  it.each([
    ['JWKS', text('keys.json'), 1], ['a verifier key', verifier, 1], ['two', `${verifier}${verifier}`, 2],
    ['nothing', '', 0], ['half a JWKS', '{"keys":', 0], ['an empty JWKS', '{"keys":[]}', 0], ['no JWKS', '{}', 0], ['words', 'key', 0],
    ['another kind', '{"keys":[{"kty":"RSA"}]}', 0], ['a short one', '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AAAA"}]}', 0],
    ['another hash', verifier.replace(/\+[0-9a-f]{8}\+/, '+00000000+'), 0],
  ])('%s', (_, given, n) => expect(parseKeys(given)).toHaveLength(n));
  it('say that they were withdrawn', () => {
    const set = JSON.parse(text('keys.json')) as { keys: object[] };
    const gone = { withdrawn_at: '2026-01-02T00:00:00Z', untrusted_since: '2026-01-01T00:00:00Z', withdrawn_reason: 'lost' };
    expect(parseKeys(JSON.stringify({ keys: [{ ...set.keys[0], ...gone }] }))[0]?.withdrawn).toEqual(gone);
  });
  it('have the names that the platform gives them', () => {
    expect(text('evidence.zip')).toContain(keys[0]!.name);
    expect(parseVerifier(verifier)?.name).toMatch(/^gatepost\/ledger\/[0-9a-f]{16}$/);
  });
});

describe('restore.txt', () => {
  const ascii = (s: string) => new TextEncoder().encode(s);
  it('restores, however it is cut', () => {
    const list = parseRestore(ascii('1 4142\n4 43\n9 44\n'), 10)!;
    for (let size = 1; size <= 10; size++) {
      const restorer = new Restorer(list);
      let out = '';
      for (let at = 0; at < 10; at += size) {
        const piece = ascii('0123456789').slice(at, at + size);
        restorer.restore(piece);
        out += new TextDecoder().decode(piece);
      }
      expect(out).toBe('0AB3C5678D');
    }
  });
  it.each(['x', '1', '1 ', '1 0\n', '1 0g\n', '-1 00\n', '01 00\n', '1 AA\n', '1  00\n', '3 00\n2 00\n', '1 0000\n2 00\n', '9 0000\n', '99 00\n', '0 00', `0 ${'0'.repeat(130)}\n`, '0 00\n\n'])('refuses %j', (bad) => {
    expect(parseRestore(ascii(bad), 10)).toBeNull();
  });
});
