package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/configfile"
)

// plan says what a config file leads to, and nothing that may be secret.
type plan struct {
	written
	veil
	file *configfile.File
}

// dryRun checks a file, and prints what it leads to.
func (c *connectCommand) dryRun(to io.Writer) error {
	file, veil, err := c.load()
	if err != nil {
		return misuse{err}
	}
	p := &plan{written{to: to}, veil, file}
	config, err := file.Config()
	if err != nil {
		return misuse{err}
	}
	if _, err := connector.New(config); err != nil {
		return misuse{err}
	}
	p.print(c.Config)
	if p.err != nil {
		return fmt.Errorf("connect: standard output: %w", p.err)
	}
	return nil
}

func (p *plan) print(name string) {
	f := p.file
	p.printf("%s is good: a session with %s. Nothing was connected to.\n\nOver HTTP\n\n", name, count(uint64(len(f.Sockets)), "socket"))
	if tokens := f.HTTP.Tokens; tokens != nil {
		p.printf("  %-16s  of the file: access%s\n", "tokens", map[bool]string{true: " and refresh"}[tokens.Refresh != ""])
	}
	for _, call := range p.calls() {
		p.call(call.name, call.method, call.Call)
	}
	p.printf("  Requests carry %s: %s\n", cmp.Or(f.HTTP.Token.Header, "Authorization"), cmp.Or(f.HTTP.Token.Format, "Bearer {{token}}"))
	for _, group := range p.groups() {
		when := "together, after the login"
		if group != p.groups()[0] {
			when = "together, when those before are ready"
		}
		p.printf("\nSockets of group %d, %s\n\n", group, when)
		for _, s := range f.Sockets {
			if groupOf(s) == group {
				p.socket(s)
			}
		}
	}
	switch {
	case f.Store == nil:
		p.printf("\nTokens live as long as the program.\n")
	case f.HTTP.User == nil:
		p.printf("\nTokens are kept in %s, but no run goes on with them: that takes http.user.\n", f.Store.Dir)
	default:
		p.printf("\nTokens are kept in %s, for the next run, if this one ends with --keep or is killed.\n", f.Store.Dir)
	}
	p.diagram()
}

// namedCall is a call of the file with its name, and the method that it has by default.
type namedCall struct {
	name, method string
	*configfile.Call
}

// calls are those that the file has.
func (p *plan) calls() []namedCall {
	h := &p.file.HTTP
	all := []namedCall{
		{"login", "POST", h.Login}, {"refresh", "POST", h.Refresh}, {"user", "GET", h.User}, {"loginAs", "POST", h.LoginAs},
		{"logout", "POST", h.Logout}, {"logoutEverywhere", "POST", h.LogoutEverywhere},
	}
	return slices.DeleteFunc(all, func(c namedCall) bool { return c.Call == nil })
}

func (p *plan) call(name, method string, c *configfile.Call) {
	p.printf("  %-16s  %-4s %s\n", name, cmp.Or(c.Method, method), p.address(p.file.URL(c.URL)))
	switch {
	case c.Body != nil:
		p.printf("  %-16s  body %s\n", "", p.template(*c.Body, true))
	case name == "refresh":
		p.printf("  %-16s  body {\"refresh_token\":\"{{refresh}}\"}\n", "")
	case name == "loginAs":
		p.printf("  %-16s  body {\"user_id\":\"{{id}}\"}\n", "")
	}
	if len(c.Headers) > 0 {
		p.printf("  %-16s  headers %s\n", "", strings.Join(slices.Sorted(maps.Keys(c.Headers)), ", "))
	}
}

// groups are the numbers of the groups that there are.
func (p *plan) groups() []int {
	var all []int
	for _, s := range p.file.Sockets {
		all = append(all, groupOf(s))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func groupOf(s configfile.Socket) int { return max(s.Group, 1) }

func (p *plan) socket(s configfile.Socket) {
	traits := ""
	if s.Public {
		traits += ", public"
	}
	if s.Early {
		traits += ", before the login"
	}
	p.printf("  %-16s  %s%s\n", s.ID, p.address(socketURL(p.file, s)), traits)
	if s.Auth != nil {
		p.step("auth", *s.Auth)
	}
	for _, step := range s.Subscribe {
		p.step("subscribe", step)
	}
	if s.Renew != nil {
		p.step("renew", *s.Renew)
	}
	if s.Ping != nil {
		p.step("ping", configfile.Step{Send: s.Ping.Send})
	}
	if s.Pong != nil {
		p.step("pong", configfile.Step{Send: s.Pong.Send, NoAnswer: true})
	}
	if at := s.MessageID.Request; at != "" {
		p.printf("  %-16s  requests have their id at %s, a %s\n", "", at, cmp.Or(s.MessageID.As, "number"))
	}
}

func (p *plan) step(name string, s configfile.Step) {
	awaits := "awaits its answer"
	if s.NoAnswer {
		awaits = "no answer"
	}
	p.printf("  %-16s  %-9s %s  (%s)\n", "", name, p.template(s.Send, false), awaits)
}

// template is a template in JSON. Its literal texts are left out where they are
// credentials, or have a name like that of a secret.
func (p *plan) template(t configfile.Template, credentials bool) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(p.discreet(t.Outline(), credentials))
	return strings.TrimSuffix(out.String(), "\n")
}

// discreet is decoded JSON without what may be secret: of credentials, every literal
// text and number.
func (p *plan) discreet(tree any, credentials bool) any {
	switch v := tree.(type) {
	case map[string]any:
		for name := range v {
			v[name] = p.discreet(v[name], credentials)
		}
		return v
	case []any:
		for i := range v {
			v[i] = p.discreet(v[i], credentials)
		}
		return v
	case string:
		if veiled := p.veiled(v); veiled != v || !credentials || strings.Contains(v, "{{") {
			return veiled
		}
		return "…"
	case nil, bool:
		return v
	}
	if credentials {
		return "…"
	}
	return tree
}

// diagram prints how the machines of the session follow each other, in Mermaid.
func (p *plan) diagram() {
	first := "login"
	if p.file.HTTP.Tokens != nil {
		first = "adopt"
	}
	p.printf("\nIts machines, in Mermaid; interlock graph all has them whole\n\n  flowchart LR\n    %s --> token((token))\n", first)
	before := first
	for _, group := range p.groups() {
		p.printf("    %s --> group%d\n    subgraph group%d [group %d]\n", before, group, group, group)
		for i, s := range p.file.Sockets {
			if groupOf(s) == group {
				p.printf("      socket%d[%q]\n", i+1, s.ID+": "+strings.Join(stages(s), ", "))
			}
		}
		p.printf("    end\n")
		before = fmt.Sprint("group", group)
	}
	for i, s := range p.file.Sockets {
		if !s.Public {
			p.printf("    token -.-> socket%d\n", i+1)
		}
	}
	if before != first {
		p.printf("    %s --> ready\n", before)
		before = "ready"
	}
	p.printf("    %s --> logout\n", before)
}

// stages are what a socket goes through to be ready.
func stages(s configfile.Socket) []string {
	all := []string{"open"}
	if s.Auth != nil {
		all = append(all, "auth")
	}
	if n := len(s.Subscribe); n > 0 {
		all = append(all, count(uint64(n), "subscription"))
	}
	return append(all, "ready")
}
