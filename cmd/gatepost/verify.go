package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/ledger"
	"github.com/gatepost-video/gatepost/internal/evidence"
	"github.com/gatepost-video/gatepost/internal/signature"
)

// verifyCmd checks evidence.
type verifyCmd struct {
	File       string   `arg:"" help:"The file as it was exported." placeholder:"FILE"`
	Key        []string `help:"Key that the platform signs evidence with, as a verifier key (name+hash+base64)." placeholder:"KEY"`
	Keys       []string `help:"The platform's keys, from where they are published (https://…/v1/evidence-keys) or from a file that was kept." placeholder:"URL|FILE"`
	LedgerKey  string   `help:"Key of the platform's ledger (GET /v1/ledger/key), or a file of it; --keys URL fetches it from the same server. Without it the registration is not checked." env:"GATEPOST_LEDGER_KEY" placeholder:"KEY|FILE"`
	Checkpoint string   `help:"File of a checkpoint of the ledger that was kept: the evidence's ledger must be the same." placeholder:"FILE"`
	Ledger     string   `help:"Server to ask for the proof that the ledger of the checkpoint and of the evidence is one." placeholder:"URL"`
	Lang       string   `help:"Language: zh or en." enum:"zh,en,auto" default:"auto" placeholder:"LANG"`
	JSON       bool     `name:"json" help:"Print the report as JSON."`
}

// unchecked is the exit status when all is well but that nothing was given to check
// the registration with.
const unchecked exitError = 3

// Run prints what the evidence is, or what is wrong with it. It exits with 0
// when it is whole, with 3 when its registration was not checked, and with 1
// otherwise.
func (c *verifyCmd) Run(ctx context.Context) (err error) {
	o, err := c.options(ctx)
	if err != nil {
		return err
	}
	f, err := os.Open(c.File)
	if err != nil {
		return &gatepost.Error{Code: gatepost.Invalid, Field: "FILE", Message: "cannot read the evidence", Err: err}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return &gatepost.Error{Code: gatepost.Invalid, Field: "FILE", Message: "cannot read the evidence", Err: err}
	}
	r, err := evidence.Verify(f, info.Size(), o)
	if err != nil {
		return err
	}
	if c.JSON {
		err = json.NewEncoder(os.Stdout).Encode(r)
	} else {
		err = printEvidence(os.Stdout, r, chinese(c.Lang))
	}
	switch {
	case err != nil || r.Whole:
		return err
	case r.Findings[0].Kind == evidence.Unchecked:
		return unchecked
	}
	return exitError(1)
}

// chinese tells which language to speak: that of the terminal unless one is named.
func chinese(lang string) bool {
	if lang != "auto" {
		return lang == "zh"
	}
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			return strings.HasPrefix(v, "zh")
		}
	}
	return false
}

func (c *verifyCmd) options(ctx context.Context) (o evidence.Options, err error) {
	add := func(flag string, text []byte) error {
		keys, err := evidence.ParseKeys(text)
		if err != nil {
			return fmt.Errorf("%s: %w", flag, err)
		}
		o.Keys = append(o.Keys, keys...)
		return nil
	}
	for _, key := range c.Key {
		if err := add("--key", []byte(key)); err != nil {
			return o, err
		}
	}
	for _, from := range c.Keys {
		text, err := fetchKeys(ctx, from)
		if err != nil {
			return o, err
		}
		if err := add("--keys", text); err != nil {
			return o, err
		}
	}
	if len(o.Keys) == 0 {
		return o, &gatepost.Error{Code: gatepost.Invalid, Field: "--keys", Message: "say by which keys: --keys https://PLATFORM/v1/evidence-keys, or a file of them, or --key"}
	}
	if o.Ledger, err = c.ledgerKey(ctx); err != nil {
		return o, err
	}
	if c.Checkpoint != "" {
		b, err := os.ReadFile(c.Checkpoint)
		if err != nil {
			return o, &gatepost.Error{Code: gatepost.Invalid, Field: "--checkpoint", Message: "cannot read the checkpoint", Err: err}
		}
		o.Kept = string(b)
	}
	if c.Ledger != "" {
		base, err := baseURL("--ledger", c.Ledger, "https://video.example.org")
		if err != nil {
			return o, err
		}
		if c.Checkpoint == "" {
			return o, &gatepost.Error{Code: gatepost.Invalid, Field: "--ledger", Message: "goes with --checkpoint: it proves that both are of one ledger"}
		}
		o.Grown = func(smaller, larger tlog.Tree, key note.Verifier) error {
			return grown(ctx, base.String(), smaller, larger, key)
		}
	}
	return o, nil
}

// ledgerKey returns the key of the ledger that was given, or that the server of
// --keys publishes beside them; nil when there is neither.
func (c *verifyCmd) ledgerKey(ctx context.Context) (note.Verifier, error) {
	text := []byte(c.LedgerKey)
	if c.LedgerKey == "" {
		at := slices.IndexFunc(c.Keys, published)
		if at < 0 {
			return nil, nil
		}
		u, err := url.Parse(c.Keys[at])
		if err != nil {
			return nil, &gatepost.Error{Code: gatepost.Invalid, Field: "--keys", Message: "this is not a URL", Err: err}
		}
		if text, err = fetchKeys(ctx, u.JoinPath("..", "ledger", "key").String()); err != nil {
			return nil, fmt.Errorf("the ledger's key (or give it with --ledger-key): %w", err)
		}
	} else if b, err := os.ReadFile(c.LedgerKey); err == nil {
		text = b
	}
	v, err := signature.NewVerifier(string(text))
	if err != nil {
		return nil, fmt.Errorf("--ledger-key: %w", err)
	}
	return v, nil
}

// published tells whether keys are fetched from a server.
func published(from string) bool {
	return strings.HasPrefix(from, "http://") || strings.HasPrefix(from, "https://")
}

// fetchKeys reads a set of keys from a file or a server.
func fetchKeys(ctx context.Context, from string) ([]byte, error) {
	if !published(from) {
		f, err := os.Open(from)
		if err != nil {
			return nil, &gatepost.Error{Code: gatepost.Invalid, Field: "--keys", Message: "cannot read the keys", Err: err}
		}
		defer func() { _ = f.Close() }() // it was only read
		b, err := io.ReadAll(io.LimitReader(f, evidence.MaxKeys+1))
		if err != nil {
			return nil, &gatepost.Error{Code: gatepost.Invalid, Field: "--keys", Message: "cannot read the keys", Err: err}
		}
		return b, nil
	}
	return fetchProof(ctx, &http.Client{Timeout: 30 * time.Second}, from)
}

// grown has a server prove that two trees are beginnings of its present ledger:
// then the smaller is the beginning of the larger.
func grown(ctx context.Context, base string, smaller, larger tlog.Tree, key note.Verifier) error {
	client := &http.Client{Timeout: 30 * time.Second}
	for _, tree := range []tlog.Tree{smaller, larger} {
		answer, err := fetchProof(ctx, client, fmt.Sprintf("%s/v1/ledger/consistency?from=%d", base, tree.N))
		if err != nil {
			return err // a ledger that is shorter than its own checkpoint refuses, with Conflict
		}
		if _, _, err := ledger.CheckConsistency(answer, tree, key); err != nil {
			return err
		}
	}
	return nil
}

func printEvidence(w io.Writer, r *evidence.Report, zh bool) error {
	say := func(chinese, english string) string {
		if zh {
			return chinese
		}
		return english
	}
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s: %s\n", f.Kind, say(f.ZH(), f.EN()))
	}
	m := r.Manifest
	if !r.Whole {
		if r.Findings[0].Kind == evidence.Unchecked {
			fmt.Fprintln(&b, say("核验未完成：文件与签名相符，但未核对登记；请用 --keys URL 或 --ledger-key 提供台账公钥。",
				"INCOMPLETE: the file is as it was signed, but its registration was not checked; give the ledger's key with --keys URL or --ledger-key."))
			_, err := io.WriteString(w, b.String())
			return err
		}
		fmt.Fprintln(&b, say("核验不通过：不可作为证据采信。", "NOT VERIFIED: this is not the evidence that was exported."))
		_, err := io.WriteString(w, b.String())
		return err
	}
	at := func(t time.Time) string { return t.Local().Format("2006-01-02 15:04:05.000 -07:00") }
	line := func(chinese, english, value string) { fmt.Fprintf(&b, "  %s: %s\n", say(chinese, english), value) }
	fmt.Fprintln(&b, say("核验通过：与导出时完全一致。", "VERIFIED: this is exactly what was exported."))
	line("摄像机", "camera", fmt.Sprintf("%s %s (%s)", m.Camera.NationalID, m.Camera.Name, m.Camera.OwnerName))
	line("时段", "window", at(m.Window.From)+" – "+at(m.Window.To))
	line("录像", "footage", at(m.Clip.From)+" – "+at(m.Clip.To))
	for _, s := range m.Timeline {
		if s.State != gatepost.SpanRecorded && s.State != gatepost.SpanHeld {
			line("断录", "missing", at(s.From)+" – "+at(s.To)+" "+strings.TrimSpace(string(s.State)+" "+string(s.Reason)))
		}
	}
	whole := len(slices.DeleteFunc(slices.Clone(m.Sources), func(s evidence.Source) bool { return !s.Whole(m.Clip.InitBytes) }))
	line("来源录像", "recordings", fmt.Sprintf(say("%d 段，其中 %d 段完整，且与入库时的 SHA-256 一致", "%d, %d of them whole and with the SHA-256 that they had at ingest"), len(m.Sources), whole))
	line("导出人", "exported by", m.Export.UserName+" ("+m.Export.OrganisationName+")")
	line("导出时间", "exported at", at(m.Export.MadeAt))
	line("用途", "purpose", m.Export.Purpose)
	line("事由", "reason", m.Export.Reason)
	line("案件编号", "case", m.Export.CaseNumber)
	line("台账", "ledger", fmt.Sprintf(say("第 %d 条，共 %d 条", "entry %d of %d"), m.Ledger.Sequence+1, m.Ledger.Size))
	line("密钥", "key", r.Key)
	if w := r.Withdrawn; w != nil {
		line("密钥已撤销", "key withdrawn", fmt.Sprintf(say("%s（%s）；本证据登记于此前，以台账为凭", "%s (%s); this was registered before others may have had it, and the ledger vouches for it"), at(w.At), w.Reason))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
