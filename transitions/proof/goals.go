package proof

import t "github.com/custom-app/interlock/transitions"

// goals are what must be reachable, or the invariants hold of too little.
var goals = [...]struct {
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
	{"a resume that needs a refresh", func(w *world) bool {
		_, d := w.core.Login()
		return loginIs(w, t.LoginTokenPending) && d.Command == t.CommandResume && tokenIs(w, t.TokenRefreshing)
	}},
	{"a resume whose token was refused", func(w *world) bool {
		_, d := w.core.Login()
		return loginIs(w, t.LoginRequesting) && d.Command == t.CommandResume && d.Refused
	}},
	{"a login as another beside a session that is ready", func(w *world) bool {
		return sessionIs(w, t.SessionSubscribed) && loginIs(w, t.LoginRequesting)
	}},
	{"as another, and ready", func(w *world) bool { return sessionIs(w, t.SessionSubscribed) && depth(w) > 0 }},
	{"as another, two deep", func(w *world) bool { return sessionIs(w, t.SessionSubscribed) && depth(w) == 2 }},
	{"as another, three deep", func(w *world) bool { return sessionIs(w, t.SessionSubscribed) && depth(w) == 3 }},
	{"back, and ready", func(w *world) bool {
		_, d := w.core.Token()
		return sessionIs(w, t.SessionSubscribed) && depth(w) == 0 && d.Since > 1
	}},
	{"a parked token past its life", func(w *world) bool { return parked(w) == t.TokenParkedStale }},
	{"a refresh that ends below another user", func(w *world) bool { return parked(w) == t.TokenParking }},
	{"a parent restored with a refresh", func(w *world) bool { return sessionIs(w, t.SessionReturning) && tokenIs(w, t.TokenRestoring) }},
	{"a dead parent", func(w *world) bool {
		return sessionIs(w, t.SessionRevoking) && tokenIs(w, t.TokenErasing) && w.ledger.users[0] == account{erasing: true}
	}},
	{"logout with a last refresh", func(w *world) bool { return sessionIs(w, t.SessionRevoking) && tokenIs(w, t.TokenLeaving) }},
	{"logout told to the server", func(w *world) bool { return sessionIs(w, t.SessionRevoking) && tokenIs(w, t.TokenRevoking) }},
	{"logout of every device told to the server", func(w *world) bool {
		_, d := w.core.Token()
		return sessionIs(w, t.SessionRevoking) && tokenIs(w, t.TokenRevoking) && d.Wide
	}},
	{"closing with a socket that answers nothing", func(w *world) bool {
		s, _ := socket(w, 0)
		return sessionIs(w, t.SessionClosing) && s == t.SocketClosing
	}},
	{"a socket ready without a session", func(w *world) bool {
		s, _ := socket(w, 0)
		return sessionIs(w, t.SessionLoggedOut) && s == t.SocketSubscribed
	}},
	{"a socket ready while another user's close", func(w *world) bool {
		s, _ := socket(w, 0)
		return sessionIs(w, t.SessionRevoking) && s == t.SocketSubscribed
	}},
	{"a silent socket", func(w *world) bool {
		s, _ := socket(w, 0)
		return sessionIs(w, t.SessionSubscribed) && s == t.SocketProbing
	}},
	{"a socket authorised anew while ready", func(w *world) bool {
		s, _ := socket(w, 0)
		return sessionIs(w, t.SessionSubscribed) && s == t.SocketRenewing
	}},
	{"a long outage", func(w *world) bool { s, _ := socket(w, 0); return s == t.SocketOutage }},
	{"a busy server", func(w *world) bool { s, _ := socket(w, 0); return s == t.SocketBusyWaiting }},
	{"the second group opens, the first is ready", func(w *world) bool {
		first, _ := socket(w, 0)
		second, _ := socket(w, 1)
		_, d := w.core.Session()
		return d.Group == 1 && first == t.SocketSubscribed && second == t.SocketOpening
	}},
	{"the second group is made while nothing of it is open", func(w *world) bool { return sessionIs(w, t.SessionChaining) }},
	{"the second group is to be made again", func(w *world) bool { return sessionIs(w, t.SessionChainWaiting) }},
	{"two groups ready", func(w *world) bool {
		_, d := w.core.Session()
		return sessionIs(w, t.SessionSubscribed) && d.Group == 1
	}},
	{"detached", func(w *world) bool { return sessionIs(w, t.SessionDetached) }},
	{"ready with a socket closed by hand", func(w *world) bool {
		s, _ := socket(w, 0)
		return sessionIs(w, t.SessionSubscribed) && s == t.SocketClosed
	}},
	{"an added subscription active", func(w *world) bool { return subscriptionIs(w, t.SubscriptionActive) }},
	{"an added subscription leaving", func(w *world) bool { return subscriptionIs(w, t.SubscriptionLeaving) }},
	{"everything closes", func(w *world) bool { return sessionIs(w, t.SessionShutting) && !tokenIs(w, t.TokenAbsent) }},
}

func depth(w *world) uint32 {
	_, d := w.core.Session()
	return d.Depth
}

// parked is the state of the master's token while another user is current.
func parked(w *world) t.TokenState {
	state, _ := w.core.TokenOf(0)
	return state
}

// subscriptionIs tells whether some subscription that was added is in the state.
func subscriptionIs(w *world, want t.SubscriptionState) bool {
	for i := range w.core.Subscriptions() {
		if _, _, state, data := w.core.Subscription(i); state == want && !data.Declared {
			return true
		}
	}
	return false
}

func loginIs(w *world, want t.LoginState) bool {
	state, _ := w.core.Login()
	return state == want
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
