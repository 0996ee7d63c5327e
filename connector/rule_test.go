package connector_test

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// verdict is what one end of a connection has come to.
type verdict struct {
	event, state string
	refreshes    int
	ready        bool // again, within a minute
}

// The verdicts of the classes on a connection that was ready.
var (
	asNetwork  = verdict{"dropped", "waiting", 0, true}
	asEnd      = verdict{"ended", "waiting", 0, true}
	asExpired  = verdict{"expired", "waiting", 1, true}
	asRejected = verdict{"rejected", "failed", 0, false}
	asReplaced = verdict{"replaced", "failed", 0, false}
	asBusy     = verdict{"busy", "busyWaiting", 0, true}
)

// nextOfSocket is the next change of a socket.
func (w *world) nextOfSocket() connector.Change {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	for c := range w.changes.All(ctx) {
		if c.Machine == transitions.SocketKind {
			return c
		}
	}
	w.t.Fatal("no change of a socket in an hour")
	return connector.Change{}
}

// wantVerdict checks what the socket's next change is, and what comes of it.
func (w *world) wantVerdict(want verdict) {
	w.t.Helper()
	got := w.nextOfSocket()
	if got.Event != want.event || got.To != want.state {
		w.t.Fatalf("got -%s-> %s (%s), want -%s-> %s", got.Event, got.To, got.Reason, want.event, want.state)
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	if got := w.backend.Counts().Refreshes; got != want.refreshes {
		w.t.Errorf("got %d refreshes, want %d", got, want.refreshes)
	}
	if s := w.session.Status(); s.Ready != want.ready || !s.LoggedIn {
		w.t.Errorf("got %+v a minute later, want ready: %v", s, want.ready)
	}
}

// undying grants tokens that never end, for servers that look at none.
func undying(c *config) { serving(granting(authhttp.Pair{Access: "a", Refresh: "r"}))(c) }

// ruled gives the socket rules, and the config others in common.
func ruled(own, common []connector.Rule) change {
	return func(c *config) {
		c.Common.Rules = common
		socket(func(s *socketConfig) { s.Rules = own })(c)
	}
}

func TestRulesOfCloses(t *testing.T) {
	hour := connectortest.Config{AccessLife: time.Hour}
	drop := func(int, string) connectortest.Fault { return connectortest.DropSockets() }
	type rules = []connector.Rule
	ofClose := func(from, to int, text string, class connector.Class) connector.Rule {
		return connector.Rule{Source: connector.OfClose, From: from, To: to, Text: text, Class: class}
	}
	for _, c := range []struct {
		name        string
		own, common rules
		code        int
		reason      string
		close       func(code int, reason string) connectortest.Fault
		want        verdict
	}{
		{"1000 alone is tried again", nil, nil, 1000, "", nil, asEnd},
		{"1001 is tried again", nil, nil, 1001, "", nil, asEnd},
		{"no close frame", nil, nil, 0, "", drop, asNetwork},
		{"1008 is slow", nil, nil, 1008, "", nil, asBusy},
		{"1011 is tried again", nil, nil, 1011, "", nil, asNetwork},
		{"1013 is slow", nil, nil, 1013, "", nil, asBusy},
		{"4401 refreshes", nil, nil, 4401, "", nil, asExpired},
		{"4403 is final", nil, nil, 4403, "", nil, asRejected},
		{"4409 is final", nil, nil, 4409, "", nil, asReplaced},
		{"4429 is slow, with the same token", nil, nil, 4429, "", nil, asBusy},
		{"4000 is tried again", nil, nil, 4000, "", nil, asNetwork},

		{"a rule comes before the built-in one", rules{ofClose(4401, 0, "", connector.ClassBusy)}, nil, 4401, "", nil, asBusy},
		{"a rule of Common too", nil, rules{ofClose(4401, 0, "", connector.ClassReplaced)}, 4401, "", nil, asReplaced},
		{"the socket's comes before that of Common", rules{ofClose(4401, 0, "", connector.ClassNetwork)}, rules{ofClose(4401, 0, "", connector.ClassRejected)}, 4401, "", nil, asNetwork},
		{"that of Common where the socket's does not fit", rules{ofClose(4500, 0, "", connector.ClassNetwork)}, rules{ofClose(4401, 0, "", connector.ClassRejected)}, 4401, "", nil, asRejected},
		{"a range begins", rules{ofClose(4100, 4199, "", connector.ClassRejected)}, nil, 4100, "", nil, asRejected},
		{"a range ends", rules{ofClose(4100, 4199, "", connector.ClassRejected)}, nil, 4199, "", nil, asRejected},
		{"behind a range", rules{ofClose(4100, 4199, "", connector.ClassRejected)}, nil, 4200, "", nil, asNetwork},
		{"the reason's text", rules{ofClose(0, 0, "maintenance", connector.ClassBusy)}, nil, 1001, "maintenance", nil, asBusy},
		{"another text", rules{ofClose(0, 0, "maintenance", connector.ClassBusy)}, nil, 1001, "restart", nil, asEnd},
		{"text and code", rules{ofClose(4000, 0, "token", connector.ClassExpired), ofClose(4000, 0, "", connector.ClassRejected)}, nil, 4000, "token", nil, asExpired},
		{"code without the text", rules{ofClose(4000, 0, "token", connector.ClassExpired), ofClose(4000, 0, "", connector.ClassRejected)}, nil, 4000, "", nil, asRejected},
		{"1000 by a rule is final", rules{ofClose(1000, 0, "", connector.ClassRejected)}, nil, 1000, "", nil, asRejected},
		{"a rule of statuses is for no close", rules{{Source: connector.OfStatus, From: 4000, Class: connector.ClassRejected}}, nil, 4000, "", nil, asNetwork},
	} {
		engines(t, "K9 close: "+c.name, hour, func(w *world) {
			w.login()
			w.until("socket", "subscribed")
			fault := connectortest.CloseSockets
			if c.close != nil {
				fault = c.close
			}
			w.script(fault(c.code, c.reason))
			w.wantVerdict(c.want)
			if got, want := w.session.Status().Sockets[0].CloseCode, cmp.Or(c.code, 1006); int(got) != want {
				w.t.Errorf("got close code %d, want %d", got, want)
			}
		}, ruled(c.own, c.common))
	}

	bubbles(t, "K9 close: 1005 alone is tried again", func(t *testing.T, engine change) {
		w := peerWorld(t, engine, func(n int, ws *websocket.Conn) {
			follow(ws, func(r request) {
				if r.Echo != nil && n == 1 {
					_ = ws.WriteMessage(websocket.CloseMessage, nil)
				}
			})
		}, undying)
		defer w.end()
		w.login()
		w.until("socket", "subscribed")
		_, _ = w.echo("close")
		w.wantVerdict(asEnd)
	})
}

func TestRulesAndWrites(t *testing.T) {
	bubbles(t, "K9 F27 a close frame that has come counts, though a write has failed meanwhile", func(t *testing.T, engine change) {
		w := peerWorld(t, engine, func(_ int, ws *websocket.Conn) {
			_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4403, "go away"), time.Now().Add(time.Second))
		}, undying) // and the connection ends, while the auth message is on its way
		defer w.end()
		w.loginOnly()
		time.Sleep(time.Minute)
		if got := w.session.Status().Sockets[0]; got.State != transitions.SocketFailed || got.Generation != 1 {
			t.Errorf("got %+v, want failed after the first attempt", got)
		}
	})
}

func TestRulesOfStatuses(t *testing.T) {
	hour := connectortest.Config{AccessLife: time.Hour}
	ofStatus := func(from, to int, class connector.Class) []connector.Rule {
		return []connector.Rule{{Source: connector.OfStatus, From: from, To: to, Class: class}}
	}
	portal := connectortest.AnswerUpgrades(1, 200, "text/html", "<html>pay here</html>")
	for _, c := range []struct {
		name        string
		own, common []connector.Rule
		fault       connectortest.Fault
		want        verdict
	}{
		{"404 may be final", ofStatus(404, 0, connector.ClassRejected), nil, connectortest.RefuseUpgrades(1, 404), asRejected},
		{"403 may be tried again", ofStatus(403, 0, connector.ClassNetwork), nil, connectortest.RefuseUpgrades(1, 403), asNetwork},
		{"401 may be slow, with the same token", ofStatus(401, 0, connector.ClassBusy), nil, connectortest.RefuseUpgrades(1, 401), asBusy},
		{"a captive portal may be slow", ofStatus(200, 299, connector.ClassBusy), nil, portal, asBusy},
		{"a range of Common", nil, ofStatus(500, 599, connector.ClassBusy), connectortest.RefuseUpgrades(1, 599), asBusy},
		{"the socket's before that of Common", ofStatus(502, 0, connector.ClassReplaced), ofStatus(500, 599, connector.ClassBusy), connectortest.RefuseUpgrades(1, 502), asReplaced},
		{"502 may cost a refresh", ofStatus(502, 0, connector.ClassExpired), nil, connectortest.RefuseUpgrades(1, 502), verdict{"expired", "tokenPending", 1, true}},
		{"409 is final", nil, nil, connectortest.RefuseUpgrades(1, 409), asReplaced},
		{"410 is final", nil, nil, connectortest.RefuseUpgrades(1, 410), asRejected},
		{"408 is tried again", nil, nil, connectortest.RefuseUpgrades(1, 408), asNetwork},
	} {
		engines(t, "K9 status: "+c.name, hour, func(w *world) {
			w.script(c.fault)
			w.loginOnly()
			w.until("socket", "socketOpening")
			w.wantVerdict(c.want)
		}, ruled(c.own, c.common))
	}
}

func TestBusyClass(t *testing.T) {
	for _, fault := range []struct {
		name string
		is   connectortest.Fault
	}{
		{"a close", connectortest.CloseUpgraded(20, 4429, "")},
		{"a status", connectortest.RefuseUpgrades(20, 429)},
		{"the answer's place", connectortest.CloseOnAuth(20, 1013, "")},
	} {
		engines(t, "K9 busy is slow from the first time on: "+fault.name, connectortest.Config{AccessLife: time.Hour}, func(w *world) {
			w.script(fault.is)
			w.loginOnly()
			time.Sleep(4 * time.Minute)
			synctest.Wait()
			at := w.backend.UpgradeTimes()
			if len(at) < 8 || len(at) > 17 {
				w.t.Errorf("got %d attempts in 4 minutes, want one each 15 to 30s", len(at))
			}
			for i := 1; i < len(at); i++ {
				if delay := at[i].Sub(at[i-1]); delay < 15*time.Second || delay > 30*time.Second {
					w.t.Errorf("delay %d: got %v, want 15 to 30s", i, delay)
				}
			}
			if got := w.backend.Counts().Refreshes; got != 0 {
				w.t.Errorf("got %d refreshes, want the same token", got)
			}
		})
	}
}

// TestReplaced lets two devices of one user meet a server that serves only one.
func TestReplaced(t *testing.T) {
	bubbles(t, "F45 two devices that replace each other: the older one stops", func(t *testing.T, engine change) {
		connections := 0
		var latest *websocket.Conn
		w := peerWorld(t, engine, func(n int, ws *websocket.Conn) {
			if connections = n; latest != nil {
				_ = latest.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4409, "replaced"), time.Now().Add(time.Second))
			}
			latest = ws
			follow(ws, func(request) {})
		})
		defer w.end()
		client, err := connector.New(w.config)
		if err != nil {
			t.Fatal(err)
		}
		other := client.NewSession()
		defer other.Logout(context.Background())
		want := func(states ...transitions.SocketState) {
			t.Helper()
			time.Sleep(time.Hour)
			synctest.Wait()
			if got := []transitions.SocketState{w.session.Status().Sockets[0].State, other.Status().Sockets[0].State}; fmt.Sprint(got) != fmt.Sprint(states) {
				t.Errorf("got the devices %v, want %v", got, states)
			}
		}
		w.login()
		if err := other.Login(context.Background(), ann); err != nil {
			t.Fatal(err)
		}
		want(transitions.SocketFailed, transitions.SocketSubscribed)
		w.session.Wake()
		want(transitions.SocketFailed, transitions.SocketSubscribed)
		if connections != 2 {
			t.Errorf("got %d connections after two hours, want 2", connections)
		}
		if err := w.session.Open(); err != nil {
			t.Fatal(err)
		}
		want(transitions.SocketSubscribed, transitions.SocketFailed)
		if connections != 3 {
			t.Errorf("got %d connections after one was opened by hand, want 3", connections)
		}
	})
}

func TestRuleFaults(t *testing.T) {
	good := connector.Rule{Source: connector.OfMessage, Text: "x"}
	for _, c := range []struct {
		name string
		rule connector.Rule
		want string
	}{
		{"a range the wrong way round", connector.Rule{From: 4200, To: 4100}, "To"},
		{"a source that is none", connector.Rule{Source: 77}, "Source"},
		{"a class that is none", connector.Rule{Class: 77}, "Class"},
	} {
		for where, put := range map[string]change{
			"Sockets[0]: Rules[1]: ": ruled([]connector.Rule{good, c.rule}, nil),
			"Common: Rules[2]: ":     ruled(nil, []connector.Rule{good, good, c.rule}),
		} {
			t.Run("K9 X4 "+c.name+" in "+where, func(t *testing.T) {
				bad := goodConfig()
				put(&bad)
				if _, err := connector.New(bad); err == nil || !strings.Contains(err.Error(), where+c.want) {
					t.Errorf("got %v, want it to say %q", err, where+c.want)
				}
			})
		}
	}
}

// TestRulesOverTCP is the same over real connections, in real time.
func TestRulesOverTCP(t *testing.T) {
	overTCP(t, "K9 expired refreshes and opens again, rejected stops", connectortest.Config{AccessLife: time.Hour}, func(w *world) {
		w.login()
		w.until("socket", "subscribed")
		w.script(connectortest.CloseSockets(4401, "expired"))
		if got := w.nextOfSocket(); got.Event != "expired" || got.To != "waiting" || !strings.Contains(got.Reason, "4401") {
			w.t.Errorf("got -%s-> %s (%s), want expired and waiting", got.Event, got.To, got.Reason)
		}
		w.until("socket", "subscribed")
		w.script(connectortest.CloseSockets(4403, "go away"))
		if got := w.nextOfSocket(); got.Event != "rejected" || got.To != "failed" {
			w.t.Errorf("got -%s-> %s (%s), want rejected and failed", got.Event, got.To, got.Reason)
		}
		if got := w.backend.Counts(); got.Refreshes != 1 || got.Upgrades != 2 {
			w.t.Errorf("got %+v, want one refresh and two connections", got)
		}
	})
}
