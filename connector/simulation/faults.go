package simulation

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/custom-app/interlock/connector/connectortest"
)

// html is what a captive portal answers.
const html = "<html><body>Please log in to the network.</body></html>"

// few is how often a fault strikes.
func few(chance *rand.Rand) int { return 1 + chance.IntN(3) }

// one picks one of these.
func one[T any](chance *rand.Rand, all ...T) T { return all[chance.IntN(len(all))] }

// wait is a Retry-After.
func wait(chance *rand.Rand) time.Duration { return time.Duration(1+chance.IntN(60)) * time.Second }

// spoilHTTP makes one kind of HTTP requests fail.
func (w *world) spoilHTTP(chance *rand.Rand) {
	n := few(chance)
	w.script(one(chance,
		connectortest.RefuseLogins(n, one(chance, 401, 403, 500, 503)), connectortest.RefuseLogins(n, 429).RetryAfter(wait(chance)),
		connectortest.HoldLogins(n), connectortest.CutLogins(n), connectortest.AnswerLogins(n, 200, "text/html", html),
		connectortest.RefuseLoginAs(n, one(chance, 401, 403, 404, 503)), connectortest.HoldLoginAs(n),
		connectortest.RefuseLogouts(n, one(chance, 401, 500)), connectortest.HoldLogouts(n),
		connectortest.RefuseMe(n, one(chance, 401, 403, 429, 500)), connectortest.HoldMe(n), connectortest.AnswerMe(n, 200, "text/html", html),
	))
}

// spoilRefresh makes refreshes fail; seldom for good.
func (w *world) spoilRefresh(chance *rand.Rand) {
	n := few(chance)
	if chance.IntN(10) == 0 {
		w.script(connectortest.RefuseRefreshes(n, one(chance, 400, 401, 403)))
		return
	}
	w.script(one(chance,
		connectortest.RefuseRefreshes(n, one(chance, 404, 500, 502, 503)), connectortest.RefuseRefreshes(n, one(chance, 429, 503)).RetryAfter(wait(chance)),
		connectortest.HoldRefreshes(n), connectortest.CutRefreshes(n), connectortest.AnswerRefreshes(n, 200, "text/html", html),
	))
}

// spoilUpgrade makes upgrades fail, or what they open.
func (w *world) spoilUpgrade(chance *rand.Rand) {
	n := few(chance)
	w.script(one(chance,
		connectortest.RefuseUpgrades(n, one(chance, 401, 404, 500, 502, 503)), connectortest.RefuseUpgrades(n, one(chance, 429, 503)).RetryAfter(wait(chance)),
		connectortest.RefuseUpgrades(1, one(chance, 403, 409)),
		connectortest.HoldUpgrades(n), connectortest.AnswerUpgrades(n, 200, "text/html", html), connectortest.DropUpgraded(n),
		connectortest.CloseUpgraded(n, one(chance, 1000, 1011, 1013, 4401, 4429), ""), connectortest.Deaf(n), connectortest.Mute(1),
		connectortest.RefusePublicUpgrades(n, one(chance, 404, 500, 503)), connectortest.RefusePublicUpgrades(n, 429).RetryAfter(wait(chance)), connectortest.HoldPublicUpgrades(n),
	), connectortest.DropSockets())
	w.hurry()
}

// spoilSteps makes the messages of the handshake fail.
func (w *world) spoilSteps(chance *rand.Rand) {
	n := few(chance)
	w.script(one(chance,
		connectortest.HoldAuth(n), connectortest.RejectAuth(n), connectortest.DropOnAuth(n), connectortest.CloseOnAuth(n, one(chance, 1000, 4401), ""),
		connectortest.HoldSubscriptions(n), connectortest.RejectSubscriptions(n), connectortest.DropOnSubscribe(n),
		connectortest.CloseOnSubscribe(n, one(chance, 1001, 4401), ""), connectortest.DropSubscribed(n),
	), connectortest.DropSockets())
	w.hurry()
}

// spoilAnswers makes the answers to messages late, doubled, strange or lost.
func (w *world) spoilAnswers(chance *rand.Rand) {
	n := few(chance)
	w.script(one(chance,
		connectortest.HoldRequests(n), connectortest.RepeatAnswers(n), connectortest.StrayAnswers(n), connectortest.BatchAnswers(n),
		connectortest.AnonymousErrors(n), connectortest.SaySockets("no json"), connectortest.SayBinary([]byte{0, 1}), connectortest.PingSockets(),
	))
}

// endSockets ends the sockets that are open.
func (w *world) endSockets(chance *rand.Rand) {
	w.script(one(chance,
		connectortest.DropSockets(), connectortest.CloseSockets(one(chance, 1000, 1001, 1012, 1013, 4000, 4401), "over"),
	))
	w.hurry()
}

// endTokens ends what the client holds.
func (w *world) endTokens(chance *rand.Rand) {
	w.script(one(chance,
		connectortest.ExpireTokens(), connectortest.ExpireTokens(), connectortest.AnnounceExpiry(),
		connectortest.RevokeUser(one(chance, "ann", "bob", "carol")), connectortest.RevokeAll(),
	))
	w.hurry()
}

// say pushes messages.
func (w *world) say(chance *rand.Rand) {
	for range 1 + chance.IntN(10) {
		w.push(one(chance, "news", fmt.Sprintf("room-%d", 1+chance.IntN(9))))
	}
}

// push pushes a message to those who are subscribed.
func (w *world) push(kind string) {
	if kind == "news" {
		w.backend.News("something has happened")
	} else if err := w.backend.PushTo(kind, "something has happened"); err != nil {
		w.violation(0, "push: %v", err)
	}
}

// lag changes how long what is sent is under way.
func (w *world) lag(chance *rand.Rand) {
	w.fault()
	w.network.Latency(one(chance, 0, time.Millisecond, 50*time.Millisecond, time.Second, 4*time.Second))
	w.network.Jitter(chance.Uint64(), one(chance, time.Millisecond, 100*time.Millisecond, 2*time.Second))
	w.network.Slice(one(chance, 0, 1, 7, 100))
}

// breakNetwork takes the network away for a while.
func (w *world) breakNetwork(chance *rand.Rand) {
	w.fault()
	most := one(chance, time.Second, time.Minute, 20*time.Minute)
	back := time.Duration(chance.Int64N(int64(most)))
	switch chance.IntN(4) {
	case 0:
		w.network.Refuse(true)
		w.network.Drop()
	case 1:
		w.network.Hang(true)
	case 2: // the peer is gone
		w.network.Hang(true)
		w.network.Freeze()
	case 3:
		w.network.Refuse(true)
	}
	time.AfterFunc(back, func() {
		w.hurry()
		w.network.Refuse(false)
		w.network.Hang(false)
	})
}

// breakLink strikes one connection, or all.
func (w *world) breakLink(chance *rand.Rand) {
	w.fault()
	links := w.network.Links()
	if len(links) == 0 {
		return
	}
	k := one(chance, links...)
	switch chance.IntN(5) {
	case 0:
		k.Reset()
	case 1:
		k.Freeze()
	case 2:
		k.Stall(true)
		time.AfterFunc(time.Duration(1+chance.IntN(90))*time.Second, func() { k.Stall(false) })
	case 3:
		w.network.Drop()
	case 4:
		w.network.Freeze()
	}
}

// moveClock sets the client's clock, or suspends its machine: time passes of which
// no timer knows.
func (w *world) moveClock(chance *rand.Rand) {
	w.fault()
	by := time.Duration(chance.Int64N(int64(24 * time.Hour)))
	switch chance.IntN(3) {
	case 0:
		by = -by
	case 1:
		w.script(connectortest.ExpireTokens())
		w.network.Drop()
	}
	w.clock.offset.Add(int64(by))
}

// slowDown makes the store slow, but not so slow that it is given up: what it has
// not saved could not be resumed.
func (w *world) slowDown(chance *rand.Rand) {
	w.fault()
	w.store.wait.Store(int64(one(chance, 0, time.Second, 4*time.Second)))
}

// fault counts a fault, and what it makes for.
func (w *world) fault() {
	w.count(func(f *Figures) *int { return &f.Faults })
	w.hurry()
}

// heal ends every fault.
func (w *world) heal() {
	w.network.Refuse(false)
	w.network.Hang(false)
	w.network.Latency(time.Millisecond)
	w.network.Jitter(1, 20*time.Millisecond)
	w.network.Slice(0)
	for _, k := range w.network.Links() {
		k.Stall(false)
	}
	w.script(connectortest.Behave())
	w.store.wait.Store(0)
	select {
	case <-w.next: // nobody lies in ambush any more
	default:
	}
}
