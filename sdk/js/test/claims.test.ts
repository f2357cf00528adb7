import { describe, expect, it } from 'vitest';
import { labelOfToken } from '../src/player/claims';

const token = (payload: string) => `e30.${Buffer.from(payload).toString('base64url')}.c2ln`;

describe('the label of a token', () => {
  it('is what it names', () => {
    expect(labelOfToken(token('{"lbl":"保险公司 4711 ~?>"}'))).toBe('保险公司 4711 ~?>');
  });
  it.each(['', 'x', 'a.b.c', token('{}'), token('null'), token('{"lbl":7}'), token('[')])('is empty for %j', (t) => {
    expect(labelOfToken(t)).toBe('');
  });
});
