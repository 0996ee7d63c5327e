package main

import (
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector"
)

func TestLinks(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var l links
	conn, err := l.DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if got := l.open.Load(); got != 1 {
		t.Errorf("got %d open after a dial, want 1", got)
	}
	for range 2 {
		_ = conn.Close()
	}
	if dialed, open := l.dialed.Load(), l.open.Load(); dialed != 1 || open != 0 {
		t.Errorf("got %d dialed, %d open after two closes, want 1, 0", dialed, open)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.DialContext(t.Context(), "tcp", listener.Addr().String()); err == nil || l.dialed.Load() != 1 || l.open.Load() != 0 {
		t.Errorf("got fault %v, %d dialed, %d open where nobody listens, want a fault, 1, 0", err, l.dialed.Load(), l.open.Load())
	}
}

func TestAnswersOutOfOrder(t *testing.T) {
	echoes := func(texts ...string) (all []connector.Inbound[response]) {
		all = append(all, connector.Inbound[response]{Message: response{Auth: &user{ID: 1}}})
		for _, text := range texts {
			all = append(all, connector.Inbound[response]{Message: response{Echo: &echo{text}}})
		}
		return all
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // so that nothing is waited for
	s := &session{show: newTextShow(io.Discard, time.Now())}
	for name, test := range map[string]struct {
		received []connector.Inbound[response]
		fault    string
	}{
		"in order":     {echoes("first", "second", "third"), ""},
		"out of order": {echoes("first", "third", "second"), `got the answer to "third", want that to "second"`},
		"one is lost":  {echoes("first", "second"), "waiting for 1 answers"},
	} {
		err := s.answeredInOrder(ctx, slices.Values(test.received), []string{"first", "second", "third"})
		if (err == nil) != (test.fault == "") || err != nil && !strings.Contains(err.Error(), test.fault) {
			t.Errorf("%s: got %v, want %q", name, err, test.fault)
		}
	}
}

func TestSecondGroup(t *testing.T) {
	for id, want := range map[int]string{1: "room-2", 2: "room-3", 8: "room-9", 9: "room-1", 10: "room-2"} {
		if got := roomOf(user{ID: id}); got != want {
			t.Errorf("user %d: got %s, want %s", id, got, want)
		}
	}
	sockets, err := secondGroup("ws://127.0.0.1:1/ws").Make(t.Context(), connector.Chain[user]{User: user{ID: 1, Name: "ann"}})
	if err == nil || sockets != nil {
		t.Errorf("got %v, %v, want no room for a socket that nobody has authenticated", sockets, err)
	}
}
