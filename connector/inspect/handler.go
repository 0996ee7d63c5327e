package inspect

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/graph"
	"github.com/custom-app/interlock/transitions"
	"github.com/custom-app/interlock/transitions/pictures"
)

// Session is what is shown: every *connector.Session is one, whatever its types. Its
// type must be comparable, as pointers are.
type Session interface {
	Number() uint64
	Status() connector.Status
	Changes(limit int) *connector.Stream[connector.Change]
	Errors(limit int) *connector.Stream[error]
}

// Handler is an http.Handler that shows sessions. It may be used as a literal, by many
// goroutines, and must not be copied after use.
type Handler struct {
	// Sessions are those there are, each with a name that tells it from others. It is
	// called for each request, from many goroutines. nil: there are none.
	Sessions iter.Seq2[string, Session]

	// Now is the clock of Config.Now, by which sessions say when their next attempt is;
	// nil: time.Now.
	Now func() time.Time

	mu      sync.Mutex
	records map[Session]*record
}

// Only is one session, for Handler.Sessions.
func Only(name string, session Session) iter.Seq2[string, Session] {
	return func(yield func(string, Session) bool) { yield(name, session) }
}

// mostListed is how many sessions are listed at once.
const mostListed = 200

// ServeHTTP answers GET and HEAD.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "this page answers GET and HEAD alone", http.StatusMethodNotAllowed)
		return
	}
	asked := r.URL.Query()
	answer := &answer{to: w, query: request{
		session: asked.Get("session"), machine: asked.Get("machine"), id: asked.Get("id"),
		state: asked.Get("state"), format: asked.Get("format"), like: asked.Get("like"), still: asked.Get("still") != "",
	}}
	var err error
	switch q := answer.query; {
	case q.state != "":
		err = answer.diagram(q.machine, q.state)
	case q.session != "":
		err = h.one(answer)
	default:
		err = h.all(answer)
	}
	answer.send(err)
}

// request is what is asked for.
type request struct {
	session, machine, id, state, format string
	like                                string // part of the names of the sessions to list
	still                               bool   // the page does not refresh itself
}

// answer is what is sent when it is complete.
type answer struct {
	to    http.ResponseWriter
	query request
	kind  string
	body  bytes.Buffer
}

// errNone is the fault of a request for what is not there.
var errNone = errors.New("not found")

func (a *answer) send(err error) {
	header := a.to.Header()
	header.Set("Cache-Control", "no-store")
	switch {
	case errors.Is(err, errNone):
		http.Error(a.to, err.Error(), http.StatusNotFound)
		return
	case err != nil:
		http.Error(a.to, err.Error(), http.StatusBadRequest)
		return
	}
	header.Set("Content-Type", a.kind)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; frame-ancestors 'none'")
	if a.query.state != "" {
		header.Set("Cache-Control", "max-age=3600") // the next page of the same state needs no other
	}
	_, _ = a.to.Write(a.body.Bytes())
}

func (a *answer) json(value any) error {
	a.kind = "application/json"
	encoder := json.NewEncoder(&a.body)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}

// page fills in a page, unless JSON is asked for.
func (a *answer) page(name string, value any) error {
	switch a.query.format {
	case "json":
		return a.json(value)
	case "", "html":
		a.kind = "text/html; charset=utf-8"
		return pages.ExecuteTemplate(&a.body, name, value)
	}
	return fmt.Errorf("format: there is html and json, and of a machine with its state svg, dot, mermaid and json")
}

// diagram draws a machine with a state marked.
func (a *answer) diagram(machine, state string) error {
	m, ok := machines[machine]
	if !ok {
		return fmt.Errorf("machine: %w: it is one of session, login, token, socket, subscription and request", errNone)
	}
	formats := map[string]struct {
		kind string
		draw func(io.Writer, graph.Machine) error
	}{
		"dot":     {"text/vnd.graphviz; charset=utf-8", graph.DOT},
		"mermaid": {"text/plain; charset=utf-8", graph.Mermaid},
		"json":    {"application/json", graph.JSON},
		"svg": {"image/svg+xml", func(w io.Writer, _ graph.Machine) error {
			svg, _ := pictures.Marked(machine, state)
			_, err := w.Write(svg)
			return err
		}},
	}
	format, ok := formats[a.query.format]
	if !ok {
		return errors.New("format: a machine with its state is drawn as svg, dot, mermaid or json")
	}
	if !declares(m, state) {
		return fmt.Errorf("state: %w: the machine %s does not declare it", errNone, machine)
	}
	a.kind = format.kind
	return format.draw(&a.body, graph.At(m, state))
}

// machines are those that are drawn, by their names.
var machines = map[string]graph.Machine{
	"session": transitions.Session, "login": transitions.Login, "token": transitions.Token,
	"socket": transitions.Socket, "subscription": transitions.Subscription, "request": transitions.Request,
}

func declares(m graph.Machine, state string) bool {
	for _, s := range m.Chart().States {
		if s.Name == state {
			return true
		}
	}
	return false
}

// named is a session with its name.
type named struct {
	name    string
	session Session
}

// all shows the sessions, in the order of their numbers, or the one that there is.
func (h *Handler) all(a *answer) error {
	var all, like []named
	for name, s := range h.sessions() {
		if all = append(all, named{name, s}); strings.Contains(name, a.query.like) {
			like = append(like, named{name, s})
		}
	}
	if len(all) == 1 && a.query == (request{still: a.query.still}) {
		return a.page("session", h.view(all[0].name, all[0].session, a.query))
	}
	slices.SortFunc(like, func(a, b named) int {
		return cmp.Or(cmp.Compare(a.session.Number(), b.session.Number()), strings.Compare(a.name, b.name))
	})
	list := listView{At: h.now(), All: len(all), Matching: len(like), Like: a.query.like, Still: a.query.still, Sessions: []rowView{}}
	for _, s := range like[:min(len(like), mostListed)] {
		list.Sessions = append(list.Sessions, rowOf(s.name, s.session.Number(), s.session.Status()))
	}
	return a.page("list", list)
}

// one shows one session.
func (h *Handler) one(a *answer) error {
	for name, s := range h.sessions() {
		if name == a.query.session {
			return a.page("session", h.view(name, s, a.query))
		}
	}
	return fmt.Errorf("session: %w: no session has this name now", errNone)
}

func (h *Handler) sessions() iter.Seq2[string, Session] {
	if h.Sessions == nil {
		return func(func(string, Session) bool) {}
	}
	return h.Sessions
}

func (h *Handler) now() time.Time {
	if h.Now == nil {
		return time.Now()
	}
	return h.Now()
}
