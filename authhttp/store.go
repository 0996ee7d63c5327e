package authhttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/custom-app/interlock/authhttp/errcode"
)

// maxStored bounds the texts that a [Store] keeps, in bytes.
const maxStored = 256 << 10

// storedVersion is raised when the meaning of a stored text changes.
const storedVersion = 1

// What a [Store] answers when it has no text to give. Ask with [errors.Is].
var (
	// ErrNothingStored means that nothing is kept for the account.
	ErrNothingStored = errcode.New(errcode.AuthRequired, "interlock: store: nothing stored")
	// ErrUnusable means that there is something that must not be used: it was
	// cut, changed, written for another account or open to other people.
	ErrUnusable = errcode.New(errcode.InvalidToken, "interlock: store: unusable")
)

// Store keeps one text for each account, so that tokens outlive the process.
// It is used by many goroutines at once. An account is any text, the empty one
// too, and two accounts are the same only if all their bytes are.
//
// Save replaces the text of an account whole: whoever loads afterwards, also
// after a crash at any moment, finds the old text, the new one or nothing, and
// never a part. A text is at most 256 KiB, and a longer one is an error that
// changes nothing.
//
// Load returns the text of an account. Its error is [ErrNothingStored] when
// there is none and [ErrUnusable] when there is one that must not be used, both
// in the sense of [errors.Is]; any other error says nothing about the text.
//
// Drop removes the text of an account, usable or not. It returns nil when there
// is none.
//
// No error quotes a text.
type Store interface {
	Load(ctx context.Context, account string) (Secret, error)
	Save(ctx context.Context, account string, content Secret) error
	Drop(ctx context.Context, account string) error
}

// Stored is what a session needs to go on after a restart.
type Stored struct {
	Pair     Pair          // Life counts from Received; 0: the claims say it
	Received time.Time     // by the local wall clock; zero: unknown
	Clock    time.Duration // the server's clock less the local one, as measured; 0: unknown
}

// storedText is the JSON of a [Stored].
type storedText struct {
	Version  int           `json:"version"`
	Account  string        `json:"account"` // quoted as in Go, which JSON can hold whatever the bytes
	Access   string        `json:"access_token"`
	Refresh  string        `json:"refresh_token"`
	Life     time.Duration `json:"life_ns"`
	Date     time.Time     `json:"date"` // in UTC (RFC 3339), as is the next
	Received time.Time     `json:"received"`
	Clock    time.Duration `json:"clock_ns"`
}

// Encode returns the text that a [Store] keeps: JSON with a version, the name
// of the account and the real tokens, which is why it is a Secret.
//
// Every Stored can be encoded, but [DecodeStored] refuses what no session could
// go on with. A Date or Received outside the years 0 to 9999, which RFC 3339
// cannot write, is kept as unknown.
func (s Stored) Encode(account string) Secret {
	text, _ := json.Marshal(storedText{ // numbers, strings and such dates always encode
		Version:  storedVersion,
		Account:  strconv.QuoteToASCII(account),
		Access:   s.Pair.Access.Reveal(),
		Refresh:  s.Pair.Refresh.Reveal(),
		Life:     s.Pair.Life,
		Date:     writable(s.Pair.Date),
		Received: writable(s.Received),
		Clock:    s.Clock,
	})
	return Secret(text)
}

// writable returns the date in UTC, or the zero one if RFC 3339 cannot write it.
func writable(date time.Time) time.Time {
	date = date.UTC()
	if date.Year() < 0 || date.Year() > 9999 {
		return time.Time{}
	}
	return date
}

// DecodeStored reads a text that [Stored.Encode] made for the account; dates
// come back in UTC. It takes no other text, not even one that differs in a
// space, so that no damage goes unseen.
//
// Its error is [ErrUnusable] and says what is wrong, quoting nothing: the text
// is longer than 256 KiB or not JSON, as one that was cut; its version is
// another, or its account; a field is missing, unknown or of another type; the
// access token is missing or fits no header; the refresh token was not UTF-8;
// the life is negative.
func DecodeStored(account string, content Secret) (Stored, error) {
	stored, err := readStored(account, content.Reveal())
	if err == nil && stored.Encode(account) != content {
		err = errors.New("not as it was written: a field is unknown, doubled or changed in form")
	}
	if err != nil {
		return Stored{}, fmt.Errorf("%w: %w", ErrUnusable, err)
	}
	return stored, nil
}

// readStored reads the fields that it knows and checks each.
func readStored(account, content string) (Stored, error) {
	if err := checkSize(content); err != nil {
		return Stored{}, err
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal([]byte(content), &parts); err != nil {
		return Stored{}, errors.New("not a JSON object")
	}
	var text storedText
	if err := readPart(parts, "version", &text.Version); err != nil {
		return Stored{}, err
	}
	if text.Version != storedVersion {
		return Stored{}, &FieldError{"version", fmt.Sprintf("not %d", storedVersion)}
	}
	for _, part := range []struct {
		field string
		into  any
	}{
		{"account", &text.Account}, {"access_token", &text.Access}, {"refresh_token", &text.Refresh},
		{"life_ns", &text.Life}, {"date", &text.Date}, {"received", &text.Received}, {"clock_ns", &text.Clock},
	} {
		if err := readPart(parts, part.field, part.into); err != nil {
			return Stored{}, err
		}
	}
	if text.Account != strconv.QuoteToASCII(account) {
		return Stored{}, &FieldError{"account", "another one"}
	}
	pair := Pair{Access: Secret(text.Access), Refresh: Secret(text.Refresh), Life: text.Life, Date: text.Date.UTC()}
	return Stored{pair, text.Received.UTC(), text.Clock}, checkStored(pair)
}

// readPart reads one field. The errors of encoding/json may quote its value.
func readPart(parts map[string]json.RawMessage, field string, into any) error {
	part, present := parts[field]
	if !present {
		return &FieldError{field, "missing"}
	}
	if json.Unmarshal(part, into) != nil {
		return &FieldError{field, "of another type or out of range"}
	}
	return nil
}

// checkStored refuses a pair that no session can go on with.
func checkStored(pair Pair) error {
	if pair.Access == "" {
		return &FieldError{"access_token", "empty"}
	}
	if pair.Life < 0 {
		return &FieldError{"life_ns", "negative"}
	}
	if _, err := checkPair(pair); err != nil {
		return &FieldError{"access_token", "fits no header: too long, or a character outside visible ASCII"}
	}
	// encoding/json writes this rune for each byte that is no UTF-8.
	if strings.ContainsRune(pair.Refresh.Reveal(), utf8.RuneError) {
		return &FieldError{"refresh_token", "was not UTF-8"}
	}
	return nil
}

func checkSize(content string) error {
	if len(content) > maxStored {
		return fmt.Errorf("the text is longer than %d bytes", maxStored)
	}
	return nil
}

// storeFault gives a cause the prefix that one that is ErrUnusable has already.
func storeFault(cause error) error {
	if errors.Is(cause, ErrUnusable) {
		return cause
	}
	return fmt.Errorf("interlock: store: %w", cause)
}
