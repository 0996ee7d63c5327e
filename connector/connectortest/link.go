package connectortest

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// jitter is what deliveries are late by, beside the latency.
type jitter struct {
	seed   uint64
	spread time.Duration
}

// Jitter makes what is written from now on arrive up to spread later than
// Latency says, as chance of this seed has it: in order on one connection, in any
// order on two. Each direction of a connection has a source of chance of its own,
// so that what happens on one connection changes nothing on another; what it was
// seeded with first, it keeps. A spread of zero or less ends the jitter.
//
// Under jitter each direction also arrives at instants of its own, which differ
// from those of 999 others in their nanoseconds: goroutines that wake at one
// instant of a testing/synctest bubble run in any order, and a run of a
// simulation could then not be repeated.
func (n *Network) Jitter(seed uint64, spread time.Duration) {
	if spread <= 0 {
		n.jitter.Store(nil)
		return
	}
	n.jitter.Store(&jitter{seed, spread})
}

// Link is one connection of a Network, for faults that strike it alone. Its
// methods may be called concurrently; on one that is over they do nothing.
type Link struct{ link *link }

// Links returns the connections that are open now, the first dialed first.
func (n *Network) Links() []Link {
	n.mu.Lock()
	open := slices.Collect(maps.Keys(n.links))
	n.mu.Unlock()
	slices.SortFunc(open, func(a, b *link) int { return cmp.Compare(a.number, b.number) })
	links := make([]Link, len(open))
	for i, k := range open {
		links[i] = Link{k}
	}
	return links
}

// Server returns the address that was dialed, as "host:port".
func (l Link) Server() string { return l.link.server.local.String() }

// Reset resets the connection, as [Network.Drop] does with all.
func (l Link) Reset() {
	l.link.network.forget(l.link)
	l.link.reset()
}

// Freeze makes the connection half-open for good, as [Network.Freeze] does with
// all.
func (l Link) Freeze() { l.link.freeze() }

// Stall sets whether the connection delivers nothing, in either direction, as
// when both ends read slowly: what is written stays under way, until the buffer
// is full and writes wait; so does the end of file. With Stall(false) it arrives.
func (l Link) Stall(on bool) {
	l.link.client.in.stall(on)
	l.link.client.out.stall(on)
}
