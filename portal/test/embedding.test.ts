import { describe, expect, it } from 'vitest';
import { sharedBy, snippet, wordsOf } from '../src/embedding';

const token = (payload: unknown) => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.c2ln`;

describe('the embed page', () => {
  it('knows the link of its token', () => {
    expect(sharedBy(token({ jti: '0190-a' }))).toBe('0190-a');
    for (const bad of ['', 'x', 'a.b.c', token({}), token(null), token({ jti: 7 })]) expect(sharedBy(bad)).toBe('');
  });
  it('says everything in both languages', () => {
    expect(Object.keys(wordsOf('zh')).sort()).toEqual(Object.keys(wordsOf('en')).sort());
  });
  it('keeps the token in the fragment of its snippet', () => {
    const [, address = ''] = /src="([^"]+)"/.exec(snippet('https://v.example/embed/1#a.b.c')) ?? [];
    expect(new URL(address).hash).toBe('#a.b.c');
  });
});
