import { sha256 } from '@noble/hashes/sha2.js';
import { directory, maxEntries, walk, type Entry } from './archive';
import { CRC32, hexOf, ofBase64, same, slice, textOf } from './bytes';
import type { Finding } from './finding';
import { inTree, openCheckpoint, parseRecord, type Tree } from './ledger';
import { openNote, parseVerifier, type Verifier, type Withdrawal } from './note';
import { maxRestore, parseRestore, Restorer } from './restore';

const format = 'gatepost evidence 1';
const names = ['manifest.json', 'manifest.sig', 'README.txt', 'restore.txt', 'clip.mp4'] as const;
const maxManifest = 4 << 20;
const maxSignature = 4 << 10;
const maxInit = 1 << 20;
const piece = 4 << 20;

/** What the evidence is; times are RFC 3339. */
export interface EvidenceManifest {
  format: string;
  id: string;
  key: string;
  camera: { id: string; national_id: string; name: string; division?: string; owner_id: string; owner_name: string };
  window: { from: string; to: string };
  timeline: { from: string; to: string; state: string; reason?: string }[] | null;
  clip: { from: string; to: string; codecs: string; width: number; height: number; init_bytes: number; init_sha256: string };
  sources: { recording: string; run: string; seq: number; start: string; end: string; bytes: number; sha256: string; offset: number; length: number; range_sha256: string }[];
  export: { user_id: string; user_name: string; organisation_id: string; organisation_name: string; purpose: string; reason: string; case_number?: string; requested_at: string; made_at: string };
  ledger: { key: string; sequence: number; record: string; size: number; hashes: string[] | null; checkpoint: string };
  files: { name: string; bytes: number; sha256: string }[];
}

export interface VerifyOptions {
  /** The platform's keys, from somewhere else than the file; see parseKeys. */
  keys: readonly Verifier[];
  /** The key of the platform's ledger, from somewhere else than the file; see parseVerifier. Absent: the registration is not checked, and the file does not count as whole. */
  ledger?: Verifier;
  /** A checkpoint of the ledger that was kept. */
  kept?: string;
  /** Proves that of two trees the smaller is the beginning of the larger: false when the ledger was rewritten. Absent: it cannot be asked. */
  grown?: (smaller: Tree, larger: Tree, ledger: Verifier) => Promise<boolean>;
  /** How much of the work is done, 0 to 1. */
  onProgress?: (done: number) => void;
  signal?: AbortSignal;
}

export interface EvidenceReport {
  whole: boolean;
  findings: Finding[];
  /** Absent unless its signature is the platform's. */
  manifest?: EvidenceManifest;
  /** Name of the key that signed. */
  key?: string;
  /** Set when that key was withdrawn. What is whole nevertheless was registered before: the ledger vouches for it. */
  withdrawn?: Withdrawal;
  /** The footage, when all is well. */
  clip?: Blob;
}

/** Ends a verification: what follows would be pointless. */
class Found extends Error {
  constructor(readonly findings: Finding[]) {
    super('found');
  }
}

function found(...findings: Finding[]): never {
  throw new Found(findings);
}

/**
 * Checks evidence on this very machine. It rejects only when the file cannot be read; what is
 * wrong with the file is in the report. It keeps a few megabytes in memory, whatever the file says.
 */
export async function verifyEvidence(file: Blob, options: VerifyOptions): Promise<EvidenceReport> {
  const report: EvidenceReport = { whole: false, findings: [] };
  try {
    const entries = await structure(file);
    report.manifest = await opened(file, entries, options.keys);
    report.key = report.manifest.key;
    compareNames(entries, report.manifest);
    await packing(file, entries);
    const progress = meter(entries.reduce((n, e) => n + e.size, 0) + entries.at(-1)!.size, options);
    await contents(file, entries, report.manifest, progress);
    await media(file, entries, report.manifest, progress);
    await ledger(report, report.manifest, options);
    const clip = entries.at(-1)!;
    report.clip = file.slice(clip.data, clip.data + clip.size, 'video/mp4');
    report.whole = true;
  } catch (err) {
    if (!(err instanceof Found)) throw err;
    report.findings = err.findings;
  }
  return report;
}

type Progress = (bytes: number) => void;

function meter(total: number, { onProgress, signal }: VerifyOptions): Progress {
  let done = 0;
  return (bytes) => {
    signal?.throwIfAborted();
    done += bytes;
    onProgress?.(Math.min(1, done / total));
  };
}

async function structure(file: Blob): Promise<Entry[]> {
  const { entries, end, truncated } = await walk(file);
  const extra = entries[maxEntries];
  if (entries.length === 0 && !truncated) found({ kind: 'foreign' });
  if (truncated || (file.size < end + directory(entries).length && entries.some((e) => e.own))) found({ kind: 'truncated', bytes: file.size });
  if (extra !== undefined) found({ kind: 'added', file: extra.name });
  const seen = new Set<string>();
  for (const e of entries) {
    if (seen.has(e.name)) found({ kind: 'duplicate', file: e.name });
    seen.add(e.name);
  }
  return entries;
}

async function small(file: Blob, entries: Entry[], name: string, most: number): Promise<Uint8Array> {
  const e = entries.find((x) => x.name === name);
  if (e === undefined) found({ kind: 'removed', file: name });
  if (e.size > most) found({ kind: 'foreign' });
  return slice(file, e.data, e.data + e.size);
}

/** The manifest, once its signature is the platform's. */
async function opened(file: Blob, entries: Entry[], keys: readonly Verifier[]): Promise<EvidenceManifest> {
  const bytes = await small(file, entries, names[0], maxManifest);
  const note = await openNote(await small(file, entries, names[1], maxSignature), keys);
  if (note.kind === 'unknown') found({ kind: 'other_key', other: note.name });
  if (note.kind === 'bad' || note.lines.length !== 2) found({ kind: 'other_signature' });
  let manifest: EvidenceManifest | null = null;
  try {
    manifest = JSON.parse(textOf(bytes) ?? '') as EvidenceManifest;
  } catch {
    // It does not have the SHA-256 that was signed.
  }
  const [id, sum] = note.lines;
  if (sum !== hexOf(sha256(bytes))) found(manifest !== null && manifest.id !== id ? { kind: 'other_signature' } : { kind: 'changed', file: names[0] });
  if (manifest?.format !== format || manifest.id !== id || manifest.key !== note.name) found({ kind: 'version', other: manifest?.format ?? '' });
  return manifest;
}

function compareNames(entries: Entry[], manifest: EvidenceManifest): void {
  const want: string[] = [...names];
  if (manifest.files.map((f) => f.name).join() !== want.slice(2).join()) found({ kind: 'version', other: manifest.format });
  const got = entries.map((e) => e.name);
  if (got.length === want.length && got.every((n, i) => n === want[i])) return;
  const findings: Finding[] = [];
  want.forEach((name, i) => {
    if (got.includes(name)) return;
    const instead = got[i];
    // Another name in its place, and nothing else amiss: it was renamed.
    if (got.length === want.length && instead !== undefined && !want.includes(instead)) findings.push({ kind: 'renamed', file: name, other: instead });
    else findings.push({ kind: 'removed', file: name });
  });
  got.forEach((name, i) => {
    if (!want.includes(name) && (got.length !== want.length || got.includes(want[i]!))) findings.push({ kind: 'added', file: name });
  });
  found(...(findings.length > 0 ? findings : [{ kind: 'order' } as const]));
}

/** Wants every byte that is not contents to be as the platform writes it. */
async function packing(file: Blob, entries: Entry[]): Promise<void> {
  const foreign = entries.find((e) => !e.own);
  if (foreign !== undefined) found({ kind: 'repacked', file: foreign.name });
  const want = directory(entries);
  const last = entries.at(-1)!;
  const at = last.data + last.size;
  if (file.size > at + want.length) found({ kind: 'trailing', bytes: file.size - at - want.length });
  if (!same(await slice(file, at, file.size), want)) found({ kind: 'repacked' });
}

async function* pieces(file: Blob, from: number, to: number): AsyncGenerator<Uint8Array> {
  for (let at = from; at < to; at += piece) yield slice(file, at, Math.min(to, at + piece));
}

async function contents(file: Blob, entries: Entry[], manifest: EvidenceManifest, progress: Progress): Promise<void> {
  const findings: Finding[] = [];
  for (const [i, e] of entries.entries()) {
    const crc = new CRC32();
    const sum = sha256.create();
    for await (const p of pieces(file, e.data, e.data + e.size)) {
      crc.update(p);
      sum.update(p);
      progress(p.length);
    }
    const listed = manifest.files[i - 2];
    if (listed !== undefined && (listed.bytes !== e.size || listed.sha256 !== hexOf(sum.digest()))) findings.push({ kind: 'changed', file: e.name });
    else if (crc.value !== e.crc) findings.push({ kind: 'repacked', file: e.name });
  }
  if (findings.length > 0) found(...findings);
}

/** Follows the clip back to the objects that it was made of. */
async function media(file: Blob, entries: Entry[], { clip, sources }: EvidenceManifest, progress: Progress): Promise<void> {
  const bad = (other: string): never => found({ kind: 'media', other });
  const [, , , restore, film] = entries as [Entry, Entry, Entry, Entry, Entry];
  const undo = restore.size > maxRestore ? null : parseRestore(await slice(file, restore.data, restore.data + restore.size), film.size);
  if (undo === null) return bad('restore.txt');
  const restorer = new Restorer(undo);
  const initBytes = clip.init_bytes;
  if (!(initBytes > 0 && initBytes <= Math.min(maxInit, film.size))) return bad('init');
  const init = await slice(file, film.data, film.data + initBytes);
  restorer.restore(init);
  if (hexOf(sha256(init)) !== clip.init_sha256) return bad('init');
  let at = film.data + initBytes;
  const end = film.data + film.size;
  for (const s of sources) {
    if (!(s.offset >= initBytes && s.length > 0 && s.offset + s.length <= s.bytes && at + s.length <= end)) return bad(s.recording);
    const whole = s.offset === initBytes && s.length === s.bytes - initBytes;
    const range = sha256.create();
    const object = sha256.create().update(init);
    for await (const p of pieces(file, at, at + s.length)) {
      restorer.restore(p);
      range.update(p);
      if (whole) object.update(p);
      progress(p.length);
    }
    if (hexOf(range.digest()) !== s.range_sha256 || (whole && hexOf(object.digest()) !== s.sha256)) return bad(s.recording);
    at += s.length;
  }
  if (at !== end) return bad('clip.mp4');
}

/** Checks the proof that the export was registered, and what it says. */
async function ledger(report: EvidenceReport, m: EvidenceManifest, options: VerifyOptions): Promise<void> {
  const l = m.ledger;
  const key = parseVerifier(l.key);
  const { ledger: ours } = options;
  if (key !== null && ours !== undefined && (ours.name !== key.name || !same(ours.raw, key.raw))) found({ kind: 'other_ledger', other: key.name });
  const tree = key === null ? null : await openCheckpoint(l.checkpoint, key);
  const record = ofBase64(l.record);
  const path = (l.hashes ?? []).map((h) => ofBase64(h) ?? new Uint8Array());
  if (key === null || tree === null || record === null || tree.size !== l.size || !inTree(record, l.sequence, path, tree) || !registered(m, record)) return found({ kind: 'unregistered' });
  await compareKept(tree, key, options);
  withdrawn(report, record, options);
  if (options.ledger === undefined) found({ kind: 'unchecked', other: key.name }); // whoever signed the manifest may have made this ledger too
}

/** Refuses what was registered since the key that signed may have been in other hands. */
function withdrawn(report: EvidenceReport, record: Uint8Array, { keys }: VerifyOptions): void {
  const w = keys.find((k) => k.name === report.key)?.withdrawn;
  if (w === undefined) return;
  report.withdrawn = w;
  // A time that cannot be read is before none.
  if (!(Number(parseRecord(record)?.at) < Date.parse(w.untrusted_since))) found({ kind: 'withdrawn_key', other: `${w.withdrawn_at}, ${w.withdrawn_reason}` });
}

/** Compares the ledger with a checkpoint that was kept. */
async function compareKept(tree: Tree, key: Verifier, options: VerifyOptions): Promise<void> {
  if (options.kept === undefined) return;
  const kept = await openCheckpoint(options.kept, key);
  if (kept === null) return found({ kind: 'other_ledger', other: key.name });
  if (kept.size === tree.size && kept.root === tree.root) return;
  const sizes = { size: tree.size, kept: kept.size };
  if (kept.size === tree.size) return found({ kind: 'rewritten', ...sizes });
  if (options.grown === undefined) return found({ kind: kept.size > tree.size ? 'older_ledger' : 'unproved', ...sizes });
  const [smaller, larger] = kept.size < tree.size ? [kept, tree] : [tree, kept];
  if (!(await options.grown(smaller, larger, key))) return found({ kind: 'rewritten', ...sizes });
}

/** Whether the ledger's entry says what the manifest says. */
function registered(m: EvidenceManifest, bytes: Uint8Array): boolean {
  const r = parseRecord(bytes);
  const clip = m.files.find((f) => f.name === names[4]);
  if (r === null || clip === undefined) return false;
  const want: Record<string, string> = {
    act: 'evidence', evidence: m.id, purpose: m.export.purpose, reason: m.export.reason, from: m.window.from, to: m.window.to,
    sha256: clip.sha256, bytes: String(clip.bytes), ...(m.export.case_number ? { case_number: m.export.case_number } : {}),
  };
  const keys = Object.keys(want);
  return (
    r.kind === 'export' && r.allowed && r.camera === m.camera.id && r.actor === m.export.user_id && r.organisation === m.export.organisation_id &&
    Object.keys(r.detail).length === keys.length && keys.every((k) => r.detail[k] === want[k])
  );
}
