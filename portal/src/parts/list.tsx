import type { Page } from '@gatepost/sdk';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Alert, Button, Empty, Table, type TableColumnsType } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useErrorWords } from '../errors';

/** A list of the API, page by page, asked for again every few seconds. */
export function List<T extends object>({ name, load, rowKey, columns, empty, row, every = 5000 }: {
  /** Of the query; what changes the list invalidates it. */
  name: readonly unknown[];
  load: (q: { limit: number; after?: string }, o: { signal: AbortSignal }) => Promise<Page<T>>;
  rowKey: keyof T & string;
  columns: TableColumnsType<T>;
  empty: ReactNode;
  /** What a row is known by in tests. */
  row?: (item: T) => Record<`data-${string}`, string>;
  every?: number;
}) {
  const { t } = useTranslation();
  const say = useErrorWords();
  const list = useInfiniteQuery({
    queryKey: name,
    queryFn: ({ pageParam, signal }) => load(pageParam === undefined ? { limit: 50 } : { limit: 50, after: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
    refetchInterval: every,
  });
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  if (list.isError && items.length === 0) return <Alert type="error" showIcon title={say(list.error)} data-testid="list-error" />;
  if (list.isSuccess && items.length === 0) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={empty} data-testid="list-empty" />;
  return (
    <>
      <Table<T>
        rowKey={rowKey} size="small" loading={list.isPending} dataSource={items} pagination={false} scroll={{ x: 'max-content' }} columns={columns}
        {...(row ? { onRow: (item: T) => row(item) as React.HTMLAttributes<HTMLElement> } : {})}
      />
      {list.hasNextPage && <Button style={{ marginTop: 12 }} loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('common.more')}</Button>}
    </>
  );
}
