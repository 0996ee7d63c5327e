package inspect_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/connector/inspect"
	"github.com/custom-app/interlock/graph"
	"github.com/custom-app/interlock/transitions"
)

type (
	person  struct{ Name, Password string }
	message = map[string]any
)

var ann = person{"ann", "secret"}

// tricky is the id of a socket that means something to HTML, URLs and scripts.
const tricky = `<script>alert("x")</script>&machine=login#'`

func chat(id, url string) connector.AnySocket[person] {
	return connector.SocketConfig[person, message, message]{
		ID: id, URL: url,
		Auth: &connector.Step[person, message, message]{
			Build: func(_ context.Context, known connector.Known[person, message]) (message, error) {
				return message{"auth": message{"token": known.Token.Access.Reveal()}}, nil
			},
		},
		SetID: func(m *message, id uint64) { (*m)["id"] = id },
		GetID: func(m message) (uint64, bool) { id, ok := m["id"].(float64); return uint64(id), ok },
	}
}

// world is a session on a backend on an in-memory network, in virtual time.
type world struct {
	t       *testing.T
	backend *connectortest.Backend
	client  *connector.Client[person, person]
	session *connector.Session[person, person]
}

// worlds runs a test in virtual time.
func worlds(t *testing.T, name string, test func(w *world)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			network, w := connectortest.NewNetwork(), &world{t: t}
			var err error
			if w.backend, err = connectortest.New(connectortest.Config{}); err != nil {
				t.Fatal(err)
			}
			listener, err := network.Listen("127.0.0.1:80")
			if err != nil {
				t.Fatal(err)
			}
			w.backend.StartOn(listener)
			transport := &http.Transport{DialContext: network.DialContext}
			w.client, err = connector.New(connector.Config[person, person]{
				Auth:        &authhttp.JSON[person, person]{LoginURL: w.backend.URL() + "/login", LogoutURL: w.backend.URL() + "/logout", Client: &http.Client{Transport: transport}},
				Sockets:     []connector.AnySocket[person]{chat("chat", w.backend.WebSocketURL()), chat(tricky, w.backend.WebSocketURL())},
				DialContext: network.DialContext,
			})
			if err != nil {
				t.Fatal(err)
			}
			w.session = w.client.NewSession()
			test(w)
			if err := errors.Join(w.session.Logout(context.Background()), w.backend.Close()); err != nil {
				t.Error(err)
			}
			transport.CloseIdleConnections()
			time.Sleep(time.Hour) // what is kept for a while is forgotten
		})
	})
}

func (w *world) login() {
	w.t.Helper()
	if err := w.session.Login(context.Background(), ann); err != nil {
		w.t.Fatal(err)
	}
}

// handler shows the world's session as ann's.
func (w *world) handler() *inspect.Handler {
	return &inspect.Handler{Sessions: inspect.Only("ann", w.session)}
}

// get asks a handler, by query.
func get(t *testing.T, h http.Handler, query string) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/debug/interlock?"+query, nil))
	return w.Result()
}

// text is the whole of an answer that must be good.
func text(t *testing.T, h http.Handler, query string) string {
	t.Helper()
	answer := get(t, h, query)
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s: got %v, %v: %s", query, answer.Status, err, body)
	}
	return string(body)
}

// shown is what tests look at in the JSON of a session.
type shown struct {
	Name           string
	Number         uint64
	Session, Token struct{ State string }
	Sockets        []struct {
		ID, State           string
		Generation, Readies uint32
		Next                time.Time
	}
	LoggedIn, Ready bool
	TokenLife       float64
	Changes         []struct{ Machine, ID, To, Reason string }
	Errors          []struct{ Code, Socket, Text string }
}

func look(t *testing.T, h http.Handler) (s shown) {
	t.Helper()
	if err := json.Unmarshal([]byte(text(t, h, "session=ann&format=json")), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestJSON(t *testing.T) {
	worlds(t, "S10 states, counters, and what has changed since the first look", func(w *world) {
		h := w.handler()
		if got := look(t, h); got.Name != "ann" || got.Number != 1 || got.Session.State != "loggedOut" || len(got.Changes) != 0 || got.LoggedIn {
			t.Errorf("got %+v, want nobody logged in", got)
		}
		w.login()
		got := look(t, h)
		if got.Session.State != "subscribed" || got.Token.State != "fresh" || !got.Ready || got.TokenLife < 20 || len(got.Sockets) != 2 {
			t.Errorf("got %+v, want it ready", got)
		}
		if s := got.Sockets[0]; s.ID != "chat" || s.State != "subscribed" || s.Generation != 1 || s.Readies != 1 || !s.Next.IsZero() {
			t.Errorf("got %+v, want it ready", s)
		}
		if len(got.Changes) < 10 || got.Changes[0].Machine != "login" || got.Changes[0].To != "idle" || got.Changes[0].Reason == "" {
			t.Errorf("got %+v, want the changes, the newest first", got.Changes)
		}
	})

	worlds(t, "K15 a socket that waits, and why", func(w *world) {
		h := w.handler()
		look(t, h)
		w.login()
		if err := w.backend.Script(connectortest.RefuseUpgrades(2, 503), connectortest.DropSockets()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		got := look(t, h)
		if s := got.Sockets[0]; s.State != "busyWaiting" || !s.Next.After(time.Now()) {
			t.Errorf("got %+v, want it to wait", s)
		}
		if len(got.Errors) != 4 || got.Errors[3].Socket == "" || got.Errors[3].Code != "no_connection" || !strings.Contains(got.Errors[0].Text, "503") {
			t.Errorf("got %+v, want two drops and two refusals, the newest first", got.Errors)
		}
		if page := text(t, h, "session=ann"); !strings.Contains(page, "again in") || !strings.Contains(page, "no_connection") {
			t.Errorf("got %s, want when it tries again and what was wrong", page)
		}
	})

	worlds(t, "X3 the newest two hundred changes", func(w *world) {
		h := w.handler()
		look(t, h)
		for range 3 {
			for range 10 {
				w.login()
				if err := w.session.Logout(context.Background()); err != nil {
					t.Error(err)
				}
			}
			if got := look(t, h); len(got.Changes) != 200 || got.Changes[0].To != "loggedOut" {
				t.Errorf("got %d changes, the newest %+v, want 200 and the logout", len(got.Changes), got.Changes[0])
			}
		}
	})

	worlds(t, "X3 what nobody looks at is forgotten after ten minutes", func(w *world) {
		h := w.handler()
		look(t, h)
		w.login()
		time.Sleep(9 * time.Minute)
		before := len(look(t, h).Changes)
		time.Sleep(9 * time.Minute)
		kept := len(look(t, h).Changes)
		time.Sleep(11 * time.Minute)
		if after := len(look(t, h).Changes); before < 10 || kept < before || after != 0 {
			t.Errorf("got %d, %d and then %d changes, want none at last", before, kept, after)
		}
	})
}

func TestPages(t *testing.T) {
	worlds(t, "X1 no token, no password and no user", func(w *world) {
		h := &inspect.Handler{Sessions: inspect.Only("main", w.session)}
		text(t, h, "")
		if err := w.session.Login(context.Background(), person{"ann", "not-the-password"}); err == nil {
			t.Error("got a login with a wrong password")
		}
		w.login()
		token, err := w.session.Token(context.Background(), 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, query := range []string{"", "session=main", "session=main&format=json", "session=main&machine=token", "like=a", "like=&format=json"} {
			got := text(t, h, query)
			for _, secret := range []string{token.Access.Reveal(), ann.Password, "not-the-password", "ann", "127.0.0.1"} {
				if strings.Contains(got, secret) {
					t.Errorf("%q: got %q in %s", query, secret, got)
				}
			}
		}
	})

	worlds(t, "X4 names are escaped, and lead back", func(w *world) {
		w.login()
		all := map[string]inspect.Session{tricky: w.session, "other": w.client.NewSession()}
		h := &inspect.Handler{Sessions: maps.All(all)}
		for _, query := range []string{"", "like=" + url.QueryEscape(tricky), "session=" + url.QueryEscape(tricky)} {
			if got := text(t, h, query); strings.Contains(got, "<script") || !strings.Contains(got, "session=%3cscript%3e") {
				t.Errorf("%q: got %s, want the name escaped", query, got)
			}
		}
		q := url.Values{"session": {tricky}, "machine": {"socket"}, "id": {tricky}}
		if got := text(t, h, q.Encode()); !strings.Contains(got, `<tr class="shown"><td class="name"><a href="?session=%3cscript%3e`) || !strings.Contains(got, "machine=socket&amp;state=subscribed&amp;format=svg") {
			t.Errorf("got %s, want the diagram of the socket", got)
		}
	})

	worlds(t, "S14 one session is shown at once, many are listed by number", func(w *world) {
		if got := text(t, w.handler(), ""); !strings.Contains(got, "Last changes") {
			t.Errorf("got %s, want the session", got)
		}
		many := func(yield func(string, inspect.Session) bool) {
			for i := range 300 {
				if !yield(fmt.Sprintf("user %d", i), w.client.NewSession()) {
					return
				}
			}
		}
		h := &inspect.Handler{Sessions: iter.Seq2[string, inspect.Session](many)}
		got := text(t, h, "")
		if n := strings.Count(got, "<tr><td><a"); n != 200 || !strings.Contains(got, "and 100 more") || strings.Index(got, "user 7<") > strings.Index(got, "user 10<") {
			t.Errorf("got %d sessions, want 200, in order, and how many more", n)
		}
		if got := text(t, h, "like=user+29"); strings.Count(got, "<tr><td><a") != 11 || !strings.Contains(got, "11 have") {
			t.Errorf("got %s, want those that are like it", got)
		}
		if got := text(t, &inspect.Handler{}, ""); !strings.Contains(got, "There are none") {
			t.Errorf("got %s, want none", got)
		}
	})

	worlds(t, "S10 a page refreshes itself, until it is held still", func(w *world) {
		const refresh = `http-equiv="refresh"`
		if !strings.Contains(text(t, w.handler(), ""), refresh) || strings.Contains(text(t, w.handler(), "still=1"), refresh) {
			t.Error("got it the other way round")
		}
	})
}

func TestDiagrams(t *testing.T) {
	h := &inspect.Handler{}
	for _, m := range transitions.Shipped.Chart().Machines {
		t.Run("G2 every state of "+m.Name+", marked", func(t *testing.T) {
			for _, s := range m.States {
				query := "machine=" + m.Name + "&state=" + s.Name + "&format="
				if got := text(t, h, query+"svg"); !strings.Contains(got, `class="current"`) {
					t.Errorf("%s: got a picture without a mark", s.Name)
				}
				var want strings.Builder
				if err := graph.DOT(&want, graph.At(machine(m.Name), s.Name)); err != nil || text(t, h, query+"dot") != want.String() {
					t.Errorf("%s: got another DOT, or %v", s.Name, err)
				}
				if got := text(t, h, query+"mermaid"); !strings.Contains(got, "classDef current") {
					t.Errorf("%s: got Mermaid without a mark", s.Name)
				}
				if got := text(t, h, query+"json"); !strings.Contains(got, `"current": "`+s.Name+`"`) {
					t.Errorf("%s: got JSON without a mark", s.Name)
				}
			}
		})
	}

	for query, want := range map[string]int{
		"machine=nothing&state=closed&format=svg":  http.StatusNotFound,
		"machine=socket&state=nowhere&format=svg":  http.StatusNotFound,
		"machine=socket&state=closed&format=tiff":  http.StatusBadRequest,
		"machine=socket&state=closed":              http.StatusBadRequest,
		"session=nobody":                           http.StatusNotFound,
		"format=svg":                               http.StatusBadRequest,
		"session=nobody&format=json":               http.StatusNotFound,
		"machine=socket&state=<script>&format=svg": http.StatusNotFound,
	} {
		t.Run("X4 "+query, func(t *testing.T) {
			answer := get(t, h, strings.ReplaceAll(query, "<script>", "%3Cscript%3E"))
			body, _ := io.ReadAll(answer.Body)
			if answer.StatusCode != want || strings.Contains(string(body), "<") || len(body) < 10 {
				t.Errorf("got %v: %s, want %d and why", answer.Status, body, want)
			}
		})
	}
}

func machine(name string) graph.Machine {
	return map[string]graph.Machine{
		"session": transitions.Session, "login": transitions.Login, "token": transitions.Token,
		"socket": transitions.Socket, "subscription": transitions.Subscription, "request": transitions.Request,
	}[name]
}

func TestHTTP(t *testing.T) {
	t.Run("X4 GET and HEAD alone", func(t *testing.T) {
		server := httptest.NewServer(&inspect.Handler{})
		defer server.Close()
		for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "PUT": 405, "DELETE": 405, "OPTIONS": 405} {
			r, err := http.NewRequest(method, server.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			answer, err := server.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(answer.Body)
			_ = answer.Body.Close()
			if answer.StatusCode != want || want == 405 && answer.Header.Get("Allow") != "GET, HEAD" || method == "HEAD" && len(body) > 0 {
				t.Errorf("%s: got %v with %d bytes, want %d", method, answer.Status, len(body), want)
			}
		}
	})

	t.Run("X1 nothing is kept by others, framed, or loaded from elsewhere", func(t *testing.T) {
		answer := get(t, &inspect.Handler{}, "")
		policy := answer.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("got %v", answer.Header)
		}
		body, _ := io.ReadAll(answer.Body)
		if strings.Contains(string(body), "//") || strings.Contains(string(body), "<script") {
			t.Errorf("got %s, want no address and no script", body)
		}
	})

	t.Run("X1 what is wrong is kept by nobody either", func(t *testing.T) {
		for _, query := range []string{"session=nobody", "format=tiff", "machine=socket&state=nowhere&format=svg"} {
			if got := get(t, &inspect.Handler{}, query).Header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("%s: got Cache-Control %q, want no-store", query, got)
			}
		}
	})

	t.Run("X3 a body is not read", func(t *testing.T) {
		body := strings.NewReader("--b\r\nContent-Disposition: form-data; name=\"session\"\r\n\r\nnobody\r\n--b--\r\n")
		r := httptest.NewRequest(http.MethodGet, "/", body)
		r.Header.Set("Content-Type", "multipart/form-data; boundary=b")
		w := httptest.NewRecorder()
		(&inspect.Handler{}).ServeHTTP(w, r)
		if before := body.Size(); w.Code != http.StatusOK || int64(body.Len()) != before {
			t.Errorf("got %d, and %d of %d bytes left", w.Code, body.Len(), before)
		}
	})
}
