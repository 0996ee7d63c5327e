package configfile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/custom-app/interlock/authhttp"
)

// reading is how the answer to one call is read, and where the file says so.
type reading struct {
	Answer
	call                                 string // as the file names it
	access, refresh, life, who, rejected string // the paths of fields
}

// answer returns how the answer to a call is read: as it says itself, or as all are.
func (h *HTTP) answer(name string) reading {
	const all = "http.answer"
	a := reading{h.Answer, name, all + ".access", all + ".refresh", all + ".life", all + ".user", all + ".rejected"}
	if own := h.calls()[name].Answer; own != nil {
		path := "http." + name + ".answer"
		if own.Access.given() {
			a.Access, a.access = own.Access, path+".access"
		}
		if own.Refresh.given() {
			a.Refresh, a.refresh = own.Refresh, path+".refresh"
		}
		if own.Life.At.given() || own.Life.Unit != "" || own.Life.Fixed != 0 {
			a.Life, a.life = own.Life, path+".life"
		}
		if own.Rejected.given() {
			a.Rejected, a.rejected = own.Rejected, path+".rejected"
		}
		if own.User.given() {
			a.User, a.who = own.User, path+".user"
			return a
		}
	}
	if name == "user" { // it may be where it is in logins
		a.User = Pointers{At: append(slices.Clone(a.User.At), "")}
	}
	return a
}

// given tells whether the file says anything.
func (p Pointers) given() bool { return p.None || len(p.At) > 0 }

// first returns the first of these places, or of the default, at which something other
// than null is.
func (p Pointers) first(m Message, otherwise string) (value any, at string, there bool) {
	all := p.At
	if !p.given() {
		all = []string{otherwise}
	}
	for _, at := range all {
		if value, there := m.At(at); there && value != nil {
			return value, at, true
		}
	}
	return nil, strings.Join(all, " or "), false
}

// pair reads the tokens.
func (a reading) pair(m Message) (pair authhttp.Pair, err error) {
	if a.Access.None {
		return pair, nil
	}
	access, at, there := a.Access.first(m, "/access_token")
	text, isText := access.(string)
	switch {
	case !there || isText && text == "":
		return pair, &authhttp.FieldError{Detail: fmt.Sprintf("the answer to %s has no token at %s; %s: set %s", a.call, at, instead(m), a.access)}
	case !isText:
		return pair, &authhttp.FieldError{Detail: fmt.Sprintf("what is at %s is %s, and no token: set %s", at, kindOf(access), a.access)}
	}
	pair.Access = authhttp.Secret(text)
	if refresh, at, there := a.Refresh.first(m, "/refresh_token"); there && !a.Refresh.None {
		text, isText := refresh.(string)
		if !isText {
			return pair, &authhttp.FieldError{Detail: fmt.Sprintf("what is at %s is %s, and no refresh token: set %s", at, kindOf(refresh), a.refresh)}
		}
		pair.Refresh = authhttp.Secret(text)
	}
	pair.Life, err = a.lives(m, time.Now())
	return pair, err
}

// misread is the fault of an answer in which things are elsewhere than the file says.
// A login is not tried again for it: each attempt would begin another one at the
// server.
func (a reading) misread(err error) error {
	if err != nil && (a.call == "login" || a.call == "loginAs") {
		return fmt.Errorf("%w: %w", authhttp.ErrRejected, err)
	}
	return err
}

// instead says what an answer has.
func instead(m Message) string {
	tree := decode(m.text())
	object, ok := tree.(map[string]any)
	if !ok || len(object) == 0 {
		return pointer(nil).instead(tree)
	}
	return "it has the fields " + strings.Join(pointer(nil).fields(object), ", ")
}

// unit is what the life of a token is counted in.
type unit struct {
	words string
	// seconds makes of a number how many are left; nil: it is a date.
	seconds func(number, now float64) float64
}

var units = map[string]unit{
	"seconds":          {"a number of seconds", func(n, _ float64) float64 { return n }},
	"milliseconds":     {"a number of milliseconds", func(n, _ float64) float64 { return n / 1000 }},
	"unix":             {"a number of seconds since 1970", func(n, now float64) float64 { return n - now }},
	"unixMilliseconds": {"a number of milliseconds since 1970", func(n, now float64) float64 { return n/1000 - now }},
	"date":             {"a date of RFC 3339", nil},
}

// mostLife is the longest life of a token that is believed.
const mostLife = 100 * 365 * 24 * time.Hour

// lives reads how long the access token lives; 0: the token says it.
func (a reading) lives(m Message, now time.Time) (time.Duration, error) {
	value, at, there := a.Life.At.first(m, "/expires_in")
	if !there || a.Life.At.None {
		return time.Duration(a.Life.Fixed), nil
	}
	in := units[cmp.Or(a.Life.Unit, "seconds")]
	seconds, ok := in.of(value, now)
	switch {
	case !ok:
		return 0, &authhttp.FieldError{Field: at, Detail: fmt.Sprintf("is %s that is not %s: set %s", kindOf(value), in.words, a.life)}
	case seconds < 0 || seconds > mostLife.Seconds():
		return 0, &authhttp.FieldError{Field: at, Detail: fmt.Sprintf("is in the past, or too far off, as %s: set %s.unit, or look at the clock of this machine", in.words, a.life)}
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// of returns how many seconds a number, or a text that is one, leaves.
func (u unit) of(value any, now time.Time) (seconds float64, ok bool) {
	text, ok := scalar(value)
	if !ok {
		return 0, false
	}
	if u.seconds == nil {
		end, err := time.Parse(time.RFC3339, text)
		return end.Sub(now).Seconds(), err == nil
	}
	number, err := json.Number(text).Float64()
	if err != nil {
		return 0, false
	}
	return u.seconds(number, float64(now.UnixMilli())/1000), !math.IsNaN(number)
}

// user reads who has logged in.
func (a reading) user(m Message) (User, error) {
	if a.User.None {
		return nil, nil
	}
	user, at, there := a.User.first(m, "/user")
	switch {
	case there:
		return user, nil
	case a.call == "user" && !isThere(m.text()):
		return nil, fmt.Errorf("%w: %w", authhttp.ErrTokenRefused, &authhttp.FieldError{Detail: "the answer is null, which is nobody"})
	case a.User.given():
		return nil, &authhttp.FieldError{Detail: fmt.Sprintf("the answer to %s has no user at %s; %s: set %s", a.call, at, instead(m), a.who)}
	}
	return nil, nil
}
