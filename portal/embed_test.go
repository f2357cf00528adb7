package portal

import (
	"io/fs"
	"strings"
	"testing"
)

func TestFSAlwaysHasAnIndex(t *testing.T) {
	b, err := fs.ReadFile(FS(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	want := "portal not built"
	if Built() {
		want = `<div id="root">`
	}
	if !strings.Contains(string(b), want) {
		t.Errorf("index.html lacks %q", want)
	}
}

func TestAppLoadsNothingFromElsewhere(t *testing.T) {
	b, err := fs.ReadFile(FS(), "index.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"http://", "https://", "<script>"} {
		if strings.Contains(string(b), bad) {
			t.Errorf("index.html holds %q: no remote file, no inline script", bad)
		}
	}
}
