package configfile

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// validate joins what keeps a file from being a config. Of a file that was read there
// is nothing.
func (f *File) validate() error {
	var faults []fault
	tell := func(path string, err error) { faults = append(faults, f.places.fault(path, "%v", err)) }
	f.inspect(tell)
	if f.HTTP.Login == nil && f.HTTP.Tokens == nil {
		tell("http.login", errors.New("is missing, and so is http.tokens"))
	}
	for i, pattern := range f.HTTP.ExcludeRE {
		if _, err := regexp.Compile(pattern); err != nil {
			tell(nth("http.excludePattern", i), errors.New("is no regular expression (RE2)"))
		}
	}
	choice := func(path, given string, names []string) {
		if given != "" && !slices.Contains(names, given) {
			tell(path, errors.New("is none of "+strings.Join(names, ", ")))
		}
	}
	for name, call := range f.HTTP.calls() {
		if call.Answer != nil {
			choice("http."+name+".answer.life.unit", call.Answer.Life.Unit, slices.Sorted(maps.Keys(units)))
		}
	}
	choice("http.answer.life.unit", f.HTTP.Answer.Life.Unit, slices.Sorted(maps.Keys(units)))
	for i := range f.Sockets {
		s, path := &f.Sockets[i], nth("sockets", i)
		choice(path+".blame", s.Blame, []string{"oldest", "none"})
		choice(path+".messageID.as", s.MessageID.As, []string{"number", "string"})
		for name, text := range map[string]string{"request": s.MessageID.Request, "answer": s.MessageID.Answer} {
			if err := checkPointer(text); err != nil {
				tell(path+".messageID."+name, err)
			}
		}
		choice(path+".buffer.overflow", s.Buffer.Overflow, slices.Sorted(maps.Keys(policies)))
		for j, rule := range s.Rules {
			choice(nth(path+".rules", j)+".means", rule.Means, slices.Sorted(maps.Keys(classes)))
		}
	}
	return inOrder(faults)
}

// inspect tells what is wrong with placeholders, by the paths of their fields.
func (f *File) inspect(tell func(path string, err error)) {
	h, in := &f.HTTP, inspection{tell}
	in.texts("http.headers", h.Headers, scope{})
	in.text("http.token.format", h.Token.Format, scope{}.with(ofToken))
	if h.Tokens != nil {
		if h.Login != nil {
			tell("http.tokens", errors.New("is there beside login; leave out one of the two"))
		}
		in.text("http.tokens.access", h.Tokens.Access.Reveal(), scope{})
		in.text("http.tokens.refresh", h.Tokens.Refresh.Reveal(), scope{})
	}
	for name, call := range h.calls() {
		in.call("http."+name, call, callScopes[name])
	}
	for i := range f.Sockets {
		in.socket(nth("sockets", i), &f.Sockets[i], f.scope(&f.Sockets[i]))
	}
}

// calls are the calls that there are, by their names in a file.
func (h *HTTP) calls() map[string]*Call {
	all := map[string]*Call{
		"login": h.Login, "refresh": h.Refresh, "loginAs": h.LoginAs,
		"logout": h.Logout, "logoutEverywhere": h.LogoutEverywhere, "user": h.User,
	}
	maps.DeleteFunc(all, func(_ string, call *Call) bool { return call == nil })
	return all
}

var callScopes = map[string]scope{
	"login": {roots: []string{ofCredentials}}, "refresh": {roots: []string{ofToken, ofRefresh}},
	"loginAs": {roots: []string{ofToken, ofRefresh, ofID}}, "logout": {roots: []string{ofToken, ofRefresh}},
	"logoutEverywhere": {roots: []string{ofToken, ofRefresh}}, "user": {roots: []string{ofToken, ofRefresh}},
}

// scope is what the upgrade request of a socket may hold. An early socket opens
// before anything is known, and a public one is given no token.
func (f *File) scope(s *Socket) scope {
	if s.Early {
		return scope{}
	}
	in := scope{}.with(ofUser)
	if !s.Public {
		in = in.with(ofToken)
	}
	for i := range f.Sockets {
		if other := &f.Sockets[i]; other.group() < s.group() {
			if in.sockets == nil {
				in = in.with(ofAnswers)
				in.sockets = make(map[string]*Socket)
			}
			in.sockets[other.ID] = other
		}
	}
	return in
}

// inspection tells faults by the paths of fields.
type inspection struct{ tell func(path string, err error) }

func (in inspection) text(path, source string, s scope) {
	t, err := parsePhrase(source)
	if err != nil {
		in.tell(path, err)
		return
	}
	t.placeholders(func(p *placeholder) {
		if err := s.check(p); err != nil {
			in.tell(path, err)
		}
	})
}

func (in inspection) texts(path string, all map[string]string, s scope) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		in.text(join(path, name), all[name], s)
	}
}

func (in inspection) template(path string, t Template, s scope) {
	t.placeholders(func(p *placeholder) {
		if err := s.check(p); err != nil {
			in.tell(path, err)
		}
	})
}

// url inspects a URL, whose scheme and host are no placeholders.
func (in inspection) url(path, source string, s scope) {
	in.text(path, source, s)
	literal, _, found := strings.Cut(source, "{{")
	_, host, absolute := strings.Cut(literal, "://")
	if found && (literal == "" || absolute && !strings.ContainsAny(host, "/?")) {
		in.tell(path, errors.New("has a placeholder before its path; write the scheme and the host themselves"))
	}
}

func (in inspection) call(path string, c *Call, s scope) {
	in.url(path+".url", c.URL, s)
	in.texts(path+".headers", c.Headers, s)
	if c.Body != nil {
		in.template(path+".body", *c.Body, s)
	}
}

func (in inspection) socket(path string, s *Socket, upgrade scope) {
	in.url(path+".url", s.URL, upgrade)
	in.texts(path+".headers", s.Headers, upgrade)
	steps := upgrade
	if s.Early && !s.Public {
		steps = steps.with(ofUser, ofToken) // they go out when somebody has logged in
	}
	if s.Auth != nil {
		in.template(path+".auth.send", s.Auth.Send, steps)
		if !s.Auth.NoAnswer {
			steps = steps.with(ofAuth)
		}
	}
	if s.Renew != nil {
		in.template(path+".renew.send", s.Renew.Send, steps)
	}
	for i := range s.Subscribe {
		in.template(nth(path+".subscribe", i)+".send", s.Subscribe[i].Send, steps)
	}
	if s.Ping != nil {
		in.template(path+".ping.send", s.Ping.Send, scope{})
	}
	if s.Pong != nil {
		in.template(path+".pong.send", s.Pong.Send, scope{}.with(ofMessage))
	}
}

// uses tells whether the socket's templates begin with a name.
func (s *Socket) uses(root string) bool {
	found := false
	each := func(p *placeholder) { found = found || p.root == root }
	for _, source := range append(slices.Collect(maps.Values(s.Headers)), s.URL) {
		t, _ := parsePhrase(source)
		t.placeholders(each)
	}
	for _, step := range append([]*Step{s.Auth, s.Renew}, pointersTo(s.Subscribe)...) {
		if step != nil {
			step.Send.placeholders(each)
		}
	}
	return found
}

func pointersTo(steps []Step) []*Step {
	var all []*Step
	for i := range steps {
		all = append(all, &steps[i])
	}
	return all
}
