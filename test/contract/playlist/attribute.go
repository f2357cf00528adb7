package playlist

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// value is an attribute's value.
type value struct {
	text   string
	quoted bool
}

// attributes reads an attribute list (§4.2).
func attributes(list string) (map[string]value, error) {
	out := make(map[string]value)
	for list != "" {
		name, rest, ok := strings.Cut(list, "=")
		if !ok || !isName(name) {
			return out, fmt.Errorf("%q is no attribute", list)
		}
		if _, ok := out[name]; ok {
			return out, fmt.Errorf("attribute %s stands twice", name)
		}
		var v value
		if strings.HasPrefix(rest, `"`) {
			end := strings.IndexByte(rest[1:], '"')
			if end < 0 {
				return out, fmt.Errorf("the string of %s has no end", name)
			}
			v, list = value{rest[1 : 1+end], true}, rest[end+2:]
			if list != "" && list[0] != ',' {
				return out, fmt.Errorf("%q follows the string of %s", list, name)
			}
			list = strings.TrimPrefix(list, ",")
		} else {
			v.text, list, ok = strings.Cut(rest, ",")
			if v.text == "" || strings.ContainsAny(v.text, "\" \t") {
				return out, fmt.Errorf("%s=%s is no value", name, v.text)
			}
		}
		if ok && list == "" && !v.quoted {
			return out, fmt.Errorf("a comma ends the list")
		}
		out[name] = v
	}
	return out, nil
}

func isName(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return s != ""
}

// integer reads a decimal-integer: digits only.
func integer(s string) (int64, error) {
	if s == "" || len(s) > 20 || strings.Trim(s, "0123456789") != "" {
		return 0, fmt.Errorf("%q is no decimal integer", s)
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no decimal integer", s)
	}
	return n, nil
}

// seconds reads a decimal-floating-point: digits and one point at most.
func seconds(s string) (time.Duration, error) {
	whole, fraction, _ := strings.Cut(s, ".")
	if whole == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, fmt.Errorf("%q is no decimal number", s)
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f > 1e9 {
		return 0, fmt.Errorf("%q is no decimal number", s)
	}
	return time.Duration(math.Round(f * 1e9)), nil
}

// signedSeconds reads a signed-decimal-floating-point.
func signedSeconds(s string) (time.Duration, error) {
	rest, negative := strings.CutPrefix(s, "-")
	d, err := seconds(rest)
	if negative {
		d = -d
	}
	return d, err
}

// resolution reads a decimal-resolution.
func resolution(s string) (width, height int, err error) {
	a, b, _ := strings.Cut(s, "x")
	w, errW := integer(a)
	h, errH := integer(b)
	if errW != nil || errH != nil || w > 1<<20 || h > 1<<20 {
		return 0, 0, fmt.Errorf("%q is no resolution", s)
	}
	return int(w), int(h), nil
}
