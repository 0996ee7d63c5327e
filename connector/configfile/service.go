package configfile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/custom-app/interlock/authhttp"
)

// service makes what logs in.
func (f *File) service() *authhttp.JSON[Credentials, User] {
	h := &f.HTTP
	j := &authhttp.JSON[Credentials, User]{
		NoLogin:     h.Login == nil,
		TokenHeader: h.Token.Header,
		TokenFormat: h.Token.format(),
		Header:      f.Header(),
		AllowPlain:  h.AllowPlain,
		Shape:       h.shape,
	}
	for _, optional := range []struct {
		url  *string
		call *Call
	}{
		{&j.LoginURL, h.Login}, {&j.RefreshURL, h.Refresh}, {&j.LoginAsURL, h.LoginAs}, {&j.LogoutURL, h.Logout},
		{&j.LogoutEverywhereURL, h.LogoutEverywhere}, {&j.UserURL, h.User},
	} {
		if optional.call != nil {
			*optional.url = h.resolve(optional.call.URL)
		}
	}
	return j
}

// Header returns the headers of every call, as they are sent.
func (f *File) Header() http.Header {
	header, _ := headers("http.headers", f.HTTP.Headers, nil) // they have no placeholders
	return header
}

// Pair returns the tokens that the file has in the place of a login, for
// [connector.Session.Adopt]; false: it has none. If the access token says when it
// ends, the rest of its life is by the clock of this machine, since nobody has just
// sent it.
func (f *File) Pair() (pair authhttp.Pair, given bool) {
	if f.HTTP.Tokens == nil {
		return pair, false
	}
	pair = f.HTTP.Tokens.pair()
	pair.Date = time.Now()
	if claims, err := authhttp.ReadClaims(pair.Access); err == nil && !claims.Expires.IsZero() {
		pair.Life = max(claims.Expires.Sub(pair.Date), 1)
	}
	return pair, true
}

// pair returns the tokens as they are.
func (t *Tokens) pair() authhttp.Pair {
	plain := func(text authhttp.Secret) authhttp.Secret {
		literal, _ := parsePhrase(text.Reveal())
		value, _ := literal.render(nil, nil) // it has no placeholders
		return authhttp.Secret(value)
	}
	return authhttp.Pair{Access: plain(t.Access), Refresh: plain(t.Refresh)}
}

// names are how a file names the calls of a service.
var names = map[string]string{
	"login": "login", "refresh": "refresh", "login as": "loginAs", "resume": "user", "logout": "logout", "logout everywhere": "logoutEverywhere",
}

// shape makes a call what the file says.
func (h *HTTP) shape(c *authhttp.Call[User]) error {
	name := names[c.Op]
	call := h.calls()[name]
	if call == nil {
		return nil
	}
	known, err := valuesOf(c)
	path := "http." + name
	if err != nil {
		return at(path, err)
	}
	c.Method = cmp.Or(call.Method, c.Method)
	if c.URL, err = address(h.resolve(call.URL), known); err != nil {
		return at(path+".url", err)
	}
	if c.Header, err = headers(path+".headers", call.Headers, known); err != nil {
		return err
	}
	if c.Body, err = call.body(c, known); err != nil {
		return at(path+".body", err)
	}
	h.readers(c, name)
	return nil
}

// at is an error of a field of the file, which is named by its path.
func at(path string, err error) error {
	return &authhttp.FieldError{Field: path, Detail: err.Error()}
}

// valuesOf are what the templates of a call know.
func valuesOf(c *authhttp.Call[User]) (values, error) {
	known, ok := make(values), true
	if c.Pair.Access != "" {
		known[ofToken] = c.Pair.Access.Reveal()
	}
	if c.Pair.Refresh != "" {
		known[ofRefresh] = c.Pair.Refresh.Reveal()
	}
	if credentials, login := c.Body.(Credentials); login {
		if known[ofCredentials], ok = decoded(map[string]any(credentials)); !ok {
			return nil, errors.New("the credentials cannot be written as JSON")
		}
	}
	if c.ID != nil {
		if known[ofID], ok = decoded(c.ID); !ok {
			return nil, errors.New("the id cannot be written as JSON")
		}
	}
	return known, nil
}

// address renders a URL.
func address(source string, known values) (string, error) {
	t, err := parsePhrase(source)
	if err != nil {
		return "", err
	}
	return t.render(known, func(before, value string) string {
		if strings.Contains(before, "?") {
			return url.QueryEscape(value)
		}
		return url.PathEscape(value)
	})
}

// headers renders the headers at a path of the file.
func headers(path string, sources map[string]string, known values) (http.Header, error) {
	header := make(http.Header)
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		value, err := headerValue(sources[name], known)
		if err != nil {
			return nil, at(join(path, name), err)
		}
		header.Set(name, value)
	}
	return header, nil
}

func headerValue(source string, known values) (string, error) {
	t, err := parsePhrase(source)
	if err != nil {
		return "", err
	}
	value, err := t.render(known, nil)
	if err == nil && strings.ContainsFunc(value, unicode.IsControl) {
		err = errors.New("what its placeholders stand for has a line break, or another sign that no header can hold")
	}
	return value, err
}

// body renders the body, as a form where the headers say so. Without one in the file
// it is what it was, but that GET has none, and a login without credentials.
func (call *Call) body(c *authhttp.Call[User], known values) (any, error) {
	if call.Body == nil {
		credentials, login := c.Body.(Credentials)
		if c.Method == http.MethodGet || login && len(credentials) == 0 {
			return nil, nil
		}
		return c.Body, nil
	}
	tree, err := call.Body.render(known)
	if err != nil || tree == nil {
		return nil, err
	}
	if kind, _, _ := mime.ParseMediaType(c.Header.Get("Content-Type")); kind == "application/x-www-form-urlencoded" {
		return form(tree)
	}
	return tree, nil
}

// form makes a form of an object.
func form(tree any) (any, error) {
	object, ok := tree.(map[string]any)
	if !ok {
		return nil, errors.New("is no object, of which alone a form can be made")
	}
	values := make(url.Values)
	for name, value := range object {
		text, ok := scalar(value)
		if !ok {
			return nil, fmt.Errorf("%s is %s, which no form can hold", name, kindOf(value))
		}
		values.Set(name, text)
	}
	return values, nil
}

// readers set how the answer to a call is read.
func (h *HTTP) readers(c *authhttp.Call[User], name string) {
	a := h.answer(name)
	own := h.calls()[name].Answer
	if c.Tokens != nil || name == "user" && own != nil && len(own.Access.At) > 0 {
		c.Tokens = func(body []byte) (authhttp.Pair, error) {
			m, err := a.message(body)
			if err != nil {
				return authhttp.Pair{}, err
			}
			pair, err := a.pair(m)
			return pair, a.misread(err)
		}
	}
	switch {
	case c.User != nil:
		c.User = func(body []byte) (User, error) {
			m, err := a.message(body)
			if err != nil {
				return nil, err
			}
			user, err := a.user(m)
			return user, a.misread(err)
		}
	case c.Tokens == nil && a.Rejected.given(): // a logout, of whose answer nothing else is wanted
		c.User = func(body []byte) (User, error) {
			if !json.Valid(body) {
				return nil, nil
			}
			_, err := a.message(body)
			return nil, err
		}
	}
}

// message reads an answer, which may begin with a byte order mark. Its error is that
// it is no JSON, or that it says no.
func (a reading) message(body []byte) (Message, error) {
	var m Message
	if err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), &m); err != nil {
		return m, err
	}
	if a.Rejected.fits(m) {
		no := authhttp.ErrRejected
		if a.call == "user" {
			no = authhttp.ErrTokenRefused
		}
		return m, fmt.Errorf("%w: %w", no, &authhttp.FieldError{Detail: "the answer says no, by " + a.rejected + "; " + pointer(nil).instead(decode(m.text()))})
	}
	return m, nil
}
