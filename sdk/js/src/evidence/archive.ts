import { concat, same, slice, utf8 } from './bytes';

// Headers of a ZIP (APPNOTE.TXT 6.3.10 §4.3.7, §4.3.12, §4.3.16), and what is the same in all of
// ours: version 2.0, names in UTF-8, stored, 1980-01-01 00:00.
const localSize = 30;
const centralSize = 46;
const endSize = 22;
const localMagic = 0x04034b50;
const centralMagic = 0x02014b50;
const endMagic = 0x06054b50;
const version = 20;
const utf8Names = 0x0800;
const date = (1 << 5) | 1;

/** What is looked at of a file that was added to. */
export const maxEntries = 64;

/** A file in a ZIP. */
export interface Entry {
  name: string;
  bytes: Uint8Array; // of the name
  crc: number;
  size: number;
  /** Where its contents begin. */
  data: number;
  /** Its header is one that the platform writes. */
  own: boolean;
}

export interface Walk {
  entries: Entry[];
  end: number;
  /** The last one reaches over the end. */
  truncated: boolean;
}

type Header = Pick<Entry, 'bytes' | 'crc' | 'size'>;

function local(e: Header): Uint8Array {
  const v = new DataView(new ArrayBuffer(localSize));
  v.setUint32(0, localMagic, true);
  v.setUint16(4, version, true);
  v.setUint16(6, utf8Names, true);
  v.setUint16(12, date, true);
  v.setUint32(14, e.crc, true);
  v.setUint32(18, e.size, true);
  v.setUint32(22, e.size, true);
  v.setUint16(26, e.bytes.length, true);
  return concat(new Uint8Array(v.buffer), e.bytes);
}

function central(e: Entry): Uint8Array {
  const v = new DataView(new ArrayBuffer(centralSize));
  v.setUint32(0, centralMagic, true);
  v.setUint16(4, version, true);
  new Uint8Array(v.buffer).set(local(e).subarray(4, localSize), 6);
  v.setUint32(42, e.data - localSize - e.bytes.length, true);
  return concat(new Uint8Array(v.buffer), e.bytes);
}

/** What follows the files: their central headers and the end. */
export function directory(entries: Entry[]): Uint8Array {
  const headers = concat(...entries.map(central));
  const last = entries.at(-1);
  const v = new DataView(new ArrayBuffer(endSize));
  v.setUint32(0, endMagic, true);
  v.setUint16(8, entries.length, true);
  v.setUint16(10, entries.length, true);
  v.setUint32(12, headers.length, true);
  v.setUint32(16, last === undefined ? 0 : last.data + last.size, true);
  return concat(headers, new Uint8Array(v.buffer));
}

/**
 * Reads the headers of the files up to what is none. It takes those that other programs write,
 * to be able to say what was added.
 */
export async function walk(file: Blob): Promise<Walk> {
  const entries: Entry[] = [];
  let end = 0;
  while (entries.length <= maxEntries) {
    const head = await slice(file, end, end + localSize);
    const v = new DataView(head.buffer);
    if (head.length < 4 || v.getUint32(0, true) !== localMagic) return { entries, end, truncated: head.length < 4 && end > 0 };
    if (head.length < localSize) return { entries, end, truncated: true };
    const length = v.getUint16(26, true);
    const bytes = await slice(file, end + localSize, end + localSize + length);
    if (bytes.length < length) return { entries, end, truncated: true };
    const size = v.getUint32(18, true);
    const header = { bytes, crc: v.getUint32(14, true), size };
    const data = end + localSize + length + v.getUint16(28, true);
    entries.push({ ...header, name: new TextDecoder().decode(bytes), data, own: same(local(header), concat(head, bytes)) });
    if (data + size > file.size) return { entries, end, truncated: true };
    end = data + size;
  }
  return { entries, end, truncated: false };
}

/** Packs files as the platform does; for tests. */
export function pack(files: { name: string; data: Uint8Array; crc: number }[]): Blob {
  const entries: Entry[] = [];
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const f of files) {
    const bytes = utf8.encode(f.name);
    const header = local({ bytes, crc: f.crc, size: f.data.length });
    entries.push({ name: f.name, bytes, crc: f.crc, size: f.data.length, data: at + header.length, own: true });
    parts.push(header, f.data);
    at += header.length + f.data.length;
  }
  return new Blob([...parts, directory(entries)] as Uint8Array<ArrayBuffer>[]);
}
