package main

import (
	"fmt"
	"slices"
	"testing"
)

// promised are changes that the acts promise, in their order: those of one session come
// in it.
var promised = []struct {
	act     string
	changes []moved
}{
	{"log in", []moved{
		{1, "session", "loggedOut", "loginRequested", "authenticating"},
		{1, "session", "authenticating", "loginAccepted", "socketOpening"},
		{1, "socket menu", "closed", "openRequested", "tokenPending"},
		{1, "subscription menu", "sent", "accepted", "active"},
		{1, "session", "socketOpening", "socketsReady", "chaining"},
		{1, "session", "chaining", "groupMade", "socketOpening"},
		{1, "socket room", "closed", "openRequested", "tokenPending"},
		{1, "session", "socketOpening", "socketsAuthed", "socketAuthed"},
		{1, "subscription room", "sent", "accepted", "active"},
		{1, "session", "socketAuthed", "socketsReady", "subscribed"},
	}},
	{"drop", []moved{
		{1, "socket menu", "subscribed", "dropped", "waiting"},
		{1, "subscription menu", "active", "connectionLost", "wanted"},
		{1, "socket menu", "waiting", "retryDue", "tokenPending"},
		{1, "socket menu", "socketAuthed", "subscriptionsActive", "subscribed"},
		{1, "session", "socketAuthed", "socketsReady", "subscribed"},
	}},
	{"freeze", []moved{
		{1, "socket menu", "subscribed", "silent", "probing"},
		{1, "socket menu", "probing", "pingTimedOut", "waiting"},
		{1, "socket menu", "waiting", "retryDue", "tokenPending"},
		{1, "socket menu", "socketAuthed", "subscriptionsActive", "subscribed"},
		{1, "session", "socketAuthed", "socketsReady", "subscribed"},
	}},
	{"expiry", []moved{
		{1, "token", "refreshing", "refreshed", "storing"},
		{1, "token", "storing", "stored", "fresh"},
	}},
	{"close", []moved{
		{1, "session", "subscribed", "closeRequested", "shutting"},
		{1, "socket menu", "closing", "ended", "closed"},
		{1, "token", "fresh", "dropRequested", "absent"},
		{1, "socket room", "closed", "removeRequested", "removed"},
	}},
	{"resume", []moved{
		{2, "session", "loggedOut", "resumeRequested", "authenticating"},
		{2, "token", "absent", "loaded", "fresh"},
		{2, "session", "socketAuthed", "socketsReady", "subscribed"},
	}},
	{"ann as bob", switched}, {"bob as carol", switched},
	{"carol leaves", returned}, {"bob leaves", returned},
	{"on another device", []moved{
		{3, "session", "loggedOut", "loginRequested", "authenticating"},
		{3, "session", "socketAuthed", "socketsReady", "subscribed"},
	}},
	{"everywhere", []moved{
		{2, "session", "subscribed", "logoutRequested", "closing"},
		{2, "socket menu", "closing", "ended", "closed"},
		{2, "token", "fresh", "revokeRequested", "revoking"},
		{2, "session", "revoking", "tokenGone", "loggedOut"},
	}},
	{"ended by the server", []moved{
		{3, "token", "fresh", "renewRequested", "refreshing"}, // for the socket that hears of it first
		{3, "token", "refreshing", "rejected", "absent"},
		{3, "session", "revoking", "tokenGone", "loggedOut"},
		{3, "socket room", "closed", "removeRequested", "removed"},
	}},
}

var switched = []moved{
	{2, "token", "fresh", "parkRequested", "parked"},
	{2, "session", "subscribed", "userAccepted", "switching"},
	{2, "socket menu", "closing", "ended", "closed"},
	{2, "socket room", "closed", "removeRequested", "removed"},
	{2, "session", "socketOpening", "socketsReady", "chaining"},
	{2, "session", "socketAuthed", "socketsReady", "subscribed"},
}

var returned = []moved{
	{2, "session", "subscribed", "logoutRequested", "closing"},
	{2, "token", "parked", "restoreRequested", "fresh"},
	{2, "session", "socketOpening", "socketsReady", "chaining"},
	{2, "session", "socketAuthed", "socketsReady", "subscribed"},
}

// actsHappen checks that what the acts promise is there, in the order of each session.
func actsHappen(t *testing.T, changes []moved) {
	t.Helper()
	rest := map[int][]moved{1: of(1, changes), 2: of(2, changes), 3: of(3, changes)}
	for _, p := range promised {
		for _, want := range p.changes {
			i := slices.Index(rest[want.session], want)
			if i < 0 {
				t.Fatalf("%s: got no %v, or not in its place\n%v", p.act, want, changes)
			}
			rest[want.session] = rest[want.session][i+1:]
		}
	}
	if len(rest[3]) != 0 {
		t.Errorf("got %v after the last logout, want nothing", rest[3])
	}
	for _, want := range []moved{ // when, depends on chance
		{1, "socket room", "subscribed", "dropped", "waiting"},
		{1, "socket room", "subscribed", "silent", "probing"},
		{1, "socket room", "probing", "pingTimedOut", "waiting"},
		{1, "socket room", "closing", "ended", "closed"},
	} {
		if !slices.Contains(changes, want) {
			t.Errorf("got no %v\n%v", want, changes)
		}
	}
}

// messagesCome checks that every answer and every push is there.
func messagesCome(t *testing.T, messages []messageLine) {
	t.Helper()
	var texts []string
	for _, m := range messages {
		texts = append(texts, fmt.Sprintf("%d %s %v", m.Session, m.Socket, m.Message))
	}
	introduced := func(session, number int, name string) []string {
		return []string{
			fmt.Sprintf("%d menu list: 2 Bread, 3 Cake, 4 Tea", session),
			fmt.Sprintf("%d room room-%d: %q", session, number, "Hello, "+name),
		}
	}
	if want := slices.Concat([]string{
		`1 menu echo "hello"`, "1 menu menuAdd: 4 Tea is on the menu",
		"1 menu list: 1 Soup, 2 Bread, 3 Cake", "1 menu update: 4 Tea", "1 menu menuDelete: 1 is off the menu", "1 menu delete: 1",
		`1 room room-2: "Your table is ready"`,
		`1 menu echo "first"`, `1 menu echo "second"`, `1 menu echo "third"`, "1 menu list: 2 Bread, 3 Cake, 4 Tea",
		"1 menu list: 2 Bread, 3 Cake, 4 Tea", `1 menu echo "anybody there?"`, `1 room room-2: "Still here"`,
	},
		introduced(2, 2, "ann"), introduced(2, 3, "bob"), introduced(2, 4, "carol"), introduced(2, 3, "bob"), introduced(2, 2, "ann"),
		introduced(3, 2, "ann"),
	); !slices.Equal(texts, want) {
		t.Errorf("got messages\n%q, want\n%q", texts, want)
	}
}
