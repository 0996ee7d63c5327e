package proof

import t "github.com/custom-app/interlock/transitions"

// Trials are the explorations that mutants are judged by, one after the other until
// one catches: parts, each with as little as shows what it is about.
func Trials() []Named {
	public := t.SocketPlan{Public: true, Limits: small}
	early, subscribed, second, unbuffered, tight := public, public, public, public, public
	early.Early, subscribed.Subscriptions, second.Group, unbuffered.Limits = true, 1, 1, t.Limits{}
	tight.Limits[t.NeedAuthed].Policy, tight.Limits[t.NeedOpen].Policy = t.DropNewest, t.Refuse
	needs := []t.RequestData{{Need: t.NeedReady}, {Need: t.NeedAuthed}, {Need: t.NeedOpen, Repeatable: true}}
	return []Named{
		{"S5 as another, and again as another", Plan{Calm: true, Depth: 2}},
		{"K1 a socket that is added", Plan{Joins: &t.SocketPlan{Added: true}}},
		{"K11 a socket that is authorised anew", Plan{Sockets: sockets(1, t.SocketPlan{Renews: true})}},
		{"R3 requests without a buffer", Plan{Calm: true, Sockets: []t.SocketPlan{unbuffered}, Requests: []t.RequestData{{Repeatable: true}}, Pending: 2}},
		{"K1 a second group without a first", Plan{Groups: 2, Sockets: []t.SocketPlan{second}}},
		{"K4 a declared subscription, and an added one", Plan{Sockets: sockets(1, t.SocketPlan{Subscriptions: 1}), Adds: 1}},
		{"S13 a socket that opens before login, and one that does not", Plan{Calm: true, Sockets: []t.SocketPlan{early, public}}},
		{"R3 more requests than fit", Plan{Calm: true, Sockets: []t.SocketPlan{tight}, Requests: needs, Pending: 2}},
		{"K1 a first group without a second", Plan{Calm: true, Groups: 2, Sockets: sockets(1, t.SocketPlan{})}},
		{"K1 a first group that opens before login", Plan{Calm: true, Groups: 2, Sockets: []t.SocketPlan{early}}},
		{"S5 a socket, one deep", Plan{Calm: true, Depth: 1, Sockets: sockets(1, t.SocketPlan{})}},
		{"K4 a declared subscription on one of two sockets", Plan{Calm: true, Sockets: []t.SocketPlan{public, subscribed}}},
		{"K4 an added subscription on one of two sockets", Plan{Calm: true, Sockets: []t.SocketPlan{public, public}, Adds: 1}},
		{"R3 a request on one of two sockets", Plan{Calm: true, Sockets: []t.SocketPlan{public, public}, Requests: make([]t.RequestData, 1)}},
		{"K1 an added socket, when the user below is gone", Plan{Depth: 1, Joins: &t.SocketPlan{Public: true, Added: true}}},
	}
}
