import { sha256 } from '@noble/hashes/sha2.js';
import { base64Of, concat, ofBase64, same, textOf, utf8 } from './bytes';
import { openNote, type Verifier } from './note';

/** A tree of the ledger: how many entries, and its root in base64. */
export interface Tree {
  size: number;
  root: string;
}

/** Verifies a checkpoint (C2SP tlog-checkpoint); null for one that is malformed, or of another ledger. */
export async function openCheckpoint(note: string, key: Verifier): Promise<Tree | null> {
  const opened = await openNote(utf8.encode(note), [key]);
  if (opened.kind !== 'signed' || opened.lines.length !== 2) return null;
  const [size = '', root = ''] = opened.lines;
  const hash = ofBase64(root);
  if (!/^(0|[1-9][0-9]{0,14})$/.test(size) || hash === null || hash.length !== 32 || base64Of(hash) !== root) return null;
  return { size: Number(size), root };
}

const node = (left: Uint8Array, right: Uint8Array) => sha256(concat(Uint8Array.of(1), left, right));

/** The root that a leaf and its audit path give (RFC 6962 §2.1.1); null for a path of another length. */
function rootOf(path: Uint8Array[], low: number, high: number, n: number, leaf: Uint8Array): Uint8Array | null {
  if (low + 1 === high) return path.length === 0 ? leaf : null;
  const last = path.at(-1);
  if (last === undefined) return null;
  let half = 1;
  while (2 * half < high - low) half *= 2;
  const rest = path.slice(0, -1);
  const left = n < low + half ? rootOf(rest, low, low + half, n, leaf) : last;
  const right = n < low + half ? last : rootOf(rest, low + half, high, n, leaf);
  return left && right && node(left, right);
}

/** Whether a record is leaf n of a tree. */
export function inTree(record: Uint8Array, n: number, path: Uint8Array[], tree: Tree): boolean {
  if (!Number.isSafeInteger(n) || n < 0 || n >= tree.size || path.length > 60 || path.some((h) => h.length !== 32)) return false;
  const root = rootOf(path, 0, tree.size, n, sha256(concat(Uint8Array.of(0), record)));
  return root !== null && same(root, ofBase64(tree.root) ?? new Uint8Array());
}

/** What the roots of the first n and of all of the leaves [low, high) are by a proof (RFC 6962 §2.1.2); null for one of another length. */
function rootsOf(proof: Uint8Array[], low: number, high: number, n: number, old: Uint8Array): [Uint8Array, Uint8Array] | null {
  const last = proof.at(-1);
  if (n === high) {
    if (low === 0) return proof.length === 0 ? [old, old] : null;
    return proof.length === 1 && last !== undefined ? [last, last] : null;
  }
  if (last === undefined) return null;
  let half = 1;
  while (2 * half < high - low) half *= 2;
  const rest = proof.slice(0, -1);
  if (n <= low + half) {
    const left = rootsOf(rest, low, low + half, n, old);
    return left && [left[0], node(left[1], last)];
  }
  const right = rootsOf(rest, low + half, high, n, old);
  return right && [node(last, right[0]), node(last, right[1])];
}

/** Whether a proof shows that a tree is the beginning of a larger one. */
export function isBeginning(proof: Uint8Array[], smaller: Tree, larger: Tree): boolean {
  if (smaller.size === larger.size) return smaller.root === larger.root;
  if (smaller.size <= 0 || smaller.size > larger.size || proof.length > 120 || proof.some((h) => h.length !== 32)) return false;
  const roots = rootsOf(proof, 0, larger.size, smaller.size, ofBase64(smaller.root) ?? new Uint8Array());
  return roots !== null && base64Of(roots[0]) === smaller.root && base64Of(roots[1]) === larger.root;
}

/**
 * Asks a platform whether two trees are beginnings of its present ledger: then the smaller is the
 * beginning of the larger. For VerifyOptions.grown. Rejects when the platform cannot be asked.
 */
export function askLedger(baseUrl = '', { fetch = globalThis.fetch, signal }: { fetch?: typeof globalThis.fetch; signal?: AbortSignal } = {}) {
  return async (smaller: Tree, larger: Tree, key: Verifier): Promise<boolean> => {
    for (const tree of [smaller, larger]) {
      const res = await fetch(`${baseUrl}/v1/ledger/consistency?from=${tree.size}`, { credentials: 'omit', signal: signal ?? null });
      if (res.status === 422) return false; // it is not that long
      if (!res.ok) throw new Error(`the ledger answers ${res.status}`);
      const answer = (await res.json()) as { hashes: string[]; checkpoint: string };
      const present = await openCheckpoint(answer.checkpoint, key);
      if (present === null || !isBeginning(answer.hashes.map((h) => ofBase64(h) ?? new Uint8Array()), tree, present)) return false;
    }
    return true;
  };
}

/** An entry of the ledger. */
export interface Record_ {
  id: string;
  at: string;
  kind: string;
  actor: string;
  organisation: string;
  camera: string;
  allowed: boolean;
  detail: Record<string, unknown>;
}

/** Reads an entry as it was written down: its version and eight fields as netstrings. */
export function parseRecord(bytes: Uint8Array): Record_ | null {
  const fields: string[] = [];
  let at = 0;
  for (let i = 0; i < 9; i++) {
    const colon = bytes.indexOf(0x3a, at);
    const digits = colon < 0 ? null : textOf(bytes.subarray(at, colon));
    if (digits === null || !/^(0|[1-9][0-9]{0,7})$/.test(digits)) return null;
    const end = colon + 1 + Number(digits);
    const field = textOf(bytes.subarray(colon + 1, end));
    if (field === null || bytes[end] !== 0x2c) return null;
    fields.push(field);
    at = end + 1;
  }
  const [version, id = '', when = '', kind = '', actor = '', organisation = '', camera = '', allowed, detail = ''] = fields;
  if (at !== bytes.length || version !== 'gatepost ledger entry 1' || (allowed !== '0' && allowed !== '1')) return null;
  try {
    return { id, at: when, kind, actor, organisation, camera, allowed: allowed === '1', detail: detail === '' ? {} : (JSON.parse(detail) as Record<string, unknown>) };
  } catch {
    return null;
  }
}
