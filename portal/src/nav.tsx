import { AlertOutlined, AuditOutlined, BarChartOutlined, BellOutlined, BuildOutlined, EyeOutlined, FieldTimeOutlined, FileSearchOutlined, MedicineBoxOutlined, MenuOutlined, ShareAltOutlined, ToolOutlined, VideoCameraOutlined } from '@ant-design/icons';
import { Button, Dropdown, Menu } from 'antd';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';
import { rooms, type Room } from './ability';
import { useUser } from './session';

const icons: Record<Room, ReactNode> = {
  cameras: <VideoCameraOutlined />, duty: <EyeOutlined />, incidents: <AlertOutlined />, footage: <FileSearchOutlined />, sharing: <ShareAltOutlined />,
  programmes: <BuildOutlined />, reports: <BarChartOutlined />, support: <ToolOutlined />, faults: <MedicineBoxOutlined />, ledger: <AuditOutlined />, retention: <FieldTimeOutlined />, notifications: <BellOutlined />,
};

/** The ways to the pages that are for somebody like this; on a narrow screen behind one button. */
export function Nav({ wide }: { wide: boolean }) {
  const { t } = useTranslation();
  const { pathname } = useLocation();
  const items = rooms(useUser()).map((room) => ({ key: `/${room}`, icon: icons[room], label: <Link to={`/${room}`} data-testid={`nav-${room}`}>{t(`menu.${room}`)}</Link> }));
  const here = items.filter((i) => pathname.startsWith(i.key)).map((i) => i.key);
  if (items.length === 1) return <span className="grow" />;
  if (wide) return <Menu mode="horizontal" items={items} selectedKeys={here} style={{ flex: 1, minWidth: 0, border: 0, background: 'transparent', lineHeight: '51px' }} />;
  return (
    <>
      <Dropdown trigger={['click']} menu={{ items, selectedKeys: here }}><Button type="text" icon={<MenuOutlined />} aria-label={t('nav.menu')} data-testid="nav-menu" /></Dropdown>
      <span className="grow" />
    </>
  );
}
