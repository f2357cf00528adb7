import { DownloadOutlined } from '@ant-design/icons';
import type { LedgerEntry } from '@gatepost/sdk';
import { App, Button, Card, DatePicker, Select, Space, Tag } from 'antd';
import type { Dayjs } from 'dayjs';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useErrorWords } from '../errors';
import { CameraLink } from '../parts/cameralink';
import { List } from '../parts/list';
import { save } from '../save';
import { client } from '../session';
import { span, when } from '../time';

const kinds = ['look', 'decision', 'grant', 'revoke', 'share', 'export', 'incident', 'cross_grant', 'request', 'support', 'duty', 'camera', 'consent', 'retention', 'hold', 'deletion', 'programme', 'report', 'member', 'session'] as const;

/** Who looked at my cameras, and all else that the ledger has on my organisation; as a file too. */
export function LedgerPage() {
  const { t } = useTranslation();
  const { message } = App.useApp();
  const say = useErrorWords();
  const [kind, setKind] = useState<string | undefined>('look');
  const [window, setWindow] = useState<[Dayjs, Dayjs] | null>(null);
  const [busy, setBusy] = useState(false);
  const filter = { ...(kind ? { kind } : {}), ...(window ? { since: window[0].toISOString(), until: window[1].toISOString() } : {}) };
  async function take(format: 'csv' | 'jsonl') {
    setBusy(true);
    try {
      save(await client.ledger.export({ ...filter, format }), `gatepost-ledger.${format}`);
    } catch (err) {
      void message.error(say(err));
    } finally {
      setBusy(false);
    }
  }
  const kindWords = (k: string) => t(`ledger.kinds.${k as 'look'}`, { defaultValue: k });
  return (
    <main className="page" data-testid="ledger-page">
      <div className="page-head">
        <h1>{t('ledger.title')}</h1>
        <span className="quiet">{t('ledger.about')}</span>
        <span className="grow" />
        <Space wrap>
          <Select<string | undefined> allowClear value={kind} onChange={setKind} placeholder={t('ledger.all')} style={{ width: 180 }} options={kinds.map((k) => ({ value: k, label: kindWords(k) }))} data-testid="ledger-kind" />
          <DatePicker.RangePicker showTime={{ format: 'HH:mm' }} value={window} onChange={(w) => setWindow(w?.[0] && w[1] ? [w[0], w[1]] : null)} />
          <Button icon={<DownloadOutlined />} loading={busy} onClick={() => void take('csv')} data-testid="ledger-csv">CSV</Button>
          <Button icon={<DownloadOutlined />} loading={busy} onClick={() => void take('jsonl')} data-testid="ledger-jsonl">JSON</Button>
        </Space>
      </div>
      <Card size="small">
        <List<LedgerEntry>
          name={['ledger', filter]} load={(q, o) => client.ledger.list({ ...filter, ...q }, o)} rowKey="id" empty={t('ledger.none')} row={(e) => ({ 'data-testid': 'ledger-row', 'data-kind': e.kind })}
          columns={[
            { title: '#', render: (_, e) => <span className="quiet mono">{e.sequence ?? '…'}</span> },
            { title: t('looks.when'), render: (_, e) => when(e.at, true) },
            { title: t('ledger.kind'), render: (_, e) => <><Tag>{kindWords(e.kind)}</Tag>{!e.allowed && <Tag color="red">{t('ledger.refused')}</Tag>}</> },
            { title: t('looks.who'), render: (_, e) => <>{e.actor_id === 'system' ? t('ledger.system') : e.actor_id.startsWith('share:') ? t('looks.byShare') : e.actor_name || e.actor_id}{e.organisation_name && <div className="quiet">{e.organisation_name}</div>}</> },
            { title: t('ledger.camera'), render: (_, e) => e.camera_id && <CameraLink id={e.camera_id} /> },
            { title: t('ledger.detail'), render: (_, e) => <Detail entry={e} /> },
          ]}
        />
      </Card>
    </main>
  );
}

/** What an entry tells: of a look from when to when, and why; of anything else its particulars. */
function Detail({ entry: { kind, detail: d } }: { entry: LedgerEntry }) {
  const { t } = useTranslation();
  const why = [d['purpose'] && t(`purpose.kinds.${d['purpose'] as 'case'}`, { defaultValue: d['purpose'] }), d['reason'], d['case_number']].filter(Boolean).join(' · ');
  if (kind === 'look' && d['start'] && d['end']) return <>{span(d['start'], d['end'])}<div className="quiet">{why}</div></>;
  const rest = Object.entries(d).filter(([k]) => !['purpose', 'reason', 'case_number'].includes(k)).map(([k, v]) => `${k} ${v}`).join(', ');
  return <div style={{ maxWidth: 460, whiteSpace: 'normal' }}>{why}<div className="quiet mono">{rest}</div></div>;
}
