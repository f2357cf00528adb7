import type { Share, ShareOpening } from '@gatepost/sdk';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Empty, Modal, Popconfirm, Space, Table, Tag, type TableColumnType } from 'antd';
import { useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { useErrorWords } from '../errors';
import { client } from '../session';
import { span, when } from '../time';

export type ShareStatus = 'active' | 'revoked' | 'expired' | 'used';

/** How a link stands at a moment. */
export function statusOf(s: Share, now: number): ShareStatus {
  if (s.revoked_at) return 'revoked';
  if (Date.parse(s.expires_at) <= now) return 'expired';
  if (s.max_uses && s.uses >= s.max_uses) return 'used';
  return 'active';
}

/** Whose links: a camera's, an organisation's, or all that one may see. */
export type SharesOf = { camera_id: string } | { organisation_id: string } | null;

const colour: Record<ShareStatus, string> = { active: 'green', revoked: 'red', expired: 'default', used: 'default' };

/** Share links with all that binds them, to be revoked one by one or all at once, and who opened them. */
export function ShareList({ of, first, actions }: {
  of: SharesOf;
  /** A column before the others. */
  first?: TableColumnType<Share>;
  /** What stands above the list. */
  actions?: ReactNode;
}) {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useErrorWords();
  const queries = useQueryClient();
  const [asked, setAsked] = useState<Share | null>(null);
  const camera = of !== null && 'camera_id' in of ? of.camera_id : undefined;
  const list = useQuery({
    queryKey: ['shares', camera ?? ''],
    queryFn: ({ signal }) => client.shares.list({ camera_id: camera, limit: 200 }, { signal }),
    refetchInterval: 5000,
  });
  const told = (words: string) => {
    void message.success(words);
    void queries.invalidateQueries({ queryKey: ['shares'] });
  };
  const onError = (err: unknown) => void message.error(say(err));
  const revoke = useMutation({ mutationFn: (id: string) => client.shares.revoke(id), onSuccess: () => told(t('shares.revokedNow')), onError });
  const revokeAll = useMutation({
    mutationFn: (those: NonNullable<SharesOf>) => client.shares.revokeAll(those),
    onSuccess: ({ revoked }) => told(t('shares.revokedAll', { n: revoked })),
    onError,
  });
  const items = list.data?.items ?? [];
  return (
    <div data-testid="shares">
      <Space style={{ marginBottom: 12 }} wrap>
        {actions}
        {of !== null && items.some((s) => statusOf(s, Date.now()) === 'active') && (
          <Popconfirm title={t(camera ? 'shares.revokeAllAsk' : 'shares.revokeOwnAsk')} onConfirm={() => revokeAll.mutate(of)} okText={t('shares.revokeAll')} okButtonProps={{ danger: true, 'data-testid': 'share-revoke-all-confirm' }}>
            <Button danger data-testid="share-revoke-all">{t('shares.revokeAll')}</Button>
          </Popconfirm>
        )}
        <span className="quiet">{t('shares.noneHint')}</span>
      </Space>
      {list.isError && <Alert type="error" title={say(list.error)} />}
      {list.isSuccess && items.length === 0 ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('shares.none')} />
      ) : (
        <Table<Share>
          rowKey="id" size="small" loading={list.isPending} dataSource={items} pagination={false} scroll={{ x: 'max-content' }}
          onRow={(s) => ({ 'data-testid': 'share-row', 'data-share': s.id, 'data-status': statusOf(s, Date.now()) }) as React.HTMLAttributes<HTMLElement>}
          columns={[
            ...(first ? [first] : []),
            { title: t('shares.status'), render: (_, s) => { const st = statusOf(s, Date.now()); return <Tag color={colour[st]}>{t(`shares.${st}`)}</Tag>; } },
            { title: t('shares.what'), render: (_, s) => <>{s.actions.map((a) => t(`shares.${a}`)).join(' + ')}{s.actions.includes('playback') && s.from && s.to ? <div className="quiet">{span(s.from, s.to)}</div> : null}</> },
            { title: t('shares.expires'), render: (_, s) => when(s.expires_at) },
            { title: t('shares.uses'), render: (_, s) => `${s.uses} / ${s.max_uses || t('common.unlimited')}` },
            { title: t('shares.label'), render: (_, s) => s.label },
            { title: t('shares.bound'), render: (_, s) => <Bound share={s} /> },
            { title: t('shares.created'), render: (_, s) => <span className="quiet">{when(s.created_at)}</span> },
            {
              title: '', align: 'right',
              render: (_, s) => (
                <Space>
                  <Button size="small" onClick={() => setAsked(s)} data-testid="share-openings">{t('shares.openings')}</Button>
                  {statusOf(s, Date.now()) === 'active' && (
                    <Popconfirm title={t('shares.revokeAsk')} onConfirm={() => revoke.mutate(s.id)} okText={t('shares.revoke')} okButtonProps={{ danger: true, 'data-testid': 'share-revoke-confirm' }}>
                      <Button danger size="small" data-testid="share-revoke">{t('shares.revoke')}</Button>
                    </Popconfirm>
                  )}
                </Space>
              ),
            },
          ]}
        />
      )}
      <Modal open={asked !== null} title={t('shares.openings')} footer={null} onCancel={() => setAsked(null)} width={760} destroyOnHidden>
        {asked && <Openings share={asked.id} />}
      </Modal>
    </div>
  );
}

/** What a link is bound to, besides its time. */
function Bound({ share }: { share: Share }) {
  const { t } = useTranslation();
  const facts: [string, string][] = [
    [t('shares.networks'), share.networks.join(', ')], [t('shares.origins'), share.origins.join(', ')], [t('shares.basis'), share.legal_basis],
  ];
  return <>{facts.filter(([, v]) => v !== '').map(([name, v]) => <div key={name}><span className="quiet">{name}: </span>{v}</div>)}</>;
}

/** Who opened a link, as far as it can be told: when, from which address, and what came of it. */
function Openings({ share }: { share: string }) {
  const { t } = useTranslation();
  const say = useErrorWords();
  const list = useQuery({ queryKey: ['openings', share], queryFn: ({ signal }) => client.shares.openings(share, { limit: 200 }, { signal }) });
  if (list.isError) return <Alert type="error" title={say(list.error)} />;
  const result = (o: ShareOpening) => {
    if (o.act === 'look') return o.start && o.end ? span(o.start, o.end) : '';
    if (o.allowed) return t('shares.allowed');
    return o.code === 'forbidden' ? t('shares.elsewhere') : t('shares.refused');
  };
  return (
    <Table<ShareOpening>
      rowKey="id" size="small" loading={list.isPending} dataSource={list.data?.items ?? []} pagination={{ pageSize: 20, hideOnSinglePage: true }} scroll={{ x: 'max-content' }}
      locale={{ emptyText: t('shares.noOpenings') }}
      onRow={(o) => ({ 'data-testid': 'share-opening', 'data-act': o.act }) as React.HTMLAttributes<HTMLElement>}
      columns={[
        { title: t('looks.when'), render: (_, o) => when(o.at) },
        { title: t('shares.act'), render: (_, o) => t(`shares.acts.${o.act}`) },
        { title: t('shares.remote'), render: (_, o) => o.remote ?? '' },
        { title: t('shares.result'), render: (_, o) => result(o) },
      ]}
    />
  );
}
