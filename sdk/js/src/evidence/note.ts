import { sha256 } from '@noble/hashes/sha2.js';
import { concat, hexOf, ofBase64, same, textOf, utf8 } from './bytes';

/** What is the most bytes of a set of keys, and of a note, that are looked at. */
export const maxKeys = 256 << 10;
const maxNote = 4 << 10;

const algorithm = 1; // Ed25519, in a verifier key and in what its hash is of

/** A public key that notes are verified with (C2SP signed-note). */
export interface Verifier {
  name: string;
  /** First four bytes of a SHA-256 over name and key. */
  hash: Uint8Array;
  raw: Uint8Array<ArrayBuffer>;
  /** Set when it was withdrawn: evidence counts that was registered before it may have been in other hands. */
  withdrawn?: Withdrawal;
}

/** That a key was withdrawn; times are RFC 3339. */
export interface Withdrawal {
  withdrawn_at: string;
  untrusted_since: string;
  withdrawn_reason: string;
}

function verifier(name: string, raw: Uint8Array<ArrayBuffer>): Verifier {
  return { name, hash: sha256(concat(utf8.encode(`${name}\n`), Uint8Array.of(algorithm), raw)).slice(0, 4), raw };
}

/** Reads `name+hash+base64`; null for anything else. */
export function parseVerifier(text: string): Verifier | null {
  const [, name, hash, key] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/.exec(text.trim()) ?? [];
  const bytes = ofBase64(key ?? '');
  if (name === undefined || bytes === null || bytes.length !== 33 || bytes[0] !== algorithm) return null;
  const v = verifier(name, bytes.slice(1));
  return hexOf(v.hash) === hash ? v : null;
}

/** Reads the platform's keys: the JWKS that it publishes, or verifier keys, one a line. Empty: there are none in it. */
export function parseKeys(text: string): Verifier[] {
  if (text.length > maxKeys) return [];
  if (!text.trim().startsWith('{')) {
    const keys = text.trim().split('\n').map(parseVerifier);
    return keys.every((k) => k !== null) ? keys : [];
  }
  const keys: Verifier[] = [];
  try {
    for (const k of (JSON.parse(text) as { keys: Record<string, string>[] }).keys) {
      if (k['kty'] !== 'OKP' || k['crv'] !== 'Ed25519' || (k['use'] ?? 'sig') !== 'sig') continue;
      const raw = ofBase64(k['x'] ?? '');
      if (raw === null || raw.length !== 32) return [];
      const key = verifier(`gatepost/evidence/${hexOf(sha256(raw)).slice(0, 16)}`, raw);
      const { withdrawn_at, untrusted_since = '', withdrawn_reason = '' } = k;
      keys.push(withdrawn_at === undefined ? key : { ...key, withdrawn: { withdrawn_at, untrusted_since, withdrawn_reason } });
    }
  } catch {
    return [];
  }
  return keys;
}

export type Opened =
  | { kind: 'signed'; name: string; lines: string[] }
  /** Signed by a key that is not among those given. */
  | { kind: 'unknown'; name: string }
  | { kind: 'bad' };

/** Verifies a note with one of some keys. Its first line is the name of the key that signed it. */
export async function openNote(bytes: Uint8Array, keys: readonly Verifier[]): Promise<Opened> {
  const note = bytes.length > maxNote ? null : textOf(bytes);
  const split = note?.lastIndexOf('\n\n') ?? -1;
  if (note === null || split < 0 || !note.endsWith('\n')) return { kind: 'bad' };
  const text = note.slice(0, split + 1);
  const found = /^— ([^\s+]+) ([A-Za-z0-9+/]+=*)$/.exec(note.slice(split + 2, -1));
  const signature = found === null ? null : ofBase64(found[2]!);
  const name = found?.[1] ?? '';
  if (signature === null || signature.length !== 68) return { kind: 'bad' };
  const key = keys.find((k) => k.name === name && same(k.hash, signature.subarray(0, 4)));
  if (key === undefined) return { kind: 'unknown', name };
  const public_ = await crypto.subtle.importKey('raw', key.raw, { name: 'Ed25519' }, false, ['verify']);
  const [first, ...lines] = text.slice(0, -1).split('\n');
  const good = await crypto.subtle.verify({ name: 'Ed25519' }, public_, signature.slice(4), utf8.encode(text));
  return good && first === name ? { kind: 'signed', name, lines } : { kind: 'bad' };
}
