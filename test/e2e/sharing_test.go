package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/test/harness"
)

// example writes the one code block of a language in docs/sharing.md into a file.
func example(t *testing.T, language, name string) string {
	t.Helper()
	doc, err := os.ReadFile(filepath.Join(harness.Root(t), "docs", "sharing.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(doc), "\n```"+language+"\n")
	code, more, ended := strings.Cut(rest, "\n```\n")
	if !ok || !ended || strings.Contains(more, "\n```"+language+"\n") {
		t.Fatalf("docs/sharing.md has not one block of %s", language)
	}
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(code+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestSharingExamples runs the programs of docs/sharing.md as a third party would: they
// take what this deployment signed, and nothing else.
func TestSharingExamples(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t)
	cam := s.Enrol("shared")
	sh := newShare(s, t, map[string]any{"camera_id": cam.ID, "actions": []string{"live"}, "expires_at": harness.Stamp(time.Now().Add(time.Hour)),
		"label": "保险公司 4711", "networks": []string{"127.0.0.0/8"}})
	media := openShare(s, t, sh.Token).Token
	url := "http://" + s.HTTP
	parts := strings.Split(media, ".")
	other := strings.Split(sh.Token, ".")

	program := filepath.Join(t.TempDir(), "verify")
	if out, err := exec.Command("go", "build", "-o", program, example(t, "go", "verify.go")).CombinedOutput(); err != nil {
		t.Fatalf("the Go example does not compile: %v\n%s", err, out)
	}
	script := example(t, "js", "verify.mjs")
	verifiers := map[string]func(token string) *exec.Cmd{
		"Go":         func(token string) *exec.Cmd { return exec.Command(program, url, token) },
		"JavaScript": func(token string) *exec.Cmd { return exec.Command("node", script, url, token) },
	}
	check := func(language, what, token, want string) {
		t.Helper()
		out, err := verifiers[language](token).CombinedOutput()
		if want == "" && err == nil {
			t.Errorf("%s takes %s: %s", language, what, out)
		}
		if want != "" && (err != nil || !strings.Contains(string(out), want)) {
			t.Errorf("%s: %s: %v: %s", language, what, err, out)
		}
	}
	for language := range verifiers {
		check(language, "a share token", sh.Token, `"jti":"`+sh.ID+`"`)
		check(language, "a media token", media, `"lbl":"保险公司 4711"`)
		check(language, "a media token", media, `"net":"127.0.0.0/8"`)
		check(language, "an access token", s.Admin(), "")
		check(language, "the signature of another token", parts[0]+"."+parts[1]+"."+other[2], "")
		check(language, "another's claims", parts[0]+"."+other[1]+"."+parts[2], "")
		check(language, "no signature", parts[0]+"."+parts[1]+".", "")
		check(language, "an unsigned token", b64([]byte(`{"alg":"none"}`))+"."+parts[1]+".", "")
		check(language, "nonsense", "x", "")
	}

	// A withdrawn key is gone for them too.
	header, _ := decodeToken(t, media)
	s.Call("POST", "/v1/signing-keys/"+header["kid"].(string)+"/withdraw", map[string]string{"reason": "a test"}, nil, 204)
	for language := range verifiers {
		check(language, "a token of a withdrawn key", media, "")
	}
}
