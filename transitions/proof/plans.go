package proof

import t "github.com/custom-app/interlock/transitions"

// Named is a plan with what it is about.
type Named struct {
	Name string
	Plan
}

// small are limits of a buffer for one request of one byte.
var small = func() (l t.Limits) {
	for need := range l {
		l[need] = t.Limit{Count: 1, Bytes: 1}
	}
	return l
}()

// sockets are so many that are alike, with room for one request each.
func sockets(n int, like t.SocketPlan) (all []t.SocketPlan) {
	like.Limits = small
	for range n {
		all = append(all, like)
	}
	return all
}

// every is each kind of request.
func every() (all []t.RequestData) {
	for need := t.NeedReady; need <= t.NeedOpen; need++ {
		for i := range 4 {
			all = append(all, t.RequestData{Need: need, Repeatable: i&1 > 0, OneWay: i&2 > 0})
		}
	}
	return all
}

// Whole is the product: session, login, tokens, so many sockets with one request
// each, and somebody who logs in as another. Three sockets are explored without
// requests: with them there are too many worlds for minutes and a few gigabytes.
func Whole(n int) Named {
	whole := Named{"the product", Plan{Depth: 1, Sockets: sockets(n, t.SocketPlan{}), Requests: make([]t.RequestData, 1)}}
	if n > 2 {
		whole.Name, whole.Requests = "the product, without requests", nil
	}
	return whole
}

// Parts are what is explored beside the whole: what a whole of two sockets has no
// room for. Every goal is reached in one of them, or in the whole.
func Parts() []Named {
	public := t.SocketPlan{Public: true, Limits: small}
	second := public
	second.Group = 1
	full := sockets(1, t.SocketPlan{})
	full[0].Limits[t.NeedAuthed].Policy, full[0].Limits[t.NeedOpen].Policy = t.DropNewest, t.Refuse
	return []Named{
		{"S13 HTTP auth only, three deep", Plan{Depth: 3}},
		{"S5 a socket, three deep", Plan{Depth: 3, Sockets: sockets(1, t.SocketPlan{})}},
		{"S13 HTTP auth, then a public socket", Plan{Depth: 1, Sockets: sockets(1, t.SocketPlan{Public: true})}},
		{"S13 a public socket, then HTTP auth", Plan{Depth: 1, Sockets: sockets(1, t.SocketPlan{Public: true, Early: true}), Requests: make([]t.RequestData, 1)}},
		{"S13 HTTP auth, then an authorised socket", Plan{Depth: 1, Sockets: sockets(1, t.SocketPlan{})}},
		{"S13 login over the socket, one deep", Plan{Depth: 1, Sockets: sockets(1, t.SocketPlan{Early: true}), Requests: []t.RequestData{{Need: t.NeedOpen}}}},
		{"R3 requests of every kind", Plan{Sockets: full, Requests: every()}},
		{"R3 more requests than fit", Plan{Sockets: full, Requests: []t.RequestData{{Need: t.NeedReady}, {Need: t.NeedAuthed}, {Need: t.NeedOpen, Repeatable: true}}, Pending: 2}},
		{"K1 two groups", Plan{Calm: true, Groups: 2, Sockets: []t.SocketPlan{public, second}}},
		{"K4 a declared subscription, and an added one", Plan{Sockets: sockets(1, t.SocketPlan{Subscriptions: 1}), Adds: 1}},
		{"K11 a socket that is authorised anew", Plan{Sockets: sockets(1, t.SocketPlan{Renews: true})}},
		{"K1 a socket that is added, one deep", Plan{Depth: 1, Joins: &t.SocketPlan{Added: true}}},
		{"D2 no socket, one deep", Plan{Depth: 1}},
	}
}
