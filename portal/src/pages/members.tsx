import { UserAddOutlined } from '@ant-design/icons';
import type { Invitation, NewInvitation, Role, User, UserPatch } from '@gatepost/sdk';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { Alert, App, Button, Card, Modal, Popconfirm, Select, Space, Table, Tag } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { managesMembers, mayInvite, rolesToGive } from '../ability';
import { useErrorWords } from '../errors';
import { Line } from '../parts/copy';
import { InviteForm } from '../parts/invite';
import { client, useUser } from '../session';
import { when } from '../time';

/** Who is in the organisation, who is invited, as what. */
export function MembersPage() {
  const { t } = useTranslation();
  const user = useUser();
  const queries = useQueryClient();
  const [inviting, setInviting] = useState(false);
  const [made, setMade] = useState<NewInvitation | null>(null);
  if (!mayInvite(user)) return <main className="page"><Alert type="info" showIcon title={t('members.notYours')} /></main>;
  return (
    <main className="page" style={{ maxWidth: 1100 }} data-testid="members-page">
      <div className="page-head">
        <h1>{t('members.title')}</h1>
        <span className="grow" />
        <Button type="primary" icon={<UserAddOutlined />} onClick={() => setInviting(true)} data-testid="invite">{t('members.invite')}</Button>
      </div>
      <Space orientation="vertical" size={14} style={{ width: '100%' }}>
        <Members />
        <Invitations />
      </Space>
      <InviteForm
        open={inviting} onCancel={() => setInviting(false)}
        onDone={(i) => { setInviting(false); setMade(i); void queries.invalidateQueries({ queryKey: ['invitations'] }); }}
      />
      <Modal
        open={made !== null} title={t('members.invited')} onCancel={() => setMade(null)}
        footer={<Button type="primary" onClick={() => setMade(null)} data-testid="invited-close">{t('common.close')}</Button>}
      >
        {made?.url
          ? <Space orientation="vertical" size={14} style={{ width: '100%' }}><Alert type="warning" showIcon title={t('members.passOn', { contact: made.contact })} /><Line text={made.url} testid="invitation-url" /></Space>
          : made && <p data-testid="invitation-sent">{t('members.sent', { contact: made.contact })}</p>}
      </Modal>
    </main>
  );
}

function Members() {
  const { t } = useTranslation();
  const me = useUser();
  const { message } = App.useApp();
  const say = useErrorWords();
  const queries = useQueryClient();
  const list = useInfiniteQuery({
    queryKey: ['users'],
    queryFn: ({ pageParam, signal }) => client.users.list({ limit: 100, after: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
  });
  const change = useMutation({
    mutationFn: ({ id, patch }: { id: string; patch: UserPatch }) => client.users.update(id, patch),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['users'] }),
    onError: (err) => void message.error(say(err)),
  });
  const manages = (u: User) => managesMembers(me) && u.id !== me.id && (me.role === 'admin' || u.role !== 'admin');
  return (
    <Card size="small" title={t('members.list')}>
      {list.isError && <Alert type="error" title={say(list.error)} />}
      <Table<User>
        rowKey="id" size="small" loading={list.isPending} dataSource={list.data?.pages.flatMap((p) => p.items) ?? []} pagination={false} scroll={{ x: 'max-content' }}
        onRow={(u) => ({ 'data-testid': 'member-row', 'data-login': u.login, 'data-disabled': String(u.disabled ?? false) }) as React.HTMLAttributes<HTMLElement>}
        columns={[
          { title: t('members.name'), render: (_, u) => <>{u.name || u.login}{u.id === me.id && <span className="quiet"> · {t('members.me')}</span>}</> },
          { title: t('signIn.login'), dataIndex: 'login' },
          ...(me.role === 'admin' ? [{ title: t('members.organisation'), render: (_: unknown, u: User) => u.organisation.name }] : []),
          {
            title: t('members.role'),
            render: (_, u) => manages(u) && !u.disabled
              ? <Select<Role> size="small" value={u.role} style={{ minWidth: 130 }} data-testid="member-role" onChange={(role) => change.mutate({ id: u.id, patch: { role } })} options={rolesToGive(me).map((r) => ({ value: r, label: t(`roles.${r}`) }))} />
              : t(`roles.${u.role}`),
          },
          { title: t('shares.status'), render: (_, u) => <Tag color={u.disabled ? 'default' : 'green'}>{t(u.disabled ? 'members.disabled' : 'members.active')}</Tag> },
          {
            title: '', align: 'right',
            render: (_, u) => manages(u) && (u.disabled
              ? <Button size="small" data-testid="member-reactivate" onClick={() => change.mutate({ id: u.id, patch: { disabled: false } })}>{t('members.reactivate')}</Button>
              : (
                <Popconfirm title={t('members.deactivateAsk')} okText={t('members.deactivate')} okButtonProps={{ danger: true, 'data-testid': 'member-deactivate-confirm' }} onConfirm={() => change.mutate({ id: u.id, patch: { disabled: true } })}>
                  <Button size="small" danger data-testid="member-deactivate">{t('members.deactivate')}</Button>
                </Popconfirm>
              )),
          },
        ]}
      />
      {list.hasNextPage && <Button style={{ marginTop: 10 }} loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('common.more')}</Button>}
    </Card>
  );
}

const colours: Record<Invitation['state'], string> = { open: 'blue', accepted: 'green', revoked: 'red', expired: 'default' };

function Invitations() {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useErrorWords();
  const queries = useQueryClient();
  const list = useInfiniteQuery({
    queryKey: ['invitations'],
    queryFn: ({ pageParam, signal }) => client.invitations.list({ limit: 50, after: pageParam }, { signal }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next || undefined,
  });
  const revoke = useMutation({
    mutationFn: (id: string) => client.invitations.revoke(id),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['invitations'] }),
    onError: (err) => void message.error(say(err)),
  });
  const items = list.data?.pages.flatMap((p) => p.items) ?? [];
  if (list.isSuccess && items.length === 0) return null;
  return (
    <Card size="small" title={t('members.invitations')}>
      {list.isError && <Alert type="error" title={say(list.error)} />}
      <Table<Invitation>
        rowKey="id" size="small" loading={list.isPending} dataSource={items} pagination={false} scroll={{ x: 'max-content' }}
        onRow={(i) => ({ 'data-testid': 'invitation-row', 'data-state': i.state }) as React.HTMLAttributes<HTMLElement>}
        columns={[
          { title: t('signUp.contact'), dataIndex: 'contact' },
          { title: t('members.role'), render: (_, i) => t(`roles.${i.role}`) },
          { title: t('shares.status'), render: (_, i) => <Tag color={colours[i.state]}>{t(`members.state.${i.state}`)}</Tag> },
          { title: t('shares.expires'), render: (_, i) => <span className="quiet">{when(i.expires_at)}</span> },
          {
            title: '', align: 'right',
            render: (_, i) => i.state === 'open' && (
              <Popconfirm title={t('members.revokeAsk')} okText={t('shares.revoke')} okButtonProps={{ danger: true, 'data-testid': 'invitation-revoke-confirm' }} onConfirm={() => revoke.mutate(i.id)}>
                <Button size="small" danger data-testid="invitation-revoke">{t('shares.revoke')}</Button>
              </Popconfirm>
            ),
          },
        ]}
      />
      {list.hasNextPage && <Button style={{ marginTop: 10 }} loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('common.more')}</Button>}
    </Card>
  );
}
