package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/transitions"
)

// loginPatience is how long a request waits for a login.
const loginPatience = 30 * time.Second

// input is where requests come from.
func (c *connectCommand) input() io.Reader {
	switch {
	case c.Request != "":
		return strings.NewReader(c.Request)
	case c.stdin != nil:
		return c.stdin
	}
	return os.Stdin
}

// listen does what the lines of standard input say, until they end.
func (l *live) listen(from io.Reader) {
	err := lines(from, func(number int, text []byte, err error) bool {
		if l.asking.Err() != nil {
			return false
		}
		var o order
		if err == nil {
			o, err = l.grammar.read(number, text)
		}
		if err != nil {
			l.log.Error(fmt.Sprintf("line %d of standard input %v", number, err))
			text, _ := json.Marshal("the line " + err.Error())
			l.out.put(fmt.Appendf(nil, `{"request":%d,"error":%s}`, number, text))
			return true
		}
		return l.do(o)
	})
	if err != nil && l.asking.Err() == nil {
		l.log.Error(fmt.Sprintf("standard input cannot be read: %v", err))
	}
}

// listenOnce does what the first line says.
func (l *live) listenOnce(from io.Reader) {
	asked := false
	err := lines(from, func(number int, text []byte, err error) bool {
		asked = true
		var o order
		if err == nil {
			o, err = l.grammar.read(number, text)
		}
		if err != nil {
			l.end(misuse{fmt.Errorf("--once: the request %w", err)})
			return false
		}
		l.do(o)
		return false
	})
	if err != nil || !asked {
		l.end(errors.Join(errors.New("--once: standard input has no request; write one, such as "+l.grammar.example()), err))
	}
}

// settle notes how an order has ended.
func (l *live) settle(ok bool) {
	l.unsettled.Add(-1)
	l.settled.ring()
	switch {
	case l.command.Once && ok:
		l.end(errDone)
	case l.command.Once:
		l.end(errRefused)
	}
}

// drain waits until all that was ordered so far has ended.
func (l *live) drain() {
	for {
		settled := l.settled.next()
		if l.unsettled.Load() == 0 {
			return
		}
		select {
		case <-settled:
		case <-l.asking.Done():
			return
		}
	}
}

// do begins what is ordered. A change of the user begins when what was ordered before
// has ended, and is done when do returns, so that each order is that of the user of its
// place. It tells whether more may be ordered.
func (l *live) do(o order) bool {
	if o.loginAs != nil || o.logout != "" {
		l.drain()
	}
	l.unsettled.Add(1)
	switch {
	case o.message != nil:
		select {
		case l.lanes[o.socket].orders <- o:
		case <-l.asking.Done():
		}
	case o.http != "":
		select {
		case l.web.calls <- struct{}{}:
			l.requests.Go(func() {
				defer func() { <-l.web.calls }()
				l.call(o)
			})
		case <-l.asking.Done():
		}
	case o.loginAs != nil:
		l.loginAs(o)
	default:
		return l.logout(o)
	}
	return l.asking.Err() == nil
}

// loggedIn waits until a user is logged in.
func (l *live) loggedIn() error {
	if !l.reaches(func(s connector.Status) bool { return s.LoggedIn }, loginPatience) {
		return cmp.Or(context.Cause(l.asking), errors.New("nobody was logged in in time"))
	}
	return nil
}

// reaches waits for so long until the session is so.
func (l *live) reaches(so func(connector.Status) bool, within time.Duration) bool {
	timeout := time.NewTimer(within)
	defer timeout.Stop()
	for {
		moved := l.moved.next()
		if so(l.session.Status()) {
			return true
		}
		select {
		case <-moved:
		case <-l.asking.Done():
			return false
		case <-timeout.C:
			return false
		}
	}
}

// changeUser holds what sockets bring for another user until the function that it
// returns is called.
func (l *live) changeUser() (told func()) {
	done := make(chan struct{})
	for _, lane := range l.lanes {
		lane.hold(done)
	}
	return func() { close(done) }
}

// loginAs logs in as another user.
func (l *live) loginAs(o order) {
	var id any
	decoder := json.NewDecoder(strings.NewReader(string(o.loginAs)))
	decoder.UseNumber()
	_ = decoder.Decode(&id)
	defer l.changeUser()()
	err := l.loggedIn()
	if err == nil {
		err = l.session.LoginAs(connector.WithoutSockets(connector.Quiet(l.asking)), id)
	}
	if err == nil { // the sockets of the user before close first
		l.reaches(func(s connector.Status) bool { return s.Session != transitions.SessionSwitching }, loginPatience)
	}
	l.tellUser(fmt.Appendf(nil, `{"loginAs":%s`, o.loginAs), o, err)
}

// logout logs the current user out. It tells whether that is not the end: the user
// before is logged in, or would be.
func (l *live) logout(o order) bool {
	leave := l.session.Logout
	if o.logout == "everywhere" {
		leave = l.session.LogoutEverywhere
	}
	defer l.changeUser()()
	if err := l.loggedIn(); err != nil {
		l.tellUser(fmt.Appendf(nil, `{"logout":%q`, o.logout), o, err)
		return true
	}
	err := leave(l.asking)
	_, still := l.session.User()
	l.tellUser(fmt.Appendf(nil, `{"logout":%q`, o.logout), o, err)
	if still || errors.Is(err, connector.ErrParentExpired) { // that session was ended by the server
		return true
	}
	l.end(cmp.Or(err, errDone))
	return false
}

// tellUser prints what became of a change of the user, and who that is now.
func (l *live) tellUser(line []byte, o order, err error) {
	line = append(line, o.mark()...)
	if err != nil {
		text, _ := json.Marshal(detail(err))
		line = fmt.Appendf(line, `,"error":%s`, text)
	} else if user, ok := l.session.User(); ok {
		text, _ := json.Marshal(user)
		line = fmt.Appendf(line, `,"user":%s`, text)
	}
	l.out.put(append(line, '}'))
	l.settle(err == nil)
}

// mark is the label of an order that has one, as a field.
func (o order) mark() string {
	if !o.labelled {
		return ""
	}
	return `,"request":` + string(o.label)
}
