package simulation

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"
)

// ledger keeps what a run has seen, and what was wrong with it. Its methods may be
// called concurrently, by whoever sees something.
type ledger struct {
	began time.Time
	lived time.Duration // until the end
	acted int           // how many acts it has come to

	mu        sync.Mutex
	wrong     []Violation // the first few
	refresh   map[string]*pass
	requests  map[string]*asked
	commands  int       // in flight
	commanded time.Time // when the last one began or ended
	loggedOut time.Time // since when nobody is logged in, and no command is in flight; zero: somebody may be
	refused   time.Time // when a refresh was refused last
	figures   Figures
}

// pass is a refresh token.
type pass struct {
	user  int
	used  bool      // the answer to it has come, with another one
	least time.Time // the server wants it no earlier
	asked time.Time // when it said so
}

// asked is a request on a socket, by its text.
type asked struct {
	socket     string
	user       int // who was logged in; 0: that changed meanwhile
	need       string
	repeatable bool
	most       time.Duration // until it must be settled
	began      time.Time
	on         map[int]int // how often it was written, by the connection
	writers    map[int]int // the user of each of those
}

// mostViolations is how many are kept: those after the first say little.
const mostViolations = 8

// violation notes that an invariant does not hold.
func (l *ledger) violation(invariant int, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.note(invariant, format, args...)
}

// note is violation for those who hold l.mu.
func (l *ledger) note(invariant int, format string, args ...any) {
	if len(l.wrong) < mostViolations {
		l.wrong = append(l.wrong, Violation{Invariant: invariant, At: time.Since(l.began), Text: fmt.Sprintf(format, args...)})
	}
}

// failed tells whether anything was wrong so far.
func (l *ledger) failed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.wrong) > 0
}

// command notes that a command begins; the function that it returns, that it ends.
func (l *ledger) command() (done func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.commands++
	l.figures.Commands++
	l.commanded, l.loggedOut = time.Now(), time.Time{}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.commands--
		l.commanded = time.Now()
	}
}

// count counts something.
func (l *ledger) count(figure func(*Figures) *int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*figure(&l.figures)++
}

// holder returns whose an access token is, by its claim; 0: it has none.
func holder(access string) int {
	parts := strings.Split(access, ".")
	if len(parts) != 3 {
		return 0
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return 0
	}
	var claims struct {
		Sub int `json:"sub,string"`
	}
	if json.Unmarshal(text, &claims) != nil {
		return 0
	}
	return claims.Sub
}

// jwtStart is how every access token of the backend begins: {"alg":"HS256"
const jwtStart = "eyJhbGciOi"

// secret returns the secret that a text holds, cut short; empty: none. Access
// tokens and passwords are known by what they begin with, refresh tokens by their
// shape, 26 letters and digits of base32.
func secret(text []byte) string {
	for _, start := range []string{jwtStart, "Password-Of-"} {
		if i := bytes.Index(text, []byte(start)); i >= 0 {
			return string(text[i : i+len(start)])
		}
	}
	run := 0
	for i, c := range text {
		if c >= 'A' && c <= 'Z' || c >= '2' && c <= '7' {
			if run++; run == 20 {
				return string(text[i-19 : i-11])
			}
			continue
		}
		run = 0
	}
	return ""
}

// clean notes where a secret was found.
func (l *ledger) clean(where, text string) {
	if found := secret([]byte(text)); found != "" {
		l.violation(8, "%s holds a secret, %s…", where, found)
	}
}
