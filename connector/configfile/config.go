package configfile

import (
	"context"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
)

// Credentials are what somebody logs in with, beside what the file says: the templates
// of http.login have them as {{credentials/NAME}}, and without a body they are it.
type Credentials map[string]any

// User is what the answer to login says of the user: a decoded JSON value, with
// numbers as json.Number; nil: nothing.
type User = any

// Config makes the config that the file is for. Its sockets speak [Message], and those
// whose templates use the answers of earlier sockets are made when these are ready.
// Each fault of a file that was not read by [Load] or [Parse] is in the error.
func (f *File) Config() (connector.Config[Credentials, User], error) {
	var config connector.Config[Credentials, User]
	if err := f.validate(); err != nil {
		return config, err
	}
	config = connector.Config[Credentials, User]{
		Auth:              f.service(),
		Base:              f.HTTP.Base,
		AllowPlain:        f.HTTP.AllowPlain,
		HTTP:              f.transport(),
		AttemptsPerMinute: f.Retry.PerMinute,
		RetryFloor:        time.Duration(f.Retry.Floor),
		RetryCap:          time.Duration(f.Retry.Cap),
	}
	if f.Store != nil {
		config.Store = authhttp.FileStore{Dir: f.Store.Dir}
	}
	if most := config.RetryCap; most > 0 {
		config.Backoff = func() backoff.BackOff {
			return backoff.NewExponentialBackOff(backoff.WithMultiplier(2), backoff.WithMaxInterval(most),
				backoff.WithRandomizationFactor(0), backoff.WithMaxElapsedTime(0))
		}
	}
	for i, group := range f.groups() {
		if i == 0 {
			config.Sockets = f.group(group).Sockets
			continue
		}
		config.Chain = append(config.Chain, f.group(group))
	}
	return config, nil
}

// groups returns the sockets of each group, in the order of the groups.
func (f *File) groups() [][]*Socket {
	of := make(map[int][]*Socket)
	for i := range f.Sockets {
		s := &f.Sockets[i]
		of[s.group()] = append(of[s.group()], s)
	}
	var all [][]*Socket
	for _, number := range slices.Sorted(maps.Keys(of)) {
		all = append(all, of[number])
	}
	return all
}

func (s *Socket) group() int { return max(s.Group, 1) }

// group declares the sockets of a group: those beforehand that need no answers of
// earlier ones.
func (f *File) group(sockets []*Socket) connector.Group[User] {
	var group connector.Group[User]
	var later []*Socket
	for _, s := range sockets {
		if s.uses(ofAnswers) {
			later = append(later, s)
			continue
		}
		group.Sockets = append(group.Sockets, f.socket(s, nil))
	}
	if later == nil {
		return group
	}
	group.Make = func(_ context.Context, so connector.Chain[User]) ([]connector.AnySocket[User], error) {
		answers := f.answers(so)
		var made []connector.AnySocket[User]
		for _, s := range later {
			made = append(made, f.socket(s, answers))
		}
		return made, nil
	}
	return group
}

// answers are those of the handshakes so far, as templates have them.
func (f *File) answers(so connector.Chain[User]) map[string]any {
	all := make(map[string]any)
	for i := range f.Sockets {
		s := &f.Sockets[i]
		answers := make(map[string]any)
		if m, ok := connector.AuthAnswer[Message](so, s.ID); ok {
			answers["auth"], _ = m.at(nil)
		}
		subscribe := make([]any, len(s.Subscribe))
		for _, m := range connector.SubscriptionAnswers[Message](so, s.ID) {
			if step := int(m.noted()); step > 0 && step <= len(subscribe) {
				subscribe[step-1], _ = m.at(nil)
			}
		}
		answers["subscribe"] = subscribe
		all[s.ID] = answers
	}
	return all
}

// Unanswered tells whether a message to a socket is one that its noAnswer says is not
// answered.
func (f *File) Unanswered(socket string, m Message) bool {
	for i := range f.Sockets {
		if s := &f.Sockets[i]; s.ID == socket {
			return s.NoAnswer.fits(m)
		}
	}
	return false
}

// transport says how the application's own requests go out.
func (f *File) transport() authhttp.Transport {
	h := &f.HTTP
	t := authhttp.Transport{Header: h.Token.Header, Format: h.Token.format(), Origins: h.Origins, AllowPlain: h.AllowPlain}
	if len(t.Origins) == 0 {
		t.Origins = []string{h.origin()}
	}
	for _, prefix := range h.Exclude {
		t.Exclude = append(t.Exclude, h.resolve(prefix))
	}
	for _, pattern := range h.ExcludeRE {
		t.ExcludePattern = append(t.ExcludePattern, regexp.MustCompile(pattern)) // it was validated
	}
	return t
}

// format makes the value of the token's header; nil: the default.
func (t TokenHeader) format() func(access string) string {
	if t.Format == "" {
		return nil
	}
	format, _ := parsePhrase(t.Format)
	return func(access string) string {
		value, _ := format.render(values{ofToken: access}, nil) // a token alone fits any text
		return value
	}
}

// origin is the scheme and host of base, or else of the login request.
func (h *HTTP) origin() string {
	text := h.Base
	if text == "" && h.Login != nil {
		text = h.Login.URL
	}
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// resolve makes a URL absolute, which may have placeholders: one that begins with a
// slash is of the host of base, another of its path.
func (h *HTTP) resolve(text string) string {
	literal, _, _ := strings.Cut(text, "{{")
	base, err := url.Parse(h.Base)
	switch {
	case h.Base == "" || err != nil || strings.Contains(literal, "://"):
		return text
	case strings.HasPrefix(text, "/"):
		return base.Scheme + "://" + base.Host + text
	}
	return base.Scheme + "://" + base.Host + strings.TrimRight(base.Path, "/") + "/" + text
}
