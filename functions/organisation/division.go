package organisation

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gatepost-video/gatepost"
)

// maxDivisions bounds an import: the whole country has about 45,000 down to
// the towns.
const maxDivisions = 100_000

// levels by the number of a code's digits, with the digits of the parent's.
var levels = map[int]struct {
	name   string
	parent int
}{
	2: {"province", 0},
	4: {"city", 2},
	6: {"county", 4},
	9: {"town", 6},
}

var header = []string{"code", "name", "level", "parent"}

// ImportDivisions reads a list of divisions (CSV with the header
// code,name,level,parent) and puts it into the store, all or none. Importing the
// same list again changes nothing and returns 0. It fails with Invalid, naming the
// line, and TooLarge.
func (s *Service) ImportDivisions(ctx context.Context, r io.Reader) (changed int, err error) {
	divisions, err := parseDivisions(r)
	if err != nil {
		return 0, err
	}
	known := make(map[string]bool, len(divisions))
	for _, d := range divisions {
		known[d.Code] = true
	}
	for _, d := range divisions {
		if d.Parent == "" || known[d.Parent] {
			continue
		}
		_, err := s.store.Division(ctx, d.Parent)
		if gatepost.CodeOf(err) == gatepost.NotFound {
			return 0, gatepost.InvalidField("parent", fmt.Sprintf("division %s lies below %s, which is not in the list", d.Code, d.Parent))
		}
		if err != nil {
			return 0, err
		}
		known[d.Parent] = true
	}
	return s.store.PutDivisions(ctx, divisions)
}

func parseDivisions(r io.Reader) ([]gatepost.Division, error) {
	c := csv.NewReader(r)
	c.FieldsPerRecord = len(header)
	c.ReuseRecord = true
	first, err := c.Read()
	if err == nil {
		first[0] = strings.TrimPrefix(first[0], "\ufeff") // spreadsheets write one
	}
	if err != nil || !slices.Equal(first, header) {
		return nil, &gatepost.Error{Code: gatepost.Invalid, Err: err,
			Message: "the list of divisions must be CSV that begins with the line code,name,level,parent"}
	}
	var divisions []gatepost.Division
	seen := make(map[string]bool)
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			return divisions, nil
		}
		if err != nil {
			return nil, &gatepost.Error{Code: gatepost.Invalid, Message: "the list of divisions cannot be read: " + err.Error(), Err: err}
		}
		line, _ := c.FieldPos(0)
		d := gatepost.Division{Code: record[0], Name: strings.TrimSpace(record[1]), Level: record[2], Parent: record[3]}
		if field, message := checkDivision(d); field != "" {
			return nil, gatepost.InvalidField(field, fmt.Sprintf("line %d: %s", line, message))
		}
		if seen[d.Code] {
			return nil, gatepost.InvalidField("code", fmt.Sprintf("line %d: %s is there twice", line, d.Code))
		}
		if len(divisions) == maxDivisions {
			return nil, &gatepost.Error{Code: gatepost.TooLarge, Message: fmt.Sprintf("the list holds more than %d divisions", maxDivisions)}
		}
		seen[d.Code] = true
		divisions = append(divisions, d)
	}
}

func checkDivision(d gatepost.Division) (field, message string) {
	level, ok := levels[len(d.Code)]
	switch {
	case !ok || strings.Trim(d.Code, "0123456789") != "":
		return "code", "a code has 2, 4, 6 or 9 digits"
	case d.Name == "" || len(d.Name) > 200:
		return "name", "a division needs a name of at most 200 bytes"
	case d.Level != level.name:
		return "level", fmt.Sprintf("a code of %d digits is a %s", len(d.Code), level.name)
	case d.Parent != d.Code[:level.parent]:
		return "parent", fmt.Sprintf("the parent of %s must be %q", d.Code, d.Code[:level.parent])
	}
	return "", ""
}
