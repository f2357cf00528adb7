import { useId } from 'react';

/** A line of a chart. */
export interface Bar {
  key: string;
  label: string;
  /** One for each series; null where there is none. */
  values: readonly (number | null)[];
}

const colours = ['var(--bar-1)', 'var(--bar-2)', 'var(--bar-3)'];
const width = 640;
const left = 150;
const right = 70;
const thick = 12;

/** What fits beside a bar: a Chinese character is as wide as two Latin ones. */
function fitted(label: string): string {
  let room = 22;
  let out = '';
  for (const c of label) {
    room -= c > '\u2e80' ? 2 : 1;
    if (room < 0) return `${out}…`;
    out += c;
  }
  return out;
}

/** Horizontal bars, for each line one of each series, with their figures. */
export function Bars({ title, series, bars, max, format, testid }: {
  title: string;
  series: readonly string[];
  bars: readonly Bar[];
  /** The figure of a full bar; default the largest. */
  max?: number;
  format: (n: number | null) => string;
  testid?: string;
}) {
  const id = useId();
  const full = Math.max(max ?? 0, ...(max === undefined ? bars.flatMap((b) => b.values.map((v) => v ?? 0)) : []), 1);
  const step = series.length * (thick + 2) + 10;
  return (
    <figure className="chart" data-testid={testid}>
      <figcaption id={id}>
        <b>{title}</b>
        {series.length > 1 && <span className="legend">{series.map((s, i) => <span key={s}><i style={{ background: colours[i] }} />{s}</span>)}</span>}
      </figcaption>
      <svg viewBox={`0 0 ${width} ${bars.length * step}`} role="img" aria-labelledby={id}>
        {bars.map((b, n) => (
          <g key={b.key} transform={`translate(0 ${n * step})`}>
            <title>{`${b.label}: ${b.values.map((v, i) => (series.length > 1 ? `${series[i] ?? ''} ${format(v)}` : format(v))).join(', ')}`}</title>
            <text x={left - 10} y={step / 2} textAnchor="end" dominantBaseline="middle">{fitted(b.label)}</text>
            {b.values.map((v, i) => {
              const long = ((v ?? 0) / full) * (width - left - right);
              return (
                <g key={series[i] ?? i} transform={`translate(${left} ${5 + i * (thick + 2)})`}>
                  <rect width={Math.max(long, v ? 1 : 0)} height={thick} rx={2} fill={colours[i]} />
                  <text x={long + 6} y={thick / 2 + 0.5} dominantBaseline="middle" className="figure">{format(v)}</text>
                </g>
              );
            })}
          </g>
        ))}
      </svg>
    </figure>
  );
}
