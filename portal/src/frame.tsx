import { IdcardOutlined, LinkOutlined, LogoutOutlined, SolutionOutlined, TeamOutlined, UserOutlined } from '@ant-design/icons';
import { Button, Dropdown, Grid, Layout } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from 'react-router';
import { mayInvite, mayShare } from './ability';
import { Brand, Preferences } from './brand';
import { Nav } from './nav';
import { Undertaking } from './parts/undertaking';
import { client, useUser } from './session';

/** What is around every page of a signed-in person. */
export function Frame({ children }: { children: ReactNode }) {
  const { t } = useTranslation();
  const user = useUser();
  const navigate = useNavigate();
  const wide = Grid.useBreakpoint().md ?? true;
  const role = t(`roles.${user.role as 'owner'}`, { defaultValue: user.role });
  return (
    <Layout style={{ minHeight: '100%', background: 'transparent' }}>
      <Layout.Header
        style={{ display: 'flex', alignItems: 'center', gap: 8, position: 'sticky', top: 0, zIndex: 10, background: 'var(--header, #fff)', borderBottom: '1px solid rgb(128 140 160 / .25)', padding: wide ? undefined : '0 10px' }}
      >
        <Link to="/cameras" style={{ color: 'inherit', lineHeight: 1 }} data-testid="home">
          <Brand />
        </Link>
        <Nav wide={wide} />
        {wide && <Preferences />}
        <Dropdown
          trigger={['click']}
          menu={{
            items: [
              { key: 'who', disabled: true, label: `${user.organisation.name} · ${role}` },
              { type: 'divider' },
              ...(mayShare(user) ? [{ key: '/shares', icon: <LinkOutlined />, label: <span data-testid="nav-shares">{t('nav.shares')}</span> }] : []),
              { key: '/account', icon: <IdcardOutlined />, label: <span data-testid="to-account">{t('nav.account')}</span> },
              ...(mayInvite(user) ? [{ key: '/members', icon: <TeamOutlined />, label: <span data-testid="to-members">{t('nav.members')}</span> }] : []),
              ...(user.role === 'admin' ? [{ key: '/admission', icon: <SolutionOutlined />, label: <span data-testid="to-admission">{t('nav.admission')}</span> }] : []),
              { type: 'divider' },
              { key: 'out', icon: <LogoutOutlined />, label: <span data-testid="sign-out">{t('nav.signOut')}</span> },
            ],
            onClick: ({ key }) => {
              if (key === 'out') void client.session.logout().catch(() => undefined);
              else void navigate(key);
            },
          }}
        >
          <Button type="text" icon={<UserOutlined />} data-testid="user-menu" aria-label={user.name || user.login}>
            {wide ? user.name || user.login : null}
          </Button>
        </Dropdown>
        {!wide && <Preferences />}
      </Layout.Header>
      <div><Undertaking />{children}</div>
    </Layout>
  );
}
