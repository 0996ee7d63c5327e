package graphql_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/backends/graphql"
	"github.com/custom-app/interlock/connector/backends/scenario"
)

type socketConfig = connector.SocketConfig[user, message, message]

// visit is a session with a server.
type visit struct {
	*testing.T
	ctx     context.Context
	server  *graphql.Server
	session *connector.Session[credentials, user]
	socket  *connector.Socket[message, message]
}

// begin makes a session that lasts as long as the test, not logged in yet. edit
// changes the config of the socket.
func begin(t *testing.T, server *graphql.Server, edit func(*socketConfig)) visit {
	t.Helper()
	c := config(server.Address())
	socket := c.Sockets[0].(socketConfig)
	edit(&socket)
	c.Sockets[0] = socket
	client, err := connector.New(c)
	if err != nil {
		t.Fatal(err)
	}
	v := visit{T: t, server: server, session: client.NewSession()}
	var cancel context.CancelFunc
	v.ctx, cancel = context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	t.Cleanup(func() { _ = v.session.Close(context.Background()) })
	if v.socket, err = connector.On[message, message](v.session, "graphql"); err != nil {
		t.Fatal(err)
	}
	return v
}

// must ends the test with an error.
func (v visit) must(err error) {
	v.Helper()
	if err != nil {
		v.Fatal(err)
	}
}

func (v visit) logIn() {
	v.Helper()
	v.must(v.session.Login(v.ctx, credentials{"ann", "secret"}))
}

// opened checks how many sockets were opened, all but the last of which are closed.
func (v visit) opened(want int) {
	v.Helper()
	if got := v.server.Counts(); got.Opened != want || got.Open != 1 {
		v.Errorf("got %+v, want %d sockets opened, one open", got, want)
	}
}

// own waits until so many messages with a type were the connector's own on one connection.
func (v visit) own(kind string, count int) {
	v.Helper()
	all := v.socket.All(0)
	defer all.Close()
	came := make(map[uint32]int) // by connection
	for m := range all.All(v.ctx) {
		if m.Own && m.Message.Type == kind {
			if came[m.Generation]++; came[m.Generation] == count {
				return
			}
		}
	}
	v.Fatalf("got %v of %s, want %d on one connection", came, kind, count)
}

// granted logs in without a session.
func granted(t *testing.T, server *graphql.Server) (pair authhttp.Pair) {
	t.Helper()
	body, err := json.Marshal(server.Account())
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Post("http://"+server.Address()+"/login", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var tokens struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&tokens); err != nil {
		t.Fatal(err)
	}
	return authhttp.Pair{Access: authhttp.Secret(tokens.Access), Refresh: authhttp.Secret(tokens.Refresh)}
}

func asItIs(*socketConfig) {}

func TestSession(t *testing.T) {
	t.Run("K9 a token that is refused by 4403 is refreshed, and tried again", func(t *testing.T) {
		v := begin(t, serve(t, time.Minute, 0), asItIs)
		pair := granted(t, v.server)
		pair.Access = "no longer good"
		v.must(v.session.Adopt(v.ctx, authhttp.Grant[user]{Pair: pair, User: user{"ann"}}))
		v.must(v.server.Await(v.ctx, "the first to be closed", func(n scenario.Counts) bool { return n.Open == 1 }))
		v.opened(2)
		if got := v.server.Counts().Refreshes; got != 1 {
			t.Errorf("got %d refreshes, want 1", got)
		}
	})

	t.Run("K3 a connection_init that is never answered: another attempt", func(t *testing.T) {
		attempts := 0
		v := begin(t, serve(t, time.Minute, 0), func(s *socketConfig) {
			build := s.Auth.Build
			s.AuthTimeout = time.Second
			s.Auth.Build = func(ctx context.Context, known connector.Known[user, message]) (message, error) {
				m, err := build(ctx, known)
				if attempts++; attempts == 1 {
					m.Payload = json.RawMessage(`"Bearer x"`)
				}
				return m, err
			}
		})
		v.logIn()
		if got := v.server.Counts().Opened; got != 2 {
			t.Errorf("got %d sockets opened, want 2", got)
		}
	})

	t.Run("K3 the payload of connection_ack is there for the messages after it", func(t *testing.T) {
		var got string
		v := begin(t, serve(t, time.Minute, 0), func(s *socketConfig) {
			build := s.Subscribe[0].Build
			s.Subscribe[0].Build = func(ctx context.Context, known connector.Known[user, message]) (message, error) {
				got = string(known.AuthAnswer.Payload)
				return build(ctx, known)
			}
		})
		v.logIn()
		if want := `{"name":"ann"}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})

	t.Run("K10 pings of the server are answered", func(t *testing.T) {
		v := begin(t, serve(t, time.Minute, 250*time.Millisecond), asItIs)
		v.logIn()
		v.own("ping", 4) // the server waits for two intervals
	})
	t.Run("K10 pongs are the connector's own", func(t *testing.T) {
		v := begin(t, serve(t, time.Minute, 0), func(s *socketConfig) { s.PingAfter = 30 * time.Millisecond })
		v.logIn()
		v.own("pong", 6)
	})

	t.Run("R2 a query that is not valid is an error answer, and so is one whose field fails", func(t *testing.T) {
		v := begin(t, serve(t, time.Minute, 0), asItIs)
		v.logIn()
		for query, want := range map[string]string{
			"{ nothing }": "Cannot query field", `{ echo(text: "") }`: "the text is empty", "{": "Expected Name",
		} {
			if _, err := v.socket.Request(v.ctx, operation("", query, nil)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", query, err, want)
			}
		}
	})

	t.Run("R1 answers of many requests at once", func(t *testing.T) {
		v := begin(t, serve(t, time.Minute, 0), asItIs)
		v.logIn()
		var pending []*connector.Pending[message]
		texts := strings.Split("abcdefghijklmnopqrstuvwxyz", "")
		for _, text := range texts {
			p, err := v.socket.Submit(operation("", "query ($text: String!) { echo(text: $text) }", map[string]string{"text": text}))
			v.must(err)
			pending = append(pending, p)
		}
		for i, p := range pending {
			m, err := p.Wait(v.ctx)
			if want := `{"data":{"echo":"` + texts[i] + `"}}`; err != nil || string(m.Payload) != want {
				t.Errorf("got %s, %v, want %s", m.Payload, err, want)
			}
		}
	})

	t.Run("K4 a subscription that is added, comes back after a restart, and is left by complete", func(t *testing.T) {
		v := begin(t, serve(t, time.Minute, 0), func(s *socketConfig) { s.Subscribe = nil })
		v.logIn()
		step := func(m message) connector.Step[user, message, message] {
			return connector.Step[user, message, message]{
				Build:    func(context.Context, connector.Known[user, message]) (message, error) { return m, nil },
				NoAnswer: true,
			}
		}
		leave := step(message{ID: "rain", Type: "complete"})
		subscribed, err := connector.Subscribe(v.ctx, v.socket, connector.Subscription[user, message, message]{
			Join: step(operation("rain", "subscription { news }", nil)), Leave: &leave,
		})
		v.must(err)
		messages := v.socket.Messages(0)
		v.must(v.server.Restart(v.ctx))
		v.must(v.server.Push(v.ctx, "it rains"))
		if m, _ := messages.Next(v.ctx); m.ID != "rain" || string(m.Payload) != `{"data":{"news":"it rains"}}` {
			t.Errorf("got %+v", m)
		}
		v.must(subscribed.Leave(v.ctx))
		if m, _ := messages.Next(v.ctx); m.ID != "rain" || m.Type != "complete" {
			t.Errorf("got %+v, want that it is complete", m)
		}
	})
}
