package evidence

import "strings"

const readme = `视频证据 / VIDEO EVIDENCE

本文件由 Gatepost 视频云平台导出。请保持原样：改动、增删、改名或重新打包其中任何文件，都不能通过核验。
This file was exported by the Gatepost video cloud. Keep it as it is: with any file in it
changed, added, removed, renamed, or packed anew, it verifies no more.

如何核验（无须账号） / How to check it (no account needed)
  · 浏览器 / in a browser:  ADDRESS/verify
    文件只在本机核验，不会上传。 The file is checked on your own machine and sent nowhere.
  · 命令行 / on a command line:
    gatepost verify FILE.zip --keys ADDRESS/v1/evidence-keys
  公钥应从平台或其他可信渠道取得，不要采信随文件附来的公钥。
  Have the keys from the platform or from somebody you trust, never along with the file.

内容 / What is in it
  clip.mp4       录像，可直接播放 / the footage; plays anywhere
  manifest.json  摄像机、时段、断录及原因、来源录像、导出人、事由、台账证明，以及各文件的 SHA-256
                 camera, window, gaps and their reasons, the recordings that it is from, who
                 exported it and why, the ledger's proof, and the SHA-256 of every file
  manifest.sig   平台对清单的 Ed25519 签名 / the platform's Ed25519 signature of the manifest
  restore.txt    拼接时改动的字节（序号与时间）及其原值：行首为 clip.mp4 中的偏移量，其后为原字节（十六进制）
                 the bytes (numbers and times) that were changed to join the clip, as they were:
                 offset in clip.mp4, then the original bytes in hex
  还原后的 clip.mp4 为初始化段（前 init_bytes 字节）加各来源录像的字节区间；凡完整收录的录像，
  初始化段与其区间合并后的 SHA-256 即入库时所记的值。
  With its bytes restored, clip.mp4 is the init segment (its first init_bytes bytes) and then the
  ranges of the recordings. Where all of a recording is in it, init segment and range together
  have the SHA-256 that was recorded at ingest.
`

// Readme is README.txt. address is the platform's base URL.
func Readme(address string) []byte { return []byte(strings.ReplaceAll(readme, "ADDRESS", address)) }
