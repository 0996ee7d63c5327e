package connector_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

// pings are how many pings of the client the backend has got.
func (w *rooms) pings() int {
	synctest.Wait()
	return w.backend.Counts().Pings
}

// wantReconnect checks that the socket is given up so long after start, and comes
// back.
func (w *rooms) wantReconnect(start time.Time, least, most time.Duration) {
	w.t.Helper()
	w.until("socket", "waiting")
	if took := time.Since(start); took < least || took > most {
		w.t.Errorf("got the connection given up after %v, want %v to %v", took, least, most)
	}
	w.until("session", "subscribed")
	w.echoes("back")
}

func TestSilence(t *testing.T) {
	inRooms(t, "K10 a ping after silence, and its pong puts the next one off", func(w *rooms) {
		w.ready()
		for i := range 10 {
			time.Sleep(24 * time.Second)
			if got := w.pings(); got != i {
				w.t.Fatalf("got %d pings before PingAfter, want %d", got, i)
			}
			time.Sleep(time.Second)
			if got := w.pings(); got != i+1 {
				w.t.Fatalf("got %d pings after PingAfter, want %d", got, i+1)
			}
		}
		w.wantOne()
	})

	for _, c := range []struct {
		name    string
		traffic func(*rooms)
	}{
		{"a push", func(w *rooms) { w.say("room-1", "hi") }},
		{"an answer", func(w *rooms) { w.echoes("hi") }},
		{"a ping of the server", func(w *rooms) { w.script(connectortest.PingSockets()) }},
		{"a message that cannot be decoded", func(w *rooms) { w.script(connectortest.SayBinary([]byte{0xff})) }},
	} {
		inRooms(t, "K10 no ping while there is traffic: "+c.name, func(w *rooms) {
			w.ready()
			w.joins("room-1")
			for range 100 {
				time.Sleep(20 * time.Second)
				c.traffic(w)
			}
			if got := w.pings(); got != 0 {
				w.t.Errorf("got %d pings, want none", got)
			}
			time.Sleep(24 * time.Second)
			if got := w.pings(); got != 0 {
				w.t.Errorf("got a ping before PingAfter has passed since the last of the traffic")
			}
			time.Sleep(2 * time.Second)
			if got := w.pings(); got != 1 {
				w.t.Errorf("got %d pings after that, want 1", got)
			}
			w.wantOne()
		})
	}

	inRooms(t, "K10 what the client writes counts for nothing", func(w *rooms) {
		w.ready()
		for range 5 {
			time.Sleep(6 * time.Second)
			w.script(connectortest.HoldRequests(1))
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			_, _ = w.socket.Request(ctx, wish{request: request{Echo: &echo{"hi"}}})
			cancel()
		}
		if got := w.pings(); got != 1 {
			w.t.Errorf("got %d pings after 35s in which the server was silent, want 1", got)
		}
	})

	inRooms(t, "K10 a server ping is answered", func(w *rooms) {
		w.ready()
		for range 3 {
			w.script(connectortest.PingSockets())
			synctest.Wait()
		}
		if got := w.backend.Counts().Pongs; got != 3 {
			w.t.Errorf("got %d pongs, want 3", got)
		}
	})

	inRooms(t, "K10 NoPing", func(w *rooms) {
		w.ready()
		time.Sleep(24 * time.Minute)
		if got := w.pings(); got != 0 {
			w.t.Errorf("got %d pings, want none", got)
		}
		w.wantOne()
	}, func(s *roomConfig) { s.NoPing = true })

	inRooms(t, "K10 no ping goes out with NoPing, not even by Wake", func(w *rooms) {
		w.script(connectortest.Deaf(1))
		w.ready()
		w.session.Wake()
		time.Sleep(24 * time.Second)
		if got := w.pings(); got != 0 {
			w.t.Errorf("got %d pings, want none", got)
		}
		w.wantOne()
	}, func(s *roomConfig) { s.NoPing = true })

	inRooms(t, "K10 Wake probes a ready socket at once", func(w *rooms) {
		w.ready()
		time.Sleep(5 * time.Second)
		w.session.Wake()
		synctest.Wait()
		if got := w.pings(); got != 1 {
			w.t.Errorf("got %d pings, want 1", got)
		}
		w.wantOne()
		if got := w.socket.Status().State; got != transitions.SocketSubscribed {
			w.t.Errorf("got %v after the pong, want ready", got)
		}
		w.network.Freeze()
		w.config.HTTP.Base.(interface{ CloseIdleConnections() }).CloseIdleConnections()
		start := time.Now()
		w.session.Wake()
		w.wantReconnect(start, 10*time.Second, 10*time.Second)
	})
}

func TestDeadLinks(t *testing.T) {
	inRooms(t, "F29 a ping without an answer: reconnect within two intervals", func(w *rooms) {
		w.script(connectortest.Deaf(1))
		start := time.Now()
		w.ready()
		w.wantReconnect(start, 35*time.Second, 50*time.Second)
		time.Sleep(10 * time.Minute)
		if got := w.generation(); got != 2 {
			w.t.Errorf("got %d connections, want the second to last", got)
		}
	})

	inRooms(t, "K10 a deaf server that is not silent is not given up", func(w *rooms) {
		w.script(connectortest.Deaf(1))
		w.ready()
		w.joins("room-1")
		for range 20 {
			time.Sleep(34 * time.Second) // the ping was sent 9s ago
			w.say("room-1", "hi")
		}
		if got := w.pings(); got != 20 {
			w.t.Errorf("got %d pings, want 20", got)
		}
		w.wantOne()
	})

	inRooms(t, "F29 a mute server is given up at auth", func(w *rooms) {
		w.script(connectortest.Mute(1))
		start := time.Now()
		w.login()
		if took := time.Since(start); took < 10*time.Second || took > 11*time.Second {
			w.t.Errorf("got ready after %v, want AuthTimeout and a retry", took)
		}
		w.script(connectortest.DropSockets()) // the mute one does not notice that it was left
	})

	inRooms(t, "F47 a half-open link", func(w *rooms) {
		w.ready()
		s := w.joins("room-1")
		time.Sleep(time.Minute)
		pending := make(chan error, 1)
		w.network.Freeze()
		w.config.HTTP.Base.(interface{ CloseIdleConnections() }).CloseIdleConnections()
		start := time.Now()
		go func() {
			_, err := w.socket.Request(context.Background(), wish{request: request{Echo: &echo{"lost"}}})
			pending <- err
		}()
		w.wantReconnect(start, 10*time.Second, 35*time.Second)
		if err := <-pending; !errors.Is(err, connector.ErrOutcomeUnknown) {
			w.t.Errorf("got %v for a request on the dead link, want its outcome unknown", err)
		}
		wantLasting(w.t, s)
	})

	inRooms(t, "F38 a ping without an answer is of its connection only", func(w *rooms) {
		w.script(connectortest.Deaf(1))
		w.ready()
		for range 2 {
			w.until("socket", "probing")
			synctest.Wait()
			w.script(connectortest.DropSockets()) // while the ping waits
			w.until("session", "subscribed")
			since := w.pings()
			time.Sleep(24 * time.Second)
			if got := w.pings() - since; got != 0 || w.socket.Status().State != transitions.SocketSubscribed {
				w.t.Errorf("got %d pings and %v on the next connection, want it to begin anew", got, w.socket.Status().State)
			}
			time.Sleep(2 * time.Second)
			if got := w.pings() - since; got != 1 || w.socket.Status().State != transitions.SocketSubscribed {
				w.t.Errorf("got %d pings and %v, want one and its answer", got, w.socket.Status().State)
			}
			w.changes.Close()
			w.changes = w.session.Changes(0)
		}
	})

	bubbles(t, "F29 a write that does not come through ends the connection too", func(t *testing.T, engine change) {
		w := peerWorld(t, engine, func(n int, ws *websocket.Conn) {
			if n > 1 {
				follow(ws, func(request) {})
				return
			}
			for range 2 { // auth and the subscription
				var r request
				if ws.ReadJSON(&r) != nil || ws.WriteJSON(answerTo(r)) != nil {
					return
				}
			}
			select {
			case <-t.Context().Done():
			case <-time.After(time.Minute): // reads no more
			}
		})
		defer w.end()
		w.login()
		w.until("session", "subscribed")
		start, big := time.Now(), string(make([]byte, 200<<10))
		s := w.submit(context.Background(), big)
		s.want(t, connector.ErrOutcomeUnknown)
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("got given up after %v, want WriteTimeout", took)
		}
		w.until("session", "subscribed")
		time.Sleep(time.Minute) // until the peer has left its end
	})
}

func TestHeartbeat(t *testing.T) {
	pinging := func(s *roomConfig) {
		s.Heartbeat.Ping = func() wish { return wish{Ping: &struct{}{}} }
		s.Heartbeat.IsPong = func(w word) bool { return w.Ping != nil }
	}
	pong := `{"ping":{}}`

	byLedger(t, "K10 Ping as a message, and its answer is for nobody else", func(w *rooms, l *ledger) {
		messages, all := w.socket.Messages(0), w.socket.All(0)
		w.ready()
		l.change(func() {
			l.mute, l.more = []string{"1 ping"}, func(string) word { return word{Ping: &struct{}{}} }
		})
		time.Sleep(60 * time.Second)
		l.want(w.t, "1 auth", "1 sub categories", "1 ping", "1 ping")
		w.wantOne()
		if got := w.heard(messages); got != "" || len(published(messages)) != 0 {
			w.t.Errorf("got %q among the messages, want nothing", got)
		}
		own := 0
		for _, m := range published(all) {
			if m.Message.Ping != nil && m.Own && m.Generation == 1 {
				own++
			}
		}
		if own != 2 {
			w.t.Errorf("got %d pongs in the stream of all, want 2, as the connector's own", own)
		}
	}, pinging)

	inRooms(t, "K10 a message as ping without an answer: reconnect", func(w *rooms) {
		w.script(connectortest.HoldRequests(1))
		start := time.Now()
		w.ready()
		w.wantReconnect(start, 35*time.Second, 50*time.Second)
		if got := w.backend.Counts(); got.Pings != 0 {
			w.t.Errorf("got %+v, want no protocol ping", got)
		}
	}, func(s *roomConfig) {
		s.Heartbeat.Ping = func() wish { return wish{request: request{Echo: &echo{"ping"}}} }
	})

	replying := func(s *roomConfig) {
		s.Heartbeat.Reply = func(w word) (wish, bool) {
			return wish{Ping: &struct{}{}}, w.Ping != nil
		}
	}
	byLedger(t, "K10 Reply to the server's pings", func(w *rooms, l *ledger) {
		messages, all := w.socket.Messages(0), w.socket.All(0)
		l.more = func(line string) word {
			if line == "1 echo ping me" {
				return word{Ping: &struct{}{}}
			}
			return word{Push: &parcel{Kind: line}}
		}
		l.mute = []string{"1 ping"}
		w.ready()
		w.echoes("ping me")
		l.want(w.t, "1 auth", "1 sub categories", "1 echo ping me", "1 ping")
		if got := w.heard(messages); got != "1 auth , 1 sub categories , 1 ping " {
			w.t.Errorf("got %q among the messages, want all but the ping", got)
		}
		var own []bool
		for _, m := range published(all) {
			if m.Message.Ping != nil {
				own = append(own, m.Own)
			}
		}
		if !slices.Equal(own, []bool{true}) {
			w.t.Errorf("got %v, want the ping once, as the connector's own", own)
		}
	}, replying)

	for _, c := range []struct {
		name  string
		edit  roomEdit
		fault string
		lasts bool // the connection
	}{
		{"Reply", func(s *roomConfig) {
			s.Heartbeat.Reply = func(w word) (wish, bool) {
				if w.Ping != nil {
					panic("boom")
				}
				return wish{}, false
			}
		}, "application: panic: boom", true},
		{"IsPong", func(s *roomConfig) {
			s.Heartbeat.IsPong = func(w word) bool {
				if w.Ping != nil {
					panic("boom")
				}
				return false
			}
		}, "application: panic: boom", true},
		{"Ping", func(s *roomConfig) {
			s.Heartbeat.Ping = func() wish { panic("boom") }
		}, "ping: application: panic: boom", false},
	} {
		inRooms(t, "K10 X4 "+c.name+" that panics is told, and costs nothing else", func(w *rooms) {
			messages := w.socket.Messages(0)
			w.ready()
			w.joins("room-1")
			errs, all := w.socket.Errors(0), w.session.Errors(0)
			if c.lasts {
				w.script(connectortest.SaySockets(pong + `{"push":{"kind":"room-1","message":"in the same frame"}}`))
				w.say("room-1", "after it")
				if got := w.heard(messages); got != "room-1 in the same frame, room-1 after it" {
					w.t.Errorf("got %q, want what came with it and after it", got)
				}
				w.wantOne()
				wantTold(w.t, errs, all, c.fault)
				return
			}
			start := time.Now()
			w.until("socket", "waiting")
			if took := time.Since(start); took < 35*time.Second || took > 50*time.Second {
				w.t.Errorf("got given up after %v, want as without an answer", took)
			}
			w.until("session", "subscribed")
			wantTold(w.t, errs, all, c.fault, "ping: nothing was received")
		}, c.edit)
	}
}
