package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/ledger"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// TestVerifyLedger: by the database and by the API, before and after somebody
// edited a row.
func TestVerifyLedger(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "gatepost.db")
	db := storetest.Open(t, "sqlite://"+path)
	f := ledger.New(ledger.Options{Store: db})
	grow := func() {
		t.Helper()
		for range 5 {
			if err := db.AppendLedger(t.Context(), gatepost.LedgerEntry{Kind: gatepost.LedgerGrant, Actor: "u"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	grow()
	api := functest.New(t, f.Register)
	server := httptest.NewServer(api)
	defer server.Close()
	key := strings.TrimSpace(api.Do("", http.MethodGet, "/v1/ledger/key", nil).Want(200).Text)
	kept, proof := filepath.Join(dir, "checkpoint"), filepath.Join(dir, "proof")
	admin := api.SignIn(storetest.NewOrganisation(t, db, gatepost.KindOperator), gatepost.RoleAdmin)
	rows, err := db.LedgerRowsFrom(t.Context(), 2, 1)
	if err != nil {
		t.Fatal(err)
	}
	entry := api.Do(admin, http.MethodGet, "/v1/ledger/entries/"+rows[0].ID+"/proof", nil).Want(200)
	if err := os.WriteFile(proof, []byte(entry.Text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []verifyLedgerCmd{
		{Data: dir, Save: kept}, {URL: server.URL, Checkpoint: kept}, {URL: server.URL, Key: key, Proof: []string{proof}},
		{Data: dir, Checkpoint: kept, Key: key, JSON: true},
	} {
		if err := c.Run(t.Context()); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	grow()
	if err := (&verifyLedgerCmd{URL: server.URL, Key: key, Checkpoint: kept, Proof: []string{proof}}).Run(t.Context()); err != nil {
		t.Errorf("a ledger that grew: %v", err)
	}
	for name, c := range map[string]verifyLedgerCmd{
		"no database":     {Data: t.TempDir()},
		"no checkpoint":   {Data: dir, Checkpoint: filepath.Join(dir, "none")},
		"no key":          {Data: dir, Key: "key"},
		"another key":     {URL: server.URL, Key: "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"},
		"no server":       {URL: "http://127.0.0.1:1"},
		"no URL":          {URL: "ledger"},
		"proof and data":  {Data: dir, Proof: []string{proof}},
		"proof that isnt": {URL: server.URL, Proof: []string{kept}},
	} {
		var own *gatepost.Error
		if err := c.Run(t.Context()); !errors.As(err, &own) {
			t.Errorf("%s: got %v, want an error that says what to do", name, err)
		}
	}

	hand, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer hand.Close()
	if _, err := hand.ExecContext(t.Context(), `UPDATE ledger SET actor = 'v' WHERE seq = 3`); err != nil {
		t.Fatal(err)
	}
	saved := filepath.Join(dir, "saved")
	if err := (&verifyLedgerCmd{Data: dir, Save: saved}).Run(t.Context()); !errors.Is(err, exitError(1)) {
		t.Errorf("an altered row: got %v, want exit status 1", err)
	}
	if _, err := os.Stat(saved); err == nil {
		t.Error("the checkpoint of a ledger that was tampered with was saved")
	}
	r, err := ledger.Verify(t.Context(), db, ledger.VerifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := printLedger(&text, r); err != nil || !strings.Contains(text.String(), "altered: entry 3 ") || !strings.Contains(text.String(), "TAMPERED") {
		t.Errorf("printed %q %v", text.String(), err)
	}
	if b, err := json.Marshal(r); err != nil || !strings.Contains(string(b), `"sequence":3`) {
		t.Errorf("as JSON: %s %v", b, err)
	}
}
