package gatepost

import "testing"

func TestNationalCentre(t *testing.T) {
	for _, c := range []struct{ division, want string }{
		{"", "00000000"},
		{"33", "33000000"},
		{"3301", "33010000"},
		{"330106", "33010600"},
		{"330106001", "33010600"},
	} {
		got, err := NationalCentre(c.division)
		if err != nil || got != c.want {
			t.Errorf("NationalCentre(%q) = %q, %v, want %q", c.division, got, err, c.want)
		}
	}
	for _, bad := range []string{"3", "330", "33010", "3301060", "33010600", "3301060011", "33010a", "33010\uff16", " 33", "-3"} {
		if got, err := NationalCentre(bad); CodeOf(err) != Invalid {
			t.Errorf("NationalCentre(%q) = %q, %v, want invalid", bad, got, err)
		}
	}
}

func TestNationalIndustryCoversEveryPlace(t *testing.T) {
	want := map[PlaceCategory]string{
		PlaceTownCentre: "00", PlaceMarketTown: "00", PlaceMainStreet: "00", PlaceBusyArea: "00", PlacePublic: "00",
		PlaceJunction: "04", PlaceTroubled: "00", PlaceBoundary: "00", PlaceMarket: "53", PlaceResidential: "01",
		PlacePremises: "53", PlaceBus: "07", PlaceVillage: "01", PlaceUnclassified: "03",
	}
	for _, p := range PlaceCategories {
		if got := NationalIndustry(p); got != want[p] {
			t.Errorf("NationalIndustry(%s) = %q, want %q", p, got, want[p])
		}
	}
}

func TestComposeNationalID(t *testing.T) {
	prefix, err := NationalPrefix("330106001", PlaceMarket)
	if err != nil || prefix != "3301060053132" {
		t.Fatalf("prefix %q, %v", prefix, err)
	}
	for _, c := range []struct {
		prefix string
		serial int64
		want   string
		code   Code
	}{
		{prefix, 1, "33010600531320000001", ""},
		{prefix, 9_999_999, "33010600531329999999", ""},
		{prefix, 10_000_000, "", Conflict},
		{prefix, 0, "", Invalid},
		{prefix, -1, "", Invalid},
		{prefix[:12], 1, "", Invalid},
		{prefix[:12] + "x", 1, "", Invalid},
	} {
		got, err := ComposeNationalID(c.prefix, c.serial)
		if got != c.want || CodeOf(err) != c.code {
			t.Errorf("ComposeNationalID(%q, %d) = %q, %v, want %q, %q", c.prefix, c.serial, got, err, c.want, c.code)
		}
	}
}

var nationalIDs = []struct {
	id   string
	good bool
}{
	{"33010600531320000001", true},
	{"00000000031320000001", true},
	{"33000000001310000001", true},
	{"33010600002000000001", true},
	{"33000600001320000001", false}, // county without its city
	{"00010000001320000001", false}, // city without its province
	{"33010600000010000001", false}, // no device type
	{"3301060053132000000", false},
	{"330106005313200000010", false},
	{"3301060053132000000a", false},
	{"330106005313200000\uff10", false},
	{"", false},
}

func TestParseNationalID(t *testing.T) {
	for _, c := range nationalIDs {
		got, err := ParseNationalID(c.id)
		if (err == nil) != c.good {
			t.Errorf("ParseNationalID(%q): %v, want good=%v", c.id, err, c.good)
		}
		if c.good && got.String() != c.id {
			t.Errorf("ParseNationalID(%q) came back as %q", c.id, got)
		}
		if !c.good && CodeOf(err) != Invalid {
			t.Errorf("ParseNationalID(%q): code %s", c.id, CodeOf(err))
		}
	}
}

func FuzzParseNationalID(f *testing.F) {
	for _, c := range nationalIDs {
		f.Add(c.id)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseNationalID(s)
		if err != nil {
			return
		}
		if id.String() != s || len(s) != 20 {
			t.Fatalf("%q came back as %q", s, id)
		}
	})
}

// FuzzNationalPrefix checks that every prefix that is made is one that parses.
func FuzzNationalPrefix(f *testing.F) {
	f.Add("330106001", "market", int64(1))
	f.Add("", "unclassified", int64(9_999_999))
	f.Add("3300", "", int64(3))
	f.Fuzz(func(t *testing.T, division, place string, serial int64) {
		prefix, err := NationalPrefix(division, PlaceCategory(place))
		if err != nil {
			return
		}
		id, err := ComposeNationalID(prefix, serial)
		if err != nil {
			return
		}
		if len(id) != 20 || id[10:13] != TypeIPCamera {
			t.Fatalf("composed %q", id)
		}
	})
}
