package simulation

import (
	"context"
	"errors"
	"net/http"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// What the backend speaks, as far as the client of a run does.
type (
	credentials struct {
		Name     string `json:"name"`
		Password string `json:"password"`
	}
	user struct {
		ID   int    `json:"id"`
		Name string `json:"name"`
	}
	bearer struct {
		Token string `json:"token"`
	}
	kind struct {
		Kind string `json:"kind"`
	}
	echo struct {
		Text string `json:"text"`
	}
	request struct {
		ID    uint64    `json:"id"`
		Auth  *bearer   `json:"auth,omitempty"`
		Sub   *kind     `json:"sub,omitempty"`
		Unsub *kind     `json:"unsub,omitempty"`
		Echo  *echo     `json:"echo,omitempty"`
		Ping  *struct{} `json:"ping,omitempty"`
	}
	response struct {
		ID    uint64    `json:"id"`
		Error *denial   `json:"error"`
		Auth  *user     `json:"auth"`
		Sub   *kind     `json:"sub"`
		Echo  *echo     `json:"echo"`
		Push  *parcel   `json:"push"`
		Ping  *struct{} `json:"ping"`
	}
	denial struct {
		Code string `json:"code"`
		Text string `json:"text"`
	}
	parcel struct {
		Kind    string `json:"kind"`
		Message string `json:"message"`
		News    *echo  `json:"news"`
	}
	step         = connector.Step[user, request, response]
	known        = connector.Known[user, response]
	subscription = connector.Subscription[user, request, response]
	socketConfig = connector.SocketConfig[user, request, response]
	socket       = connector.Socket[request, response]
	session      = connector.Session[credentials, user]
)

// Error tells what the backend has said.
func (d *denial) Error() string { return d.Code }

// users are those of the backend. Their passwords are unlike anything else that is
// written down, since nothing that is may hold one.
var users = []connectortest.User{
	{ID: 1, Name: "ann", Password: "Password-Of-Ann", MayLoginAs: true},
	{ID: 2, Name: "bob", Password: "Password-Of-Bob", MayLoginAs: true},
	{ID: 3, Name: "carol", Password: "Password-Of-Carol"},
}

// saying is a step whose message is always the same.
func saying(r request) step {
	return step{Build: func(context.Context, known) (request, error) { return r, nil }}
}

// joining is a subscription, with the message that ends it.
func joining(to string) subscription {
	leave := saying(request{Unsub: &kind{to}})
	return subscription{Join: saying(request{Sub: &kind{to}}), Leave: &leave}
}

// offering offers the token.
func offering() *step {
	return &step{Build: func(_ context.Context, k known) (request, error) {
		return request{Auth: &bearer{k.Token.Access.Reveal()}}, nil
	}}
}

// speaking declares a socket that is authorised and subscribed.
func speaking(l *line) socketConfig {
	s := socketConfig{
		ID: l.id, URL: "ws://" + l.address + "/ws", Auth: offering(),
		Header: func(k known) http.Header {
			return http.Header{"Authorization": {"Bearer " + k.Token.Access.Reveal()}}
		},
		SetID: func(r *request, id uint64) { r.ID = id },
		GetID: func(r response) (uint64, bool) { return r.ID, r.ID != 0 },
		IsError: func(r response) error {
			if r.Error == nil {
				return nil
			}
			return r.Error
		},
		Code: func(r response) (connector.Code, bool) {
			if r.Error == nil {
				return connector.Code{}, false
			}
			return connector.Code{Text: r.Error.Code}, true
		},
		Common: connector.Common{Rules: []connector.Rule{{Source: connector.OfMessage, Text: "token_expired", Class: connector.ClassExpired}}},
	}
	for _, k := range l.declared {
		s.Subscribe = append(s.Subscribe, saying(request{Sub: &kind{k}}))
	}
	return s
}

// menuSocket has nothing but defaults.
func menuSocket(l *line) socketConfig { return speaking(l) }

// chatSocket has a small buffer, pings with messages, and renews its token.
func chatSocket(l *line) socketConfig {
	s := speaking(l)
	s.Renew = offering()
	s.Buffer = connector.Buffer{Count: chatBuffer}
	s.BufferAuthed = &connector.Buffer{Count: chatBuffer, Policy: transitions.Refuse}
	s.Heartbeat = connector.Heartbeat[request, response]{
		Ping:   func() request { return request{ID: 1, Ping: &struct{}{}} },
		IsPong: func(r response) bool { return r.Ping != nil },
	}
	return s
}

// newsSocket is public, and opens before anybody logs in.
func newsSocket(l *line) socketConfig {
	s := chatSocket(l)
	s.URL = "ws://" + l.address + "/public"
	s.Public, s.Early = true, true
	s.Auth, s.Renew, s.Header = nil, nil, nil
	return s
}

// chatBuffer is how many requests of one need may wait for the chat socket.
const chatBuffer = 4

// declaredOutcomes are all that a request may end with, beside its answer.
var declaredOutcomes = []error{
	connector.ErrTimedOut, connector.ErrDropped, connector.ErrBufferFull, connector.ErrSocketClosed,
	connector.ErrOutcomeUnknown, context.DeadlineExceeded, context.Canceled,
}

// isDeclared tells whether a request may end so.
func isDeclared(err error) bool {
	var answered *connector.AnswerError
	if err == nil || errors.As(err, &answered) {
		return true
	}
	for _, known := range declaredOutcomes {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
