// Package connectortest is a backend to try an application on: a real HTTP
// and WebSocket server that runs inside the test process, misbehaves on
// request, and can be reached over an in-memory network, or through a proxy that
// breaks connections as a real network does.
//
//	b, err := connectortest.Start(connectortest.Config{})
//	if err != nil {
//		t.Fatal(err)
//	}
//	defer b.Close()
//	err = b.Script(connectortest.RefuseUpgrades(2, http.StatusServiceUnavailable))
//	// point the application at b.URL() and b.WebSocketURL()
//
// The backend serves a small menu of categories. Clients log in over HTTP or on
// a WebSocket for a short-lived access token and a rotating refresh token, then
// authenticate and subscribe on a WebSocket.
//
// Over HTTP, with JSON bodies; those marked * want the header "Authorization:
// Bearer" and the access token. What fails is answered
// {"error":{"code":C,"text":T}}, with 401 for a token that is not valid:
//
//	POST  /login              {"name":N,"password":P}   {"access_token":T,"refresh_token":R,"expires_in":seconds,"user":{"id":I,"name":N}}
//	POST  /login              {"token":T}               {"user":{"id":I,"name":N}}, and no tokens; T is an access token
//	POST* /login-as           {"user_id":I}             as the first, for that user; 403 to those who may not, 404 for an unknown id
//	POST  /refresh            {"refresh_token":R}       a new pair; the old refresh token is used up
//	POST* /logout                                       204; the login's tokens are revoked
//	POST* /logout-everywhere                            204; the tokens of the user's every login are revoked, the user's sockets closed with 4401
//	GET*  /me                                           {"id":I,"name":N}
//	POST* /echo               anything                  the same
//
// A login as another user is a login of that user like any other: it outlives
// the one that began it, and the other way round.
//
// On the WebSocket /ws, one JSON object a text frame; what is not understood or
// not allowed is answered {"id":1,"error":{"code":C,"text":T}}:
//
//	{"id":1,"auth":{"token":T}}                {"id":1,"auth":{"id":I,"name":N}}
//	{"id":1,"login":{"name":N,"password":P}}   {"id":1,"login":{...}}, as POST /login; the socket is then authenticated
//	{"id":2,"logout":{}}                       {"id":2,"logout":{}}; the login's tokens are revoked, the socket is as if new
//	{"id":2,"sub":{"kind":"categories"}}       {"id":2,"sub":{"kind":"categories"}}, then {"push":{"categories":[{"id":I,"name":N}]}}
//	{"id":2,"sub":{"kind":"news"}}             {"id":2,"sub":{"kind":"news"}}, then {"push":{"news":{"text":T}}} for each News
//	{"id":2,"sub":{"kind":"room-1"}}           {"id":2,"sub":{"kind":"room-1"}}, then {"push":{"kind":"room-1","message":M}} for each PushTo
//	{"id":2,"unsub":{"kind":K}}                {"id":2,"unsub":{}}; what is subscribed to as K is pushed no more
//	{"id":3,"echo":{"text":T}}                 {"id":3,"echo":{"text":T}}
//	{"id":4,"menuAdd":{"name":N}}              {"id":4,"menuAdd":{"id":I,"name":N}}, and to all {"push":{"categoryUpdate":{"id":I,"name":N}}}
//	{"id":5,"menuDelete":{"id":I}}             {"id":5,"menuDelete":{"id":I}}, and to all {"push":{"categoryDelete":{"id":I}}}
//	{"id":6,"ping":{}}                         {"id":6,"ping":{}}
//
// The plain channels are room-1 to room-9. A socket may be subscribed to
// several kinds at once, and is refused the one that it has with
// already_subscribed. An authenticated socket may authenticate again, with any
// valid token of the same user, and keeps its subscriptions; a token of another
// user is refused with other_user.
//
// On the WebSocket /public, where nobody authenticates, there are only sub and
// unsub, of news alone, echo and ping.
//
// Ping frames are answered on both (RFC 6455 section 5.5.2), and faults come in
// between, as the functions that return a Fault describe them.
//
// Its one invariant: after Close has returned, nothing that the backend
// started is still running.
//
// It keeps no state outside memory, speaks no TLS and checks no strength of
// passwords, so it is unfit for anything but tests. All its waits are on
// channels and timers, so that a backend made inside a testing/synctest bubble
// and served on a Network follows the bubble's clock.
package connectortest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	headerWait    = 5 * time.Second // for the header of an HTTP request
	handshakeWait = 5 * time.Second // for writing the answer to an upgrade
)

// Backend is the server under the application. Make one with New or Start. All
// its methods may be called concurrently.
type Backend struct {
	log      *slog.Logger
	accounts *accounts
	script   *script
	room     *room
	handler  http.Handler
	upgrader websocket.Upgrader
	server   *http.Server
	done     chan struct{} // closed by Close

	mu      sync.Mutex
	closed  bool
	addr    string
	running sync.WaitGroup // grows only while closed is false or a member keeps it above zero
}

// New makes a backend that listens nowhere yet and has started nothing. Its
// error joins every fault of c.
func New(c Config) (*Backend, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	c = c.withDefaults()
	b := &Backend{
		log:      c.Log,
		accounts: newAccounts(c),
		script:   newScript(c.Log),
		upgrader: websocket.Upgrader{HandshakeTimeout: handshakeWait},
		done:     make(chan struct{}),
	}
	b.room = newRoom(b.script)
	b.handler = b.routes()
	b.server = &http.Server{
		Handler:           b.handler,
		ReadHeaderTimeout: headerWait,
		ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
		ConnState:         b.trackConn,
	}
	return b, nil
}

// Start makes a backend and serves it in the background on a free port of
// 127.0.0.1.
func Start(c Config) (*Backend, error) {
	b, err := New(c)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("interlock: backend: listen: %w", err)
	}
	b.StartOn(l)
	return b, nil
}

// StartOn serves l in the background until Close, which closes l. On a backend
// that is closed already it only closes l.
func (b *Backend) StartOn(l net.Listener) {
	if !b.enterOn(l) {
		return
	}
	go func() {
		defer b.running.Done()
		if err := b.serve(l); err != nil {
			b.log.Error("serve", "error", err)
		}
	}()
}

// Serve serves l, closes it and returns nil once Close is called. It returns
// earlier when l fails, and at once with net.ErrClosed when the backend is
// closed already.
func (b *Backend) Serve(l net.Listener) error {
	if !b.enterOn(l) {
		return fmt.Errorf("interlock: backend: serve: %w", net.ErrClosed)
	}
	defer b.running.Done()
	return b.serve(l)
}

func (b *Backend) serve(l net.Listener) error {
	err := b.server.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("interlock: backend: serve: %w", err)
}

// Handler returns the backend as a handler for a server of the caller's own.
// Close ends its sockets and held requests; closing that server remains the
// caller's. After Close it answers 503.
func (b *Backend) Handler() http.Handler { return b.handler }

// URL returns the address of the listener served last, as "http://host:port",
// or "" before there is one.
func (b *Backend) URL() string { return b.address("http://", "") }

// WebSocketURL returns where that same listener takes WebSocket upgrades, as
// "ws://host:port/ws", or "" before there is one.
func (b *Backend) WebSocketURL() string { return b.address("ws://", "/ws") }

// PublicWebSocketURL is WebSocketURL for the sockets that need no token, as
// "ws://host:port/public".
func (b *Backend) PublicWebSocketURL() string { return b.address("ws://", "/public") }

func (b *Backend) address(before, after string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.addr == "" {
		return ""
	}
	return before + b.addr + after
}

// Close stops the server, closes every socket without a close frame and waits
// until all of the backend's goroutines have ended. Further calls wait
// likewise and return nil.
func (b *Backend) Close() error {
	b.mu.Lock()
	first := !b.closed
	b.closed = true
	b.mu.Unlock()

	var err error
	if first {
		close(b.done)
		b.room.shut()
		err = b.server.Close()
	}
	b.running.Wait()
	if err != nil {
		return fmt.Errorf("interlock: backend: close: %w", err)
	}
	return nil
}

// Script applies faults in their order: those that act now take effect before
// Script returns, the others are armed for the arrivals they name. Faults armed
// on the same step are used up in the order they were given, also across calls.
// The error joins everything wrong with the faults, and none is applied then.
func (b *Backend) Script(faults ...Fault) error {
	var errs []error
	for i, f := range faults {
		if err := f.check(b.accounts.byName); err != nil {
			errs = append(errs, fmt.Errorf("interlock: faults[%d]: %w", i, err))
		}
	}
	if len(errs) > 0 {
		return errors.Join(errs...)
	}
	for _, f := range faults {
		if f.now == nil {
			b.script.arm(f)
			continue
		}
		f.now(b)
	}
	return nil
}

// Counts tells how often each step of the protocol was reached so far.
func (b *Backend) Counts() Counts {
	c := b.script.counts()
	c.OpenSockets = b.room.open()
	return c
}

// UpgradeTimes returns when the upgrades that Counts.Upgrades tells of arrived,
// in their order: of the last 10 000.
func (b *Backend) UpgradeTimes() []time.Time { return b.script.upgradeTimes() }

// Push sends {"push": message} to every socket subscribed to categories. It
// queues the message and returns; the error is that message cannot be written
// as JSON.
func (b *Backend) Push(message any) error {
	payload, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("interlock: push: %w", err)
	}
	b.room.push(categories, json.RawMessage(payload))
	return nil
}

// News sends {"push":{"news":{"text":text}}} to every socket subscribed to
// news. It queues the message and returns.
func (b *Backend) News(text string) {
	b.room.push(news, map[string]echoText{news: {Text: text}})
}

// PushTo sends {"push":{"kind":kind,"message":message}} to every socket
// subscribed to kind, which is one of those on /ws. It queues the message and
// returns; the error is that there is no such kind, or that message cannot be
// written as JSON.
func (b *Backend) PushTo(kind string, message any) error {
	if !offered(kind, false) {
		return fmt.Errorf("interlock: push: kind: there is no %q", kind)
	}
	payload, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("interlock: push: %w", err)
	}
	b.room.push(kind, channelPush{kind, payload})
	return nil
}

// Format keeps keys and tokens out of every printed form of a backend.
func (b *Backend) Format(f fmt.State, _ rune) { io.WriteString(f, "connectortest.Backend") }

// enter counts one more goroutine for Close to wait for, which ends with
// b.running.Done. It is false once the backend is closed.
func (b *Backend) enter() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.running.Add(1)
	return true
}

func (b *Backend) enterOn(l net.Listener) bool {
	if !b.enter() {
		l.Close()
		return false
	}
	b.mu.Lock()
	b.addr = l.Addr().String()
	b.mu.Unlock()
	return true
}

// trackConn makes Close wait for the goroutine that net/http runs for each
// connection. A hijacked one is waited for through its handler.
func (b *Backend) trackConn(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		b.running.Add(1)
	case http.StateHijacked, http.StateClosed:
		b.running.Done()
	}
}
