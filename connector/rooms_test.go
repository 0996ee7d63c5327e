package connector_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// wish and word are all that the backend's socket speaks.
type (
	wish struct {
		request
		Unsub *subscribe `json:"unsub,omitempty"`
		Ping  *struct{}  `json:"ping,omitempty"`
	}
	word struct {
		response
		Unsub *struct{} `json:"unsub,omitempty"`
		Ping  *struct{} `json:"ping,omitempty"`
		Push  *parcel   `json:"push,omitempty"`
	}
	parcel struct {
		Kind    string `json:"kind,omitempty"`
		Message string `json:"message,omitempty"`
		News    *echo  `json:"news,omitempty"`
	}
	roomConfig = connector.SocketConfig[user, wish, word]
	roomStep   = connector.Step[user, wish, word]
	roomKnown  = connector.Known[user, word]
	roomEdit   = func(*roomConfig)
)

// building is a step whose message is always the same.
func building(w wish) roomStep {
	return roomStep{Build: func(context.Context, roomKnown) (wish, error) { return w, nil }}
}

// joining is a subscription to a kind, with the message that ends it.
func joining(kind string) connector.Subscription[user, wish, word] {
	leave := building(wish{Unsub: &subscribe{kind}})
	return connector.Subscription[user, wish, word]{Join: building(wish{request: request{Sub: &subscribe{kind}}}), Leave: &leave}
}

// offer is a step that offers the token.
func offer() *roomStep {
	return &roomStep{Build: func(_ context.Context, k roomKnown) (wish, error) {
		return wish{request: request{Auth: &authRequest{Token: k.Token.Access.Reveal()}}}, nil
	}}
}

// roomSocket declares a socket that is authorised and subscribes to the menu.
func roomSocket(url string) roomConfig {
	return roomConfig{
		ID: "menu", URL: url, Auth: offer(), Subscribe: []roomStep{joining("categories").Join},
		SetID: func(w *wish, id uint64) { w.ID = id },
		GetID: func(w word) (uint64, bool) { return w.ID, w.ID != 0 },
		IsError: func(w word) error {
			if w.Error == nil {
				return nil
			}
			return w.Error
		},
	}
}

// rooms is a world whose socket speaks all of the protocol.
type rooms struct {
	*world
	socket *connector.Socket[wish, word]
}

// speaking gives a world another socket, in a session of a client of its own.
func speaking[Req, Res any](w *world, s connector.SocketConfig[user, Req, Res]) *connector.Socket[Req, Res] {
	w.t.Helper()
	w.config.Sockets = []connector.AnySocket[user]{s}
	client, err := connector.New(w.config)
	if err != nil {
		w.t.Fatal(err)
	}
	w.session, w.menu = client.NewSession(), nil
	w.changes.Close()
	w.changes = w.session.Changes(0)
	socket, err := connector.On[Req, Res](w.session, s.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	return socket
}

func enterRooms(w *world, url string, edits ...roomEdit) *rooms {
	w.t.Helper()
	s := roomSocket(url)
	for _, edit := range edits {
		edit(&s)
	}
	return &rooms{w, speaking(w, s)}
}

// inRooms runs a test against the backend in virtual time under both engines.
func inRooms(t *testing.T, name string, test func(*rooms), edits ...roomEdit) {
	t.Helper()
	engines(t, name, connectortest.Config{AccessLife: time.Hour}, func(w *world) {
		test(enterRooms(w, w.backend.WebSocketURL(), edits...))
	})
}

// ledger is a server of the test's own, which answers what it is told and notes it.
type ledger struct {
	mu     sync.Mutex
	lines  []string
	mute   []string          // lines without an answer
	refuse []string          // lines whose answer is an error
	delay  time.Duration     // before each answer
	more   func(string) word // said after the answer to a line; nil: nothing
}

// change changes what the server answers, while it runs.
func (l *ledger) change(edit func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	edit()
}

// line is what a message is in the ledger, without its connection.
func (w wish) line() string {
	switch {
	case w.Auth != nil:
		return "auth"
	case w.Sub != nil:
		return "sub " + w.Sub.Kind
	case w.Unsub != nil:
		return "unsub " + w.Unsub.Kind
	case w.Ping != nil:
		return "ping"
	case w.Echo != nil:
		return "echo " + w.Echo.Text
	}
	return "nothing"
}

// serve answers a connection until it ends.
func (l *ledger) serve(n int, ws *websocket.Conn) {
	for {
		var w wish
		if ws.ReadJSON(&w) != nil {
			return
		}
		line := fmt.Sprint(n, " ", w.line())
		l.mu.Lock()
		l.lines = append(l.lines, line)
		mute, refused, more := slices.Contains(l.mute, line), slices.Contains(l.refuse, line), l.more
		l.mu.Unlock()
		time.Sleep(l.delay)
		answer := word{response: answerTo(w.request)}
		if refused {
			answer.Error = &serverError{Code: "rejected", Text: line}
		}
		if !mute && ws.WriteJSON(answer) != nil {
			return
		}
		if more != nil && ws.WriteJSON(more(line)) != nil {
			return
		}
	}
}

// want checks all that the server was told so far, when nothing is on its way.
func (l *ledger) want(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	l.wantNow(t, want...)
}

func (l *ledger) wantNow(t *testing.T, want ...string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !slices.Equal(l.lines, want) {
		t.Errorf("on the wire: got\n%s\nwant\n%s", strings.Join(l.lines, ", "), strings.Join(want, ", "))
	}
}

// byLedger runs a test against a ledger in virtual time under both engines.
func byLedger(t *testing.T, name string, test func(*rooms, *ledger), edits ...roomEdit) {
	t.Helper()
	bubbles(t, name, func(t *testing.T, engine change) {
		l := &ledger{}
		w := peerWorld(t, engine, l.serve)
		defer w.end()
		test(enterRooms(w, "ws://127.0.0.1:81/", edits...), l)
	})
}

// joined is a subscription under way and its outcome.
type joined struct {
	is  *connector.Subscribed
	err error
	at  time.Time
}

// join subscribes without waiting.
func (w *rooms) join(ctx context.Context, s connector.Subscription[user, wish, word]) <-chan joined {
	done := make(chan joined, 1)
	go func() {
		is, err := connector.Subscribe(ctx, w.socket, s)
		done <- joined{is, err, time.Now()}
	}()
	return done
}

// joins subscribes, which must succeed.
func (w *rooms) joins(kind string) *connector.Subscribed {
	w.t.Helper()
	return w.joinsBy(joining(kind))
}

func (w *rooms) joinsBy(s connector.Subscription[user, wish, word]) *connector.Subscribed {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	is, err := connector.Subscribe(ctx, w.socket, s)
	if err != nil {
		w.t.Fatalf("subscribe: %v\n%s", err, w.history())
	}
	return is
}

// echoes checks that a request is answered.
func (w *rooms) echoes(text string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	res, err := w.socket.Request(ctx, wish{request: request{Echo: &echo{text}}})
	if err != nil || res.Echo == nil || res.Echo.Text != text {
		w.t.Errorf("echo %s: got %+v, %v", text, res.Echo, err)
	}
}

// again waits until the socket was lost and is ready again.
func (w *rooms) again() {
	w.t.Helper()
	w.until("session", "socketOpening")
	w.until("session", "subscribed")
}

// ready logs in and waits until that was told.
func (w *rooms) ready() {
	w.t.Helper()
	w.login()
	w.until("session", "subscribed")
}

// generation is that of the socket, which grows with each attempt to connect.
func (w *rooms) generation() uint32 { return w.socket.Status().Generation }

// wantOne checks that the socket is ready on its first connection.
func (w *rooms) wantOne() {
	w.t.Helper()
	synctest.Wait()
	if got := w.socket.Status(); got.Generation != 1 || got.Readies != 1 || !w.session.Status().Ready {
		w.t.Errorf("got %+v, want ready on the first connection", got)
	}
}

// wantEnded checks that a subscription has ended, and why.
func wantEnded(t *testing.T, s *connector.Subscribed, want error) {
	t.Helper()
	select {
	case <-s.Done():
	case <-time.After(time.Minute):
		t.Fatalf("got a subscription that lasts, want it ended by %v", want)
	}
	if got := s.Err(); !errors.Is(got, want) && (want == nil || got == nil || !strings.Contains(got.Error(), want.Error())) {
		t.Errorf("got %v for why the subscription has ended, want %v", got, want)
	}
}

// wantLasting checks that a subscription lasts.
func wantLasting(t *testing.T, s *connector.Subscribed) {
	t.Helper()
	select {
	case <-s.Done():
		t.Errorf("got a subscription ended by %v, want it to last", s.Err())
	default:
		if err := s.Err(); err != nil {
			t.Errorf("got %v of a subscription that lasts", err)
		}
	}
}

// heard are the pushes that a stream holds by now.
func (w *rooms) heard(messages *connector.Stream[word]) string {
	synctest.Wait()
	var all []string
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for m := range messages.All(ended) {
		if m.Push != nil && m.Push.Kind != "" {
			all = append(all, m.Push.Kind+" "+m.Push.Message)
		}
	}
	return strings.Join(all, ", ")
}

// say pushes a text to those who are subscribed to a kind.
func (w *rooms) say(kind, text string) {
	w.t.Helper()
	if err := w.backend.PushTo(kind, text); err != nil {
		w.t.Fatal(err)
	}
}
