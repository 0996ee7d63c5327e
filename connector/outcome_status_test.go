package connector_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// flags are those of a status that are set, and its depth.
func flags(s connector.Status) string {
	var set []string
	for _, f := range []struct {
		on   bool
		name string
	}{
		{s.LoggingIn, "loggingIn"}, {s.Resuming, "resuming"}, {s.LoggingInAs, "loggingInAs"}, {s.LoggedIn, "loggedIn"}, {s.Opening, "opening"},
		{s.Ready, "ready"}, {s.LoggingOut, "loggingOut"}, {s.Closing, "closing"}, {s.Master, "master"},
	} {
		if f.on {
			set = append(set, f.name)
		}
	}
	return fmt.Sprintf("%s %d", strings.Join(set, " "), s.Depth)
}

func TestStatus(t *testing.T) {
	want := map[string][2]string{ // the flags and the depth, and the users
		"while gated":                              {"loggingIn 0", ""},
		"while the store loads":                    {"resuming 0", ""},
		"while a resume waits for its token":       {"resuming 0", ""},
		"during the request of a resume":           {"resuming 0", ""},
		"during a login as another":                {"loggingInAs loggedIn ready master 0", "ann"},
		"during the backoff of a login as another": {"loggingInAs loggedIn ready master 0", "ann"},
		"while a gated login as another":           {"loggingInAs loggedIn ready master 0", "ann"},
		"while switching":                          {"loggedIn opening 1", "ann bob"},
		"as another":                               {"loggedIn ready 1", "ann bob"},
		"as another, degraded":                     {"loggedIn 1", "ann bob"},
		"while returning":                          {"loggingOut 0", "ann"},
		"while closing":                            {"loggingOut 0", "ann"},
		"while closing as another":                 {"loggingOut 1", "ann bob"},
		"while revoking":                           {"loggingOut 0", "ann"},
		"while shutting":                           {"closing 1", "ann bob"},
	}
	for _, scene := range scenes {
		bubbles(t, "S10 flags, depth and users "+scene.name, func(t *testing.T, engine change) {
			s := newStage(t, engine)
			defer s.end()
			defer s.unwind()
			defer s.heal()
			scene.arrange(s)
			synctest.Wait()
			var users []string
			for _, u := range s.session.Users() {
				users = append(users, u.Name)
			}
			got := [2]string{flags(s.session.Status()), strings.Join(users, " ")}
			if got != want[scene.name] {
				t.Errorf("got %q, want %q", got, want[scene.name])
			}
			if u, ok := s.session.User(); ok != (len(users) > 0) || ok && u.Name != users[len(users)-1] {
				t.Errorf("got user %v, %v; want the last of %v", u, ok, users)
			}
		})
	}

	engines(t, "S10 every change on the way down and back has its reason", longLived, func(w *world) {
		w.login()
		w.as(bobID)
		w.logout()
		w.logout()
		w.changes.Close()
		var main []string
		last := map[string]string{}
		for c := range w.changes.All(context.Background()) {
			if c.Reason == "" || c.Event == "" || c.From == c.To || c.Generation == 0 {
				w.t.Errorf("got an incomplete change %+v", c)
			}
			if c.Machine.String() == "session" || c.Machine.String() == "socket" {
				machine := c.Machine.String() + c.ID
				if from, known := last[machine]; known && from != c.From {
					w.t.Errorf("%s leaves %s, having come to %s", machine, c.From, from)
				}
				last[machine] = c.To
			}
			if c.Machine.String() == "session" {
				main = append(main, c.To)
			}
		}
		want := "[authenticating socketOpening switching socketOpening closing revoking returning socketOpening closing revoking loggedOut]"
		main = slices.DeleteFunc(main, func(state string) bool { return state == "socketAuthed" || state == "subscribed" })
		if got := fmt.Sprint(main); got != want {
			w.t.Errorf("got %v, want %v", got, want)
		}
	})
}

func TestBuildersOfAnother(t *testing.T) {
	bubbles(t, "S11 builders get the user and the fresh token of whoever is current", func(t *testing.T, engine change) {
		var known []string
		note := func(what string, k knowing) {
			claims, _ := authhttp.ReadClaims(k.Token.Access)
			known = append(known, fmt.Sprint(what, " ", k.User.Name, " ", claims.Subject, " ", time.Now().Before(claims.Expires)))
		}
		w := newWorld(t, connectortest.Config{}, engine, socket(func(s *socketConfig) {
			build, subscribe := s.Auth.Build, s.Subscribe[0].Build
			s.Auth.Build = func(ctx context.Context, k knowing) (request, error) { note("auth", k); return build(ctx, k) }
			s.Subscribe[0].Build = func(ctx context.Context, k knowing) (request, error) { note("sub", k); return subscribe(ctx, k) }
			s.Header = func(k knowing) http.Header { note("header", k); return nil }
		}))
		defer w.end()
		want := func(user string) {
			t.Helper()
			w.wantWorking(map[string]int{"ann 1": annID, "bob 2": bobID}[user])
			expected := []string{"header " + user + " true", "auth " + user + " true", "sub " + user + " true"}
			if !slices.Equal(known, expected) {
				t.Errorf("got %q, want %q", known, expected)
			}
			known = nil
		}
		w.login()
		want("ann 1")
		w.as(bobID)
		want("bob 2")
		time.Sleep(5 * time.Minute) // both first tokens are long past their life
		w.script(connectortest.DropSockets())
		synctest.Wait()
		want("bob 2")
		w.logout()
		want("ann 1")
	})
}

func TestOnlyTheMasterIsStored(t *testing.T) {
	bubbles(t, "T1 tokens of a user above another are never stored", func(t *testing.T, engine change) {
		store := &authhttp.MemoryStore{}
		w := newWorld(t, connectortest.Config{}, engine, storing(store))
		defer w.end()
		master := func() {
			t.Helper()
			claims, err := authhttp.ReadClaims(stored(t, store))
			if err != nil || claims.Subject != fmt.Sprint(annID) {
				t.Errorf("got the token of user %q stored, %v; want ann's", claims.Subject, err)
			}
		}
		w.login()
		master()
		w.as(bobID)
		master()
		time.Sleep(3 * time.Minute) // bob's is refreshed several times
		master()
		w.as(carolID)
		time.Sleep(3 * time.Minute)
		master()
		w.logout()
		w.wantWorking(bobID)
		master()
		w.logout()
		w.wantWorking(annID)
		master()
		if stored(t, store) != w.token().Access {
			t.Error("got an older token stored than the current one")
		}
	})
}

func TestLogoutWithStaleToken(t *testing.T) {
	for _, c := range []struct {
		name               string
		deep               bool
		backend            connectortest.Config
		refreshes, logouts int
	}{
		{"is refreshed first", false, connectortest.Config{}, 1, 1},
		{"of a user above another is refreshed first", true, connectortest.Config{}, 2, 1}, // and that of the user before
		{"that cannot be refreshed makes no request", false, connectortest.Config{NoRefresh: true}, 0, 0},
	} {
		bubbles(t, "S7 a stale token "+c.name, func(t *testing.T, engine change) {
			clock := &jump{}
			w := newWorld(t, c.backend, engine, clock.under)
			defer w.end()
			w.login()
			if c.deep {
				w.as(bobID)
			}
			clock.by = time.Minute // as after a suspend, of which no timer tells
			w.script(connectortest.ExpireTokens())
			w.logout()
			if got := w.backend.Counts(); got.Refreshes != c.refreshes || got.Logouts != c.logouts {
				t.Errorf("got %+v, want %d refreshes and %d logouts", got, c.refreshes, c.logouts)
			}
			if c.deep {
				w.wantUsers("ann")
				w.wantWorking(annID)
			} else {
				wantGone(w)
			}
		})
	}
}
