package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/ledger"
	"github.com/gatepost-video/gatepost/internal/signature"
)

// verifyLedgerCmd checks that the ledger was not edited.
type verifyLedgerCmd struct {
	Data       string   `help:"Directory of everything that is kept, with the database in it." default:"./data" env:"GATEPOST_DATA" placeholder:"DIR"`
	Database   string   `help:"postgres://user:password@host/name, or empty for SQLite under --data." env:"GATEPOST_DATABASE" placeholder:"URL"`
	URL        string   `name:"url" help:"Ask a server instead of its database, as an outsider can." placeholder:"URL"`
	Checkpoint string   `help:"File of a checkpoint that was kept: what it covers must still be there, unchanged." placeholder:"FILE"`
	Save       string   `help:"File to write the newest checkpoint into when all is well; it may be that of --checkpoint." placeholder:"FILE"`
	Key        string   `help:"Key of the ledger that was noted (GET /v1/ledger/key); without it the ledger's own is believed." env:"GATEPOST_LEDGER_KEY" placeholder:"KEY"`
	Proof      []string `help:"File of an entry's proof (GET /v1/ledger/entries/ID/proof) to check; with --url." placeholder:"FILE"`
	JSON       bool     `name:"json" help:"Print the report as JSON."`
}

// Run prints what is wrong, and where. It exits with 0 when nothing is, and with
// 1 otherwise.
func (c *verifyLedgerCmd) Run(ctx context.Context) error {
	var kept string
	if c.Checkpoint != "" {
		b, err := os.ReadFile(c.Checkpoint)
		if err != nil {
			return &gatepost.Error{Code: gatepost.Invalid, Field: "--checkpoint", Message: "cannot read the checkpoint", Err: err}
		}
		kept = string(b)
	}
	var key note.Verifier
	if c.Key != "" {
		var err error
		if key, err = signature.NewVerifier(c.Key); err != nil {
			return fmt.Errorf("--key: %w", err)
		}
	}
	var newest string
	var err error
	if c.URL != "" {
		newest, err = c.remote(ctx, kept, key)
	} else {
		newest, err = c.local(ctx, ledger.VerifyOptions{Checkpoint: kept, Key: key})
	}
	if err != nil || c.Save == "" {
		return err
	}
	if err := os.WriteFile(c.Save, []byte(newest), 0o600); err != nil {
		return &gatepost.Error{Code: gatepost.Invalid, Field: "--save", Message: "cannot write the checkpoint", Err: err}
	}
	return nil
}

// local verifies the database.
func (c *verifyLedgerCmd) local(ctx context.Context, o ledger.VerifyOptions) (newest string, err error) {
	if len(c.Proof) > 0 {
		return "", &gatepost.Error{Code: gatepost.Invalid, Field: "--proof", Message: "goes with --url: the database proves every entry"}
	}
	stores := &storeFlags{Data: c.Data, Database: c.Database}
	if c.Database == "" { // opening a file that is not there would make one
		if _, err := os.Stat(stores.path("gatepost.db")); errors.Is(err, fs.ErrNotExist) {
			return "", &gatepost.Error{Code: gatepost.NotFound, Field: "--data", Message: "there is no gatepost.db in " + c.Data + "; name the directory that serve was given, or --database"}
		}
	}
	db, err := connectDatabase(ctx, stores)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	has, knows, err := db.SchemaVersion(ctx)
	if err != nil {
		return "", err
	}
	if has != knows {
		return "", &gatepost.Error{Code: gatepost.Conflict, Message: fmt.Sprintf("the schema of %s is version %d, this program's %d; run gatepost migrate, or the gatepost that wrote it", db.Place(), has, knows)}
	}
	r, err := ledger.Verify(ctx, db, o)
	if err != nil {
		return "", err
	}
	if c.JSON {
		err = json.NewEncoder(os.Stdout).Encode(r)
	} else {
		err = printLedger(os.Stdout, r)
	}
	if err == nil && !r.Whole() {
		err = exitError(1)
	}
	return r.Checkpoint, err
}

func printLedger(w io.Writer, r *ledger.Report) error {
	var b strings.Builder
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "%s: %s\n", f.Kind, f.Text)
	}
	if r.More > 0 {
		fmt.Fprintf(&b, "and %d more\n", r.More)
	}
	verdict := "The ledger is whole"
	if !r.Whole() {
		verdict = "THE LEDGER WAS TAMPERED WITH"
	}
	fmt.Fprintf(&b, "%s: %d entries in the tree, %d waiting, %d findings. Its key: %s\n", verdict, r.Size, r.Pending, len(r.Findings)+r.More, r.Key)
	_, err := io.WriteString(w, b.String())
	return err
}

// remote verifies what a server says.
func (c *verifyLedgerCmd) remote(ctx context.Context, kept string, key note.Verifier) (newest string, err error) {
	base, err := baseURL("--url", c.URL, "https://video.example.org")
	if err != nil {
		return "", err
	}
	client := &http.Client{Timeout: 30 * time.Second}
	get := func(path string) ([]byte, error) { return fetchProof(ctx, client, base.String()+path) }
	if key == nil {
		text, err := get("/v1/ledger/key")
		if err != nil {
			return "", err
		}
		if key, err = signature.NewVerifier(string(text)); err != nil {
			return "", err
		}
		fmt.Printf("The server's own key is believed; note it, and give it with --key from now on: %s\n", strings.TrimSpace(string(text)))
	}
	note, err := get("/v1/ledger/checkpoint")
	if err != nil {
		return "", err
	}
	newest = string(note)
	tree, err := signature.OpenCheckpoint(newest, key)
	if err != nil {
		return "", err
	}
	fmt.Printf("The checkpoint of %d entries is signed by the key.\n", tree.N)
	if kept != "" {
		old, err := signature.OpenCheckpoint(kept, key)
		if err != nil {
			return "", fmt.Errorf("--checkpoint: %w", err)
		}
		answer, err := get(fmt.Sprintf("/v1/ledger/consistency?from=%d", old.N))
		if err != nil {
			return "", err
		}
		if newest, tree, err = ledger.CheckConsistency(answer, old, key); err != nil {
			return "", err
		}
		fmt.Printf("The %d entries of the checkpoint that was kept are the beginning of the present %d.\n", old.N, tree.N)
	}
	for _, file := range c.Proof {
		b, err := os.ReadFile(file)
		if err != nil {
			return "", &gatepost.Error{Code: gatepost.Invalid, Field: "--proof", Message: "cannot read the proof", Err: err}
		}
		r, seq, of, err := ledger.CheckEntry(b, key)
		if err != nil {
			return "", fmt.Errorf("%s: %w", file, err)
		}
		// The proof's own checkpoint must be of the same ledger.
		answer, err := get(fmt.Sprintf("/v1/ledger/consistency?from=%d", of.N))
		if err != nil {
			return "", err
		}
		if newest, _, err = ledger.CheckConsistency(answer, of, key); err != nil {
			return "", fmt.Errorf("%s: %w", file, err)
		}
		fmt.Printf("%s: entry %d is in the ledger: %s of %s by %s at camera %s, detail %s\n", file, seq, r.Kind,
			time.UnixMilli(r.At).UTC().Format(time.RFC3339), r.Actor, r.CameraID, r.Detail)
	}
	return newest, nil
}

// fetchProof reads one answer of a server.
func fetchProof(ctx context.Context, client *http.Client, url string) (body []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	away := func(err error) error {
		return &gatepost.Error{Code: gatepost.Unavailable, Field: "--url", Message: "the server does not answer", Err: err}
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, away(err)
	}
	defer func() { _ = resp.Body.Close() }() // read to the end
	if body, err = io.ReadAll(io.LimitReader(resp.Body, ledger.MaxProof)); err != nil {
		return nil, away(err)
	}
	if resp.StatusCode == http.StatusOK {
		return body, nil
	}
	var problem struct {
		Detail string `json:"detail"`
	}
	_ = json.Unmarshal(body, &problem) // not ours: its status alone is said
	return nil, &gatepost.Error{Code: gatepost.Conflict, Field: "--url", Message: fmt.Sprintf("the server answers %d to %s: %s", resp.StatusCode, req.URL.Path, problem.Detail)}
}
