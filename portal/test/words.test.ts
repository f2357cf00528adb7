import { describe, expect, it } from 'vitest';
import { en } from '../src/locales/en';
import { zh } from '../src/locales/zh';

type Tree = { [key: string]: string | Tree };

function leaves(tree: Tree, path = ''): [string, string][] {
  return Object.entries(tree).flatMap(([k, v]): [string, string][] => (typeof v === 'string' ? [[`${path}${k}`, v]] : leaves(v, `${path}${k}.`)));
}

const chinese = new Map(leaves(zh));
const english = new Map(leaves(en));

describe('words', () => {
  it('are there in both languages', () => {
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort());
  });
  it('ask for the same values in both languages', () => {
    const holes = (s: string) => [...s.matchAll(/{{(\w+)}}/g)].map((m) => m[1]).sort();
    for (const [k, v] of chinese) expect([k, holes(v)]).toEqual([k, holes(english.get(k) ?? '')]);
  });
  it('are never empty', () => {
    for (const [k, v] of [...chinese, ...english]) expect([k, v.trim() === '']).toEqual([k, false]);
  });
  it('use full-width punctuation in Chinese', () => {
    for (const [k, v] of chinese) expect([k, /[\u4e00-\u9fff][,;:?!]/.test(v)]).toEqual([k, false]);
  });
  it('has words for every code of the server', () => {
    for (const code of ['invalid', 'unauthenticated', 'forbidden', 'not_found', 'conflict', 'gone', 'too_large', 'rate_limited', 'unavailable', 'internal']) {
      expect(chinese.has(`errors.${code}`)).toBe(true);
    }
  });
});
