package authhttp

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// fitsHeader says whether a value consists of visible ASCII and spaces, which
// every header takes (RFC 9110 section 5.5).
func fitsHeader(value string) bool {
	for _, b := range []byte(value) {
		if b < 0x20 || b > 0x7e {
			return false
		}
	}
	return true
}

// isFieldName says whether a header can have the name (RFC 9110 section 5.6.2).
func isFieldName(name string) bool {
	for _, b := range []byte(name) {
		letter := 'a' <= b|0x20 && b|0x20 <= 'z'
		digit := '0' <= b && b <= '9'
		if !letter && !digit && strings.IndexByte("!#$%&'*+-.^_`|~", b) < 0 {
			return false
		}
	}
	return name != ""
}

// checkHeader finds what net/http would refuse to send. Its errors quote no value.
func checkHeader(field string, header http.Header) error {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		switch {
		case !isFieldName(name):
			return fmt.Errorf("%s: not the name of a header", field)
		case slices.ContainsFunc(header[name], isNoValue):
			return fmt.Errorf("%s: %s: has a control character, such as the end of a line", field, http.CanonicalHeaderKey(name))
		}
	}
	return nil
}

// isNoValue says whether no header can have the value (RFC 9110 section 5.5).
func isNoValue(value string) bool {
	return slices.ContainsFunc([]byte(value), func(b byte) bool { return b < ' ' && b != '\t' || b == 0x7f })
}
