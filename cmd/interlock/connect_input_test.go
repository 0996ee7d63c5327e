package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/transitions"
)

func TestOrders(t *testing.T) {
	one, two, none := grammar{[]string{"menu"}}, grammar{[]string{"menu", "room"}}, grammar{}
	for _, c := range []struct {
		of         grammar
		line, want string
	}{
		{one, `hello`, `is not a JSON object (invalid character 'h' looking for beginning of value); write one a line, such as {"message":{}}`},
		{two, `[1]`, `is not a JSON object (but array); write one a line, such as {"socket":"menu","message":{}}`},
		{none, `null`, `is not a JSON object; write one a line, such as {"http":"GET /path"}`},
		{one, `{"message":1} {}`, `is not a JSON object (invalid character '{' after top-level value); write one a line, such as {"message":{}}`},
		{one, "{\"message\":\"\xff\"}", `is not UTF-8; write JSON in UTF-8`},
		{one, `{}`, `asks for nothing; write a "message", "http", "loginAs" or "logout", such as {"message":{}}`},
		{one, `{"socket":"menu"}`, `asks for nothing; write a "message", "http", "loginAs" or "logout", such as {"message":{}}`},
		{one, `{"socket":"menu","mesage":1}`, `asks for nothing; write a "message", "http", "loginAs" or "logout", such as {"message":{}}`},
		{one, `{"login_as":1}`, `asks for nothing; write a "message", "http", "loginAs" or "logout", such as {"message":{}}`},
		{one, `{"message":1,"logout":"here"}`, `asks for logout and message at once; write them on lines of their own`},
		{one, `{"message":1,"soket":"menu"}`, `has a field "soket"; beside "message" there may be socket, request, noAnswer, need, repeatable`},
		{one, `{"message":1,"timeoutOfThis":2}`, `has a field "timeoutOfThis"; beside "message" there may be socket, request, noAnswer, need, repeatable`},
		{one, `{"http":"GET /","need":"open"}`, `has a field "need"; beside "http" there may be request, body`},
		{one, `{"message":1,"socket":"meun"}`, `has an unknown socket "meun"; write one of menu`},
		{two, `{"message":1,"socket":"kitchen"}`, `has an unknown socket "kitchen"; write one of menu, room`},
		{none, `{"message":1,"socket":"menu"}`, `has a socket "menu", but the config file has none; use {"http":"GET /path"}`},
		{two, `{"message":1}`, `has no "socket"; write which of menu, room`},
		{none, `{"message":1}`, `is for a socket, but the config file has none; use {"http":"GET /path"}`},
		{one, `{"message":1,"socket":5}`, `has "socket" 5; write the id of one`},
		{one, `{"message":1,"need":"now"}`, `has "need" "now"; write "open", "authed" or "ready"`},
		{one, `{"message":1,"noAnswer":"yes"}`, `has "noAnswer" "yes"; write true or false`},
		{one, `{"message":1,"repeatable":null}`, `has "repeatable" null; write true or false`},
		{one, `{"http":"/path"}`, `has "http" "/path"; write a method and a path, such as "GET /path"`},
		{one, `{"http":"get /path"}`, `has "http" "get /path"; write a method and a path, such as "GET /path"`},
		{one, `{"http":5}`, `has "http" 5; write a method and a path, such as "GET /path"`},
		{one, `{"logout":"there"}`, `has "logout" "there"; write "here" or "everywhere"`},
	} {
		if _, err := c.of.read(7, []byte(c.line)); err == nil || err.Error() != c.want {
			t.Errorf("X4 %s: got %v, want %s", c.line, err, c.want)
		}
	}
	o, err := two.read(7, []byte(`{"socket":"room","message":{"a": 1},"request":{"x": 1},"need":"open","repeatable":true,"noAnswer":true}`))
	if err != nil || o.socket != "room" || o.message.String() != `{"a":1}` || string(o.label) != `{"x":1}` || !o.noAnswer ||
		o.traits.Need != transitions.NeedOpen || !o.traits.Repeatable {
		t.Errorf("got %+v, %v, want all that was written", o, err)
	}
	if o, err := one.read(7, []byte(`{"message":null}`)); err != nil || o.socket != "menu" || string(o.label) != "7" || o.message == nil || o.traits.Need != transitions.NeedReady {
		t.Errorf("got %+v, %v, want the message null on the only socket", o, err)
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", longestLine-1)
	var got []string
	err := lines(strings.NewReader("a\n\n  \r\n b \r\n"+long+"\n"+long+"y\n"+strings.Repeat(" ", longestLine)+"\nc"), func(number int, text []byte, err error) bool {
		got = append(got, fmt.Sprintf("%d %d %.5s %v", number, len(text), text, err))
		return true
	})
	want := []string{"1 1 a <nil>", "4 1 b <nil>", "5 1048575 xxxxx <nil>", "6 0  is longer than 1 MiB; write less at once", "7 0  is longer than 1 MiB; write less at once", "8 1 c <nil>"}
	if err != nil || strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	fault := errors.New("broken")
	if err := lines(io.MultiReader(strings.NewReader("a\n"), faulty{fault}), func(int, []byte, error) bool { return true }); !errors.Is(err, fault) {
		t.Errorf("got %v, want %v", err, fault)
	}
	if err := lines(faulty{fault}, func(int, []byte, error) bool { return true }); !errors.Is(err, fault) {
		t.Errorf("got %v, want %v", err, fault)
	}
}

// faulty is a reader that fails.
type faulty struct{ err error }

func (f faulty) Read([]byte) (int, error) { return 0, f.err }

func TestConnectGoesOnAfterBadLines(t *testing.T) {
	c := connect(t, fileFor(t, backendOf(t, connectortest.Config{}), cafe))
	c.hear(theMenu)
	c.say(`hello`, `{"mesage":1}`, strings.Repeat("x", longestLine+1), `{"socket":"kitchen","message":1}`, `{"message":{"echo":{"text":"still here"}}}`)
	c.hear(`{"request":1,"error":"the line is not a JSON object (invalid character 'h' looking for beginning of value); write one a line, such as {\"message\":{}}"}`)
	c.hear(`{"request":2,"error":"the line asks for nothing; write a \"message\", \"http\", \"loginAs\" or \"logout\", such as {\"message\":{}}"}`)
	c.hear(`{"request":3,"error":"the line is longer than 1 MiB; write less at once"}`)
	c.hear(`{"request":4,"error":"the line has an unknown socket \"kitchen\"; write one of menu"}`)
	c.hear(`{"socket":"menu","request":5,"answer":{"id":3,"echo":{"text":"still here"}}}`)
	c.stop()
	c.ends(done, `line 1 of standard input is not a JSON object`, `line 2 of standard input asks for nothing; write a \"message\"`,
		`line 3 of standard input is longer than 1 MiB`, `line 4 of standard input has an unknown socket \"kitchen\"; write one of menu`)
}
