package authhttp

import (
	"fmt"
	"io"
	"log/slog"
)

const redacted = "[secret]"

// Secret is a text that redacts itself: printed with package fmt, logged with
// log/slog or encoded as text, JSON or XML it reads "[secret]". The empty Secret
// stays empty, so that absence can be seen. Decoding JSON into a Secret keeps the
// real text.
//
// Four places lie beyond its reach, and show the text. Package fmt calls no methods
// on unexported fields, so a struct that keeps a Secret in one, at any depth, needs
// a Format method of its own before it is printed. Nor does it for the verb %p,
// which go vet refuses, as it refuses %w for anything but an error. Package
// encoding/json writes the keys of a map as they are.
type Secret string

// Reveal returns the real text.
func (s Secret) Reveal() string { return string(s) }

// String returns "[secret]", or "" for the empty Secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return redacted
}

// GoString returns what String returns.
func (s Secret) GoString() string { return s.String() }

// Format writes what String returns, whatever the verb and its flags.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

// MarshalText returns what String returns; encoding/json and encoding/xml use
// it. Its error is always nil.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue returns what String returns, for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
