package connector

import (
	"context"
	"net/http"
	"reflect"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector/codec"
	"github.com/custom-app/interlock/connector/internal/ws"
	"github.com/custom-app/interlock/transitions"
)

// known is Known without its types.
type known struct {
	user       any
	token      authhttp.Token
	authAnswer any
}

// message is a decoded message without its type.
type message struct {
	value   any
	id      uint64
	hasID   bool
	err     error // what IsError says
	code    Code
	hasCode bool
	unread  error  // what the application's reading of it failed with
	request uint64 // whose answer it is, on the wire; 0: that of no request
}

// step is Step without its types. build returns the encoded message.
type step struct {
	build     func(ctx context.Context, k known, id uint64) (ws.Frame, error)
	accept    func(value any) bool
	isAnswer  func(value any) bool // of messages without an id; nil: none is
	recovered func(value any) bool
	noAnswer  bool
}

// wiring is a SocketConfig without its types, shared by all sessions of a client.
type wiring struct {
	Common
	id, url      string
	subprotocols []string
	header       func(known) http.Header
	target       func(known) (string, error) // the URL of the upgrade request; nil: url
	auth, renew  *step
	subscribe    []step
	public       bool
	holdsBack    bool // a slow consumer holds the reader back
	plan         transitions.SocketPlan

	decode   func(f ws.Frame, each func(message)) error
	isAnswer func(value any) bool // of messages without an id, to requests; nil: none is
	blame    func(value any, pending []uint64) (uint64, bool)
	ping     func() (ws.Frame, error)                           // nil: a protocol ping
	isPong   func(value any) bool                               // nil: none is
	reply    func(value any) (f ws.Frame, is bool, error error) // to a ping that is a message; nil: there is none

	types  socketTypes
	end    func(hub any)                                                                  // ends its streams
	hub    func() any                                                                     // a new *inbound[Res], for a session
	tell   func(ctx context.Context, hub any, m message, gen uint32, own bool) (lost int) // such a hub; own: an answer, or a heartbeat
	encode any                                                                            // the func(Req, uint64, bool) (ws.Frame, error) of requests

	bindStep any // the func(string, *Step[U, Req, Res]) (*step, error) of subscriptions that are added
}

// socketTypes are those of a socket's declaration.
type socketTypes struct {
	user, req, res reflect.Type
	answered       bool // requests can have answers
}

// inbound are the streams of one socket's messages.
type inbound[Res any] struct {
	messages hub[Res]
	all      hub[Inbound[Res]]
}

// bind returns the declaration with its types erased and its defaults filled in.
func (c SocketConfig[U, Req, Res]) bind(in surroundings) *wiring {
	address, err := c.address(in)
	if err != nil {
		panic(err) // it was validated
	}
	if c.Codec == nil {
		c.Codec = codec.JSON[Req, Res]{}
	}
	w := &wiring{
		Common: c.Common.over(in.common), id: c.ID, url: address.String(), subprotocols: c.Subprotocols, public: c.Public, holdsBack: c.Slow == HoldBack,
		auth: c.bindStep(c.Auth), renew: c.bindStep(c.Renew),
		decode: c.decode, encode: c.encode, bindStep: c.checkStep,
		types: socketTypes{reflect.TypeFor[U](), reflect.TypeFor[Req](), reflect.TypeFor[Res](), c.SetID != nil || c.IsAnswer != nil},
	}
	for i := range c.Subscribe {
		w.subscribe = append(w.subscribe, *c.bindStep(&c.Subscribe[i]))
	}
	if c.Header != nil {
		w.header = func(k known) http.Header { return c.Header(c.known(k)) }
	}
	if c.Target != nil {
		w.target = func(k known) (string, error) {
			target, err := c.Target(c.known(k))
			if err != nil {
				return "", err
			}
			return aimed(*address, target)
		}
	}
	if c.IsAnswer != nil {
		w.isAnswer = func(value any) bool { return c.IsAnswer(as[Res](value)) }
	}
	if c.Blame != nil {
		w.blame = func(value any, pending []uint64) (uint64, bool) { return c.Blame(as[Res](value), pending) }
	}
	c.bindHeartbeat(w)
	w.plan = c.plan()
	w.plan.NoPing = w.NoPing
	w.hub = func() any {
		return &inbound[Res]{messages: hub[Res]{slow: c.Slow}, all: hub[Inbound[Res]]{slow: c.Slow}}
	}
	w.end = func(of any) {
		streams := of.(*inbound[Res])
		streams.messages.end()
		streams.all.end()
	}
	w.tell = func(ctx context.Context, to any, m message, gen uint32, own bool) (lost int) {
		streams, value := to.(*inbound[Res]), as[Res](m.value)
		lost = streams.all.offer(ctx, Inbound[Res]{Message: value, Generation: gen, Own: own, Request: m.request})
		if !own {
			lost += streams.messages.offer(ctx, value)
		}
		return lost
	}
	return w
}

// plan is what the core is to know of the socket.
func (c SocketConfig[U, Req, Res]) plan() transitions.SocketPlan {
	plan := transitions.SocketPlan{Subscriptions: len(c.Subscribe), Public: c.Public, Early: c.Early, Renews: c.Renew != nil}
	for need, own := range map[transitions.Need]*Buffer{transitions.NeedReady: &c.Buffer, transitions.NeedAuthed: c.BufferAuthed, transitions.NeedOpen: c.BufferOpen} {
		if own == nil {
			own = &c.Buffer
		}
		plan.Limits[need] = own.limit()
	}
	return plan
}

func (c SocketConfig[U, Req, Res]) bindHeartbeat(w *wiring) {
	h := c.Heartbeat
	if h.Ping != nil {
		w.ping = func() (ws.Frame, error) { return c.encode(h.Ping(), 0, false) }
	}
	if h.IsPong != nil {
		w.isPong = func(value any) bool { return h.IsPong(as[Res](value)) }
	}
	if h.Reply != nil {
		w.reply = func(value any) (f ws.Frame, is bool, err error) {
			req, is := h.Reply(as[Res](value))
			if is {
				f, err = c.encode(req, 0, false)
			}
			return f, is, err
		}
	}
}

func (c SocketConfig[U, Req, Res]) bindStep(s *Step[U, Req, Res]) *step {
	if s == nil {
		return nil
	}
	bound := &step{noAnswer: s.NoAnswer}
	bound.build = func(ctx context.Context, k known, id uint64) (ws.Frame, error) {
		req, err := s.Build(ctx, c.known(k))
		if err != nil {
			return ws.Frame{}, err
		}
		return c.encode(req, id, true)
	}
	bound.accept = func(value any) bool { return s.Accept == nil || s.Accept(as[Res](value)) }
	if s.IsAnswer != nil {
		bound.isAnswer = func(value any) bool { return s.IsAnswer(as[Res](value)) }
	}
	bound.recovered = func(value any) bool { return s.Recovered != nil && s.Recovered(as[Res](value)) }
	return bound
}

// checkStep validates and binds a step that is given while running; nil stays nil.
func (c SocketConfig[U, Req, Res]) checkStep(name string, s *Step[U, Req, Res]) (*step, error) {
	if s == nil {
		return nil, nil
	}
	return c.bindStep(s), c.validateStep(name, *s)
}

// as returns a value with its type; the zero value when it is another.
func as[T any](value any) T {
	typed, _ := value.(T)
	return typed
}

func (c SocketConfig[U, Req, Res]) known(k known) Known[U, Res] {
	typed := Known[U, Res]{User: as[U](k.user), Token: k.token}
	if answer, ok := k.authAnswer.(Res); ok {
		typed.AuthAnswer = &answer
	}
	return typed
}

func (c SocketConfig[U, Req, Res]) encode(req Req, id uint64, withID bool) (ws.Frame, error) {
	if withID && c.SetID != nil {
		c.SetID(&req, id)
	}
	f, err := c.Codec.Encode(req)
	return ws.Frame(f), err
}

func (c SocketConfig[U, Req, Res]) decode(f ws.Frame, each func(message)) error {
	return c.Codec.Decode(codec.Frame(f), func(res Res) {
		m, err := guarded(func() (message, error) { return c.read(res), nil })
		if m.value = res; err != nil {
			m.unread = err
		}
		each(m)
	})
}

// read reads what a message is about.
func (c SocketConfig[U, Req, Res]) read(res Res) message {
	var m message
	if c.GetID != nil {
		m.id, m.hasID = c.GetID(res)
	}
	if c.IsError != nil {
		if err := c.IsError(res); err != nil {
			m.err = taken(err)
		}
	}
	if c.Code != nil {
		m.code, m.hasCode = c.Code(res)
	}
	return m
}
