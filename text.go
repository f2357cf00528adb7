package gatepost

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CheckText returns s without white space around it. It fails with Invalid,
// naming the field, unless s then is valid UTF-8 of least to most characters
// on one line: no control characters, no line separators and no characters
// that turn the direction of the text around it, which would let a name pose
// as another in a list or a log.
func CheckText(field, s string, least, most int) (string, error) {
	s = strings.TrimSpace(s)
	if !utf8.ValidString(s) {
		return "", InvalidField(field, "it is not valid UTF-8 text")
	}
	switch n := utf8.RuneCountInString(s); {
	case n < least && least == 1:
		return "", InvalidField(field, "it must not be empty")
	case n < least:
		return "", InvalidField(field, fmt.Sprintf("it must have at least %d characters", least))
	case n > most:
		return "", InvalidField(field, fmt.Sprintf("it must have at most %d characters", most))
	}
	for _, r := range s {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' {
			return "", InvalidField(field, fmt.Sprintf("it must not contain control characters (U+%04X); write it on one line", r))
		}
	}
	return s, nil
}
