import { VideoCameraOutlined, WarningOutlined } from '@ant-design/icons';
import type { Camera } from '@gatepost/sdk';
import { Space, Tag, Tooltip } from 'antd';
import { useTranslation } from 'react-i18next';
import { when } from '../time';

const colours: Record<Camera['state'], string> = {
  planned: 'default',
  enrolled: 'blue',
  acceptance: 'gold',
  in_service: 'green',
  suspended: 'orange',
  retired: 'default',
};

/** Where a camera stands in its life. */
export function StateTag({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  return (
    <Tag color={colours[camera.state]} data-testid="camera-state" data-state={camera.state}>
      {t(`state.${camera.state}`)}
    </Tag>
  );
}

/** Online, and recording: the two things that should be true of a camera in service. */
export function Signs({ camera }: { camera: Camera }) {
  const { t } = useTranslation();
  return (
    <Space size={14} wrap>
      <span data-testid="camera-online" data-online={camera.online}>
        <i className={`dot ${camera.online ? 'on' : ''}`} />
        {camera.online ? t('cameras.online') : t('cameras.offline')}
      </span>
      <span data-testid="camera-recording" data-recording={camera.recording}>
        <i className={`dot ${camera.recording ? 'rec' : ''}`} />
        {camera.recording ? t('cameras.isRecording') : t('cameras.notRecording')}
      </span>
      {camera.recording_problem && (
        <Tooltip title={t('cameras.since', { time: when(camera.recording_problem_since) })}>
          <Tag color={camera.recording ? 'warning' : 'error'} icon={<WarningOutlined />} data-testid="recording-problem" data-problem={camera.recording_problem}>
            {t(`problem.${camera.recording_problem}`)}
          </Tag>
        </Tooltip>
      )}
    </Space>
  );
}

/** When a camera was last seen, in words. */
export function useLastSeen() {
  const { t } = useTranslation();
  return (c: Camera) => {
    const since = when(c.since);
    if (since === '') return t('cameras.neverSeen');
    return c.online ? t('cameras.since', { time: since }) : since;
  };
}

/** Whether somebody should look after it: it is meant to work, and does not. */
export function needsAttention(c: Camera): boolean {
  if (c.state === 'in_service') return !c.online || !c.recording || c.recording_problem !== undefined;
  return c.state === 'acceptance' && c.acceptance?.passed === false;
}

/** Stands where a still of the camera will be. */
export function Thumb({ camera }: { camera: Camera }) {
  return (
    <div className={`thumb ${camera.online ? 'on' : ''}`} aria-hidden="true">
      <VideoCameraOutlined />
    </div>
  );
}
