import '@gatepost/sdk/timeline';
import type { Span } from '@gatepost/sdk';
import type { GatepostTimeline, PictureSource, TimelineEvents } from '@gatepost/sdk/timeline';
import { LeftOutlined, RightOutlined, ZoomInOutlined, ZoomOutOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Alert, Button, DatePicker, Space, Tooltip } from 'antd';
import dayjs from 'dayjs';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useErrorWords } from '../errors';
import { client } from '../session';
import { useDark } from '../theme';
import { dayOf } from '../time';

const none: Span[] = [];

/** What there is of a camera on one day. */
export function useDay(camera: string, day: Date) {
  const { from, to } = dayOf(day);
  const isToday = Date.now() < to;
  return useQuery({
    queryKey: ['timeline', camera, from],
    queryFn: ({ signal }) => client.cameras.timeline(camera, { from: new Date(from), to: new Date(to) }, { signal }),
    refetchInterval: isToday ? 10_000 : false,
    enabled: from < Date.now(),
    select: (r) => r.spans,
  });
}

export interface TimelineProps {
  camera: string;
  day: Date;
  position: Date | null;
  onDay: (day: Date) => void;
  /** Absent: it can be read, not played. */
  onSeek?: (time: Date) => void;
  /** Where pictures of moments come from while a look is open. */
  pictures: PictureSource | null;
}

/** A day of a camera: what was recorded, where it is missing and why; a click plays. */
export function Timeline({ camera, day, position, onDay, onSeek, pictures }: TimelineProps) {
  const { t, i18n } = useTranslation();
  const say = useErrorWords();
  const dark = useDark();
  const element = useRef<GatepostTimeline>(null);
  const query = useDay(camera, day);
  const spans = query.data ?? none;
  const { from, to } = dayOf(day);
  const seek = useRef(onSeek);
  useEffect(() => {
    seek.current = onSeek;
  });
  useEffect(() => {
    const el = element.current;
    if (el === null) return;
    const stop = new AbortController();
    el.addEventListener('seek', (e) => seek.current?.((e as TimelineEvents['seek']).detail.time), { signal: stop.signal });
    return () => stop.abort();
  }, []);
  useEffect(() => element.current?.setRange(from, to), [from, to]);
  useEffect(() => {
    if (element.current) element.current.spans = spans;
  }, [spans]);
  useEffect(() => {
    if (element.current) element.current.position = position;
  }, [position]);
  useEffect(() => {
    if (element.current) element.current.pictures = pictures;
  }, [pictures]);

  const shift = (days: number) => {
    const d = new Date(day);
    d.setDate(d.getDate() + days);
    onDay(d);
  };
  const today = dayOf(new Date()).from === from;
  return (
    <section aria-label={t('camera.timeline')} data-testid="timeline-panel">
      <div className="strip-head">
        <b>{t('camera.timeline')}</b>
        <Space.Compact>
          <Tooltip title={t('camera.previousDay')}><Button icon={<LeftOutlined />} aria-label={t('camera.previousDay')} data-testid="day-before" onClick={() => shift(-1)} /></Tooltip>
          <DatePicker
            value={dayjs(day)} allowClear={false} onChange={(d: dayjs.Dayjs | null) => d && onDay(d.toDate())} disabledDate={(d) => d.isAfter(dayjs(), 'day')}
            data-testid="day-picker" aria-label={t('camera.day')} style={{ width: 130 }}
          />
          <Tooltip title={t('camera.nextDay')}><Button icon={<RightOutlined />} aria-label={t('camera.nextDay')} data-testid="day-after" disabled={today} onClick={() => shift(1)} /></Tooltip>
        </Space.Compact>
        <Space.Compact>
          <Button icon={<ZoomOutOutlined />} aria-label={t('camera.zoomOut')} title={t('camera.zoomOut')} onClick={() => element.current?.zoomBy(2)} data-testid="zoom-out" />
          <Button onClick={() => element.current?.setRange(from, to)} data-testid="whole-day">{t('camera.wholeDay')}</Button>
          <Button icon={<ZoomInOutlined />} aria-label={t('camera.zoomIn')} title={t('camera.zoomIn')} onClick={() => element.current?.zoomBy(0.5)} data-testid="zoom-in" />
        </Space.Compact>
        <span className="grow" />
        <span className="quiet">{t('camera.timelineHint')}</span>
      </div>
      {query.isError && <Alert type="error" title={say(query.error)} style={{ margin: '8px 0' }} />}
      <div style={{ marginTop: 34 }}>
        <gatepost-timeline ref={element} lang={i18n.language} theme={dark ? 'dark' : 'light'} data-testid="timeline" data-spans={spans.length} />
      </div>
      <div className="legend">
        {(['recorded', 'held', 'gap', 'expired'] as const).map((s) => <span key={s}><i className={s} />{t(`camera.${s}`)}</span>)}
        {spans.some((s) => s.archived) && <span data-testid="legend-archived"><i className="archived" />{t('camera.archived')}</span>}
        {query.isSuccess && !spans.some((s) => s.state === 'recorded' || s.state === 'held') && <span className="quiet">{t('camera.nothingRecorded')}</span>}
      </div>
    </section>
  );
}

declare module 'react' {
  namespace JSX {
    interface IntrinsicElements {
      'gatepost-timeline': React.DetailedHTMLProps<React.HTMLAttributes<GatepostTimeline>, GatepostTimeline> & { theme?: 'dark' | 'light'; 'data-spans'?: number };
    }
  }
}
