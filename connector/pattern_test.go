package connector_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// patterns runs a test as engines does, and closes what is open at its end.
func patterns(t *testing.T, name string, test func(*world), changes ...change) {
	t.Helper()
	engines(t, name, connectortest.Config{}, func(w *world) {
		defer w.close()
		test(w)
	}, changes...)
}

// publicly puts the socket of a world where nobody asks for a token.
func publicly(early bool) change {
	return socket(func(s *connector.SocketConfig[user, request, response]) {
		s.URL, s.Public, s.Early, s.Auth = "ws://127.0.0.1:80/public", true, early, nil
		s.Subscribe = []connector.Step[user, request, response]{{
			Build: func(context.Context, connector.Known[user, response]) (request, error) {
				return request{Sub: &subscribe{Kind: "news"}}, nil
			},
		}}
	})
}

// beside adds the world's usual socket, under another name.
func beside(c *connector.Config[credentials, user]) {
	s := menuSocket("ws://127.0.0.1:80/ws")
	s.ID = "private"
	c.Sockets = append(c.Sockets, s)
}

func (w *world) close() {
	w.t.Helper()
	if err := w.session.Close(context.Background()); err != nil {
		w.t.Errorf("close: %v", err)
	}
}

func (w *world) open() {
	w.t.Helper()
	if err := w.session.Open(); err != nil {
		w.t.Fatalf("open: %v", err)
	}
}

// wantSockets checks the states of the sockets at rest, in the order of the config.
func (w *world) wantSockets(when string, want ...transitions.SocketState) {
	w.t.Helper()
	synctest.Wait()
	var got []transitions.SocketState
	for _, s := range w.session.Status().Sockets {
		got = append(got, s.State)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("%s: got sockets %v, want %v", when, got, want)
	}
}

// wantEcho checks that the socket answers.
func (w *world) wantEcho(when string) {
	w.t.Helper()
	if got, err := w.echo("hi"); got != "hi" || err != nil {
		w.t.Errorf("%s: got %q, %v from the socket, want hi", when, got, err)
	}
}

const (
	closed     = transitions.SocketClosed
	subscribed = transitions.SocketSubscribed
)

func TestPatternHTTP(t *testing.T) {
	patterns(t, "S13 HTTP alone: requests carry the token", func(w *world) {
		get := func() (int, error) {
			answer, err := w.session.HTTP().Get(w.backend.URL() + "/me")
			if err != nil {
				return 0, err
			}
			return answer.StatusCode, answer.Body.Close()
		}
		w.login()
		if s := w.session.Status(); !s.Ready || len(s.Sockets) != 0 {
			w.t.Errorf("got %+v after login, want ready without sockets", s)
		}
		if status, err := get(); status != http.StatusOK || err != nil {
			w.t.Errorf("got %d, %v, want 200", status, err)
		}
		time.Sleep(10 * time.Second)
		w.script(connectortest.ExpireTokens())
		if status, err := get(); status != http.StatusOK || err != nil {
			w.t.Errorf("got %d, %v with an expired token, want 200 after a refresh", status, err)
		}
		w.logout()
		if status, err := get(); status != http.StatusUnauthorized || err != nil {
			w.t.Errorf("got %d, %v after logout, want 401, as it goes without a token", status, err)
		}
		if got := w.backend.Counts(); got.Logins != 1 || got.Refreshes != 1 || got.Mes != 4 || got.Upgrades+got.PublicUpgrades != 0 {
			w.t.Errorf("got %+v, want one login, one refresh, four requests and no socket", got)
		}
	}, noSockets)
}

func TestPatternPublicAfter(t *testing.T) {
	patterns(t, "S13 a public socket opens at login and closes at logout", func(w *world) {
		w.open() // opens nothing: it is not early
		w.wantSockets("before login", closed)
		if _, err := w.echo("hi"); !errors.Is(err, connector.ErrSocketClosed) {
			w.t.Errorf("got %v before login, want closed", err)
		}
		for i := range 2 {
			w.login()
			w.wantSockets("logged in", subscribed)
			w.wantEcho("logged in")
			w.script(connectortest.DropSockets())
			w.until("socket", "waiting")
			w.wantEcho("after a drop")
			w.logout()
			wantGone(w)
			synctest.Wait()
			if got := w.backend.Counts(); got.OpenSockets != 0 || got.PublicUpgrades != 2*(i+1) || got.Upgrades+got.Auths != 0 {
				w.t.Errorf("got %+v, want two more public upgrades, no auth and nothing open", got)
			}
		}
	}, publicly(false))

	for _, c := range []struct {
		name  string
		fault connectortest.Fault
		state string
	}{
		{"hangs", connectortest.HoldRefreshes(1), "refreshing"},
		{"is unavailable", connectortest.RefuseRefreshes(1, 503).RetryAfter(time.Hour), "waiting"},
	} {
		for _, early := range []bool{false, true} {
			name := map[bool]string{false: "a public", true: "an early public"}[early]
			patterns(t, "S13 a refresh that "+c.name+" never holds up "+name+" socket", func(w *world) {
				w.script(c.fault)
				w.login()
				w.until("token", c.state)
				w.script(connectortest.DropSockets())
				w.until("socket", "waiting")
				time.Sleep(time.Second)
				if got := w.session.Status().Sockets[1].State; got == subscribed {
					w.t.Errorf("got the authorised socket %v without a fresh token", got)
				}
				if got := w.session.Status().Sockets[0].State; got != subscribed {
					w.t.Errorf("got the public socket %v, want subscribed", got)
				}
				w.wantEcho("meanwhile")
			}, publicly(early), beside)
		}
	}

	patterns(t, "S13 a public socket that is refused with 401 costs no refresh", func(w *world) {
		w.script(connectortest.RefusePublicUpgrades(1, 401))
		err := w.session.Login(context.Background(), ann)
		var outcome *connector.LoginError
		if !errors.As(err, &outcome) || !outcome.LoggedIn || !errors.Is(err, connector.ErrSocketFailed) {
			w.t.Errorf("got %v, want logged in with a socket failed", err)
		}
		if got := w.backend.Counts(); got.Refreshes != 0 || got.PublicUpgrades != 1 {
			w.t.Errorf("got %+v, want no refresh", got)
		}
	}, publicly(false))

	patterns(t, "S13 login waits for the public socket and the authorised one", func(w *world) {
		w.script(connectortest.HoldPublicUpgrades(1))
		start := time.Now()
		w.login()
		if took := time.Since(start); took < 15*time.Second || took > 16*time.Second {
			w.t.Errorf("got logged in after %v, want when the public socket has opened at its second attempt", took)
		}
		w.wantSockets("logged in", subscribed, subscribed)
	}, publicly(false), beside)
}

// listen is a WebSocket server that notes the upgrade requests.
func listen(t *testing.T, network *connectortest.Network) (url string, requests func() []*http.Request) {
	t.Helper()
	listener, err := network.Listen("127.0.0.1:82")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var seen []*http.Request
	upgrader := websocket.Upgrader{}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen = append(seen, r)
		mu.Unlock()
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer ws.Close()
		follow(ws, func(request) {})
	})}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return "ws://127.0.0.1:82/", func() []*http.Request {
		mu.Lock()
		defer mu.Unlock()
		return seen
	}
}

func TestPatternNoToken(t *testing.T) {
	for _, early := range []bool{false, true} {
		name := map[bool]string{false: "a public", true: "an early public"}[early]
		bubbles(t, "S13 "+name+" socket never gets a token", func(t *testing.T, engine change) {
			network := connectortest.NewNetwork()
			url, requests := listen(t, network)
			builds := 0
			note := func(k connector.Known[user, response]) {
				builds++
				if k.Token != (authhttp.Token{}) {
					t.Errorf("got token %v in a builder of a public socket, want none", k.Token)
				}
			}
			w := newWorldOn(t, network, connectortest.Config{}, engine, publicly(early), socket(func(s *connector.SocketConfig[user, request, response]) {
				s.URL = url
				step := connector.Step[user, request, response]{Build: func(_ context.Context, k connector.Known[user, response]) (request, error) {
					note(k)
					return request{Echo: &echo{k.Token.Access.Reveal()}}, nil
				}}
				s.Auth, s.Subscribe = &step, []connector.Step[user, request, response]{step}
				s.Header = func(k connector.Known[user, response]) http.Header {
					note(k)
					if k.Token.Access == "" {
						return nil
					}
					return http.Header{"Authorization": {"Bearer " + k.Token.Access.Reveal()}}
				}
			}))
			defer w.end()
			defer w.close()
			w.open()
			w.login()
			for range 3 { // and again while logged in, with a token at hand
				time.Sleep(time.Minute)
				network.Drop()
				synctest.Wait()
			}
			time.Sleep(time.Minute)
			w.wantSockets("after three drops", subscribed)
			for i, r := range requests() {
				if got := r.Header.Values("Authorization"); len(got) != 0 || r.URL.String() != "/" {
					t.Errorf("upgrade %d: got %d authorisations at %s, want none", i+1, len(got), r.URL)
				}
			}
			if got := len(requests()); got != 4 || builds != 12 || w.backend.Counts().Refreshes == 0 {
				t.Errorf("got %d upgrades and %d builders' calls, want 4 and 12", got, builds)
			}
		})
	}
}
