// Package simulation runs the real connector, with the real gorilla/websocket and
// net/http under it, over the faulty network and against the scripted backend of
// package connectortest: in virtual time, one seed a run, a day in about half a
// second.
//
//	report := simulation.Run{Seed: 7}.Do()
//	if err := report.Err(); err != nil {
//		shrunk := simulation.Run{Seed: 7}.Shrink(report, 200)
//		fmt.Println(err, shrunk.Acts, report.Tail)
//	}
//
// In a run a client with two sockets lives through a day; under every third seed or
// so the second one is public and open before login. Its user logs in, out,
// everywhere, as another one and back, closes and opens sockets, subscribes,
// requests and sends, at random moments. The network has latency and jitter, drops,
// freezes and stalls connections, refuses dials or leaves them without an answer.
// The backend refuses, holds, cuts and garbles what it is asked, closes sockets with
// codes, ends and revokes tokens. The clock jumps, and the machine is suspended.
// After each phase of that the network heals, and all must be well again in a bounded
// time; now and then the user then logs out while the peer is gone.
//
// Invariants lists what must hold meanwhile. It is judged on what the client writes
// and reads, by a tap below the WebSocket library and another below its HTTP client,
// and on what the application is told; of itself the client is asked only whether it
// is logged in, which of its sockets are ready, and what is pending.
//
// All that chance has a say in is drawn from the seed, and deliveries, dials and
// acts have instants of their own. Timers of the client may still end at one
// instant, and the goroutines that they wake run in any order: the same seed is the
// same day, yet two runs of it may differ in such details. The journal is what
// reproduces a run.
//
// Its one invariant: a run leaves nothing behind, or reports what it has left.
package simulation
