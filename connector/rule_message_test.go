package connector_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// codeOf reads the code of an error, whose text is a number, or of a push.
func codeOf(r response) (connector.Code, bool) {
	switch {
	case r.Error != nil:
		number, _ := strconv.Atoi(r.Error.Text)
		return connector.Code{Number: number, Text: r.Error.Code}, true
	case r.Push != nil && r.Push.CategoryUpdate != nil:
		return connector.Code{Number: r.Push.CategoryUpdate.ID, Text: r.Push.CategoryUpdate.Name}, true
	}
	return connector.Code{}, false
}

// judging is a change of a socket that has codes, and these rules of messages.
func judging(rules ...connector.Rule) change {
	for i := range rules {
		rules[i].Source = connector.OfMessage
	}
	return socket(func(s *socketConfig) { s.Code, s.Rules = codeOf, rules })
}

// sayingOnce is a server that, once, answers what this tells with an error.
func sayingOnce(t *testing.T, engine change, to func(request) bool, code string, number int, changes ...change) *world {
	said := false
	return peerWorld(t, engine, func(_ int, ws *websocket.Conn) {
		for {
			var r request
			if ws.ReadJSON(&r) != nil {
				return
			}
			answer := answerTo(r)
			if to(r) && !said {
				said = true
				answer = response{ID: r.ID, Error: &serverError{Code: code, Text: fmt.Sprint(number)}}
			}
			if ws.WriteJSON(answer) != nil {
				return
			}
		}
	}, changes...)
}

// counting counts the refreshes of tokens that never end.
func counting(refreshes *int) change {
	s := granting(authhttp.Pair{Access: "a", Refresh: "r"})
	s.refresh = func(context.Context, authhttp.Pair) (authhttp.Pair, error) {
		*refreshes++
		return authhttp.Pair{Access: authhttp.Secret(fmt.Sprint("b", *refreshes)), Refresh: "r"}, nil
	}
	return serving(s)
}

func TestRulesOfAnswers(t *testing.T) {
	isAuth := func(r request) bool { return r.Auth != nil }
	isSub := func(r request) bool { return r.Sub != nil }
	for _, step := range []struct {
		name string
		is   func(request) bool
		from string
	}{{"auth", isAuth, "socketAuthenticating"}, {"a subscription", isSub, "socketAuthed"}} {
		for _, c := range []struct {
			name      string
			rules     []connector.Rule
			event, to string
			refreshes int
			ready     bool
		}{
			{"rejected fails at once, without a refresh", []connector.Rule{{From: 17, Class: connector.ClassRejected}}, "rejected", "failed", 0, false},
			{"replaced too", []connector.Rule{{Text: "no", Class: connector.ClassReplaced}}, "replaced", "failed", 0, false},
			{"busy keeps the token", []connector.Rule{{From: 10, To: 20, Class: connector.ClassBusy}}, "busy", "busyWaiting", 0, true},
			{"network keeps the token", []connector.Rule{{Text: "no", From: 17, Class: connector.ClassNetwork}}, "dropped", "waiting", 0, true},
			{"expired refreshes", []connector.Rule{{Text: "no", Class: connector.ClassExpired}}, "tokenRefused", "", 1, true},
			{"the first rule that fits", []connector.Rule{{Text: "yes", Class: connector.ClassRejected}, {From: 17, Class: connector.ClassBusy}, {Class: connector.ClassRejected}}, "busy", "busyWaiting", 0, true},
		} {
			bubbles(t, "K9 the answer to "+step.name+": "+c.name, func(t *testing.T, engine change) {
				refreshes := 0
				w := sayingOnce(t, engine, step.is, "no", 17, counting(&refreshes), judging(c.rules...))
				defer w.end()
				errs := w.session.Errors(0)
				w.loginOnly()
				for {
					got := w.nextOfSocket()
					if got.From != step.from || got.Event == "authAccepted" {
						continue
					}
					if got.Event != c.event || c.to != "" && got.To != c.to {
						t.Errorf("got -%s-> %s (%s), want -%s-> %s", got.Event, got.To, got.Reason, c.event, c.to)
					}
					break
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if got := w.session.Status(); got.Ready != c.ready || refreshes != c.refreshes {
					t.Errorf("got %+v and %d refreshes, want ready: %v, and %d", got, refreshes, c.ready, c.refreshes)
				}
				faults := []string{"no: 17"}
				if !c.ready {
					faults = append(faults, "given up for good")
				}
				wantFaults(t, errs, faults...)
			})
		}
		bubbles(t, "K9 the answer to "+step.name+": no rule fits, so one refresh", func(t *testing.T, engine change) {
			refreshes := 0
			w := sayingOnce(t, engine, step.is, "no", 17, counting(&refreshes), judging(connector.Rule{From: 18, Class: connector.ClassRejected}))
			defer w.end()
			w.login()
			if refreshes != 1 {
				t.Errorf("got %d refreshes, want 1", refreshes)
			}
		})
	}
}

func TestRulesOfMessages(t *testing.T) {
	forever := context.Background()
	isEcho := func(r request) bool { return r.Echo != nil }
	for _, c := range []struct {
		class connector.Class
		want  verdict
	}{
		{connector.ClassNetwork, asNetwork}, {connector.ClassExpired, verdict{"tokenRefused", "waiting", 1, true}},
		{connector.ClassRejected, asRejected}, {connector.ClassReplaced, asReplaced}, {connector.ClassBusy, asBusy},
	} {
		bubbles(t, "K9 R2 the answer to a request settles it and judges the connection: "+c.class.String(), func(t *testing.T, engine change) {
			refreshes := 0
			w := sayingOnce(t, engine, isEcho, "gone", 3, counting(&refreshes), judging(connector.Rule{Text: "gone", Class: c.class}))
			defer w.end()
			w.login()
			w.until("socket", "subscribed")
			_, err := w.menu.Request(forever, request{Echo: &echo{"hi"}})
			var answer *connector.AnswerError
			if !errors.As(err, &answer) || errors.Is(err, connector.ErrOutcomeUnknown) {
				t.Errorf("got %v, want what the peer answered", err)
			}
			got := w.nextOfSocket()
			if got.Event != c.want.event || got.To != c.want.state {
				t.Errorf("got -%s-> %s, want -%s-> %s", got.Event, got.To, c.want.event, c.want.state)
			}
			time.Sleep(time.Minute)
			if s := w.session.Status(); s.Ready != c.want.ready || refreshes != c.want.refreshes || s.Sockets[0].CloseCode != 3 {
				t.Errorf("got %+v and %d refreshes, want ready: %v, %d and the code 3", s, refreshes, c.want.ready, c.want.refreshes)
			}
		})
	}
	bubbles(t, "K9 the answer to a request, and no rule: the connection stays", func(t *testing.T, engine change) {
		w := sayingOnce(t, engine, isEcho, "gone", 3, undying, judging(connector.Rule{Text: "other", Class: connector.ClassRejected}))
		defer w.end()
		w.login()
		_, _ = w.menu.Request(forever, request{Echo: &echo{"hi"}})
		if got, err := w.echo("again"); got != "again" || w.session.Status().Sockets[0].Generation != 1 {
			t.Errorf("got %q, %v, want an answer on the first connection", got, err)
		}
	})

	for _, c := range []struct {
		name string
		rule connector.Rule
		want verdict
	}{
		{"text", connector.Rule{Text: "maintenance", Class: connector.ClassBusy}, asBusy},
		{"number", connector.Rule{From: 70000, Class: connector.ClassRejected}, asRejected},
		{"range", connector.Rule{From: 69999, To: 70001, Class: connector.ClassNetwork}, asNetwork},
		{"no rule", connector.Rule{Text: "else", Class: connector.ClassRejected}, verdict{}},
	} {
		engines(t, "K9 another message: "+c.name, connectortest.Config{AccessLife: time.Hour}, func(w *world) {
			w.login()
			w.until("socket", "subscribed")
			synctest.Wait() // for the menu
			messages, all := w.menu.Messages(0), w.menu.All(0)
			if err := w.backend.Push(push{CategoryUpdate: &category{ID: 70000, Name: "maintenance"}}); err != nil {
				w.t.Fatal(err)
			}
			synctest.Wait()
			messages.Close()
			all.Close()
			_, told := messages.Next(context.Background())
			inbound, seen := all.Next(context.Background())
			if judges := c.want != (verdict{}); told == judges || !seen || inbound.Own != judges {
				w.t.Errorf("got it as a message: %v, and in the tap: %v, own: %v; want it used: %v", told, seen, inbound.Own, judges)
			}
			if c.want == (verdict{}) {
				if s := w.session.Status(); !s.Ready || s.Sockets[0].Generation != 1 {
					w.t.Errorf("got %+v, want the connection left alone", s)
				}
				return
			}
			w.wantVerdict(c.want)
			if got := w.session.Status().Sockets[0].CloseCode; got != 0 {
				w.t.Errorf("got close code %d, want none for one that does not fit", got)
			}
		}, judging(c.rule))
	}
}
