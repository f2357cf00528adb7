import { ofHex, textOf } from './bytes';

/** The most bytes of restore.txt that are read: an hour has one or two megabytes. */
export const maxRestore = 64 << 20;
const maxUndo = 64;

/** Bytes of the clip that were changed to join it, as they were. */
export interface Undo {
  offset: number;
  was: Uint8Array;
}

/** Reads restore.txt; null when it is malformed or reaches over the clip's end. */
export function parseRestore(bytes: Uint8Array, clip: number): Undo[] | null {
  const text = textOf(bytes);
  if (text === null || (text !== '' && !text.endsWith('\n'))) return null;
  const list: Undo[] = [];
  let after = 0;
  for (const line of text.split('\n').slice(0, -1)) {
    const found = /^(0|[1-9][0-9]{0,14}) ([0-9a-f]+)$/.exec(line);
    const was = found === null ? null : ofHex(found[2]!);
    const offset = Number(found?.[1]);
    if (was === null || was.length > maxUndo || offset < after || offset + was.length > clip) return null;
    list.push({ offset, was });
    after = offset + was.length;
  }
  return list;
}

/** Restores pieces of a clip in place; they must come one behind the other. */
export class Restorer {
  #list: Undo[];
  #next = 0;
  #at = 0;

  constructor(list: Undo[]) {
    this.#list = list;
  }

  restore(piece: Uint8Array): void {
    const from = this.#at;
    const to = (this.#at += piece.length);
    for (;;) {
      const undo = this.#list[this.#next];
      if (undo === undefined || undo.offset >= to) return;
      const skip = Math.max(0, from - undo.offset);
      const begin = Math.max(0, undo.offset - from);
      piece.set(undo.was.subarray(skip, skip + piece.length - begin), begin);
      if (undo.offset + undo.was.length > to) return; // the rest of it comes with the next piece
      this.#next++;
    }
  }
}
