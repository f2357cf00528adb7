import { languageOf, stamp, type Language } from '../player/words';

export { languageOf, stamp };

export const words: Record<Language, { timeline: string; states: Record<string, string>; archived: string; reasons: Record<string, string>; unknown: string; why: (reason: string) => string }> = {
  zh: {
    timeline: '录像时间轴：方向键移动，加减键缩放，回车播放',
    states: { recorded: '有录像', gap: '断录', expired: '已过保存期', held: '已封存', future: '尚无' },
    archived: '（深度归档，须先调档）',
    reasons: {
      camera_offline: '摄像机离线',
      network: '网络中断',
      gateway: '网关故障',
      storage: '存储故障',
      suspended: '已停用',
      not_enrolled: '尚未接入',
    },
    unknown: '未知',
    why: (reason) => `（${reason}）`,
  },
  en: {
    timeline: 'Timeline of recordings: arrows move, plus and minus zoom, Enter plays',
    states: { recorded: 'recorded', gap: 'gap', expired: 'past its retention', held: 'held', future: 'nothing yet' },
    archived: ', in the deep archive: restore it first',
    reasons: {
      camera_offline: 'camera offline',
      network: 'network',
      gateway: 'gateway',
      storage: 'storage',
      suspended: 'suspended',
      not_enrolled: 'before its first push',
    },
    unknown: 'unknown',
    why: (reason) => `: ${reason}`,
  },
};
