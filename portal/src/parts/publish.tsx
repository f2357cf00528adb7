import type { StreamKey } from '@gatepost/sdk';
import { Alert, QRCode, Segmented, Space, Typography } from 'antd';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { BrowserPublisher } from './publisher';
import { Line } from './copy';

type Protocol = 'rtsp' | 'rtsps' | 'rtmp' | 'rtmps' | 'srt' | 'whip';
const protocols: Protocol[] = ['rtmp', 'rtmps', 'rtsp', 'rtsps', 'srt', 'whip'];

/** A line that pushes a file as it stands; WHIP is not ffmpeg's (before version 8). */
export function ffmpegLine(protocol: Protocol, url: string): string {
  const input = 'ffmpeg -re -stream_loop -1 -i input.mp4 -c copy';
  switch (protocol) {
    case 'rtsp':
    case 'rtsps':
      return `${input} -f rtsp -rtsp_transport tcp "${url}"`;
    case 'rtmp':
    case 'rtmps':
      return `${input} -f flv "${url}"`;
    case 'srt':
      return `${input} -f mpegts "${url}"`;
    case 'whip':
      return '';
  }
}

/** Everything that somebody needs to make a camera push: shown while the key is at hand. */
export function PublishInfo({ stream }: { stream: StreamKey }) {
  const { t } = useTranslation();
  const offered = protocols.filter((p) => stream.publish[p]);
  const [protocol, setProtocol] = useState<Protocol>(offered[0] ?? 'rtmp');
  const url = stream.publish[protocol] ?? '';
  const line = ffmpegLine(protocol, url);
  return (
    <Space orientation="vertical" size={16} style={{ width: '100%' }} data-testid="publish-info">
      <div>
        <Typography.Text strong>{t('publish.key')}</Typography.Text> <Typography.Text type="danger">({t('publish.keyOnce')})</Typography.Text>
        <div style={{ marginTop: 6 }}><Line text={stream.stream_key} testid="stream-key" /></div>
      </div>
      <div>
        <Typography.Text strong>{t('publish.url')}</Typography.Text>
        <Segmented<Protocol>
          style={{ display: 'block', width: 'fit-content', margin: '6px 0 8px' }} value={protocol} onChange={setProtocol}
          options={offered.map((p) => ({ value: p, label: p.toUpperCase() }))} data-testid="publish-protocol"
        />
        <Line text={url} testid={`publish-url-${protocol}`} />
        {protocol === 'whip' && <div className="quiet" style={{ marginTop: 6 }}>{t('publish.whipNote')}</div>}
      </div>
      {line !== '' && (
        <div>
          <Typography.Text strong>{t('publish.ffmpeg')}</Typography.Text> <span className="quiet">{t('publish.ffmpegHint')}</span>
          <div style={{ marginTop: 6 }}><Line text={line} testid="ffmpeg-line" /></div>
        </div>
      )}
      <Space size={20} align="start" wrap>
        <div style={{ textAlign: 'center' }} data-testid="publish-qr">
          <QRCode value={url} type="svg" size={168} errorLevel="M" color="#000" bgColor="#fff" bordered />
          <div className="quiet" style={{ marginTop: 4 }}>{t('publish.qr')}</div>
        </div>
        {stream.publish.whip && <BrowserPublisher whipUrl={stream.publish.whip} streamKey={stream.stream_key} />}
      </Space>
    </Space>
  );
}

/** Where the key would be, once it was shown. */
export function KeyHidden() {
  const { t } = useTranslation();
  return <Alert type="info" showIcon title={t('publish.hidden')} />;
}
