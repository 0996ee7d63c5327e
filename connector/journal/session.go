package journal

import (
	"fmt"

	"github.com/custom-app/interlock/transitions"
)

// Session is a session of a journal, as far as it is replayed.
type Session struct {
	Number uint64
	Engine string // what stepped it when it was recorded
	Record uint64 // its last one so far; 0: none

	system  *transitions.System
	core    *transitions.Core
	sockets map[uint32]string // names, by their ids
	started []timer           // by the last record, of which no delay is told yet
	named   int               // bytes of the names
	count   int               // machines when they were counted last
}

// name gives a socket its name.
func (s *Session) name(id uint32, name string) {
	s.sockets[id] = name
	s.named += len(name)
}

// machines counts the machines. What many bytes of names take counts too.
func (s *Session) machines() int {
	c := s.core
	return 2 + c.Tokens() + c.Sockets() + c.Subscriptions() + c.Requests() + s.named/machineBytes
}

// machineBytes is about what a machine takes.
const machineBytes = 400

type timer struct {
	machine transitions.Kind
	id      uint32
	event   uint8
}

// Machine is a machine of a session.
type Machine struct {
	Kind   transitions.Kind
	ID     uint32 // which token, socket, subscription or request; otherwise 0
	Socket string // the name of the socket that it is, or belongs to; otherwise empty
	State  string
	Data   any // such as a [transitions.SocketData]
}

// Core returns the session's core, which must not be given anything.
func (s *Session) Core() *transitions.Core { return s.core }

// Machines returns every machine of the session: the session, the login, its tokens,
// its sockets, their subscriptions, and the requests that have not settled.
func (s *Session) Machines() []Machine {
	c := s.core
	state, data := c.Session()
	login, loginData := c.Login()
	all := []Machine{
		s.machine(transitions.SessionKind, 0, "", uint8(state), data),
		s.machine(transitions.LoginKind, 0, "", uint8(login), loginData),
	}
	for i := range c.Tokens() {
		state, data := c.TokenOf(i)
		all = append(all, s.machine(transitions.TokenKind, uint32(i), "", uint8(state), data))
	}
	for i := range c.Sockets() {
		state, data := c.Socket(i)
		id := c.SocketID(i)
		all = append(all, s.machine(transitions.SocketKind, id, s.sockets[id], uint8(state), data))
	}
	for i := range c.Subscriptions() {
		id, socket, state, data := c.Subscription(i)
		all = append(all, s.machine(transitions.SubscriptionKind, id, s.sockets[socket], uint8(state), data))
	}
	for i := range c.Requests() {
		id, socket, state, data := c.Request(i)
		all = append(all, s.machine(transitions.RequestKind, id, s.sockets[socket], uint8(state), data))
	}
	return all
}

func (s *Session) machine(kind transitions.Kind, id uint32, socket string, state uint8, data any) Machine {
	return Machine{Kind: kind, ID: id, Socket: socket, State: s.system.StateName(kind, state), Data: data}
}

// note remembers what the last record has changed beside the core's states.
func (s *Session) note(record uint64, outputs []transitions.Output) {
	s.Record, s.started = record, s.started[:0]
	for i := range outputs {
		if out := &outputs[i]; out.What == transitions.Start {
			s.started = append(s.started, timer{out.Machine, out.ID, out.Timer})
		}
	}
	if len(s.sockets) > s.core.Sockets() {
		for id, name := range s.sockets {
			if !s.core.HasSocket(id) {
				s.named -= len(name)
				delete(s.sockets, id)
			}
		}
	}
}

// post gives an event to the core. A guard of tables other than the shipped ones
// may panic: then the tables are broken.
func (s *Session) post(in transitions.Input) (outputs []transitions.Output, refused, broken error) {
	defer func() {
		if fault := recover(); fault != nil {
			broken = fmt.Errorf("the tables cannot take it: %.120v", fault)
		}
	}()
	outputs, refused = s.core.Post(in)
	return outputs, refused, nil
}
