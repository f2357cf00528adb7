import { DesktopOutlined, StopOutlined, VideoCameraAddOutlined } from '@ant-design/icons';
import { cameraStream, publish, screenStream, type Publisher } from '@gatepost/sdk';
import { Alert, Button, Space } from 'antd';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useErrorWords } from '../errors';

/** Pushes this device's camera or screen by WHIP: the quickest way to see that an enrolment works. */
export function BrowserPublisher({ whipUrl, streamKey }: { whipUrl: string; streamKey: string }) {
  const { t } = useTranslation();
  const say = useErrorWords();
  const [state, setState] = useState<'off' | 'connecting' | 'on'>('off');
  const [failure, setFailure] = useState('');
  const running = useRef<{ stream: MediaStream; publisher?: Publisher } | null>(null);
  const preview = useRef<HTMLVideoElement>(null);

  function stop() {
    running.current?.publisher?.stop();
    running.current?.stream.getTracks().forEach((track) => track.stop());
    running.current = null;
    setState('off');
  }
  useEffect(() => stop, []);

  async function start(open: () => Promise<MediaStream>) {
    setFailure('');
    setState('connecting');
    let stream: MediaStream;
    try {
      stream = await open();
    } catch {
      setFailure(t('publish.noDevice'));
      setState('off');
      return;
    }
    running.current = { stream };
    if (preview.current) preview.current.srcObject = stream;
    stream.getVideoTracks()[0]?.addEventListener('ended', stop);
    try {
      running.current.publisher = await publish({
        whipUrl, key: streamKey, stream,
        onState: (s) => {
          if (s === 'connected') setState('on');
          if (s === 'failed') {
            stop();
            setFailure(t('publish.failed'));
          }
        },
      });
    } catch (err) {
      stop();
      setFailure(say(err));
    }
  }

  if (!window.isSecureContext) return <Alert type="info" title={t('publish.secureOnly')} />;
  return (
    <Space orientation="vertical">
      {state === 'off' ? (
        <>
          <Button icon={<VideoCameraAddOutlined />} data-testid="push-camera" onClick={() => void start(() => cameraStream())}>{t('publish.browser')}</Button>
          {'getDisplayMedia' in navigator.mediaDevices && (
            <Button icon={<DesktopOutlined />} data-testid="push-screen" onClick={() => void start(() => screenStream())}>{t('publish.screen')}</Button>
          )}
        </>
      ) : (
        <Button danger icon={<StopOutlined />} data-testid="push-stop" onClick={stop}>{t('publish.stop')}</Button>
      )}
      <video ref={preview} muted autoPlay playsInline style={{ width: 220, borderRadius: 6, background: '#000', display: state === 'off' ? 'none' : 'block' }} />
      {state !== 'off' && <span data-testid="push-state" data-state={state}><i className={`dot ${state === 'on' ? 'rec' : ''}`} />{state === 'on' ? t('publish.pushing') : t('publish.connecting')}</span>}
      {failure !== '' && <Alert type="error" title={failure} />}
    </Space>
  );
}
