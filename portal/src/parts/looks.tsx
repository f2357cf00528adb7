import type { Grant } from '@gatepost/sdk';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Empty, Popconfirm, Space, Table, Tag } from 'antd';
import { useTranslation } from 'react-i18next';
import { useErrorWords } from '../errors';
import { client } from '../session';
import { span, when } from '../time';

export type LookStatus = 'active' | 'ended' | 'revoked';

export function lookStatus(g: Grant, now: number): LookStatus {
  if (g.revoked_at) return 'revoked';
  return Date.parse(g.expires_at) > now ? 'active' : 'ended';
}

/** Every look at a camera: who, what, why, until when. An open one can be cut off. */
export function LooksTab({ camera }: { camera: string }) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useErrorWords();
  const queries = useQueryClient();
  const list = useInfiniteQuery({
    queryKey: ['looks', camera],
    queryFn: ({ pageParam, signal }) => client.grants.list({ camera_id: camera, limit: 50, after: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
    refetchInterval: 10_000,
  });
  const revoke = useMutation({
    mutationFn: (id: string) => client.grants.revoke(id),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['looks', camera] }),
    onError: (err) => void message.error(say(err)),
  });
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  const colour: Record<LookStatus, string> = { active: 'green', ended: 'default', revoked: 'red' };
  const who = (g: Grant) => (g.share_id ? t('looks.byShare') : g.user_name || g.user_id || '');
  const kind = (p: string) => t(`purpose.kinds.${p as 'case'}`, { defaultValue: p });
  return (
    <div data-testid="looks">
      {list.isError && <Alert type="error" title={say(list.error)} />}
      {list.isSuccess && items.length === 0 ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={<>{t('looks.none')}<br /><span className="quiet">{t('looks.noneHint')}</span></>} />
      ) : (
        <Table<Grant>
          rowKey="id" size="small" loading={list.isPending} dataSource={items} pagination={false} scroll={{ x: 'max-content' }}
          onRow={(g) => ({ 'data-testid': 'look-row', 'data-grant': g.id, 'data-status': lookStatus(g, Date.now()) }) as React.HTMLAttributes<HTMLElement>}
          columns={[
            { title: t('looks.when'), render: (_, g) => <>{when(g.created_at, true)}{lookStatus(g, Date.now()) === 'active' && <div className="quiet">{t('common.until', { time: when(g.expires_at) })}</div>}</> },
            { title: t('looks.who'), render: (_, g) => <>{who(g)}{g.organisation_name && <div className="quiet">{g.organisation_name}</div>}</> },
            { title: t('looks.what'), render: (_, g) => <>{t(`looks.${g.action}`)}{g.action === 'playback' && g.from && g.to ? <div className="quiet">{span(g.from, g.to)}</div> : null}</> },
            {
              title: t('looks.why'),
              render: (_, g) => (
                <div style={{ maxWidth: 260, whiteSpace: 'normal' }}>
                  {g.purpose && <Tag>{kind(g.purpose)}</Tag>}
                  {g.reason}
                  {g.case_number && <div className="quiet">{t('looks.case')} <span className="mono">{g.case_number}</span></div>}
                </div>
              ),
            },
            {
              title: t('shares.status'),
              render: (_, g) => {
                const s = lookStatus(g, Date.now());
                return (
                  <Space orientation="vertical" size={4} align="start">
                    <Tag color={colour[s]}>{t(`looks.${s}`)}</Tag>
                    {s === 'active' && (
                      <Popconfirm title={t('looks.revokeAsk')} onConfirm={() => revoke.mutate(g.id)} okText={t('looks.revoke')} okButtonProps={{ danger: true }}>
                        <Button danger size="small" data-testid="look-revoke">{t('looks.revoke')}</Button>
                      </Popconfirm>
                    )}
                  </Space>
                );
              },
            },
          ]}
        />
      )}
      {list.hasNextPage && <Button style={{ marginTop: 12 }} loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('common.more')}</Button>}
    </div>
  );
}
