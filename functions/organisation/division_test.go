package organisation_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/host"
	"github.com/gatepost-video/gatepost/functions/host/auth"
	"github.com/gatepost-video/gatepost/functions/host/lambdahost"
	"github.com/gatepost-video/gatepost/functions/organisation"
	"github.com/gatepost-video/gatepost/internal/sqlstore"
	"github.com/gatepost-video/gatepost/internal/sqlstore/storetest"
)

// The sample region: one province, 11 cities, 90 counties, 1,387 towns.
const sample = "../../internal/demo/data/divisions.csv"

func TestImport(t *testing.T) {
	data, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Each(t, func(t *testing.T, open func(*testing.T) *sqlstore.Store) {
		s := organisation.New(open(t))
		for i, want := range []int{1 + 11 + 90 + 1387, 0} {
			if n, err := s.ImportDivisions(t.Context(), bytes.NewReader(data)); n != want || err != nil {
				t.Errorf("import %d: changed %d %v, want %d", i, n, err, want)
			}
		}
		// A correction, below a parent that is in the store only.
		n, err := s.ImportDivisions(t.Context(), strings.NewReader("code,name,level,parent\n3301,Hangzhou,city,33\n"))
		if n != 1 || err != nil {
			t.Errorf("correction: %d %v", n, err)
		}
	})
}

var badLists = []struct{ name, csv, field string }{
	{"empty", "", ""},
	{"other header", "a,b,c,d\n", ""},
	{"columns missing", "code,name\n33,x\n", ""},
	{"short line", "code,name,level,parent\n33,x\n", ""},
	{"open quote", "code,name,level,parent\n33,\"x\n", ""},
	{"code with letters", "code,name,level,parent\n3a,x,province,\n", "code"},
	{"code of three digits", "code,name,level,parent\n330,x,province,\n", "code"},
	{"no name", "code,name,level,parent\n33, ,province,\n", "name"},
	{"wrong level", "code,name,level,parent\n33,x,city,\n", "level"},
	{"wrong parent", "code,name,level,parent\n33,x,province,\n3401,x,city,33\n", "parent"},
	{"twice", "code,name,level,parent\n33,x,province,\n33,y,province,\n", "code"},
	{"parent not there", "code,name,level,parent\n4401,x,city,44\n", "parent"},
}

func TestImportRefuses(t *testing.T) {
	store := storetest.OpenSQLite(t)
	s := organisation.New(store)
	for _, tt := range badLists {
		_, err := s.ImportDivisions(t.Context(), strings.NewReader(tt.csv))
		var field string
		var e *gatepost.Error
		if errors.As(err, &e) {
			field = e.Field
		}
		if gatepost.CodeOf(err) != gatepost.Invalid || field != tt.field {
			t.Errorf("%s: %v, want invalid %s", tt.name, err, tt.field)
		}
	}
	if left, err := store.Divisions(t.Context(), "", "", 10); err != nil || len(left) != 0 {
		t.Errorf("left behind: %+v %v", left, err)
	}
	var many strings.Builder
	many.WriteString("code,name,level,parent\n")
	for i := range 100_001 {
		fmt.Fprintf(&many, "%09d,x,town,%06d\n", i, i/1000)
	}
	if _, err := s.ImportDivisions(t.Context(), strings.NewReader(many.String())); gatepost.CodeOf(err) != gatepost.TooLarge {
		t.Errorf("too many: %v", err)
	}
}

func FuzzImport(f *testing.F) {
	f.Add("code,name,level,parent\n33,浙江省,province,\n3301,杭州市,city,33\n")
	f.Add("\ufeffcode,name,level,parent\r\n33,\"a,b\",province,\r\n")
	for _, tt := range badLists {
		f.Add(tt.csv)
	}
	f.Fuzz(func(t *testing.T, csv string) {
		store := &memory{}
		n, err := organisation.New(store).ImportDivisions(t.Context(), strings.NewReader(csv))
		if err != nil {
			if gatepost.CodeOf(err) != gatepost.Invalid || len(store.put) != 0 {
				t.Fatalf("%q: %v, %d put", csv, err, len(store.put))
			}
			return
		}
		if n != len(store.put) {
			t.Fatalf("%q: %d of %d", csv, n, len(store.put))
		}
		for _, d := range store.put {
			if !strings.HasPrefix(d.Code, d.Parent) || d.Name == "" {
				t.Fatalf("%q: %+v", csv, d)
			}
		}
	})
}

func TestDivisionsAreListed(t *testing.T) {
	store := storetest.OpenSQLite(t)
	s := organisation.New(store)
	data, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ImportDivisions(t.Context(), bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(lambdahost.Handler(host.Options{Auth: &auth.Authenticator{}}, s.Register))
	defer srv.Close()
	resp, err := http.Get(srv.URL + "/v1/divisions?parent=33")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	// Who signs up has no account yet.
	var page struct {
		Items []struct {
			Code, Name  string
			HasChildren bool `json:"has_children"`
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil || resp.StatusCode != 200 {
		t.Fatalf("without a credential: %d %v", resp.StatusCode, err)
	}
	if nodes := page.Items; len(nodes) != 11 || nodes[0].Name != "杭州市" || !nodes[0].HasChildren {
		t.Errorf("%+v", nodes)
	}
}
