package proof

import t "github.com/custom-app/interlock/transitions"

// goals are what must be reachable, or the invariants hold of too little.
var goals = []struct {
	Name  string
	Holds func(*world) bool
}{
	{"every socket ready", func(w *world) bool { return sessionIs(w, t.SessionSubscribed) }},
	{"a refresh while ready", func(w *world) bool { return sessionIs(w, t.SessionSubscribed) && tokenIs(w, t.TokenRefreshing) }},
	{"a token waiting while ready", func(w *world) bool { return sessionIs(w, t.SessionSubscribed) && tokenIs(w, t.TokenWaiting) }},
	{"back in socketOpening after ready", func(w *world) bool {
		_, d := socket(w, 0)
		return sessionIs(w, t.SessionSocketOpening) && d.Readies > 0
	}},
	{"degraded", func(w *world) bool { return sessionIs(w, t.SessionDegraded) }},
	{"a refused token refreshed", func(w *world) bool {
		s, d := socket(w, 0)
		return s == t.SocketOpening && d.Refusals == 1
	}},
	{"a refused token waits for the floor", func(w *world) bool {
		_, d := w.core.Token()
		s, _ := socket(w, 0)
		return s == t.SocketTokenPending && d.Wanted
	}},
	{"logout during a login", func(w *world) bool { return sessionIs(w, t.SessionLoggedOut) && w.ledger.logins == 0 }},
	{"logout with a last refresh", func(w *world) bool { return sessionIs(w, t.SessionRevoking) && tokenIs(w, t.TokenLeaving) }},
	{"logout told to the server", func(w *world) bool { return sessionIs(w, t.SessionRevoking) && tokenIs(w, t.TokenRevoking) }},
	{"a late dial pending while logged out", func(w *world) bool { return sessionIs(w, t.SessionLoggedOut) && w.ledger.sockets[0].late }},
	{"closing with a socket that answers nothing", func(w *world) bool {
		s, _ := socket(w, 0)
		return sessionIs(w, t.SessionClosing) && s == t.SocketClosing
	}},
}

func sessionIs(w *world, want t.SessionState) bool {
	state, _ := w.core.Session()
	return state == want
}

func tokenIs(w *world, want t.TokenState) bool {
	state, _ := w.core.Token()
	return state == want
}

func socket(w *world, i int) (t.SocketState, t.SocketData) {
	if i >= w.core.Sockets() {
		return t.SocketClosed, t.SocketData{}
	}
	return w.core.Socket(i)
}
