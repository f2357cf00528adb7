// Package arch holds the map of rooms and fails when a package imports what its
// room may not. ARCHITECTURE.md explains the map; this table is the law.
package arch

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/gatepost-video/gatepost"

// room is a group of packages and the packages of ours it may import directly.
// A trailing /... means the package and everything below it.
type room struct {
	name string
	may  []string
}

// rooms are matched most specific first. "." is the root package.
var rooms = []room{
	{"streaming/media", nil},
	{"streaming/media/mediatest", []string{"streaming/media"}},
	{"streaming/stream", []string{"streaming/media"}},
	{"streaming/cmaf", []string{"streaming/media"}},
	{"streaming/hls", []string{"streaming/media", "streaming/cmaf"}},
	{"streaming/record", []string{"streaming/media", "streaming/cmaf"}},

	{"gateway/ingest", []string{".", "streaming/media", "streaming/stream"}},
	{"gateway/ingest/ingesttest", []string{".", "gateway/ingest", "streaming/media"}},
	{"gateway/ingest/rtsp", []string{".", "gateway/ingest", "streaming/media", "streaming/stream"}},
	{"gateway/ingest/rtmp", []string{".", "gateway/ingest", "streaming/media", "streaming/stream"}},
	{"gateway/ingest/srt", []string{".", "gateway/ingest", "streaming/media", "streaming/stream"}},
	{"gateway/ingest/whip", []string{".", "gateway/ingest", "gateway/rtc", "streaming/media", "streaming/stream"}},
	{"gateway/rtc", []string{"."}},
	{"gateway/live/llhls", []string{".", "streaming/...", "internal/token"}},
	{"gateway/live/whep", []string{".", "gateway/rtc", "streaming/...", "internal/token"}},
	{"gateway/archive", []string{".", "streaming/...", "internal/objstore"}},
	{"gateway/admission", []string{".", "gateway/ingest", "streaming/...", "internal/token"}},
	{"gateway/picture", []string{".", "streaming/media", "streaming/stream", "internal/ffmpeg"}},
	{"gateway/control", []string{"."}},

	{"functions/host/...", []string{".", "functions/...", "internal/token"}},
	{"functions/playback", []string{".", "functions/host", "functions/host/auth", "functions/access", "streaming/media", "streaming/hls", "streaming/cmaf", "internal/token", "internal/objstore", "internal/ffmpeg"}},
	{"functions/contact", []string{".", "functions/host", "functions/host/auth", "functions/access", "internal/courier"}},
	{"functions/ledger", []string{".", "functions/host", "functions/host/auth", "functions/access", "internal/signature"}},
	{"functions/evidence", []string{".", "functions/host", "functions/host/auth", "functions/access", "internal/token", "internal/objstore", "internal/signature", "internal/evidence"}},
	{"functions/...", []string{".", "functions/host", "functions/host/auth", "functions/access", "internal/token", "internal/objstore"}},

	{"internal/token", []string{"."}},
	{"internal/signature", []string{"."}},
	{"internal/evidence", []string{".", "internal/signature", "internal/token"}},
	{"internal/evidence/evidencetest", []string{".", "internal/evidence", "internal/signature"}},
	{"internal/sqlstore", []string{"."}},
	{"internal/sqlstore/migrations", nil},
	{"internal/sqlstore/storetest", []string{".", "internal/sqlstore"}},
	{"internal/objstore", []string{"."}},
	{"internal/objstore/...", []string{".", "internal/objstore"}},
	{"internal/objstore/backend", []string{".", "internal/objstore/..."}},
	{"internal/courier", []string{"."}},
	{"internal/courier/couriertest", nil},
	{"internal/ffmpeg", nil},
	{"internal/demo", []string{".", "streaming/media"}},
	{"portal", nil},
	{"cmd/...", []string{"./..."}},
	{"test/contract/...", []string{"test/contract/..."}},
	{"test/...", []string{".", "test/..."}},
	{"test/harness", []string{".", "internal/sqlstore/storetest"}},
	{".", nil},
}

// onlyImporter names third-party modules that one room alone may import.
var onlyImporter = map[string]string{
	"github.com/gofiber/fiber/v2":                           "functions/host/fiberhost",
	"github.com/danielgtaylor/huma/v2/adapters/humafiber":   "functions/host/fiberhost",
	"github.com/aws/aws-lambda-go/lambda":                   "functions/host/lambdahost",
	"github.com/aws/aws-lambda-go/lambdaurl":                "functions/host/lambdahost",
	"github.com/aws/aws-sdk-go-v2/service/s3":               "internal/objstore/s3",
	"modernc.org/sqlite":                                    "internal/sqlstore",
	"github.com/jackc/pgx/v5/stdlib":                        "internal/sqlstore",
	"github.com/golang-jwt/jwt/v5":                          "internal/token",
	"github.com/bluenviron/gohlslib/v2":                     "",
	"github.com/bluenviron/mediacommon/v2/pkg/formats/fmp4": "streaming/cmaf",
	"github.com/alecthomas/kong":                            "cmd/gatepost",
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func TestImports(t *testing.T) {
	checked := 0
	for _, p := range list(t) {
		rel := relative(p.ImportPath)
		r, ok := roomOf(rel)
		if !ok {
			t.Errorf("%s belongs to no room: add it to the table here and to ARCHITECTURE.md, or move it", rel)
			continue
		}
		for _, imp := range p.Imports {
			if only, ok := onlyImporter[imp]; ok && only != rel {
				t.Errorf("%s imports %s, which only %q may", rel, imp, only)
			}
			if imp != module && !strings.HasPrefix(imp, module+"/") {
				if rel == "." && strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") {
					t.Errorf("the root package imports %s: it may import the standard library only", imp)
				}
				continue
			}
			checked++
			if !allowed(r, relative(imp)) {
				t.Errorf("%s imports %s: room %s may not", rel, relative(imp), r.name)
			}
		}
	}
	if checked < 20 {
		t.Fatalf("only %d imports of ours were checked: the listing is broken", checked)
	}
}

func relative(path string) string {
	if path == module {
		return "."
	}
	return strings.TrimPrefix(path, module+"/")
}

func roomOf(rel string) (room, bool) {
	best, found := room{}, false
	for _, r := range rooms {
		if matches(r.name, rel) && (!found || len(r.name) > len(best.name)) {
			best, found = r, true
		}
	}
	return best, found
}

func matches(pattern, rel string) bool {
	if pattern == "./..." {
		return true
	}
	if prefix, ok := strings.CutSuffix(pattern, "/..."); ok {
		return rel == prefix || strings.HasPrefix(rel, prefix+"/")
	}
	return pattern == rel
}

func allowed(r room, rel string) bool {
	for _, m := range r.may {
		if matches(m, rel) {
			return true
		}
	}
	return false
}

// list runs go list over the module. Imports are those of the code itself;
// tests may reach further.
func list(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var pkgs []pkg
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}
