package peer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/backends/peer"
	"github.com/custom-app/interlock/connector/backends/scenario"
	"github.com/custom-app/interlock/transitions"
)

type socketConfig = connector.SocketConfig[user, message, message]

// visit is a session with a server.
type visit struct {
	*testing.T
	ctx     context.Context
	server  *peer.Server
	session *connector.Session[credentials, user]
	socket  *connector.Socket[message, message]
	states  *connector.Stream[connector.Change]
	faults  *connector.Stream[error]
}

// begin makes a session that lasts as long as the test, with a server of its own, not
// logged in yet.
func begin(t *testing.T, o peer.Options, socket socketConfig, edits ...func(*connector.Config[credentials, user])) visit {
	t.Helper()
	server := start(t, o)
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	c := config(server.Host(), socket)
	for _, edit := range edits {
		edit(&c)
	}
	client, err := connector.New(c)
	if err != nil {
		t.Fatal(err)
	}
	v := visit{T: t, server: server, session: client.NewSession()}
	var cancel context.CancelFunc
	v.ctx, cancel = context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	t.Cleanup(func() { _ = v.session.Close(context.Background()) })
	if v.socket, err = connector.On[message, message](v.session, "peer"); err != nil {
		t.Fatal(err)
	}
	v.states, v.faults = v.session.Changes(0), v.socket.Errors(0)
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

// adopt goes on with tokens of a login without a session.
func (v visit) adopt(pair authhttp.Pair) {
	v.Helper()
	v.must(v.session.Adopt(v.ctx, authhttp.Grant[user]{Pair: pair, User: user{"ann"}}))
}

// post makes an HTTP request without a session, and reads the tokens of its answer.
func (v visit) post(path string, body any) authhttp.Pair {
	v.Helper()
	text, err := json.Marshal(body)
	v.must(err)
	response, err := http.Post("http://"+v.server.Host()+path, "application/json", bytes.NewReader(text))
	v.must(err)
	defer response.Body.Close()
	var answered json.RawMessage
	v.must(json.NewDecoder(response.Body).Decode(&answered))
	pair, err := tokens(answered)
	v.must(err)
	return pair
}

// me asks whose a token is, and returns the status.
func (v visit) me(client *http.Client, access authhttp.Secret) int {
	v.Helper()
	request, err := http.NewRequestWithContext(v.ctx, http.MethodGet, "http://"+v.server.Host()+"/me", nil)
	v.must(err)
	if access != "" {
		request.Header.Set("Authorization", "Bearer "+access.Reveal())
	}
	response, err := client.Do(request)
	v.must(err)
	defer response.Body.Close()
	return response.StatusCode
}

// opened checks how many sockets were opened, all but the last of which are closed.
func (v visit) opened(want int) {
	v.Helper()
	v.must(v.server.Await(v.ctx, "one open socket", func(n scenario.Counts) bool { return n.Open == 1 }))
	if got := v.server.Counts().Opened; got != want {
		v.Errorf("got %d sockets opened, want %d", got, want)
	}
}

// own waits until so many messages of a kind were the connector's own on one connection.
func (v visit) own(op string, count int) {
	v.Helper()
	all := v.socket.All(0)
	defer all.Close()
	came := make(map[uint32]int) // by connection
	for m := range all.All(v.ctx) {
		if m.Own && m.Message.Op == op {
			if came[m.Generation]++; came[m.Generation] == count {
				return
			}
		}
	}
	v.Fatalf("got %v of %s, want %d on one connection", came, op, count)
}

// fault waits for an error of the socket that has these words.
func (v visit) fault(words string) {
	v.Helper()
	for err := range v.faults.All(v.ctx) {
		if strings.Contains(err.Error(), words) {
			return
		}
	}
	v.Fatalf("want an error with %q", words)
}

// renewed waits until the socket is ready with a newer token on the same connection.
func (v visit) renewed() {
	v.Helper()
	for change := range v.states.All(v.ctx) {
		if change.From == transitions.SocketRenewing.String() && change.To == transitions.SocketSubscribed.String() {
			return
		}
	}
	v.Fatalf("want a renewal, got %+v", v.session.Status())
}

// lifeUnknown is the life of tokens that the client is not told of, so that it learns
// from the server that one has ended.
const (
	lifeUnknown  = 2 * time.Second
	graceOfTests = 10 * time.Second
)

func withoutLife(c *connector.Config[credentials, user]) {
	c.RefreshFloor = time.Millisecond
	c.Auth.(*authhttp.JSON[credentials, user]).Tokens = func(body []byte) (authhttp.Pair, error) {
		pair, err := tokens(body)
		pair.Life = 0
		return pair, err
	}
}

func TestHTTP(t *testing.T) {
	t.Run("T2 a life in milliseconds, nested in the answer", func(t *testing.T) {
		v := begin(t, peer.Options{Life: 90 * time.Second}, socket())
		v.logIn()
		if got := time.Until(v.session.Status().StaleAt); got <= 30*time.Second || got > 90*time.Second {
			t.Errorf("got %v, want what is left of 90s", got)
		}
	})

	t.Run("T4 of refreshes at once only one token works, so there is one for all requests", func(t *testing.T) {
		v := begin(t, peer.Options{}, socket())
		pair := v.post("/login", v.server.Account())
		v.adopt(pair)
		newer := v.post("/refresh", map[string]string{"refresh_token": pair.Refresh.Reveal()})
		if got := v.me(http.DefaultClient, pair.Access); got != http.StatusUnauthorized {
			t.Errorf("got %d with the older token, want 401", got)
		}
		if got := v.me(http.DefaultClient, newer.Access); got != http.StatusOK {
			t.Errorf("got %d with the newer token, want 200", got)
		}
		var all sync.WaitGroup
		for range 16 {
			all.Go(func() {
				if got := v.me(v.session.HTTP(), ""); got != http.StatusOK {
					t.Errorf("got %d, want 200", got)
				}
			})
		}
		all.Wait()
		if got := v.server.Counts().Refreshes; got != 2 {
			t.Errorf("got %d refreshes, want that of the test and one for all", got)
		}
	})

	t.Run("S6 a logout that ends nothing at the server", func(t *testing.T) {
		v := begin(t, peer.Options{}, socket())
		pair := v.post("/login", v.server.Account())
		v.adopt(pair)
		v.must(v.session.Logout(v.ctx))
		v.must(v.server.Await(v.ctx, "no socket", func(n scenario.Counts) bool { return n.Open == 0 && n.Logouts == 1 }))
		if got := v.me(http.DefaultClient, pair.Access); got != http.StatusOK {
			t.Errorf("got %d with the token of before, want that the server still takes it", got)
		}
	})
}

func TestAuth(t *testing.T) {
	t.Run("K3 a refusal that is only a message, and a close without a code", func(t *testing.T) {
		v := begin(t, peer.Options{}, socket())
		pair := v.post("/login", v.server.Account())
		pair.Access = "never good"
		v.adopt(pair)
		v.fault("auth_failed")
		v.opened(2)
		if got := v.server.Counts().Refreshes; got != 1 {
			t.Errorf("got %d refreshes, want 1", got)
		}
	})

	t.Run("K3 no auth in time is the same message: another attempt", func(t *testing.T) {
		slow, builds := socket(), 0
		step := auth
		slow.Auth = &step
		step.Build = func(ctx context.Context, known connector.Known[user, message]) (message, error) {
			if builds++; builds == 1 {
				<-ctx.Done() // of the connection
			}
			return auth.Build(ctx, known)
		}
		v := begin(t, peer.Options{Auth: 500 * time.Millisecond}, slow)
		v.logIn()
		v.fault("auth_failed")
		v.fault("1005")
		v.must(v.server.Await(v.ctx, "another socket", func(n scenario.Counts) bool { return n.Opened >= 2 && n.Open == 1 }))
	})

	t.Run("K3 another first message is the same message too", func(t *testing.T) {
		rash := socket()
		rash.Auth, rash.Renew = nil, nil
		v := begin(t, peer.Options{}, rash)
		v.must(v.session.Login(connector.WithoutSockets(v.ctx), credentials{"ann", "secret"}))
		v.fault("auth_failed")
		v.fault("1005")
	})

	t.Run("K11 token_expired: a newer token on the same connection, with its subscription", func(t *testing.T) {
		v := begin(t, peer.Options{Life: lifeUnknown, Grace: graceOfTests}, socket(), withoutLife)
		v.logIn()
		v.renewed()
		v.renewed()
		messages := v.socket.Messages(0)
		v.must(v.server.Push(v.ctx, "once"))
		v.must(v.server.Push(v.ctx, "again"))
		for _, want := range []string{"once", "again"} { // as after one subscription, not two
			if got, _ := messages.Next(v.ctx); got.Text != want {
				t.Errorf("got %+v, want %s", got, want)
			}
		}
		v.opened(1)
	})

	t.Run("K11 token_expired, and the time for the newer token is over", func(t *testing.T) {
		v := begin(t, peer.Options{Life: lifeUnknown, Grace: time.Millisecond}, socket(), withoutLife)
		readies := v.socket.Readies(0)
		v.logIn()
		for range 2 {
			if _, ok := readies.Next(v.ctx); !ok {
				t.Fatalf("got %+v, want ready again", v.session.Status())
			}
		}
		if got := v.server.Counts(); got.Logins != 1 || got.Opened < 2 {
			t.Errorf("got %+v, want another connection without another login", got)
		}
	})
}

func TestMessages(t *testing.T) {
	t.Run("R1 R5 an event, before the answer to the request that caused it, in one array", func(t *testing.T) {
		v := begin(t, peer.Options{}, socket())
		v.logIn()
		all := v.socket.All(0)
		said, err := v.socket.Request(v.ctx, message{Op: "say", Text: "hi"})
		if err != nil || said.Op != "say" {
			t.Errorf("got %+v, %v", said, err)
		}
		event, _ := all.Next(v.ctx)
		answer, _ := all.Next(v.ctx)
		if event.Message.Text != "hi" || event.Own || answer.Message.Op != "say" || !answer.Own {
			t.Errorf("got %+v and %+v, want the event and then the answer", event, answer)
		}
	})

	t.Run("R7 an error without an id that nobody waits for is one of the socket", func(t *testing.T) {
		elsewhere := socket()
		elsewhere.Subscribe[0].Build = func(context.Context, connector.Known[user, message]) (message, error) {
			return message{Op: "subscribe", Topic: "none"}, nil
		}
		v := begin(t, peer.Options{}, elsewhere)
		v.logIn()
		v.fault("no_such_topic")
	})

	t.Run("K4 a subscription with another id is another one, with the same id it is the same", func(t *testing.T) {
		v := begin(t, peer.Options{}, socket())
		v.logIn()
		for range 2 {
			v.must(v.socket.Send(v.ctx, message{ID: "1000", Op: "subscribe", Topic: "news"}))
		}
		events := v.socket.Messages(0)
		for _, text := range []string{"first", "second"} {
			if _, err := v.socket.Request(v.ctx, message{Op: "say", Text: text}); err != nil {
				t.Error(err)
			}
		}
		for _, want := range []string{"first", "first", "second", "second"} {
			if got, _ := events.Next(v.ctx); got.Text != want {
				t.Errorf("got %+v, want %s", got, want)
			}
		}
	})

	t.Run("R2 answers out of order, and an error of the oldest request", func(t *testing.T) {
		v := begin(t, peer.Options{}, socket())
		v.logIn()
		late, err := v.socket.Submit(message{Op: "echo", Text: "late", Late: 100})
		v.must(err)
		if got, err := v.socket.Request(v.ctx, message{Op: "echo", Text: "soon"}); err != nil || got.Text != "soon" {
			t.Errorf("got %+v, %v", got, err)
		}
		if got, err := late.Wait(v.ctx); err != nil || got.Text != "late" {
			t.Errorf("got %+v, %v", got, err)
		}
		if _, err := v.socket.Request(v.ctx, message{Op: "echo"}); err == nil || !strings.Contains(err.Error(), "empty") {
			t.Errorf("got %v, want empty", err)
		}
	})
}

func TestHeartbeat(t *testing.T) {
	t.Run("K10 pings of the server that are messages are answered", func(t *testing.T) {
		v := begin(t, peer.Options{Ping: 300 * time.Millisecond}, socket())
		v.logIn()
		v.own("ping", 3) // the server waits for one interval
	})
	t.Run("K10 a client that does not answer them is dropped, and comes back", func(t *testing.T) {
		deaf := socket()
		deaf.Heartbeat.Reply = nil
		v := begin(t, peer.Options{Ping: 100 * time.Millisecond}, deaf)
		readies := v.socket.Readies(0)
		v.logIn()
		for range 2 {
			if _, ok := readies.Next(v.ctx); !ok {
				t.Fatalf("got %+v, want ready again", v.session.Status())
			}
		}
	})
	t.Run("K10 protocol pings are not answered, pings that are messages are", func(t *testing.T) {
		protocol, messages := socket(), socket()
		for _, s := range []*socketConfig{&protocol, &messages} {
			s.PingAfter, s.PingTimeout = 50*time.Millisecond, time.Second
		}
		protocol.Heartbeat.Ping = nil
		v := begin(t, peer.Options{}, protocol)
		v.logIn()
		v.fault("ping")
		v = begin(t, peer.Options{}, messages)
		v.logIn()
		v.own("pong", 12)
	})
}
