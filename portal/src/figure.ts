/** Figures as people read them. */

/** 12345 → "12,345". */
export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** Hundredths of a percent: 9876 → "98.76%"; a dash for what there is none of. */
export function percent(hundredths: number | null | undefined): string {
  return hundredths === null || hundredths === undefined ? '–' : `${(hundredths / 100).toFixed(2)}%`;
}

/** Milliseconds as hours: 5400000 → "1.5". */
export function hours(ms: number): string {
  return (ms / 3_600_000).toLocaleString('en-US', { maximumFractionDigits: 1 });
}

/** Fen as yuan: 123456 → "¥1,234.56". */
export function yuan(fen: number): string {
  return `¥${(fen / 100).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
}

/** 1610612736 → "1.5 GiB": what prices of storage are for. */
export function bytes(n: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const at = Math.min(n < 1 ? 0 : Math.floor(Math.log2(n) / 10), units.length - 1);
  const size = n / 1024 ** at;
  return `${size.toLocaleString('en-US', { maximumFractionDigits: at === 0 || size >= 100 ? 0 : 1 })} ${units[at] ?? ''}`;
}

/** A cost in the deployment's own currency, which it does not name. */
export function cost(n: number): string {
  return n.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: n > 0 && n < 0.1 ? 4 : 2 });
}
