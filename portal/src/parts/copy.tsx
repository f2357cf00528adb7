import { CheckOutlined, CopyOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';

/** Copies by the clipboard, or, where the page is not a secure context, the old way. */
async function copy(text: string): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

export function CopyButton({ text, testid }: { text: string; testid?: string }) {
  const { t } = useTranslation();
  const [done, setDone] = useState(false);
  return (
    <Button
      size="small"
      icon={done ? <CheckOutlined /> : <CopyOutlined />}
      data-testid={testid}
      onClick={() =>
        void copy(text).then(() => {
          setDone(true);
          setTimeout(() => setDone(false), 2000);
        })
      }
    >
      {done ? t('common.copied') : t('common.copy')}
    </Button>
  );
}

/** One line to be copied as it stands. */
export function Line({ text, testid }: { text: string; testid?: string }) {
  return (
    <div className="line">
      <pre data-testid={testid}>{text}</pre>
      <CopyButton text={text} testid={testid ? `${testid}-copy` : undefined} />
    </div>
  );
}
