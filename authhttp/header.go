package authhttp

import "strings"

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
