package evidence

import "fmt"

// Kind says what is wrong with a file.
type Kind string

// The kinds of findings.
const (
	Foreign        Kind = "foreign"         // it is no evidence of ours
	Version        Kind = "version"         // of a format that this program does not know
	Truncated      Kind = "truncated"       // its end is missing
	Added          Kind = "added"           // a file is there that must not be
	Removed        Kind = "removed"         // a file is missing
	Renamed        Kind = "renamed"         // a file has another name
	Duplicate      Kind = "duplicate"       // two files have one name
	Order          Kind = "order"           // the files are in another order
	Repacked       Kind = "repacked"        // it was packed by another program, or a header was changed
	Trailing       Kind = "trailing"        // something follows
	Changed        Kind = "changed"         // a file's contents are others
	OtherSignature Kind = "other_signature" // the signature was changed, or is that of another evidence
	OtherKey       Kind = "other_key"       // it is signed with a key that is not the platform's
	Media          Kind = "media"           // the clip does not lead back to the recordings
	WithdrawnKey   Kind = "withdrawn_key"   // its key may have been in other hands when it was registered
	Unregistered   Kind = "unregistered"    // the ledger's proof does not show this export
	OtherLedger    Kind = "other_ledger"    // the ledger is not the one whose key or checkpoint was given
	OlderLedger    Kind = "older_ledger"    // the ledger is older than the checkpoint that was kept
	Rewritten      Kind = "rewritten"       // the ledger is not that of the checkpoint that was kept
	Unchecked      Kind = "unchecked"       // whether it was registered cannot be told without the ledger's key
	Unproved       Kind = "unproved"        // whether it is cannot be told without asking the ledger
)

// Finding is one thing that is wrong.
type Finding struct {
	Kind  Kind   `json:"kind"`
	File  string `json:"file,omitempty"`
	Other string `json:"other,omitempty"` // another name, a key, a recording
	Bytes int64  `json:"bytes,omitempty"`
	Size  int64  `json:"size,omitempty"` // entries in the evidence's ledger
	Kept  int64  `json:"kept,omitempty"` // entries in the ledger that was kept
}

// EN says it in English.
func (f Finding) EN() string {
	switch f.Kind {
	case Foreign:
		return "this is not evidence that this platform exported"
	case Version:
		return fmt.Sprintf("this evidence has a format (%q) that this program does not know; use a newer one", f.Other)
	case Truncated:
		return fmt.Sprintf("the file is truncated: it ends after %d bytes", f.Bytes)
	case Added:
		return fmt.Sprintf("the file %q was added: the manifest does not name it", f.File)
	case Removed:
		return fmt.Sprintf("the file %s was removed", f.File)
	case Renamed:
		return fmt.Sprintf("the file %s was renamed to %q", f.File, f.Other)
	case Duplicate:
		return fmt.Sprintf("there are two files of the name %q", f.File)
	case Order:
		return "the files are not in the order in which they were exported: the file was packed anew"
	case Repacked:
		return "the file was packed anew, or a header of it was changed; give it as it was exported"
	case Trailing:
		return fmt.Sprintf("%d bytes were added at the end", f.Bytes)
	case Changed:
		return fmt.Sprintf("%s was changed", f.File)
	case OtherSignature:
		return "the signature was changed, or is that of another evidence"
	case OtherKey:
		return fmt.Sprintf("it is signed with a key that is not the platform's: %q", f.Other)
	case WithdrawnKey:
		return fmt.Sprintf("it is signed with a key that was withdrawn (%s), and was registered when others may have had it", f.Other)
	case Media:
		return "the clip does not lead back to the recordings that it names: " + f.Other
	case Unregistered:
		return "the ledger's proof does not show this export"
	case Unchecked:
		return fmt.Sprintf("registration not checked: its ledger is %q, and no key of the platform's ledger was given to compare it with (GET /v1/ledger/key)", f.Other)
	case OtherLedger:
		return fmt.Sprintf("its ledger is %q, not the one of the key or the checkpoint that was given", f.Other)
	case OlderLedger:
		return fmt.Sprintf("its ledger is older than the checkpoint that was given: %d entries against %d; if it was exported before, ask the ledger to prove that one is the beginning of the other", f.Size, f.Kept)
	case Rewritten:
		return fmt.Sprintf("its ledger (%d entries) is not that of the checkpoint that was given (%d entries): the ledger was rewritten", f.Size, f.Kept)
	case Unproved:
		return fmt.Sprintf("its ledger has %d entries, the checkpoint that was given %d; only the ledger itself can prove that one is the beginning of the other", f.Size, f.Kept)
	}
	return string(f.Kind)
}

// ZH says it in Chinese.
func (f Finding) ZH() string {
	switch f.Kind {
	case Foreign:
		return "这不是本平台导出的证据文件"
	case Version:
		return fmt.Sprintf("证据格式（%q）无法识别，请使用新版程序", f.Other)
	case Truncated:
		return fmt.Sprintf("文件被截断：仅有 %d 字节", f.Bytes)
	case Added:
		return fmt.Sprintf("多出文件 %q：清单中没有它", f.File)
	case Removed:
		return fmt.Sprintf("缺少文件 %s", f.File)
	case Renamed:
		return fmt.Sprintf("文件 %s 被改名为 %q", f.File, f.Other)
	case Duplicate:
		return fmt.Sprintf("有两个同名文件 %q", f.File)
	case Order:
		return "文件次序与导出时不同：已被重新打包"
	case Repacked:
		return "文件已被重新打包，或文件头被改动；请提供导出时的原文件"
	case Trailing:
		return fmt.Sprintf("末尾多出 %d 字节", f.Bytes)
	case Changed:
		return fmt.Sprintf("%s 的内容被改动", f.File)
	case OtherSignature:
		return "签名被改动，或属于另一份证据"
	case OtherKey:
		return fmt.Sprintf("签名密钥不是本平台的：%q", f.Other)
	case WithdrawnKey:
		return fmt.Sprintf("签名密钥已撤销（%s），且登记时该密钥可能已落入他人之手", f.Other)
	case Media:
		return "视频与其所列录像不符：" + f.Other
	case Unregistered:
		return "台账证明不能表明这次导出"
	case Unchecked:
		return fmt.Sprintf("未核对登记：其台账为 %q，未提供平台台账的公钥（GET /v1/ledger/key）与之核对", f.Other)
	case OtherLedger:
		return fmt.Sprintf("其台账为 %q，与所给密钥或检查点不是同一台账", f.Other)
	case OlderLedger:
		return fmt.Sprintf("其台账早于所给检查点：%d 条对 %d 条；如确系此前导出，请向台账索取前后一致的证明", f.Size, f.Kept)
	case Rewritten:
		return fmt.Sprintf("其台账（%d 条）与所给检查点（%d 条）不一致：台账被改写", f.Size, f.Kept)
	case Unproved:
		return fmt.Sprintf("其台账有 %d 条，所给检查点有 %d 条；是否前后一致须向台账索取证明", f.Size, f.Kept)
	}
	return string(f.Kind)
}
