package connector_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// talking is a world whose session logs in over its own socket.
type talking struct {
	*world
	service *overSocket
}

// talks runs a test as patterns does, in such a world.
func talks(t *testing.T, name string, test func(*talking), edits ...func(*connector.SocketConfig[user, said, heard])) {
	t.Helper()
	patterns(t, name, func(w *world) {
		config, s := w.config, talk("ws://127.0.0.1:80/ws")
		for _, edit := range edits {
			edit(&s)
		}
		config.Sockets = []connector.AnySocket[user]{s}
		config.Store = &authhttp.MemoryStore{}
		service := &overSocket{JSON: config.Auth.(*authhttp.JSON[credentials, user])}
		if err := service.bind(config); err != nil {
			w.t.Fatal(err)
		}
		w.changes.Close()
		w.session, w.changes = service.session, service.session.Changes(0)
		test(&talking{w, service})
	}, noSockets)
}

// wantTalk checks that the socket answers, as it does to a user alone.
func (w *talking) wantTalk(when string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answer, err := w.service.socket.Request(ctx, said{Echo: &echo{"hi"}})
	if err != nil || answer.Echo == nil || answer.Echo.Text != "hi" {
		w.t.Errorf("%s: got %+v, %v from the socket, want hi", when, answer.Echo, err)
	}
}

func (w *talking) wantCounts(when string, logins, upgrades int) {
	w.t.Helper()
	if got := w.backend.Counts(); got.Logins != logins || got.Upgrades != upgrades {
		w.t.Errorf("%s: got %+v, want %d logins and %d upgrades", when, got, logins, upgrades)
	}
}

func TestPatternOverSocket(t *testing.T) {
	talks(t, "S13 a login is carried by the early socket, which stays", func(w *talking) {
		w.open()
		w.open()
		w.wantSockets("opened", subscribed)
		if _, err := w.service.socket.Request(context.Background(), said{Echo: &echo{"hi"}}); !errors.As(err, new(*connector.AnswerError)) {
			w.t.Errorf("got %v before login, want the server's no", err)
		}
		w.login()
		if u, _ := w.session.User(); u != (user{1, "ann"}) || !w.session.Status().Ready {
			w.t.Errorf("got user %v in %+v, want ann, ready", u, w.session.Status())
		}
		w.wantTalk("logged in")
		w.wantCounts("logged in", 1, 1)
		if got := w.me(w.token().Access.Reveal()); got != http.StatusOK {
			w.t.Errorf("got %d for the token of that login, want 200", got)
		}
	})

	talks(t, "S13 after a drop the early socket is authorised by the token", func(w *talking) {
		w.login()
		for i := range 2 {
			w.script(connectortest.DropSockets())
			w.until("socket", "waiting")
			w.wantTalk("after a drop")
			w.wantCounts("after a drop", 1, i+2)
		}
		w.script(connectortest.ExpireTokens(), connectortest.DropSockets())
		w.until("socket", "waiting")
		w.wantTalk("after a drop, with an expired token")
	})

	talks(t, "S13 a login that fails leaves the early socket open for the next", func(w *talking) {
		w.open()
		if err := w.session.Login(context.Background(), credentials{"ann", "wrong"}); !errors.Is(err, authhttp.ErrRejected) {
			w.t.Errorf("got %v, want rejected", err)
		}
		w.wantSockets("rejected", subscribed)
		w.script(connectortest.HoldLogins(1))
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := w.session.Login(ctx, ann); !errors.Is(err, context.DeadlineExceeded) {
			w.t.Errorf("got %v, want the deadline", err)
		}
		w.wantSockets("given up", subscribed)
		w.script(connectortest.RefuseLogins(1, 503))
		w.login()
		w.wantTalk("logged in")
		w.wantCounts("logged in", 4, 1)
	})

	talks(t, "S13 a login whose connection is lost is carried by the next", func(w *talking) {
		w.open()
		w.script(connectortest.CutLogins(1))
		w.login()
		w.wantTalk("logged in")
		w.wantCounts("logged in", 2, 2)
	})

	talks(t, "S13 a login waits in the buffer of the early socket", func(w *talking) {
		w.script(connectortest.RefuseUpgrades(3, 502))
		w.open()
		w.login()
		w.wantTalk("logged in")
		w.wantCounts("logged in", 1, 4)
	})

	talks(t, "S13 logout closes the early socket; Open and Login bring it back", func(w *talking) {
		for i, back := range []func(){func() {}, w.open, func() {}} {
			back()
			w.login()
			w.wantTalk("logged in")
			w.wantCounts("logged in", i+1, i+1)
			w.logout()
			w.wantSockets("logged out", closed)
			if _, err := w.service.socket.Request(context.Background(), said{}); !errors.Is(err, connector.ErrSocketClosed) {
				w.t.Errorf("got %v after logout, want closed", err)
			}
			if got := w.backend.Counts(); got.OpenSockets != 0 || got.Logouts != i+1 {
				w.t.Errorf("got %+v after logout, want the server told, and nothing open", got)
			}
		}
	})

	talks(t, "S13 logout during a login over the early socket", func(w *talking) {
		w.open()
		w.script(connectortest.HoldLogins(1))
		done := w.begin()
		w.until("login", "requesting")
		synctest.Wait()
		w.logout()
		if err := <-done; !errors.Is(err, connector.ErrLoggedOut) {
			w.t.Errorf("got %v, want logged out", err)
		}
		w.wantSockets("logged out", closed)
		time.Sleep(time.Hour)
		w.wantCounts("an hour later", 1, 1)
		w.login()
		w.wantTalk("logged in")
	})

	talks(t, "S13 an early socket that is refused with 401 before login", func(w *talking) {
		w.script(connectortest.RefuseUpgrades(1, 401))
		w.open()
		w.wantSockets("refused once", subscribed)
		w.login()
		w.wantTalk("logged in")
		w.wantCounts("logged in", 1, 2)
	})

	talks(t, "S13 an early socket failed by 403 is opened again by Login", func(w *talking) {
		w.script(connectortest.RefuseUpgrades(1, 403))
		w.open()
		w.wantSockets("refused", transitions.SocketFailed)
		w.login()
		w.wantTalk("logged in")
	})

	talks(t, "S13 an early socket failed by a rejected auth is opened again after logout", func(w *talking) {
		w.login()
		w.script(connectortest.RejectAuth(2), connectortest.DropSockets())
		w.until("session", "degraded")
		w.wantSockets("rejected", transitions.SocketFailed)
		w.logout()
		w.login()
		w.wantTalk("logged in")
	})

	talks(t, "S13 an early authorised socket is closed and opened as the child, and back", func(w *talking) {
		w.login()
		if err := w.session.LoginAs(context.Background(), 2); err != nil {
			w.t.Fatal(err)
		}
		w.wantTalk("as bob")
		w.wantCounts("as bob", 1, 2)
		w.logout()
		if u, _ := w.session.User(); u.Name != "ann" {
			w.t.Errorf("got %v after the first logout, want ann", u)
		}
		w.wantTalk("ann again")
		w.wantCounts("ann again", 1, 3)
		w.logout()
		w.wantSockets("logged out", closed)
	})

	talks(t, "S13 a refresh that is rejected ends the session and closes its early socket", func(w *talking) {
		w.login()
		w.script(connectortest.RevokeAll())
		w.until("session", "loggedOut")
		w.wantSockets("expired", closed)
		w.login()
		w.wantTalk("logged in again")
	})
}

func TestPatternGuest(t *testing.T) {
	elsewhere := func(w *talking) (authhttp.Grant[user], error) {
		return w.service.JSON.Login(context.Background(), ann)
	}
	for _, c := range []struct {
		name string
		do   func(w *talking) error
	}{
		{"Adopt", func(w *talking) error {
			w.open()
			synctest.Wait()
			grant, err := elsewhere(w)
			return errors.Join(err, w.session.Adopt(context.Background(), grant))
		}},
		{"Resume", func(w *talking) error {
			w.login()
			w.close() // what is stored stays
			w.open()
			synctest.Wait()
			return w.session.Resume(context.Background())
		}},
	} {
		talks(t, "S13 "+c.name+" authorises an early socket that is open", func(w *talking) {
			if err := c.do(w); err != nil {
				w.t.Fatal(err)
			}
			w.wantTalk("logged in")
		})
	}

	talks(t, "S13 an early socket subscribes when its user has logged in, on the same connection", func(w *talking) {
		w.open()
		w.wantSockets("opened", subscribed)
		if got := w.backend.Counts().Subscriptions; got != 0 {
			w.t.Errorf("got %d subscriptions before login, want none", got)
		}
		w.login()
		if got := w.backend.Counts(); got.Subscriptions != 1 || got.Upgrades != 1 {
			w.t.Errorf("got %+v after login, want one subscription on the one connection", got)
		}
	}, func(s *connector.SocketConfig[user, said, heard]) {
		s.Subscribe = []connector.Step[user, said, heard]{{Build: func(context.Context, connector.Known[user, heard]) (said, error) {
			return said{Sub: &subscribe{Kind: "categories"}}, nil
		}}}
	})

	var late chan struct{}
	talks(t, "S13 K4 what a guest's builder says late does not make its user's socket ready", func(w *talking) {
		late = make(chan struct{})
		w.script(connectortest.HoldSubscriptions(1))
		w.open()
		synctest.Wait()
		grant, err := elsewhere(w)
		if err != nil {
			w.t.Fatal(err)
		}
		if err := w.session.Adopt(connector.WithoutSockets(context.Background()), grant); err != nil {
			w.t.Fatal(err)
		}
		synctest.Wait()
		close(late)
		synctest.Wait()
		if got := w.session.Status().Sockets[0].State; got == subscribed {
			w.t.Errorf("got the socket %v, though the answer to its user's subscription is held back", got)
		}
	}, func(s *connector.SocketConfig[user, said, heard]) {
		s.Subscribe = []connector.Step[user, said, heard]{{Build: func(_ context.Context, k connector.Known[user, heard]) (said, error) {
			if k.Token.Access == "" {
				<-late
				return said{}, connector.ErrNone
			}
			return said{Sub: &subscribe{Kind: "categories"}}, nil
		}}}
	})

	bubbles(t, "S13 S2 an early socket of a login without tokens sends its auth message", func(t *testing.T, engine change) {
		auths := 0
		w := peerWorld(t, engine, func(_ int, ws *websocket.Conn) {
			follow(ws, func(r request) {
				if r.Auth != nil {
					auths++
				}
			})
		}, serving(granting(authhttp.Pair{})), socket(func(s *connector.SocketConfig[user, request, response]) { s.Early = true }))
		defer w.end()
		w.login()
		if auths != 1 {
			t.Errorf("got %d auth messages, want 1, as from a socket that is not early", auths)
		}
	})
}

func TestPatternOpenWhileSwitching(t *testing.T) {
	bubbles(t, "S13 Open does not hold up a login as another", func(t *testing.T, engine change) {
		network := connectortest.NewNetwork()
		url := peer(t, network, func(_ int, ws *websocket.Conn) {
			ws.SetCloseHandler(func(int, string) error { return nil }) // no answer
			follow(ws, func(request) {})
			for buffer := make([]byte, 100); ; {
				if _, err := ws.NetConn().Read(buffer); err != nil {
					return
				}
			}
		})
		w := newWorldOn(t, network, connectortest.Config{}, engine,
			socket(func(s *connector.SocketConfig[user, request, response]) { s.Early = true }),
			func(c *connector.Config[credentials, user]) {
				slow := menuSocket(url)
				slow.ID = "slow"
				c.Sockets = append(c.Sockets, slow)
			})
		defer w.end()
		defer w.close()
		w.login()
		done, start := make(chan error, 1), time.Now()
		go func() { done <- w.session.LoginAs(context.Background(), 2) }()
		w.until("session", "switching")
		w.wantSockets("switching", closed, transitions.SocketClosing)
		if err := w.session.Open(); err != nil && !errors.Is(err, connector.ErrBusy) {
			t.Errorf("open: %v", err)
		}
		if err := <-done; err != nil || time.Since(start) > 6*time.Second {
			t.Errorf("got %v after %v, want ready after the 5s for the close frame that is not answered", err, time.Since(start))
		}
		w.wantEcho("as another")
		if got := w.session.Status().Sockets[0].Generation; got != 2 {
			t.Errorf("got %d connections of the early socket, want one for each user", got)
		}
	})
}
