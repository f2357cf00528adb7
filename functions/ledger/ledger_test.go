package ledger_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/functest"
	"github.com/gatepost-video/gatepost/functions/ledger"
	"github.com/gatepost-video/gatepost/internal/signature"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// TestView: who looked at my cameras, by whom it can be seen, and as a file.
func TestView(t *testing.T) {
	w := sqlite(t)
	api := functest.New(t, w.f.Register)
	shop, neighbour := storetest.NewOrganisation(t, w.Store, gatepost.KindBusiness), storetest.NewOrganisation(t, w.Store, gatepost.KindBusiness)
	police, operator := storetest.NewOrganisation(t, w.Store, gatepost.KindPolice), storetest.NewOrganisation(t, w.Store, gatepost.KindOperator)
	officer := storetest.NewUser(t, w.Store, police.ID, gatepost.RoleResponder)
	camera, other := storetest.NewCamera(t, w.Store, shop.ID), storetest.NewCamera(t, w.Store, neighbour.ID)
	owner, watcher, stranger := api.SignIn(shop, gatepost.RoleOwner), api.SignIn(shop, gatepost.RoleWatcher), api.SignIn(neighbour, gatepost.RoleSupervisor)
	admin, carrier := api.SignIn(operator, gatepost.RoleAdmin), api.SignIn(operator, gatepost.RoleOwner)
	look := gatepost.LedgerEntry{ID: gatepost.NewID(), Kind: gatepost.LedgerLook, Actor: officer.ID, Organisation: police.ID, CameraID: camera.ID, Allowed: true,
		Detail: map[string]string{"start": "2026-03-01T12:00:00Z", "end": "2026-03-01T12:05:00Z", "bytes": "75000000", "reason": "=盗窃案, \"前门\""}}
	signIn := gatepost.LedgerEntry{ID: gatepost.NewID(), Kind: gatepost.LedgerSession, Actor: owner, Organisation: shop.ID, Allowed: true}
	for _, e := range []gatepost.LedgerEntry{look, signIn, {Kind: gatepost.LedgerSession, Actor: stranger, Organisation: neighbour.ID},
		{Kind: gatepost.LedgerLook, Actor: officer.ID, Organisation: police.ID, CameraID: other.ID}} {
		if err := w.AppendLedger(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	w.run()

	mine := api.Do(owner, "GET", "/v1/ledger?kind=look", nil).Want(200)
	if items := mine.Items(); len(items) != 1 || items[0]["actor_name"] != officer.Name || items[0]["organisation_name"] != police.Name ||
		items[0]["camera_id"] != camera.ID || items[0]["sequence"] == nil {
		t.Errorf("who looked: %s", mine.Text)
	}
	for _, c := range []struct {
		name, token, query string
		status, items      int
	}{
		{"owner", owner, "", 200, 3}, {"owner at the camera", owner, "?camera_id=" + camera.ID, 200, 2}, {"owner elsewhere", owner, "?camera_id=" + other.ID, 404, 0},
		{"owner of an unknown kind", owner, "?kind=none", 200, 0}, {"a bound", owner, "?since=2999-01-01T00:00:00Z", 200, 0},
		{"watcher", watcher, "", 403, 0}, {"watcher at the camera", watcher, "?camera_id=" + camera.ID, 403, 0},
		{"operator", carrier, "", 403, 0}, {"operator at the camera", carrier, "?camera_id=" + camera.ID, 403, 0},
		{"nobody", "", "", 401, 0}, {"limit", owner, "?limit=201", 422, 0}, {"misspelt", owner, "?camera=" + camera.ID, 422, 0},
	} {
		for _, path := range []string{"/v1/ledger", "/v1/ledger/export"} {
			if strings.Contains(c.query, "limit") && path != "/v1/ledger" {
				continue
			}
			r := api.Do(c.token, "GET", path+c.query, nil)
			if r.Status != c.status {
				t.Errorf("%s %s: status %d, want %d: %s", path, c.name, r.Status, c.status, r.Text)
			} else if r.Status == 200 && path == "/v1/ledger" && len(r.Items()) != c.items {
				t.Errorf("%s: %d entries, want %d: %s", c.name, len(r.Items()), c.items, r.Text)
			}
		}
	}
	// Page by page, newest first. The exports above are entries too.
	var all []string
	for after := ""; ; {
		r := api.Do(owner, "GET", "/v1/ledger?limit=2&after="+after, nil).Want(200)
		for _, item := range r.Items() {
			all = append(all, item["id"].(string))
		}
		if after = r.String("next"); after == "" {
			break
		}
	}
	for i := 1; i < len(all); i++ {
		if all[i] >= all[i-1] {
			t.Errorf("not newest first: %v", all)
		}
	}

	file := api.Do(owner, "GET", "/v1/ledger/export?kind=look", nil).Want(200)
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.Text, "\ufeff"))).ReadAll()
	if err != nil || len(lines) != 2 || lines[1][1] != look.ID || lines[1][5] != officer.Name || lines[1][10] != look.Detail["start"] ||
		lines[1][14] != "'"+look.Detail["reason"] || !strings.HasPrefix(file.Text, "\ufeff") {
		t.Errorf("CSV %q %v", file.Text, err)
	}
	file = api.Do(owner, "GET", "/v1/ledger/export?format=jsonl&kind=look", nil).Want(200)
	var line ledger.Entry
	if err := json.Unmarshal([]byte(file.Text), &line); err != nil || line.ID != look.ID || line.Detail["reason"] != look.Detail["reason"] {
		t.Errorf("JSON lines %q %v", file.Text, err)
	}
	exports := api.Do(owner, "GET", "/v1/ledger?kind=export", nil).Want(200).Items()
	if len(exports) < 2 || exports[0]["actor_id"] != owner {
		t.Errorf("the exports are not in the ledger: %v", exports)
	}

	for _, c := range []struct {
		name, token, id string
		status          int
	}{
		{"owner", owner, look.ID, 200}, {"owner of his own", owner, signIn.ID, 200}, {"admin", admin, look.ID, 200}, {"watcher", watcher, look.ID, 403},
		{"watcher of a sign-in", watcher, signIn.ID, 404}, {"stranger", stranger, look.ID, 404}, {"stranger of a sign-in", stranger, signIn.ID, 404},
		{"operator", carrier, signIn.ID, 404}, {"unknown", owner, gatepost.NewID(), 404}, {"no id", owner, "x", 404}, {"nobody", "", look.ID, 401},
	} {
		if r := api.Do(c.token, "GET", "/v1/ledger/entries/"+c.id+"/proof", nil); r.Status != c.status {
			t.Errorf("proof for %s: status %d, want %d: %s", c.name, r.Status, c.status, r.Text)
		}
	}
}

// TestProof: an outsider with the key and an old checkpoint needs nothing else.
func TestProof(t *testing.T) {
	w := sqlite(t)
	api := functest.New(t, w.f.Register)
	admin := api.SignIn(storetest.NewOrganisation(t, w.Store, gatepost.KindOperator), gatepost.RoleAdmin)
	api.Do("", "GET", "/v1/ledger/checkpoint", nil).Want(503).Refused(gatepost.Unavailable, "")
	key, err := signature.NewVerifier(api.Do("", "GET", "/v1/ledger/key", nil).Want(200).Text)
	if err != nil {
		t.Fatal(err)
	}
	checkpoint := func() (string, tlog.Tree) {
		t.Helper()
		r := api.Do("", "GET", "/v1/ledger/checkpoint", nil).Want(200)
		tree, err := signature.OpenCheckpoint(r.Text, key)
		if err != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") {
			t.Fatalf("%q: %v", r.Text, err)
		}
		return r.Text, tree
	}
	w.run()
	_, empty := checkpoint()
	kept := []tlog.Tree{empty}
	e := gatepost.LedgerEntry{ID: gatepost.NewID(), At: time.Now(), Kind: gatepost.LedgerLook, Actor: "u", Allowed: true, Detail: map[string]string{"reason": "案"}}
	if err := w.AppendLedger(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	api.Do(admin, "GET", "/v1/ledger/entries/"+e.ID+"/proof", nil).Want(503)
	for _, n := range []int{0, 1, 6, 20} {
		w.append(n)
		w.run()
		_, tree := checkpoint()
		kept = append(kept, tree)
	}
	for _, old := range kept {
		r := api.Do("", "GET", fmt.Sprintf("/v1/ledger/consistency?from=%d", old.N), nil).Want(200)
		if note, tree, err := ledger.CheckConsistency([]byte(r.Text), old, key); err != nil || tree.N != 28 || note != r.String("checkpoint") {
			t.Errorf("from %d: %v %v", old.N, tree, err)
		}
		old.Hash[3]++
		if _, _, err := ledger.CheckConsistency([]byte(r.Text), old, key); gatepost.CodeOf(err) != gatepost.Conflict {
			t.Errorf("another ledger of %d entries: %v", old.N, err)
		}
	}
	api.Do("", "GET", "/v1/ledger/consistency?from=29", nil).Want(422).Refused(gatepost.Invalid, "from")
	api.Do("", "GET", "/v1/ledger/consistency?from=-1", nil).Want(422)
	api.Do("", "GET", "/v1/ledger/consistency", nil).Want(422)

	r := api.Do(admin, "GET", "/v1/ledger/entries/"+e.ID+"/proof", nil).Want(200)
	record, seq, tree, err := ledger.CheckEntry([]byte(r.Text), key)
	if err != nil || record.ID != e.ID || record.Detail != `{"reason":"案"}` || seq != 0 || tree.N != 28 {
		t.Errorf("proof of %+v at %d in %v: %v", record, seq, tree, err)
	}
	encoded := r.String("record")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-3] ^= 1
	for name, forged := range map[string]string{
		"another record":     strings.Replace(r.Text, encoded, base64.StdEncoding.EncodeToString(raw), 1),
		"another number":     strings.Replace(r.Text, `"sequence":0`, `"sequence":1`, 1),
		"a number beyond":    strings.Replace(r.Text, `"sequence":0`, `"sequence":28`, 1),
		"another checkpoint": strings.Replace(r.Text, `\n28\n`, `\n29\n`, 1),
		"something behind":   r.Text + "{}",
		"half":               r.Text[:len(r.Text)/2],
	} {
		if forged == r.Text {
			t.Fatalf("%s: nothing was forged", name)
		}
		if _, _, _, err := ledger.CheckEntry([]byte(forged), key); gatepost.CodeOf(err) != gatepost.Invalid {
			t.Errorf("%s: got %v, want invalid", name, err)
		}
	}
	w.byHand(`UPDATE ledger SET actor = 'v' WHERE seq = 0`)
	api.Do(admin, "GET", "/v1/ledger/entries/"+e.ID+"/proof", nil).Want(409).Refused(gatepost.Conflict, "")
}

// signer signs with the same key in every process.
type signer struct {
	note.Verifier
	key ed25519.PrivateKey
}

// Sign implements note.Signer.
func (s signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

// FuzzProof: whatever a server answers, nothing is believed that is not proved.
func FuzzProof(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	text, err := note.NewEd25519VerifierKey("gatepost/ledger/fuzz", key.Public().(ed25519.PublicKey))
	if err != nil {
		f.Fatal(err)
	}
	v, err := signature.NewVerifier(text)
	if err != nil {
		f.Fatal(err)
	}
	// A ledger of five, and every true proof of it.
	var hashes []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) (out []tlog.Hash, _ error) {
		for _, i := range indexes {
			out = append(out, hashes[i])
		}
		return out, nil
	})
	const size = 5
	known := map[string]int64{}
	var kept []tlog.Tree
	for n := range int64(size) {
		r := gatepost.LedgerRecord{ID: fmt.Sprint(n), At: n}
		known[string(r.Encode())] = n
		more, err := tlog.StoredHashes(n, r.Encode(), reader)
		if err != nil {
			f.Fatal(err)
		}
		hashes = append(hashes, more...)
		root, err := tlog.TreeHash(n+1, reader)
		if err != nil {
			f.Fatal(err)
		}
		kept = append(kept, tlog.Tree{N: n + 1, Hash: root})
	}
	checkpoint, err := note.Sign(&note.Note{Text: fmt.Sprintf("%s\n%d\n%s\n", v.Name(), size, kept[size-1].Hash)}, signer{v, key})
	if err != nil {
		f.Fatal(err)
	}
	slices := func(hashes []tlog.Hash) (out [][]byte) {
		for _, h := range hashes {
			out = append(out, h[:])
		}
		return out
	}
	add := func(v any, err error) {
		b, encodeErr := json.Marshal(v)
		if err != nil || encodeErr != nil {
			f.Fatal(err, encodeErr)
		}
		f.Add(b)
	}
	for record, n := range known {
		path, err := tlog.ProveRecord(size, n, reader)
		add(ledger.EntryProof{Sequence: n, Record: []byte(record), Size: size, Hashes: slices(path), Checkpoint: string(checkpoint)}, err)
		proof, err := tlog.ProveTree(size, n+1, reader)
		add(ledger.ConsistencyProof{From: n + 1, Size: size, Hashes: slices(proof), Checkpoint: string(checkpoint)}, err)
	}
	f.Add(checkpoint)
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, old := range kept {
			if _, tree, err := ledger.CheckConsistency(b, old, v); err == nil && tree != kept[size-1] {
				t.Errorf("believed %v", tree)
			}
			old.Hash[0]++
			if _, tree, err := ledger.CheckConsistency(b, old, v); err == nil {
				t.Errorf("believed %v after another ledger", tree)
			}
		}
		if r, seq, _, err := ledger.CheckEntry(b, v); err == nil {
			if n, ok := known[string(r.Encode())]; !ok || n != seq {
				t.Errorf("believed %+v at %d", r, seq)
			}
		}
		if tree, err := signature.OpenCheckpoint(string(b), v); err == nil && tree != kept[size-1] {
			t.Errorf("believed %v", tree)
		}
	})
}
