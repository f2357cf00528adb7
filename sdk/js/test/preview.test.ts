import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GatepostError, type ErrorCode } from '../src/error';
import { Preview, rest } from '../src/timeline/preview';

interface Call {
  at: number;
  signal: AbortSignal;
  answer: (what: string | null) => void;
  fail: (err: unknown) => void;
}

/** A preview whose source answers when the test says. */
function begun() {
  const calls: Call[] = [];
  const shown: (string | null)[] = [];
  const preview = new Preview<string>((s) => shown.push(s));
  preview.source = (at, { signal }) => new Promise((answer, fail) => calls.push({ at: at.getTime(), signal, answer, fail }));
  return { calls, shown, preview };
}
const last = (calls: Call[]) => calls.at(-1) as Call;
const refused = (code: ErrorCode, retryAfter = 0) => new GatepostError(code, code, { retryAfter });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a preview', () => {
  it('asks once the pointer rests, for where it rests', async () => {
    const { calls, shown, preview } = begun();
    for (let at = 1; at <= 20; at++) {
      preview.want(at);
      await vi.advanceTimersByTimeAsync(rest - 1);
    }
    expect(calls).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls.map((c) => c.at)).toEqual([20]);
    preview.want(20); // where it is already
    await vi.advanceTimersByTimeAsync(10 * rest);
    expect(calls).toHaveLength(1);
    last(calls).answer('twenty');
    await vi.advanceTimersByTimeAsync(0);
    expect(shown).toEqual(['twenty']);
  });

  it('has one request at a time, and shows no answer that is not wanted any more', async () => {
    const { calls, shown, preview } = begun();
    preview.want(1);
    await vi.advanceTimersByTimeAsync(rest);
    preview.want(2);
    expect(last(calls).signal.aborted).toBe(true);
    await vi.advanceTimersByTimeAsync(rest);
    expect(calls.map((c) => c.at)).toEqual([1, 2]);
    expect(calls.filter((c) => !c.signal.aborted)).toHaveLength(1);
    (calls[0] as Call).answer('one');
    await vi.advanceTimersByTimeAsync(0);
    expect(shown).toEqual([]);
    preview.want(null);
    expect(shown).toEqual([null]);
    last(calls).answer('two');
    await vi.advanceTimersByTimeAsync(0);
    expect(shown).toEqual([null]);
  });

  it.each(['unsupported', 'forbidden', 'unauthenticated', 'gone'] as const)('asks no more after %s, until there is another source', async (code) => {
    const { calls, shown, preview } = begun();
    preview.want(1);
    await vi.advanceTimersByTimeAsync(rest);
    last(calls).fail(refused(code));
    await vi.advanceTimersByTimeAsync(0);
    expect(shown).toEqual([null]);
    preview.want(2);
    await vi.advanceTimersByTimeAsync(10 * rest);
    expect(calls).toHaveLength(1);
    preview.source = () => Promise.resolve('another');
    await vi.advanceTimersByTimeAsync(rest);
    expect(shown.at(-1)).toBe('another');
  });

  it('asks a busy server again when it says, and another that failed at the next moment', async () => {
    const { calls, preview } = begun();
    preview.want(1);
    await vi.advanceTimersByTimeAsync(rest);
    last(calls).fail(refused('rate_limited', 2));
    await vi.advanceTimersByTimeAsync(1999);
    expect(calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls.map((c) => c.at)).toEqual([1, 1]);
    last(calls).fail(refused('unavailable'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(calls).toHaveLength(2);
    preview.want(3);
    await vi.advanceTimersByTimeAsync(rest);
    expect(calls.map((c) => c.at)).toEqual([1, 1, 3]);
  });
});
