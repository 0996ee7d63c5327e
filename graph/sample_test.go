package graph_test

import (
	"testing"

	"github.com/custom-app/interlock/fsm"
)

type (
	state  uint8
	event  uint8
	effect uint8
	data   struct{ refused bool }
)

const (
	loggedOut state = iota
	authenticating
	authBackoff
	socketOpening
	socketAuthing
	socketAuthed
	subscribed
	refreshing
	reconnectWait
	closing
)

const (
	login event = iota + 1
	logout
	loginOK
	loginDenied
	loginError
	opened
	authOK
	subscribeOK
	closed
	unauthorized
	refreshOK
	refreshError
	refreshDenied
	deadline
	retryDue
	heartbeat
)

const (
	postToken effect = iota
	keepToken
	dial
	sendAuth
	sendSubscribe
	startHeartbeat
	closeSocket
	revokeToken
	sendPing
)

type row = fsm.Row[state, event, effect, data]

var (
	firstRefusal = &fsm.Guard[data, event]{Name: "firstRefusal", Holds: func(d *data, _ fsm.Event[event]) bool { return !d.refused }}
	noteRefusal  = &fsm.Update[data, event]{Name: "noteRefusal", Apply: func(d *data, _ fsm.Event[event]) { d.refused = true }}
)

var connection = fsm.Of(socketOpening, socketAuthing, socketAuthed, subscribed)

var declaration = fsm.Declaration[state, event, effect, data]{
	Name:    "session",
	Initial: loggedOut,
	States: []fsm.StateInfo[state, event]{
		{Is: loggedOut, Name: "loggedOut", Doc: "No token, no socket, no timer. Only login leaves it."},
		{Is: authenticating, Name: "authenticating", Kind: fsm.Wait, Timers: fsm.Of(deadline), Group: "signing in", Doc: "The login request is under way."},
		{Is: authBackoff, Name: "authBackoff", Kind: fsm.Wait, Timers: fsm.Of(retryDue), Group: "signing in"},
		{Is: socketOpening, Name: "socketOpening", Kind: fsm.Wait, Timers: fsm.Of(deadline), Group: "signed in/one connection"},
		{Is: socketAuthing, Name: "socketAuthing", Kind: fsm.Wait, Timers: fsm.Of(deadline), Group: "signed in/one connection"},
		{Is: socketAuthed, Name: "socketAuthed", Kind: fsm.Wait, Timers: fsm.Of(deadline), Group: "signed in/one connection"},
		{Is: subscribed, Name: "subscribed", Timers: fsm.Of(heartbeat), Group: "signed in/one connection", Doc: "Messages flow"},
		{Is: refreshing, Name: "refreshing", Kind: fsm.Follow, By: "token", Group: "signed in"},
		{Is: reconnectWait, Name: "reconnectWait", Kind: fsm.Wait, Timers: fsm.Of(retryDue), Group: "signed in"},
		{Is: closing, Name: "closing", Kind: fsm.Wait, Timers: fsm.Of(deadline)},
	},
	Events: []fsm.EventInfo[event]{
		{Is: login, Name: "login", Cause: fsm.User},
		{Is: logout, Name: "logout", Cause: fsm.User},
		{Is: loginOK, Name: "loginOK", Cause: fsm.Peer},
		{Is: loginDenied, Name: "loginDenied", Cause: fsm.Failure},
		{Is: loginError, Name: "loginError", Cause: fsm.Failure},
		{Is: opened, Name: "opened", Cause: fsm.Peer},
		{Is: authOK, Name: "authOK", Cause: fsm.Peer},
		{Is: subscribeOK, Name: "subscribeOK", Cause: fsm.Peer},
		{Is: closed, Name: "closed", Cause: fsm.Failure},
		{Is: unauthorized, Name: "unauthorized", Cause: fsm.Failure},
		{Is: refreshOK, Name: "refreshOK", Cause: fsm.Coupled},
		{Is: refreshError, Name: "refreshError", Cause: fsm.Coupled},
		{Is: refreshDenied, Name: "refreshDenied", Cause: fsm.Failure},
		{Is: deadline, Name: "deadline", Cause: fsm.Timer},
		{Is: retryDue, Name: "retryDue", Cause: fsm.Timer},
		{Is: heartbeat, Name: "heartbeat", Cause: fsm.Timer},
	},
	Effects: []fsm.EffectInfo[effect, event]{
		{Is: postToken, Name: "postToken", Answers: fsm.Of(loginOK, loginDenied, loginError)},
		{Is: keepToken, Name: "keepToken"},
		{Is: dial, Name: "dial", Answers: fsm.Of(opened, closed, unauthorized)},
		{Is: sendAuth, Name: "sendAuth", Answers: fsm.Of(authOK, unauthorized)},
		{Is: sendSubscribe, Name: "sendSubscribe", Answers: fsm.Of(subscribeOK)},
		{Is: startHeartbeat, Name: "startHeartbeat"},
		{Is: closeSocket, Name: "closeSocket", Answers: fsm.Of(closed)},
		{Is: revokeToken, Name: "revokeToken"},
		{Is: sendPing, Name: "sendPing"},
	},
	Rows: []row{
		{From: fsm.Of(loggedOut), On: fsm.Of(login), To: authenticating, Do: fsm.Of(postToken)},

		{From: fsm.Of(authenticating), On: fsm.Of(loginOK), To: socketOpening, Do: fsm.Of(keepToken, dial)},
		{From: fsm.Of(authenticating), On: fsm.Of(loginError, deadline), To: authBackoff},
		{From: fsm.Of(authBackoff), On: fsm.Of(retryDue), To: authenticating, Do: fsm.Of(postToken)},
		{From: fsm.Of(authenticating, authBackoff), On: fsm.Of(logout, loginDenied), To: loggedOut},

		{From: fsm.Of(socketOpening), On: fsm.Of(opened), To: socketAuthing, Do: fsm.Of(sendAuth)},
		{From: fsm.Of(socketAuthing), On: fsm.Of(authOK), To: socketAuthed, Do: fsm.Of(sendSubscribe)},
		{From: fsm.Of(socketAuthed), On: fsm.Of(subscribeOK), To: subscribed, Do: fsm.Of(startHeartbeat)},
		{From: fsm.Of(subscribed), On: fsm.Of(heartbeat), Stay: true, Do: fsm.Of(sendPing)},
		{From: connection, On: fsm.Of(closed, deadline), To: reconnectWait},
		{From: connection, On: fsm.Of(unauthorized), If: firstRefusal, To: refreshing, Set: noteRefusal},
		{From: connection, On: fsm.Of(unauthorized), To: closing, Do: fsm.Of(closeSocket)},
		{From: fsm.Of(reconnectWait), On: fsm.Of(retryDue), To: socketOpening, Do: fsm.Of(dial)},
		{From: fsm.Of(refreshing), On: fsm.Of(refreshOK, refreshError), To: reconnectWait},
		{From: fsm.Of(refreshing), On: fsm.Of(refreshDenied), To: closing},
		{From: fsm.Of(socketOpening, socketAuthing, socketAuthed, subscribed, refreshing, reconnectWait),
			On: fsm.Of(logout), To: closing, Do: fsm.Of(closeSocket, revokeToken)},
		{From: fsm.Of(closing), On: fsm.Of(closed, deadline), To: loggedOut},
	},
}

// sample returns the session machine, its remaining cells filled in as stays.
func sample(t *testing.T) *fsm.Machine[state, event, effect, data] {
	t.Helper()
	decl := declaration
	decl.Rows = append([]row{}, declaration.Rows...)
	for s := range decl.States {
		for e := 1; e <= len(decl.Events); e++ {
			if !decided(declaration.Rows, state(s), event(e)) {
				decl.Rows = append(decl.Rows, row{From: fsm.Of(state(s)), On: fsm.Of(event(e)), Stay: true})
			}
		}
	}
	m, err := fsm.Declare(decl)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func decided(rows []row, s state, e event) bool {
	for _, r := range rows {
		for _, from := range r.From {
			for _, on := range r.On {
				if from == s && on == e && r.If == nil {
					return true
				}
			}
		}
	}
	return false
}
