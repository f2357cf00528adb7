/** What is wrong with a file; docs/design/evidence.md says what each means. */
export type FindingKind =
  | 'foreign' | 'version' | 'truncated' | 'trailing' | 'added' | 'removed' | 'renamed' | 'duplicate' | 'order' | 'repacked' | 'changed'
  | 'other_signature' | 'other_key' | 'withdrawn_key' | 'media' | 'unregistered' | 'other_ledger' | 'older_ledger' | 'rewritten' | 'unproved' | 'unchecked';

export interface Finding {
  kind: FindingKind;
  file?: string;
  /** Another name, a key, a recording. */
  other?: string;
  bytes?: number;
  /** Entries in the evidence's ledger, and in the one that was kept. */
  size?: number;
  kept?: number;
}

type Say = (f: Finding) => string;

const zh: Record<FindingKind, Say> = {
  foreign: () => '这不是本平台导出的证据文件',
  version: (f) => `证据格式（${f.other}）无法识别，请使用新版程序`,
  truncated: (f) => `文件被截断：仅有 ${f.bytes} 字节`,
  trailing: (f) => `末尾多出 ${f.bytes} 字节`,
  added: (f) => `多出文件“${f.file}”：清单中没有它`,
  removed: (f) => `缺少文件 ${f.file}`,
  renamed: (f) => `文件 ${f.file} 被改名为“${f.other}”`,
  duplicate: (f) => `有两个同名文件“${f.file}”`,
  order: () => '文件次序与导出时不同：已被重新打包',
  repacked: () => '文件已被重新打包，或文件头被改动；请提供导出时的原文件',
  changed: (f) => `${f.file} 的内容被改动`,
  other_signature: () => '签名被改动，或属于另一份证据',
  other_key: (f) => `签名密钥不是本平台的：“${f.other}”`,
  withdrawn_key: (f) => `签名密钥已撤销（${f.other}），且登记时该密钥可能已落入他人之手`,
  media: (f) => `视频与其所列录像不符：${f.other}`,
  unregistered: () => '台账证明不能表明这次导出',
  other_ledger: (f) => `其台账为“${f.other}”，与所给密钥或检查点不是同一台账`,
  older_ledger: (f) => `其台账早于所给检查点：${f.size} 条对 ${f.kept} 条；如确系此前导出，请向台账索取前后一致的证明`,
  rewritten: (f) => `其台账（${f.size} 条）与所给检查点（${f.kept} 条）不一致：台账被改写`,
  unchecked: (f) => `未核对登记：其台账为“${f.other}”，未提供平台台账的公钥与之核对`,
  unproved: (f) => `其台账有 ${f.size} 条，所给检查点有 ${f.kept} 条；是否前后一致须向台账索取证明`,
};

const en: Record<FindingKind, Say> = {
  foreign: () => 'This is not evidence that this platform exported',
  version: (f) => `This evidence has a format (${f.other}) that this program does not know; use a newer one`,
  truncated: (f) => `The file is truncated: it ends after ${f.bytes} bytes`,
  trailing: (f) => `${f.bytes} bytes were added at the end`,
  added: (f) => `The file “${f.file}” was added: the manifest does not name it`,
  removed: (f) => `The file ${f.file} was removed`,
  renamed: (f) => `The file ${f.file} was renamed to “${f.other}”`,
  duplicate: (f) => `There are two files of the name “${f.file}”`,
  order: () => 'The files are not in the order in which they were exported: the file was packed anew',
  repacked: () => 'The file was packed anew, or a header of it was changed; give it as it was exported',
  changed: (f) => `${f.file} was changed`,
  other_signature: () => 'The signature was changed, or is that of another evidence',
  other_key: (f) => `It is signed with a key that is not the platform's: “${f.other}”`,
  withdrawn_key: (f) => `It is signed with a key that was withdrawn (${f.other}), and was registered when others may have had it`,
  media: (f) => `The clip does not lead back to the recordings that it names: ${f.other}`,
  unregistered: () => "The ledger's proof does not show this export",
  other_ledger: (f) => `Its ledger is “${f.other}”, not the one of the key or the checkpoint that was given`,
  older_ledger: (f) => `Its ledger is older than the checkpoint that was given: ${f.size} entries against ${f.kept}; if it was exported before, ask the ledger to prove that one is the beginning of the other`,
  rewritten: (f) => `Its ledger (${f.size} entries) is not that of the checkpoint that was given (${f.kept} entries): the ledger was rewritten`,
  unchecked: (f) => `Registration not checked: its ledger is “${f.other}”, and no key of the platform's ledger was given to compare it with`,
  unproved: (f) => `Its ledger has ${f.size} entries, the checkpoint that was given ${f.kept}; only the ledger itself can prove that one is the beginning of the other`,
};

/** A finding in words. */
export function findingWords(f: Finding, language: 'zh' | 'en'): string {
  return (language === 'zh' ? zh : en)[f.kind](f);
}
