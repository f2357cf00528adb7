import { PlusOutlined, SearchOutlined } from '@ant-design/icons';
import type { Camera } from '@gatepost/sdk';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Alert, Button, Empty, Grid, Input, Segmented, Skeleton, Table, type TableColumnsType } from 'antd';
import { useDeferredValue, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { mayEnrol } from '../ability';
import { useErrorWords } from '../errors';
import { needsAttention, Signs, StateTag, Thumb, useLastSeen } from '../parts/state';
import { client, useUser } from '../session';

type Filter = 'all' | 'online' | 'offline' | 'attention';

const filters: Record<Filter, (c: Camera) => boolean> = {
  all: () => true,
  online: (c) => c.online,
  offline: (c) => !c.online,
  attention: needsAttention,
};

export function CamerasPage() {
  const { t } = useTranslation();
  const user = useUser();
  const say = useErrorWords();
  const wide = Grid.useBreakpoint().md ?? true;
  const [filter, setFilter] = useState<Filter>('all');
  const [text, setText] = useState('');
  const wanted = useDeferredValue(text.trim().toLowerCase());

  const list = useInfiniteQuery({
    queryKey: ['cameras'],
    queryFn: ({ pageParam, signal }) => client.cameras.list({ limit: 200, after: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
    refetchInterval: 5000,
  });
  const cameras = useMemo(() => list.data?.pages.flatMap((p) => p.items) ?? [], [list.data]);
  const shown = useMemo(
    () => cameras.filter((c) => filters[filter](c) && (wanted === '' || `${c.name} ${c.national_id} ${c.address}`.toLowerCase().includes(wanted))),
    [cameras, filter, wanted],
  );
  const count = (f: Filter) => cameras.filter(filters[f]).length;

  return (
    <main className="page" data-testid="cameras-page">
      <div className="page-head">
        <h1>{t('cameras.title')}</h1>
        <Segmented<Filter>
          value={filter}
          onChange={setFilter}
          options={(Object.keys(filters) as Filter[]).map((f) => ({ value: f, label: `${t(`cameras.${f}`)} ${count(f)}` }))}
        />
        <span className="grow" />
        <Input
          allowClear prefix={<SearchOutlined />} placeholder={t('cameras.search')} aria-label={t('cameras.search')} value={text} onChange={(e) => setText(e.target.value)}
          style={{ width: wide ? 260 : '100%' }} data-testid="cameras-search"
        />
        {mayEnrol(user) && (
          <Link to="/cameras/new">
            <Button type="primary" icon={<PlusOutlined />} data-testid="enrol">
              {t('nav.enrol')}
            </Button>
          </Link>
        )}
      </div>
      {list.isError && <Alert type="error" showIcon title={say(list.error)} style={{ marginBottom: 12 }} action={<Button size="small" onClick={() => void list.refetch()}>{t('common.retry')}</Button>} />}
      {list.isPending ? (
        <Skeleton active paragraph={{ rows: 6 }} />
      ) : cameras.length === 0 && !list.isError ? (
        <Empty description={<><b>{t('cameras.empty')}</b><br /><span className="quiet">{mayEnrol(user) ? t('cameras.emptyHint') : t('cameras.emptyOthers')}</span></>} style={{ padding: '10vh 0' }} data-testid="cameras-empty" />
      ) : shown.length === 0 ? (
        <Empty description={t('cameras.nothing')} style={{ padding: '10vh 0' }} />
      ) : (
        <div data-testid="camera-list">{wide ? <CameraTable cameras={shown} /> : <CameraCards cameras={shown} />}</div>
      )}
      {list.hasNextPage && (
        <div style={{ textAlign: 'center', marginTop: 16 }}>
          <Button loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('common.more')}</Button>
        </div>
      )}
    </main>
  );
}

function picture(c: Camera): string {
  const m = c.media;
  if (!c.online || !m || !m.width) return '';
  return `${m.video_codec.toUpperCase()} ${m.width}×${m.height}`;
}

function CameraTable({ cameras }: { cameras: Camera[] }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const lastSeen = useLastSeen();
  const columns: TableColumnsType<Camera> = [
    {
      title: t('cameras.name'), key: 'name', width: '26%', sorter: (a, b) => a.name.localeCompare(b.name),
      render: (_, c) => (
        <div className="camera-cell">
          <Thumb camera={c} />
          <div>
            <Link to={`/cameras/${c.id}`} data-testid="camera-link"><b>{c.name}</b></Link>
            <span className="quiet mono">{c.national_id}</span>
          </div>
        </div>
      ),
    },
    { title: t('cameras.state'), key: 'state', width: 120, render: (_, c) => <StateTag camera={c} /> },
    { title: t('cameras.signs'), key: 'signs', width: 220, render: (_, c) => <Signs camera={c} /> },
    { title: t('cameras.lastSeen'), key: 'seen', width: 170, render: (_, c) => <span className="quiet">{lastSeen(c)}</span> },
    { title: t('cameras.picture'), key: 'picture', width: 150, render: (_, c) => <span className="quiet">{picture(c)}</span> },
    { title: t('cameras.class'), key: 'class', width: 90, render: (_, c) => t(`class.c${c.class as 1}`) },
    { title: t('cameras.place'), key: 'place', width: 160, responsive: ['xxl'], render: (_, c) => t(`place.${c.place as 'premises'}`, { defaultValue: c.place }) },
    { title: t('cameras.viewers'), key: 'viewers', width: 90, align: 'right', render: (_, c) => c.viewers },
  ];
  return (
    <Table<Camera>
      rowKey="id" size="small" columns={columns} dataSource={cameras} pagination={false} scroll={{ x: 'max-content' }}
      onRow={(c) => ({ onClick: () => void navigate(`/cameras/${c.id}`), style: { cursor: 'pointer' }, 'data-testid': 'camera-row', 'data-camera': c.id }) as React.HTMLAttributes<HTMLElement>}
    />
  );
}

function CameraCards({ cameras }: { cameras: Camera[] }) {
  const lastSeen = useLastSeen();
  return (
    <div className="camera-cards">
      {cameras.map((c) => (
        <Link key={c.id} to={`/cameras/${c.id}`} className="camera-card" data-testid="camera-row" data-camera={c.id}>
          <div className="camera-cell">
            <Thumb camera={c} />
            <div style={{ flex: 1 }}>
              <b>{c.name}</b>
              <span className="quiet">{lastSeen(c)}</span>
            </div>
            <StateTag camera={c} />
          </div>
          <div className="row">
            <Signs camera={c} />
            <span className="quiet">{picture(c)}</span>
          </div>
        </Link>
      ))}
    </div>
  );
}
