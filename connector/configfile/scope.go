package configfile

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The names that placeholders begin with, and what they are for.
const (
	ofCredentials = "credentials" // what Login is given
	ofToken       = "token"       // the access token
	ofRefresh     = "refresh"     // the refresh token
	ofID          = "id"          // whom a login as another is for
	ofUser        = "user"        // what the answer to login says of the user
	ofAuth        = "auth"        // the answer to auth on this connection
	ofMessage     = "message"     // the ping that is answered
	ofAnswers     = "answers"     // those of sockets of earlier groups
)

var nouns = map[string]string{
	ofCredentials: "credentials", ofToken: "token", ofRefresh: "refresh token", ofID: "id", ofUser: "user",
	ofAuth: "answer to auth", ofMessage: "ping", ofAnswers: "answers of earlier sockets",
}

// forms are how placeholders are written.
var forms = map[string]string{
	ofCredentials: "{{credentials/NAME}}", ofToken: "{{token}}", ofRefresh: "{{refresh}}", ofID: "{{id}}", ofUser: "{{user/FIELD}}",
	ofAuth: "{{auth/FIELD}}", ofMessage: "{{message/FIELD}}", ofAnswers: "{{answers/SOCKET/auth/FIELD}}",
}

// scope is what placeholders may begin with at one place of a file.
type scope struct {
	roots   []string
	sockets map[string]*Socket // of earlier groups, of use to answers
}

// with returns the scope with more names.
func (s scope) with(roots ...string) scope {
	s.roots = append(slices.Clone(s.roots), roots...)
	return s
}

// check says what is wrong with a placeholder.
func (s scope) check(p *placeholder) error {
	if !slices.Contains(s.roots, p.root) {
		return s.unknown(p)
	}
	switch p.root {
	case ofToken, ofRefresh, ofID:
		if len(p.at) > 0 {
			return fmt.Errorf("%s: the %s has no fields; write {{%s}}", p, nouns[p.root], p.root)
		}
	case ofAnswers:
		return s.checkAnswers(p)
	}
	return nil
}

func (s scope) unknown(p *placeholder) error {
	here := "nothing has placeholders here"
	if len(s.roots) > 0 {
		var all []string
		for _, root := range s.roots {
			all = append(all, forms[root])
		}
		here = "here there are " + strings.Join(all, ", ")
	}
	if _, known := forms[p.root]; known {
		return fmt.Errorf("%s is not known here; %s", p, here)
	}
	if root, ok := nearest(p.root, s.roots); ok {
		return fmt.Errorf("%s stands for nothing; write %s: %s", p, forms[root], here)
	}
	return fmt.Errorf("%s stands for nothing; %s", p, here)
}

// checkAnswers checks answers/SOCKET/auth and answers/SOCKET/subscribe/NUMBER.
func (s scope) checkAnswers(p *placeholder) error {
	const form = "write {{answers/SOCKET/auth/FIELD}} or {{answers/SOCKET/subscribe/0/FIELD}}"
	if len(p.at) < 2 {
		return fmt.Errorf("%s names no answer; %s", p, form)
	}
	socket := s.sockets[p.at[0]]
	if socket == nil {
		return fmt.Errorf("%s: there is no socket %s of an earlier group; %s", p, p.at[0], oneOf(p.at[0], slices.Sorted(maps.Keys(s.sockets))))
	}
	switch p.at[1] {
	case "auth":
		if socket.Auth == nil || socket.Auth.NoAnswer {
			return fmt.Errorf("%s: the socket %s has no answer to auth", p, socket.ID)
		}
		return nil
	case "subscribe":
		if len(p.at) < 3 {
			return fmt.Errorf("%s names no answer; %s", p, form)
		}
		i, ok := index(p.at[2])
		if !ok || i >= len(socket.Subscribe) || socket.Subscribe[i].NoAnswer {
			return fmt.Errorf("%s: the socket %s has no answer to a subscribe of this number; they are counted from 0", p, socket.ID)
		}
		return nil
	}
	return fmt.Errorf("%s: %s is neither auth nor subscribe; %s", p, p.at[1], form)
}
