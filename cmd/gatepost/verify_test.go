package main

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/internal/evidence"
	"github.com/gatepost-video/gatepost/internal/signature"
)

// TestVerify: the command's flags, its words in both languages, and what it
// needs to be told. What is found in files is tested with internal/evidence.
func TestVerify(t *testing.T) {
	data := filepath.Join("..", "..", "internal", "evidence", "testdata")
	file, keys := filepath.Join(data, "evidence.zip"), filepath.Join(data, "keys.json")
	files := http.NewServeMux()
	files.Handle("/", http.FileServer(http.Dir(data)))
	files.HandleFunc("/ledger/key", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, filepath.Join(data, "ledger.key")) })
	published := httptest.NewServer(files)
	defer published.Close()
	ledgerKey, err := os.ReadFile(filepath.Join(data, "ledger.key"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []verifyCmd{
		{File: file, Keys: []string{keys}, LedgerKey: filepath.Join(data, "ledger.key")}, {File: file, Keys: []string{published.URL + "/keys.json"}, JSON: true},
		{File: file, Keys: []string{keys}, LedgerKey: string(ledgerKey), Checkpoint: filepath.Join(data, "same.checkpoint")},
	} {
		if err := c.Run(t.Context()); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, c := range []verifyCmd{
		{File: keys, Keys: []string{keys}}, {File: file, Keys: []string{filepath.Join(data, "ledger.key")}},
		{File: file, Keys: []string{keys}, Checkpoint: filepath.Join(data, "newer.checkpoint")},
	} {
		if err := c.Run(t.Context()); !errors.Is(err, exitError(1)) {
			t.Errorf("%+v: got %v, want exit status 1", c, err)
		}
	}
	if err := (&verifyCmd{File: file, Keys: []string{keys}}).Run(t.Context()); !errors.Is(err, unchecked) {
		t.Errorf("without the ledger's key: got %v, want exit status 3", err)
	}
	alone := httptest.NewServer(http.FileServer(http.Dir(data)))
	defer alone.Close()
	for name, c := range map[string]verifyCmd{
		"keys without the ledger's": {File: file, Keys: []string{alone.URL + "/keys.json"}},
		"no keys":                   {File: file}, "no file": {File: "none", Keys: []string{keys}}, "keys that are none": {File: file, Keys: []string{file}},
		"no such keys": {File: file, Keys: []string{"none"}}, "a key that is none": {File: file, Key: []string{"x"}}, "no answer": {File: file, Keys: []string{published.URL + "/none"}},
		"a ledger key that is none": {File: file, Keys: []string{keys}, LedgerKey: "x"}, "no checkpoint": {File: file, Keys: []string{keys}, Checkpoint: "none"},
		"a ledger and nothing to compare": {File: file, Keys: []string{keys}, Ledger: published.URL},
		"a ledger that does not answer":   {File: file, Keys: []string{keys}, Checkpoint: filepath.Join(data, "newer.checkpoint"), Ledger: "http://127.0.0.1:1"},
	} {
		var own *gatepost.Error
		if err := c.Run(t.Context()); !errors.As(err, &own) {
			t.Errorf("%s: got %v, want an error that says what to do", name, err)
		}
	}

	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(keys)
	if err != nil {
		t.Fatal(err)
	}
	set, err := evidence.ParseKeys(text)
	if err != nil {
		t.Fatal(err)
	}
	book, err := signature.NewVerifier(string(ledgerKey))
	if err != nil {
		t.Fatal(err)
	}
	print := func(b []byte, book note.Verifier, zh bool) string {
		r, err := evidence.Verify(bytes.NewReader(b), int64(len(b)), evidence.Options{Keys: set, Ledger: book})
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		if err := printEvidence(&out, r, zh); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	for _, c := range []struct {
		file []byte
		book note.Verifier
		zh   bool
		want []string
	}{
		{b, book, false, []string{"VERIFIED: ", "2026-17", "gap network", "4, 3 of them whole"}}, {b, book, true, []string{"核验通过", "案件编号: 2026-17"}},
		{b[:len(b)-9], book, false, []string{"NOT VERIFIED", "truncated: the file is truncated"}}, {b[:len(b)-9], book, true, []string{"核验不通过", "文件被截断"}},
		{b, nil, false, []string{"INCOMPLETE", "registration not checked"}}, {b, nil, true, []string{"核验未完成", "未核对登记"}},
	} {
		got := print(c.file, c.book, c.zh)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in %q", want, got)
			}
		}
	}
	t.Setenv("LC_ALL", "zh_CN.UTF-8")
	if !chinese("auto") || chinese("en") || !chinese("zh") {
		t.Error("the terminal's language is not spoken")
	}
	if err := grown(t.Context(), published.URL, tlog.Tree{N: 1}, tlog.Tree{N: 2}, set[0]); gatepost.CodeOf(err) != gatepost.Conflict {
		t.Errorf("a server that proves nothing: %v", err)
	}
}
