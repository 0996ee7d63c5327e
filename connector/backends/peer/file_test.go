package peer_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/backends/peer"
	"github.com/custom-app/interlock/connector/backends/scenario"
	"github.com/custom-app/interlock/connector/configfile"
	"github.com/custom-app/interlock/transitions"
)

// reading is a session whose config is a file of cmd/interlock/testdata/backends.
type reading struct {
	*testing.T
	ctx     context.Context
	server  *peer.Server
	session *connector.Session[configfile.Credentials, configfile.User]
	socket  *connector.Socket[configfile.Message, configfile.Message]
	all     *connector.Stream[connector.Inbound[configfile.Message]]
	changes *connector.Stream[connector.Change]
}

// readFile makes a session of the file with this name, not logged in yet. These parts of
// the file are left out.
func readFile(t *testing.T, name string, o peer.Options, without ...string) reading {
	t.Helper()
	r := reading{T: t, server: start(t, o)}
	t.Cleanup(func() { r.must(r.server.Close()) })
	c := scenario.FileConfig(t, name, r.server, without...)
	c.RefreshFloor = time.Millisecond
	client, err := connector.New(c)
	r.must(err)
	r.session = client.NewSession()
	t.Cleanup(func() { _ = r.session.Close(context.Background()) })
	var cancel context.CancelFunc
	r.ctx, cancel = context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	r.socket, err = connector.On[configfile.Message, configfile.Message](r.session, "peer")
	r.must(err)
	r.all, r.changes = r.socket.All(0), r.session.Changes(0)
	return r
}

func (r reading) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

func (r reading) logIn() {
	r.Helper()
	r.must(r.session.Login(r.ctx, nil))
}

// submit sends a request.
func (r reading) submit(text string) *connector.Pending[configfile.Message] {
	r.Helper()
	var m configfile.Message
	r.must(m.UnmarshalJSON([]byte(text)))
	pending, err := r.socket.Submit(m)
	r.must(err)
	return pending
}

// answers checks what is at a place of the answer, or in the error.
func (r reading) answers(pending *connector.Pending[configfile.Message], at, want string) {
	r.Helper()
	answer, err := pending.Wait(r.ctx)
	got, _ := answer.At(at)
	if err != nil {
		got = err.Error()
	}
	if text, _ := got.(string); !strings.Contains(text, want) {
		r.Errorf("got %v, %v, want %q", answer, err, want)
	}
}

// comes waits for a message that has this at /op, and returns it.
func (r reading) comes(op string) connector.Inbound[configfile.Message] {
	r.Helper()
	for m := range r.all.All(r.ctx) {
		if got, _ := m.Message.At("/op"); got == op {
			return m
		}
	}
	r.Fatalf("want a message with the op %s", op)
	return connector.Inbound[configfile.Message]{}
}

func TestFile(t *testing.T) {
	t.Run("T2 ws.yaml: a life in milliseconds, nested in the answer", func(t *testing.T) {
		r := readFile(t, "ws", peer.Options{Life: 90 * time.Second})
		r.logIn()
		if got := time.Until(r.session.Status().StaleAt); got <= 30*time.Second || got > 90*time.Second {
			t.Errorf("got %v, want what is left of 90s", got)
		}
	})
	t.Run("R2 R5 ws.yaml: answers out of order, errors without an id, and an event before its answer", func(t *testing.T) {
		r := readFile(t, "ws", peer.Options{})
		r.logIn()
		late, soon := r.submit(`{"op":"echo","text":"late","lateMs":100}`), r.submit(`{"op":"echo","text":"soon"}`)
		r.answers(soon, "/text", "soon")
		r.answers(late, "/text", "late")
		r.answers(r.submit(`{"op":"echo"}`), "", "the peer answered: empty")
		r.answers(r.submit(`{"op":"say","text":"hi"}`), "/op", "say")
		if event, answer := r.comes("event"), r.comes("say"); event.Own || !answer.Own {
			t.Errorf("got %v and %v, want a message and an answer", event, answer)
		}
	})
	t.Run("R2 ws-ordered.yaml: answers and errors in their turn", func(t *testing.T) {
		r := readFile(t, "ws-ordered", peer.Options{})
		r.logIn()
		gone, cancel := context.WithCancel(r.ctx)
		cancel()
		for range 10 { // once more, if the answer was there first
			first, second := r.submit(`{"op":"echo","text":"first","lateMs":100}`), r.submit(`{"op":"echo","text":"second"}`)
			third, fourth := r.submit(`{"op":"nonsense"}`), r.submit(`{"op":"say","text":"hi"}`)
			_, err := first.Wait(gone)
			r.answers(second, "/text", "second")
			r.answers(third, "", "the peer answered: unknown_op")
			r.answers(fourth, "/op", "say")
			if event := r.comes("event"); event.Own {
				t.Errorf("got %v, want it to answer nothing", event)
			}
			if err != nil {
				return
			}
		}
		t.Error("got no error from ten requests that were cancelled")
	})

	for _, name := range []string{"ws", "ws-ordered"} {
		t.Run("K3 "+name+".yaml: a refusal that is only a message", func(t *testing.T) {
			r := readFile(t, name, peer.Options{})
			v := visit{T: t, ctx: r.ctx, server: r.server}
			pair := v.post("/login", r.server.Account())
			pair.Access = "never good"
			r.must(r.session.Adopt(r.ctx, authhttp.Grant[configfile.User]{Pair: pair}))
			v.opened(2)
			if got := r.server.Counts(); got.Refreshes != 1 || got.Logins != 1 {
				t.Errorf("got %+v, want one refresh", got)
			}
		})
		t.Run("K11 "+name+".yaml: token_expired, and a newer token on the same connection", func(t *testing.T) {
			r := readFile(t, name, peer.Options{Life: lifeUnknown, Grace: graceOfTests}, "    life: {at: /data/expiresInMs, unit: milliseconds}\n")
			r.logIn()
			r.comes("token_expired")
			for change := range r.changes.All(r.ctx) {
				if change.From == transitions.SocketRenewing.String() && change.To == transitions.SocketSubscribed.String() {
					break
				}
			}
			r.answers(r.submit(`{"op":"echo","text":"still"}`), "/text", "still")
			visit{T: t, ctx: r.ctx, server: r.server}.opened(1)
		})
		t.Run("K10 "+name+".yaml: pings in both directions", func(t *testing.T) {
			r := readFile(t, name, peer.Options{Ping: 300 * time.Millisecond})
			r.logIn()
			pings := make(map[uint32]int) // by connection
			for ping := r.comes("ping"); ; ping = r.comes("ping") {
				if !ping.Own {
					t.Errorf("got %v, want it answered", ping)
				}
				if pings[ping.Generation]++; pings[ping.Generation] == 3 { // the server waits for one interval
					break
				}
			}
		})
	}
}
