import { GlobalOutlined, MoonOutlined, SunOutlined } from '@ant-design/icons';
import { Button, Space, Tooltip } from 'antd';
import { useTranslation } from 'react-i18next';
import { choose } from './i18n';
import { chooseDark, useDark } from './theme';

/** The mark and the name. */
export function Brand({ size = 26 }: { size?: number }) {
  const { t } = useTranslation();
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 10, whiteSpace: 'nowrap' }}>
      <img src="/icon.svg" alt="" width={size} height={size} />
      <b style={{ fontSize: size * 0.66, letterSpacing: 0.2 }}>Gatepost</b>
      <span className="quiet">{t('brand')}</span>
    </span>
  );
}

/** Language and light, for every page. */
export function Preferences() {
  const { t, i18n } = useTranslation();
  const dark = useDark();
  const other = i18n.language === 'zh' ? 'en' : 'zh';
  return (
    <Space size={2}>
      <Button type="text" icon={<GlobalOutlined />} data-testid="language" onClick={() => void choose(other)}>
        {t('nav.language')}
      </Button>
      <Tooltip title={dark ? t('nav.light') : t('nav.dark')}>
        <Button
          type="text"
          data-testid="theme"
          aria-label={dark ? t('nav.light') : t('nav.dark')}
          icon={dark ? <SunOutlined /> : <MoonOutlined />}
          onClick={() => chooseDark(!dark)}
        />
      </Tooltip>
    </Space>
  );
}
