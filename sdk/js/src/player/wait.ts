/** Resolves after ms, or rejects with the signal's reason when it is aborted first. */
export function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const done = () => {
      signal.removeEventListener('abort', aborted);
      resolve();
    };
    const timer = setTimeout(done, ms);
    const aborted = () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', aborted, { once: true });
  });
}

/** Delay before attempt n (0, 1, 2 …), in milliseconds: 250 ms doubling to 5 s, the last quarter of it random. */
export function backoff(n: number, random: () => number = Math.random): number {
  const full = Math.min(5000, 250 * 2 ** Math.min(n, 10));
  return full * (0.75 + 0.25 * random());
}
