package connector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/authhttp/api"
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
// second, before the socket was ready again, is final.
type Step[U, Req, Res any] struct {
	// Build makes the message. It runs on a goroutine of its own, may block until
	// ctx ends, and may return [ErrNone]. Any other error drops the connection,
	// to be tried again. Required.
	Build func(ctx context.Context, known Known[U, Res]) (Req, error)
	// Accept judges the answer; nil: any answer that is not an error.
	Accept func(Res) bool
	// NoAnswer says that no answer comes: the step is done when it is written.
	NoAnswer bool
}

// Buffer bounds the requests that wait for a socket to be ready.
type Buffer struct {
	Count  int // requests at most; 0: 64
	Bytes  int // encoded bytes at most; 0: 1 MiB
	Policy transitions.Policy
	None   bool // nothing waits: a request to a socket that is not ready is refused
}

// mostSubscriptions is how many answers the socket machine can count.
const mostSubscriptions = 255

// SocketConfig declares a socket whose requests are of type Req and whose
// messages from the peer are of type Res. Zero values mean the defaults that the
// fields state.
type SocketConfig[U, Req, Res any] struct {
	ID  string // unique in the session; required
	URL string // ws:// or wss://; required
	// Public says that the socket needs no token, and its builders are given none.
	Public bool
	// Early says that Session.Open opens the socket before anybody logs in. A public
	// one then stays open at a logout. Another is closed by it, as every connection
	// carries one user only. Before login it is opened without a token, without Auth
	// and without subscriptions, so that a Service may log in over it; at the login
	// these go out on the same connection. Logging out and refreshing need HTTP, since
	// the socket is closed by then, or waits for the token.
	Early        bool
	Subprotocols []string
	// Header makes the header of the upgrade request; nil: none. It runs on the
	// dial's goroutine.
	Header func(Known[U, Res]) http.Header

	Auth      *Step[U, Req, Res]  // the auth message; nil: none
	Subscribe []Step[U, Req, Res] // the subscription messages, all sent after auth; at most 255

	// The functions below that read messages, and Accept, run on the socket's
	// reader: they must not wait for what the reader brings, as Logout and Request do.

	Encode func(Req) ([]byte, error) // nil: encoding/json
	Decode func([]byte) (Res, error) // nil: encoding/json
	Binary bool                      // send binary messages instead of text

	SetID func(*Req, uint64)       // writes a request's id, before it is encoded
	GetID func(Res) (uint64, bool) // reads which request is answered; false: none. Ids that are strings on the wire are the codec's to convert
	// IsError tells whether an answer is an error, and which; nil: no answer is.
	IsError func(Res) error

	Buffer Buffer

	OpenTimeout      time.Duration // for dial and upgrade; 0: 15 s
	AuthTimeout      time.Duration // for the auth message and its answer; 0: 10 s
	SubscribeTimeout time.Duration // for the subscription messages and their answers; 0: 10 s
	RequestTimeout   time.Duration // for a request, from submission to answer; 0: 30 s
	WriteTimeout     time.Duration // for one frame to leave; 0: 10 s
	StablePeriod     time.Duration // ready for so long, the attempts are counted from zero again; 0: 10 s
	ReadLimit        int64         // the longest message, in bytes; 0: 1 MiB
}

// AnySocket is a [SocketConfig] of any request and message types.
type AnySocket[U any] interface {
	name() string
	validate(allowPlain bool) error
	bind() *wiring
}

func (c SocketConfig[U, Req, Res]) name() string { return c.ID }

// validate joins the faults of the declaration.
func (c SocketConfig[U, Req, Res]) validate(allowPlain bool) error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if c.ID == "" {
		fault("ID: is required")
	}
	switch u, err := url.Parse(c.URL); {
	case err != nil || u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss":
		fault("URL: needs ws://host or wss://host")
	case u.User != nil:
		fault("URL: holds credentials; put them into Header")
	case !allowPlain && !authhttp.Secure(u):
		fault("URL: ws:// to %s is readable by others; use wss:// or set AllowPlain", u.Hostname())
	}
	if (c.SetID == nil) != (c.GetID == nil) {
		fault("SetID, GetID: need each other")
	}
	if c.Auth != nil {
		faults = append(faults, c.validateStep("Auth", *c.Auth))
	}
	if len(c.Subscribe) > mostSubscriptions {
		fault("Subscribe: %d are more than %d", len(c.Subscribe), mostSubscriptions)
	}
	for i, step := range c.Subscribe {
		faults = append(faults, c.validateStep(fmt.Sprintf("Subscribe[%d]", i), step))
	}
	if c.Buffer.Count < 0 || c.Buffer.Bytes < 0 {
		fault("Buffer: Count and Bytes must not be negative")
	}
	if c.Buffer.Policy > transitions.Refuse {
		fault("Buffer: Policy: is not declared")
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"OpenTimeout", c.OpenTimeout}, {"AuthTimeout", c.AuthTimeout}, {"SubscribeTimeout", c.SubscribeTimeout},
		{"RequestTimeout", c.RequestTimeout}, {"WriteTimeout", c.WriteTimeout}, {"StablePeriod", c.StablePeriod},
	} {
		if d.value < 0 {
			fault("%s: %v is negative", d.name, d.value)
		}
	}
	if c.ReadLimit < 0 {
		fault("ReadLimit: %d is negative", c.ReadLimit)
	}
	return errors.Join(faults...)
}

func (c SocketConfig[U, Req, Res]) validateStep(name string, s Step[U, Req, Res]) error {
	var build, answer error
	if s.Build == nil {
		build = fmt.Errorf("%s: Build: is required", name)
	}
	if !s.NoAnswer && c.GetID == nil {
		answer = fmt.Errorf("%s: awaits an answer, which needs SetID and GetID, or set NoAnswer", name)
	}
	return errors.Join(build, answer)
}

// known is Known without its types.
type known struct {
	user       any
	token      authhttp.Token
	authAnswer any
}

// answer is a decoded message without its type.
type answer struct {
	message any
	id      uint64
	hasID   bool
	err     error // what IsError says
}

// step is Step without its types. build returns the encoded message.
type step struct {
	build    func(ctx context.Context, k known, id uint64) ([]byte, error)
	accept   func(message any) bool
	noAnswer bool
}

// wiring is a SocketConfig without its types, shared by all sessions of a client.
type wiring struct {
	id, url      string
	subprotocols []string
	header       func(known) http.Header
	auth         *step
	subscribe    []step
	decode       func([]byte) (answer, error)
	binary       bool
	public       bool
	plan         transitions.SocketPlan
	readLimit    int64

	open, authenticate, subscribed, request, write, stable time.Duration

	hub     func() any             // a new *hub[Res], for a session
	publish func(hub, message any) // to such a hub
	encode  any                    // the func(Req, uint64) ([]byte, error) of requests; nil without ids
}

// bind returns the declaration with its types erased and its defaults filled in.
func (c SocketConfig[U, Req, Res]) bind() *wiring {
	w := &wiring{
		id: c.ID, url: c.URL, subprotocols: c.Subprotocols, binary: c.Binary, public: c.Public,
		plan:   transitions.SocketPlan{Limit: c.Buffer.limit(), Public: c.Public, Early: c.Early},
		decode: c.decoder(), readLimit: c.ReadLimit,
		open: c.OpenTimeout, authenticate: c.AuthTimeout, subscribed: c.SubscribeTimeout,
		request: c.RequestTimeout, write: c.WriteTimeout, stable: c.StablePeriod,
		hub: func() any { return &hub[Res]{} },
		publish: func(messages, message any) {
			res, _ := message.(Res)
			messages.(*hub[Res]).publish(res)
		},
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{
		{&w.open, 15 * time.Second}, {&w.authenticate, 10 * time.Second}, {&w.subscribed, 10 * time.Second},
		{&w.request, 30 * time.Second}, {&w.write, 10 * time.Second}, {&w.stable, 10 * time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if w.readLimit == 0 {
		w.readLimit = 1 << 20
	}
	if c.Header != nil {
		w.header = func(k known) http.Header { return c.Header(c.known(k)) }
	}
	if c.Auth != nil {
		auth := c.bindStep(*c.Auth)
		w.auth = &auth
	}
	for _, s := range c.Subscribe {
		w.subscribe = append(w.subscribe, c.bindStep(s))
	}
	if c.SetID != nil {
		w.encode = c.encode
	}
	return w
}

func (c SocketConfig[U, Req, Res]) bindStep(s Step[U, Req, Res]) step {
	bound := step{noAnswer: s.NoAnswer}
	bound.build = func(ctx context.Context, k known, id uint64) ([]byte, error) {
		req, err := s.Build(ctx, c.known(k))
		if err != nil {
			return nil, err
		}
		return c.encode(req, id)
	}
	bound.accept = func(message any) bool {
		res, _ := message.(Res)
		return s.Accept == nil || s.Accept(res)
	}
	return bound
}

func (c SocketConfig[U, Req, Res]) known(k known) Known[U, Res] {
	typed := Known[U, Res]{Token: k.token}
	typed.User, _ = k.user.(U)
	if answer, ok := k.authAnswer.(Res); ok {
		typed.AuthAnswer = &answer
	}
	return typed
}

func (c SocketConfig[U, Req, Res]) encode(req Req, id uint64) ([]byte, error) {
	if c.SetID != nil {
		c.SetID(&req, id)
	}
	if c.Encode != nil {
		return c.Encode(req)
	}
	return json.Marshal(req)
}

func (c SocketConfig[U, Req, Res]) decoder() func([]byte) (answer, error) {
	return func(data []byte) (answer, error) {
		var res Res
		var err error
		if c.Decode != nil {
			res, err = c.Decode(data)
		} else {
			err = api.JSON{}.Unmarshal(data, &res) // its faults quote nothing of the message
		}
		if err != nil {
			return answer{}, err
		}
		a := answer{message: res}
		if c.GetID != nil {
			a.id, a.hasID = c.GetID(res)
		}
		if c.IsError != nil {
			if err := c.IsError(res); err != nil {
				a.err = taken(err)
			}
		}
		return a, nil
	}
}

// limit returns the bounds with their defaults.
func (b Buffer) limit() transitions.Limit {
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
