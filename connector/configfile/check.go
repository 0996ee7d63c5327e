package configfile

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/custom-app/interlock/authhttp"
)

// check tells what is wrong between fields, each of which is right alone.
func (r *reader) check(f *File) {
	r.checkHTTP(&f.HTTP)
	r.checkSockets(f)
	for i := range f.Sockets {
		r.checkSocket(&f.Sockets[i], nth("sockets", i), f.HTTP)
	}
	f.inspect(func(path string, err error) { r.at(path, "%v", err) })
	if f.Store != nil && strings.HasPrefix(f.Store.Dir, "~") {
		r.at("store.dir", "begins with ~, which stands for no home here; write ${HOME}/ and the rest")
	}
	floor, limit := orDefault(f.Retry.Floor, 100*time.Millisecond), orDefault(f.Retry.Cap, 30*time.Second)
	if floor > limit {
		r.at("retry", "floor is %v, more than cap, %v; write a greater cap", floor, limit)
	}
}

func orDefault(d Duration, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return time.Duration(d)
}

func (r *reader) checkHTTP(h *HTTP) {
	r.checkBase(h)
	r.checkTokens(h)
	r.checkHeaders(h.Headers, "http.headers")
	if h.Token.Header != "" && !headerName.MatchString(h.Token.Header) {
		r.at("http.token.header", "is no name of a header; write letters, digits and - such as X-Token")
	}
	if h.Token.Format != "" && !strings.Contains(h.Token.Format, "{{token}}") {
		r.at("http.token.format", "has no place for the token; write something like Bearer {{token}}")
	}
	for i, text := range h.Origins {
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
			r.at(nth("http.origins", i), "is no scheme and host; write something like https://example.com")
		}
	}
	for i, text := range h.ExcludeRE {
		if _, err := regexp.Compile(text); err != nil {
			r.at(nth("http.excludePattern", i), "is no regular expression (RE2); write one such as /public/.*")
		}
	}
	for _, c := range []struct {
		name string
		call *Call
	}{
		{"login", h.Login}, {"refresh", h.Refresh}, {"loginAs", h.LoginAs},
		{"logout", h.Logout}, {"logoutEverywhere", h.LogoutEverywhere}, {"user", h.User},
	} {
		if c.call != nil {
			r.checkCall(c.call, "http."+c.name, h)
		}
	}
}

// checkTokens looks at the tokens that are there in the place of a login.
func (r *reader) checkTokens(h *HTTP) {
	if h.Tokens == nil {
		return
	}
	pair := h.Tokens.pair()
	for _, token := range []struct {
		name string
		text authhttp.Secret
	}{{"access", pair.Access}, {"refresh", pair.Refresh}} {
		if strings.ContainsFunc(token.text.Reveal(), func(c rune) bool { return c <= ' ' || c > '~' }) {
			r.at("http.tokens."+token.name, "has a space, the end of a line, or another sign that no token has; write the token alone, without Bearer")
		}
	}
	switch {
	case pair.Refresh != "" && h.Refresh == nil:
		r.at("http.tokens.refresh", "is of no use without http.refresh; write that, such as refresh: {url: /refresh}, or leave this out")
	case h.Base == "":
		r.at("http.base", "is missing; write the https:// that the tokens are for, as they go nowhere else by HTTP")
	}
}

func (r *reader) checkBase(h *HTTP) {
	if h.Base == "" {
		return
	}
	u, err := url.Parse(h.Base)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		r.at("http.base", "is no http:// or https:// with a host; write something like https://example.com")
	case u.User != nil:
		r.at("http.base", "holds a user; write that into the body or the headers of http.login")
	case u.RawQuery != "" || u.Fragment != "":
		r.at("http.base", "has a ? or # part, which no URL that is relative to it has; leave it out")
	case !h.AllowPlain && !authhttp.Secure(u):
		r.plainURL("http.base", "https://")
	}
}

// plainURL tells that secrets would go in clear.
func (r *reader) plainURL(path, instead string) {
	r.at(path, "sends secrets in clear to a host other than loopback; write %s, or http.allowPlain: true", instead)
}

func (r *reader) checkCall(c *Call, path string, h *HTTP) {
	r.checkHeaders(c.Headers, path+".headers")
	if c.Method != "" && !method.MatchString(c.Method) {
		r.at(path+".method", "is no method of HTTP; write capitals such as POST, PUT or GET")
	}
	u := r.target(c.URL, path+".url", h.Base, "http", "https")
	if u != nil && !h.AllowPlain && !authhttp.Secure(u) {
		r.plainURL(path+".url", "https://")
	}
}

// target reads a URL that may be relative to a base; nil: it is, or has placeholders
// in its host, or a fault that is told.
func (r *reader) target(text, path, base, scheme, secure string) *url.URL {
	if text == "" {
		return nil // missing, which was told
	}
	filled := placeholders.ReplaceAllString(text, "x")
	if !absolute.MatchString(text) {
		switch _, err := url.Parse("/" + strings.TrimPrefix(filled, "/")); {
		case base == "" && !strings.HasPrefix(text, "{{"):
			r.at(path, "is relative, and there is no http.base to which; write %s://HOST/PATH, or http.base", secure)
		case err != nil:
			r.at(path, "is no URL; write something like %s://example.com/path", secure)
		}
		return nil
	}
	before, _, _ := strings.Cut(text, "{{")
	if _, host, _ := strings.Cut(before, "://"); before != text && !strings.Contains(host, "/") {
		return nil // a placeholder is part of the host
	}
	u, err := url.Parse(filled)
	switch {
	case err != nil || u.Host == "":
		r.at(path, "is no URL; write something like %s://example.com/path", secure)
		return nil
	case u.Scheme != scheme && u.Scheme != secure:
		r.at(path, "begins with another scheme than %s:// and %s://; write %s://", scheme, secure, secure)
		return nil
	}
	return u
}

var (
	placeholders = regexp.MustCompile(`\{\{.*?\}\}`)
	absolute     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://`)
	headerName   = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
	method       = regexp.MustCompile(`^[A-Z]+$`)
	visible      = regexp.MustCompile(`^[ -~]*$`)
)

func (r *reader) checkHeaders(h Headers, path string) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		switch at := join(path, name); {
		case !headerName.MatchString(name):
			r.at(at, "is no name of a header; write letters, digits and - such as X-Client")
		case !visible.MatchString(h[name]):
			r.at(at, "has signs that no header can hold; write ASCII without line breaks")
		}
	}
}

// checkUpgrade refuses the headers that an upgrade request has by itself, as one that
// was copied from a browser has them.
func (r *reader) checkUpgrade(h Headers, path string) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		switch http.CanonicalHeaderKey(name) {
		case "Sec-Websocket-Protocol":
			r.at(join(path, name), "is set by the upgrade itself; write subprotocols: [NAME] for the socket")
		case "Upgrade", "Connection", "Sec-Websocket-Key", "Sec-Websocket-Version", "Sec-Websocket-Extensions":
			r.at(join(path, name), "is set by the upgrade itself; leave it out")
		}
	}
}

// checkSockets compares the sockets with each other.
func (r *reader) checkSockets(f *File) {
	first := make(map[string]string)
	var groups []int
	for i, s := range f.Sockets {
		path := nth("sockets", i)
		if other := first[s.ID]; other != "" {
			r.at(path+".id", "is that of %s too, in line %d; give each socket an id of its own", other, r.line(other))
		} else if s.ID != "" {
			first[s.ID] = path
		}
		groups = append(groups, max(1, s.Group))
	}
	for i, group := range groups {
		if group > 1 && !slices.Contains(groups, group-1) {
			r.at(nth("sockets", i)+".group", "is %d, and no socket is of group %d; number the groups from 1 without a gap", group, group-1)
		}
	}
}

func (r *reader) checkSocket(s *Socket, path string, h HTTP) {
	u := r.target(s.URL, path+".url", h.Base, "ws", "wss")
	switch {
	case strings.Contains(placeholders.ReplaceAllString(s.URL, ""), "#"):
		r.at(path+".url", "has a # part, which no server gets; leave it out")
	case u == nil:
	case u.User != nil:
		r.at(path+".url", "holds a user; write that into headers or auth")
	case !h.AllowPlain && !authhttp.Secure(u):
		r.plainURL(path+".url", "wss://")
	}
	r.checkHeaders(s.Headers, path+".headers")
	r.checkUpgrade(s.Headers, path+".headers")
	r.checkMessages(s, path)
	for i := range s.Rules {
		r.checkRule(&s.Rules[i], nth(path+".rules", i), path)
	}
	if s.Buffer.None && (s.Buffer.Count > 0 || s.Buffer.Bytes > 0 || s.Buffer.Overflow != "") {
		r.at(path+".buffer", "has none: true, and bounds of what waits; leave out one of the two")
	}
}

// checkMessages looks at the steps of a socket, and whether their answers are known.
func (r *reader) checkMessages(s *Socket, path string) {
	if r.has(path+".messageID") && !r.has(path+".messageID.request") {
		r.at(path+".messageID.request", "is missing; write where the id is in a request, such as request: /id")
	}
	if s.Public && s.Renew != nil {
		r.at(path+".renew", "offers a token, and the socket is public and has none; leave out one of the two")
	}
	if s.Auth != nil {
		r.checkStep(s.Auth, path+".auth", path)
	}
	if s.Renew != nil {
		r.checkStep(s.Renew, path+".renew", path)
	}
	for i := range s.Subscribe {
		r.checkStep(&s.Subscribe[i], nth(path+".subscribe", i), path)
	}
}

func (r *reader) checkStep(step *Step, path, socket string) {
	if step.NoAnswer {
		for _, name := range []string{"accept", "answer", "recovered"} {
			if r.has(path + "." + name) {
				r.at(path+"."+name, "is about the answer, and noAnswer says that there is none; leave out one of the two")
			}
		}
		return
	}
	if (step.NoID || !r.has(socket+".messageID")) && !r.has(path+".accept") && !r.has(path+".answer") && !r.has(socket+".answer") {
		r.at(path, "awaits an answer, and nothing says which message that is; write answer: {/type: NAME}, or noAnswer: true, or messageID for the socket")
	}
}

func (r *reader) checkRule(rule *Rule, path, socket string) {
	var sources []string
	for _, name := range []string{"close", "status", "message"} {
		if r.has(path + "." + name) {
			sources = append(sources, name)
		}
	}
	switch len(sources) {
	case 0:
		r.at(path, "does not say what it is for; write one of close, status and message, such as close: 4401")
	case 1:
	default:
		r.at(path, "has %s; write a rule for each", strings.Join(sources, " and "))
	}
	r.checkCodes(rule.Close, path+".close", 1000, 4999, "codes of close frames are")
	r.checkCodes(rule.Status, path+".status", 100, 599, "statuses of HTTP are")
	if r.has(path+".reason") && len(sources) > 0 && !r.has(path+".close") {
		r.at(path+".reason", "is of close frames; write close too, such as close: 4401, or leave it out")
	}
	switch code := socket + ".code"; {
	case rule.Message == nil:
	case rule.Message.Text != "" && !r.has(code+".text"):
		r.at(path+".message", "is a text, and nothing says where in a message that is; write code: {text: /error/code} for the socket")
	case rule.Message.Range != (Range{}) && !r.has(code+".number"):
		r.at(path+".message", "is a number, and nothing says where in a message that is; write code: {number: /error/code} for the socket")
	}
}

func (r *reader) checkCodes(codes Range, path string, least, most int, what string) {
	if codes != (Range{}) && (codes.From < least || codes.To > most) {
		r.at(path, "is out of bounds; %s from %d to %d", what, least, most)
	}
}
