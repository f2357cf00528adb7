import type { FallbackReason, PlayerReason, PlayerState, Transport } from './store';

/** The languages that the elements speak. */
export type Language = 'zh' | 'en';

/** The language of an element: its own or an ancestor's lang, else the browser's. */
export function languageOf(el: Element): Language {
  const tag = el.closest('[lang]')?.getAttribute('lang') || navigator.language;
  return tag.toLowerCase().startsWith('zh') ? 'zh' : 'en';
}

interface Words {
  state: Record<PlayerState, string>;
  reason: Record<Exclude<PlayerReason, ''>, string>;
  transport: Record<Transport, string>;
  fallback: Record<FallbackReason, string>;
  player: string;
  play: string;
  pause: string;
  mute: string;
  unmute: string;
  fullscreen: string;
  exitFullscreen: string;
  snapshot: string;
  speed: string;
  live: string;
  latency: (s: string) => string;
  tapToPlay: string;
}

export const words: Record<Language, Words> = {
  zh: {
    state: {
      idle: '未打开',
      connecting: '正在连接…',
      playing: '播放中',
      stalled: '画面停顿，正在恢复…',
      ended: '播放完毕',
      denied: '无权观看',
      error: '无法播放',
    },
    reason: {
      buffering: '画面停顿，正在恢复…',
      camera_offline: '摄像机离线，上线后自动恢复',
      network: '网络中断，正在重连…',
      expired: '观看授权已到期',
      revoked: '观看授权已被撤销',
      refused: '观看授权无效或已被撤销',
      no_source: '没有可播放的地址',
      unsupported: '此浏览器无法播放',
      decode: '视频无法解码',
      codec: '此浏览器不支持该摄像机的视频编码',
    },
    transport: { whep: 'WebRTC', 'll-hls': 'LL-HLS', hls: '录像', native: 'HLS' },
    fallback: {
      codec: '此编码不能经 WebRTC 传输，已改用 LL-HLS',
      ice: 'WebRTC 网络不通，已改用 LL-HLS',
      no_frame: 'WebRTC 四秒内没有画面，已改用 LL-HLS',
      unsupported: '此浏览器没有 WebRTC，已改用 LL-HLS',
    },
    player: '视频播放器',
    play: '播放',
    pause: '暂停',
    mute: '静音',
    unmute: '打开声音',
    fullscreen: '全屏',
    exitFullscreen: '退出全屏',
    snapshot: '截图',
    speed: '播放速度',
    live: '直播',
    latency: (s) => `延迟约 ${s} 秒`,
    tapToPlay: '点击播放',
  },
  en: {
    state: {
      idle: 'Nothing is open',
      connecting: 'Connecting…',
      playing: 'Playing',
      stalled: 'The picture stands still; recovering…',
      ended: 'End of the recording',
      denied: 'Not allowed to watch',
      error: 'Cannot play',
    },
    reason: {
      buffering: 'The picture stands still; recovering…',
      camera_offline: 'The camera is offline; the picture returns when it does',
      network: 'The connection broke; reconnecting…',
      expired: 'The permission to watch has expired',
      revoked: 'The permission to watch was revoked',
      refused: 'The permission to watch is not valid, or was revoked',
      no_source: 'There is nothing to play',
      unsupported: 'This browser cannot play it',
      decode: 'The video cannot be decoded',
      codec: "This browser does not support the camera's video codec",
    },
    transport: { whep: 'WebRTC', 'll-hls': 'LL-HLS', hls: 'Recording', native: 'HLS' },
    fallback: {
      codec: 'These codecs cannot go over WebRTC; LL-HLS is used instead',
      ice: 'No way through the network for WebRTC; LL-HLS is used instead',
      no_frame: 'WebRTC showed no picture within four seconds; LL-HLS is used instead',
      unsupported: 'This browser has no WebRTC; LL-HLS is used instead',
    },
    player: 'Video player',
    play: 'Play',
    pause: 'Pause',
    mute: 'Mute',
    unmute: 'Unmute',
    fullscreen: 'Full screen',
    exitFullscreen: 'Leave full screen',
    snapshot: 'Snapshot',
    speed: 'Playback speed',
    live: 'Live',
    latency: (s) => `about ${s} s behind`,
    tapToPlay: 'Click to play',
  },
};

/** What to say of a state: its reason where there is one. */
export function sayState(w: Words, state: PlayerState, reason: PlayerReason): string {
  return reason === '' ? w.state[state] : w.reason[reason];
}

/** Local date and time, to the second: 2026-11-23 08:15:09. */
export function stamp(ms: number): string {
  const d = new Date(ms);
  const p = (n: number) => String(n).padStart(2, '0');
  return `${d.getFullYear()}-${p(d.getMonth() + 1)}-${p(d.getDate())} ${p(d.getHours())}:${p(d.getMinutes())}:${p(d.getSeconds())}`;
}
