package main

import (
	"fmt"
	"slices"
	"testing"
)

// promised are changes that the acts promise, in their order.
var promised = []struct {
	act     string
	changes []moved
}{
	{"log in", []moved{
		{1, "session", "loggedOut", "loginRequested", "authenticating"},
		{1, "session", "socketAuthed", "socketsReady", "subscribed"},
	}},
	{"drop", []moved{
		{1, "socket", "subscribed", "dropped", "waiting"},
		{1, "socket", "socketAuthed", "subscriptionAccepted", "subscribed"},
	}},
	{"expiry", []moved{
		{1, "token", "refreshing", "refreshed", "storing"},
		{1, "token", "storing", "stored", "fresh"},
	}},
	{"close", []moved{
		{1, "session", "subscribed", "closeRequested", "shutting"},
		{1, "socket", "closing", "ended", "closed"},
		{1, "token", "fresh", "dropRequested", "absent"},
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
		{2, "socket", "closing", "ended", "closed"},
		{2, "token", "fresh", "revokeRequested", "revoking"},
		{2, "session", "revoking", "tokenGone", "loggedOut"},
	}},
	{"ended by the server", []moved{
		{3, "socket", "subscribed", "expired", "waiting"},
		{3, "token", "refreshing", "rejected", "absent"},
		{3, "session", "revoking", "tokenGone", "loggedOut"},
	}},
}

var switched = []moved{
	{2, "token", "fresh", "parkRequested", "parked"},
	{2, "session", "subscribed", "userAccepted", "switching"},
	{2, "socket", "closing", "ended", "closed"},
	{2, "session", "socketAuthed", "socketsReady", "subscribed"},
}

var returned = []moved{
	{2, "session", "subscribed", "logoutRequested", "closing"},
	{2, "token", "parked", "restoreRequested", "fresh"},
	{2, "session", "socketAuthed", "socketsReady", "subscribed"},
}

// actsHappen checks that what the acts promise is there, in this order.
func actsHappen(t *testing.T, changes []moved) {
	t.Helper()
	rest := changes
	for _, p := range promised {
		for _, want := range p.changes {
			i := slices.Index(rest, want)
			if i < 0 {
				t.Fatalf("%s: got no %v, or not in its place\n%v", p.act, want, changes)
			}
			rest = rest[i+1:]
		}
	}
	if len(rest) != 0 {
		t.Errorf("got %v after the last logout, want nothing", rest)
	}
}

// messagesCome checks that every answer and every push is there.
func messagesCome(t *testing.T, messages []messageLine) {
	t.Helper()
	var texts []string
	for _, m := range messages {
		texts = append(texts, fmt.Sprintf("%d %v", m.Session, m.Message))
	}
	const menu = "list: 2 Bread, 3 Cake, 4 Tea"
	if want := []string{
		`1 echo "hello"`, "1 menuAdd: 4 Tea is on the menu",
		"1 list: 1 Soup, 2 Bread, 3 Cake", "1 update: 4 Tea", "1 menuDelete: 1 is off the menu", "1 delete: 1",
		`1 echo "anybody there?"`, "1 " + menu,
		"2 " + menu, "2 " + menu, "2 " + menu, "2 " + menu, "2 " + menu, // resumed, bob, carol, bob, ann
		"3 " + menu,
	}; !slices.Equal(texts, want) {
		t.Errorf("got messages\n%q, want\n%q", texts, want)
	}
}
