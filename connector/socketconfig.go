package connector

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector/codec"
	"github.com/custom-app/interlock/connector/internal/ws"
	"github.com/custom-app/interlock/transitions"
)

// Known is what builders of messages are given: fresh at the moment of the call.
type Known[U, Res any] struct {
	User       U              // what the login answer said; zero before login
	Token      authhttp.Token // fresh; Access is empty without a login, when it came without tokens, and for a public socket
	AuthAnswer *Res           // the answer to this connection's auth message; nil before it, or when none is awaited
}

// Step is one message of the way to ready, and its answer. The first answer that
// is not accepted costs a forced refresh of the token and another attempt; the
// second, before the socket was ready again, is final. Rules may say otherwise.
type Step[U, Req, Res any] struct {
	// Build makes the message. It runs on a goroutine of its own, may block until
	// ctx ends. With [ErrNone], or a backoff.PermanentError, which is told, there is no
	// message: an auth message that is not there closes the socket for good, and a
	// subscription is left out. Any other error drops the connection, to be tried
	// again. The messages of one socket are made one after the other. Required.
	Build func(ctx context.Context, known Known[U, Res]) (Req, error)
	// Accept judges the answer; nil: any answer that is not an error.
	Accept func(Res) bool
	// IsAnswer tells which messages without an id answer the step, for servers whose
	// answer to it has none; nil: none does.
	IsAnswer func(Res) bool
	// NoAnswer says that no answer comes: the step is done when it is written.
	NoAnswer bool
	// Recovered tells by the answer that nothing was missed since the connection
	// before; nil: something may have been. Of use to subscriptions.
	Recovered func(Res) bool
}

// Heartbeat says how a socket and its peer find out that the other one is gone,
// beside protocol pings (RFC 6455 section 5.5.2), which are always answered.
type Heartbeat[Req, Res any] struct {
	// Ping makes the message that is sent after silence, without an id; nil: a
	// protocol ping.
	Ping func() Req
	// IsPong tells which messages answer such a ping, and are for nobody else; nil:
	// none. Any traffic counts as an answer.
	IsPong func(Res) bool
	// Reply makes the answer to a ping that the server sends as a message; false:
	// it is none. nil: the server sends none.
	Reply func(Res) (Req, bool)
}

// Buffer bounds the requests that wait for a socket.
type Buffer struct {
	Count  int // requests at most; 0: 64
	Bytes  int // encoded bytes at most; 0: 1 MiB
	Policy transitions.Policy
	None   bool // nothing waits: a request to a socket that is not there yet is refused
}

// mostSubscriptions is how many subscriptions a socket may declare.
const mostSubscriptions = 255

// SocketConfig declares a socket whose requests are of type Req and whose
// messages from the peer are of type Res. Zero values mean the defaults that the
// fields state.
type SocketConfig[U, Req, Res any] struct {
	ID string // unique in the session; required
	// URL is ws:// or wss://, or a path on the host of Config.Base, by wss if that
	// is https. Required.
	URL string
	// Public says that the socket needs no token, and its builders are given none.
	Public bool
	// Early says that Session.Open opens the socket before anybody logs in. A public
	// one then stays open at a logout. Another is closed by it, as every connection
	// carries one user only. Before login it is opened without a token, without Auth
	// and without subscriptions, so that a Service may log in over it; at the login
	// these go out on the same connection. Logging out and refreshing need HTTP, since
	// the socket is closed by then, or waits for the token.
	Early        bool
	Subprotocols []string // offered in this order
	// Header makes the header of the upgrade request; nil: none. It runs on the
	// dial's goroutine.
	Header func(Known[U, Res]) http.Header
	// Target makes the path and query of the upgrade request (RFC 9112 section 3.2.1),
	// for servers that take a token there; scheme and host stay those of URL. It runs
	// before Header. With an error the attempt has failed, and with a
	// backoff.PermanentError, or what is no path, the socket. nil: those of URL.
	Target func(Known[U, Res]) (string, error)

	Auth *Step[U, Req, Res] // the auth message; nil: none
	// Renew is the message that offers a newer token on an open connection, for
	// servers that then keep the subscriptions. With [ErrNone] the connection stays
	// with the token it has. nil: always so, and it is dropped when the server says
	// that this token is no good.
	Renew     *Step[U, Req, Res]
	Subscribe []Step[U, Req, Res] // the subscription messages, all sent after auth; at most 255

	// The functions below that read messages, and Accept, run on the socket's
	// reader: they must not wait for what the reader brings, as Logout and Request do.

	Codec codec.Codec[Req, Res] // nil: codec.JSON

	SetID func(*Req, uint64)       // writes a request's id, before it is encoded
	GetID func(Res) (uint64, bool) // reads which request is answered; false: none. Ids that are strings on the wire are the codec's to convert
	// IsAnswer tells which messages without an id answer the oldest request on the
	// wire, for servers that answer in order; nil: none does. A request that was
	// cancelled, or timed out, is still answered in its turn. Without SetID requests
	// have no ids at all.
	IsAnswer func(Res) bool
	// IsError tells whether an answer is an error, and which; nil: no answer is, and a
	// refused auth or subscription counts as accepted, unless Step.Accept says otherwise.
	IsError func(Res) error
	// Code reads the code of a message, for Rules of [OfMessage]; false: it has none.
	// nil: no message has.
	Code func(Res) (Code, bool)
	// Blame says which request an error without an id answers, of those that are on
	// the wire, oldest first; false: none. nil: none, and the error is told on the
	// socket's errors. See [BlameOldest].
	Blame func(message Res, pending []uint64) (id uint64, ok bool)

	Heartbeat Heartbeat[Req, Res]

	Buffer       Buffer  // of requests that wait for a ready socket
	BufferAuthed *Buffer // of those that need an authorised one; nil: like Buffer
	BufferOpen   *Buffer // of those that need an open one; nil: like Buffer

	Slow Slow // what a consumer of messages loses who is slower than the limit of its stream

	Common // where these are zero, those of Config.Common count
}

// Common is what sockets may have in common. Zero values mean the defaults that
// the fields state.
type Common struct {
	// Rules say what closes, refused upgrades and messages mean, before those that
	// are built in; those of a socket before those of the config. See [Rule].
	Rules []Rule
	// Retry decides after each failure of the socket whether and when it is tried
	// again; nil: without end, as the backoff says. It is called while outputs of the
	// machines are run, and must neither block nor use the session.
	Retry func(Outlook) (delay time.Duration, again bool)

	// OpenTimeout and AttemptTimeout grow with each attempt that has failed in a
	// row, to four times their value, so that a server under load is given the time
	// to answer somebody.

	OpenTimeout      time.Duration // for dial and upgrade; 0: 15 s
	AuthTimeout      time.Duration // for the auth message and its answer; 0: 10 s
	SubscribeTimeout time.Duration // for the subscription messages and their answers; 0: 10 s
	AttemptTimeout   time.Duration // for all of that, from the dial to ready; 0: 30 s
	RequestTimeout   time.Duration // for a request, from submission to answer; 0: 30 s
	WriteTimeout     time.Duration // for one frame to leave; 0: 10 s
	StablePeriod     time.Duration // ready for so long, the attempts are counted from zero again; 0: 10 s
	OutageAfter      time.Duration // not ready for so long, the socket is in outage; 0: 5 min
	OutageRetry      time.Duration // between attempts then, spread over the second half of it; 0: 2 min

	PingAfter   time.Duration // silence before a ping; 0: 25 s
	PingTimeout time.Duration // for anything to be received after it; 0: 10 s
	NoPing      bool          // no ping is sent: a connection whose peer is gone is found by the next write

	ReadLimit   int64 // the longest message, in bytes, after decompression; 0: 1 MiB
	HeaderLimit int64 // the longest answer to an upgrade, in bytes; 0: 64 KiB
	Compress    bool  // offer compression of messages (RFC 7692)
}

// surroundings are what the declaration of a socket is read in.
type surroundings struct {
	base       *url.URL // of Config.Base; nil: none
	allowPlain bool
	common     Common
}

// AnySocket is a [SocketConfig] of any request and message types.
type AnySocket[U any] interface {
	name() string
	of(U) // pins the type
	early() bool
	validate(surroundings) error
	bind(surroundings) *wiring
}

func (c SocketConfig[U, Req, Res]) name() string { return c.ID }

func (c SocketConfig[U, Req, Res]) of(U) {}

func (c SocketConfig[U, Req, Res]) early() bool { return c.Early }

// address resolves the socket's URL.
func (c SocketConfig[U, Req, Res]) address(in surroundings) (*url.URL, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, errors.New("needs ws://host, wss://host, or a path") // url's error quotes it
	}
	if u.Scheme == "" && u.Host == "" && u.Path != "" && in.base != nil {
		u = in.base.ResolveReference(u)
		u.Scheme = map[string]string{"http": "ws", "https": "wss"}[u.Scheme]
	}
	switch {
	case u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss":
		return nil, errors.New("needs ws://host or wss://host, or Config.Base for a path")
	case u.User != nil:
		return nil, errors.New("holds credentials; put them into Header")
	case u.Fragment != "":
		return nil, errors.New("has a fragment (RFC 6455 section 3)")
	case !in.allowPlain && !authhttp.Secure(u):
		return nil, fmt.Errorf("ws:// to %s is readable by others; use wss:// or set AllowPlain", u.Hostname())
	}
	return u, nil
}

// validate joins the faults of the declaration.
func (c SocketConfig[U, Req, Res]) validate(in surroundings) error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if c.ID == "" {
		fault("ID: is required")
	}
	if address, err := c.address(in); err != nil {
		fault("URL: %w", err)
	} else if err := (ws.Dialer{Subprotocols: c.Subprotocols}).Validate(address.String()); err != nil {
		fault("URL, Subprotocols: %w", err)
	}
	if (c.SetID == nil) != (c.GetID == nil) {
		fault("SetID, GetID: need each other")
	}
	if c.Public && c.Renew != nil {
		fault("Renew: a public socket is given no token")
	}
	for _, s := range []struct {
		name string
		step *Step[U, Req, Res]
	}{{"Auth", c.Auth}, {"Renew", c.Renew}} {
		if s.step != nil {
			faults = append(faults, c.validateStep(s.name, *s.step))
		}
	}
	if len(c.Subscribe) > mostSubscriptions {
		fault("Subscribe: %d are more than %d", len(c.Subscribe), mostSubscriptions)
	}
	for i, step := range c.Subscribe {
		faults = append(faults, c.validateStep(fmt.Sprintf("Subscribe[%d]", i), step))
	}
	for _, b := range []struct {
		name   string
		buffer *Buffer
	}{{"Buffer", &c.Buffer}, {"BufferAuthed", c.BufferAuthed}, {"BufferOpen", c.BufferOpen}} {
		if b.buffer != nil {
			faults = append(faults, b.buffer.validate(b.name))
		}
	}
	if c.Code == nil && slices.ContainsFunc(c.Rules, func(r Rule) bool { return r.Source == OfMessage }) {
		fault("Code: is required by a rule of messages")
	}
	if c.Slow >= policies {
		fault("Slow: %d is not a policy", c.Slow)
	}
	return errors.Join(append(faults, c.Common.validate())...)
}

func (c SocketConfig[U, Req, Res]) validateStep(name string, s Step[U, Req, Res]) error {
	var build, answer error
	if s.Build == nil {
		build = fmt.Errorf("%s: Build: is required", name)
	}
	if !s.NoAnswer && c.GetID == nil && s.IsAnswer == nil {
		answer = fmt.Errorf("%s: awaits an answer, which needs SetID and GetID, or IsAnswer; or set NoAnswer", name)
	}
	return errors.Join(build, answer)
}

func (b *Buffer) validate(name string) error {
	var counts, policy error
	if b.Count < 0 || b.Bytes < 0 {
		counts = fmt.Errorf("%s: Count and Bytes must not be negative", name)
	}
	if b.Policy > transitions.Refuse {
		policy = fmt.Errorf("%s: Policy: is not declared", name)
	}
	return errors.Join(counts, policy)
}

// limit returns the bounds with their defaults.
func (b *Buffer) limit() transitions.Limit {
	limit := transitions.Limit{Count: b.Count, Bytes: b.Bytes, Policy: b.Policy}
	if limit.Count == 0 {
		limit.Count = 64
	}
	if limit.Bytes == 0 {
		limit.Bytes = 1 << 20
	}
	if b.None {
		limit = transitions.Limit{Policy: transitions.Refuse}
	}
	return limit
}
