package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gatepost-video/gatepost/internal/evidence"
	"github.com/gatepost-video/gatepost/internal/evidence/evidencetest"
	"github.com/gatepost-video/gatepost/test/harness"
)

// TestEvidence exports what a real camera sent, checks the file as an outsider
// does, and then each of the ways in which somebody may have tampered with it.
func TestEvidence(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t, "--object-duration", "4s")
	cam := s.Enrol("evidence")
	begin := time.Now()
	push := harness.Push(t, cam, "rtsp-tcp", harness.Source{Audio: "aac"})
	s.Online(cam.ID)
	s.Stored(cam.ID, 3)
	push.Kill()
	s.Archived(cam.ID, 3)
	var from, to time.Time
	for _, sp := range s.Timeline(cam.ID, begin, time.Now()) {
		if sp.State == "recorded" {
			from, to = sp.From.Add(1500*time.Millisecond), sp.To.Add(-1500*time.Millisecond)
		}
	}
	dir := t.TempDir()
	keys := s.Scheme + "://" + s.HTTP + "/v1/evidence-keys"
	file := filepath.Join(dir, "evidence.zip")
	whole := export(t, s, cam.ID, from, to, file)

	out, err := verify(t, file, "--keys", keys)
	if err != nil || !strings.Contains(out, "VERIFIED: this is exactly what was exported") || !strings.Contains(out, "2026-17") {
		t.Fatalf("%v: %s", err, out)
	}
	t.Logf("%d bytes:\n%s", len(whole), out)
	if out, err := verify(t, file, "--keys", keys, "--lang", "zh"); err != nil || !strings.Contains(out, "核验通过") {
		t.Errorf("in Chinese: %v: %s", err, out)
	}
	book := strings.TrimSpace(get(t, s.Scheme+"://"+s.HTTP+"/v1/ledger/key", ""))
	for _, e := range evidencetest.Unpack(t, whole) {
		if e.Name == evidence.ClipFile {
			clip := filepath.Join(dir, e.Name)
			if err := os.WriteFile(clip, e.Data, 0o600); err != nil {
				t.Fatal(err)
			}
			harness.Decodes(t, clip)
			packets := harness.Probe(t, clip)
			if want := int(to.Sub(from).Seconds() * 25); len(packets) < want || len(packets) > want+50 {
				t.Errorf("%d frames, want %d and a GOP or two", len(packets), want)
			}
			if err := harness.Continuous(packets, 0.04); err != nil {
				t.Error(err)
			}
		}
	}
	for _, way := range evidencetest.Ways {
		t.Run(way.Name, func(t *testing.T) {
			changed := filepath.Join(t.TempDir(), "changed.zip")
			if err := os.WriteFile(changed, way.Do(t, bytes.Clone(whole)), 0o600); err != nil {
				t.Fatal(err)
			}
			if way.Stolen {
				refused(t, changed, way.Kind, "--key", evidencetest.Stranger(t).Text, "--ledger-key", book)
				return
			}
			refused(t, changed, way.Kind, "--keys", keys)
		})
	}

	// A checkpoint that was kept: the evidence's ledger grew out of it, or into it.
	kept := filepath.Join(dir, "kept")
	keep := func() {
		if err := os.WriteFile(kept, []byte(get(t, s.Scheme+"://"+s.HTTP+"/v1/ledger/checkpoint", "")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s.Stop()
	backup := filepath.Join(dir, "backup")
	if err := os.CopyFS(backup, os.DirFS(s.Data)); err != nil {
		t.Fatal(err)
	}
	s.Start()
	for range 30 {
		s.Playback(cam.ID, from, to)
	}
	harness.Eventually(t, 20*time.Second, "the ledger has grown", func() error {
		keep()
		b, err := os.ReadFile(kept)
		if err != nil {
			return err
		}
		if size, err := strconv.Atoi(harness.Lines(string(b))[1]); err != nil || size < 30 {
			return fmt.Errorf("a checkpoint of %d entries: %w", size, err)
		}
		return nil
	})
	if out, err := verify(t, file, "--keys", keys, "--checkpoint", kept, "--ledger", s.Scheme+"://"+s.HTTP); err != nil {
		t.Errorf("a ledger that grew: %v %s", err, out)
	}
	refused(t, file, evidence.OlderLedger, "--keys", keys, "--checkpoint", kept) // without the ledger's word it could have been rewritten
	// Somebody puts an older ledger in its place, and exports again.
	s.Stop()
	if err := os.RemoveAll(s.Data); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(s.Data, os.DirFS(backup)); err != nil {
		t.Fatal(err)
	}
	s.Start()
	again := filepath.Join(dir, "again.zip")
	export(t, s, cam.ID, from, to, again)
	if out, err := verify(t, again, "--keys", keys); err != nil {
		t.Errorf("by itself it is whole: %v %s", err, out)
	}
	refused(t, again, evidence.OlderLedger, "--keys", keys, "--checkpoint", kept)
	refused(t, again, evidence.Rewritten, "--keys", keys, "--checkpoint", kept, "--ledger", s.Scheme+"://"+s.HTTP)
}

// export orders evidence, waits until it is made, and fetches it into a file.
func export(t *testing.T, s *harness.Server, camera string, from, to time.Time, file string) []byte {
	t.Helper()
	var e struct{ ID, State, Problem string }
	s.Call("POST", "/v1/evidence", map[string]string{"camera_id": camera, "from": harness.Stamp(from), "to": harness.Stamp(to),
		"purpose": "case", "reason": "end-to-end test", "case_number": "2026-17"}, &e, 202)
	harness.Eventually(t, 60*time.Second, "the evidence is made", func() error {
		s.Call("GET", "/v1/evidence/"+e.ID, nil, &e, 200)
		if e.State != "ready" {
			return fmt.Errorf("%s %s", e.State, e.Problem)
		}
		return nil
	})
	var link struct{ URL string }
	s.Call("POST", "/v1/evidence/"+e.ID+"/link", nil, &link, 201)
	b := []byte(get(t, link.URL, ""))
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	return b
}

// verify runs gatepost verify as somebody without an account.
func verify(t *testing.T, file string, flags ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(filepath.Join(harness.Root(t), "bin", "gatepost"), append([]string{"verify", file}, flags...)...)
	cmd.Env = []string{"LANG=C", "TZ=Asia/Shanghai"}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// refused wants exit status 1 and the words of one kind of finding.
func refused(t *testing.T, file string, kind evidence.Kind, flags ...string) {
	t.Helper()
	out, err := verify(t, file, flags...)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 || !strings.HasPrefix(out, string(kind)+": ") || !strings.Contains(out, "NOT VERIFIED") {
		t.Errorf("%v, want %s: %s", err, kind, out)
	}
}

// TestEvidencePages: somebody exports on the camera's page and downloads the
// file; somebody else without an account checks it in his browser, and then each
// of the ways in which it may have been tampered with. GATEPOST_SCREENSHOTS names
// a folder for pictures.
func TestEvidencePages(t *testing.T) {
	t.Parallel()
	s := harness.NewServer(t, "--object-duration", "4s")
	cam := s.Enrol("收银台")
	push := harness.Push(t, cam, "rtsp-tcp", harness.Source{Audio: "aac"})
	s.Online(cam.ID)
	s.Stored(cam.ID, 2)
	push.Kill()
	s.Archived(cam.ID, 2)
	dir, base, shots := t.TempDir(), s.Scheme+"://"+s.HTTP, os.Getenv("GATEPOST_SCREENSHOTS")
	file := filepath.Join(dir, "evidence.zip")
	drive := func(task map[string]any) {
		t.Helper()
		task["what"], task["shots"] = "evidence", shots
		harness.StartProcess(t, "node", harness.Drive(t, task)...).Wait(t, 3*time.Minute)
	}
	drive(map[string]any{"step": "export", "page": base + "/cameras/" + cam.ID, "locale": "zh-CN", "login": "admin", "password": harness.AdminPassword, "file": file})
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := verify(t, file, "--keys", base+"/v1/evidence-keys"); err != nil || !strings.Contains(out, "2026-17") {
		t.Errorf("what was downloaded: %v %s", err, out)
	}
	newer := filepath.Join("..", "..", "internal", "evidence", "testdata", "newer.checkpoint")
	checkpoint, err := os.ReadFile(newer)
	if err != nil {
		t.Fatal(err)
	}
	checks := []map[string]string{{"file": file, "want": ""}, {"file": file, "want": string(evidence.OtherLedger), "checkpoint": string(checkpoint)},
		{"file": file, "want": "", "checkpoint": get(t, base+"/v1/ledger/checkpoint", "")}} // newer: the ledger is asked
	for i, way := range evidencetest.Ways {
		changed := filepath.Join(dir, fmt.Sprintf("changed-%d.zip", i))
		if err := os.WriteFile(changed, way.Do(t, bytes.Clone(whole)), 0o600); err != nil {
			t.Fatal(err)
		}
		check := map[string]string{"file": changed, "want": string(way.Kind)}
		if way.Stolen {
			check["keys"] = evidencetest.Stranger(t).Text
		}
		checks = append(checks, check)
	}
	for _, locale := range []string{"zh-CN", "en-US"} {
		drive(map[string]any{"step": "verify", "page": base + "/verify", "locale": locale, "checks": checks})
	}
}
