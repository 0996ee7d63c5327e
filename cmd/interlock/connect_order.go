package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/configfile"
)

// longestAnswer is how much of an answer over HTTP is read.
const longestAnswer = 16 << 20

// loginPatience is how long a request waits for a login.
const loginPatience = 30 * time.Second

// mostCalls is how many requests over HTTP are in flight at once.
const mostCalls = 16

// web is how requests over HTTP are made.
type web struct {
	client *http.Client
	base   *url.URL      // of their paths
	header http.Header   // of each of them
	calls  chan struct{} // one for each in flight
}

func newWeb(file *configfile.File, client *http.Client) (web, error) {
	w := web{client: client, header: make(http.Header), calls: make(chan struct{}, mostCalls)}
	for name, value := range file.HTTP.Headers {
		w.header.Set(name, value)
	}
	var err error
	w.base, err = url.Parse(file.HTTP.Base)
	return w, err
}

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
			l.end(fmt.Errorf("--once: the request %w", err))
			return false
		}
		l.do(o)
		return false
	})
	if err != nil || !asked {
		l.end(errors.Join(errors.New("--once: standard input has no request; write one, such as "+l.grammar.example()), err))
	}
}

// settle notes how a request has ended.
func (l *live) settle(ok bool) {
	switch {
	case l.command.Once && ok:
		l.end(errDone)
	case l.command.Once:
		l.end(errRefused)
	}
}

// do begins what is ordered; a change of the user is done when it returns, so that
// what is ordered next is said by that one. It tells whether more may be ordered.
func (l *live) do(o order) bool {
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

// call makes a request over HTTP, as the user who is logged in by then.
func (l *live) call(o order) {
	name, _ := json.Marshal(o.http)
	status, answer, err := l.fetch(o)
	if err != nil {
		text, _ := json.Marshal(detail(err))
		l.out.put(fmt.Appendf(nil, `{"http":%s%s,"error":%s}`, name, o.mark(), text))
	} else {
		l.out.put(fmt.Appendf(nil, `{"http":%s%s,"status":%d,"answer":%s}`, name, o.mark(), status, answer))
	}
	l.settle(err == nil && status < 400)
}

// fetch returns the answer as JSON: its text as a string, if it is none.
func (l *live) fetch(o order) (status int, answer []byte, err error) {
	if err := l.loggedIn(); err != nil {
		return 0, nil, err
	}
	method, path, _ := strings.Cut(o.http, " ")
	address, err := l.web.base.Parse(path)
	if err != nil {
		return 0, nil, errors.New("is no path; write one such as /path")
	}
	var body io.Reader
	if o.body != nil {
		body = strings.NewReader(string(o.body))
	}
	request, err := http.NewRequestWithContext(l.asking, method, address.String(), body)
	if err != nil {
		return 0, nil, err
	}
	request.Header = l.web.header.Clone()
	if o.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := l.web.client.Do(request)
	if err != nil {
		return 0, nil, unwrapped(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer+1))
	switch {
	case err != nil:
		return 0, nil, err
	case len(text) > longestAnswer:
		return 0, nil, errors.New("the answer is longer than 16 MiB")
	case json.Valid(text):
		return response.StatusCode, compact(text), nil
	}
	answer, err = json.Marshal(string(text))
	return response.StatusCode, answer, err
}

// loggedIn waits until a user is logged in.
func (l *live) loggedIn() error {
	timeout := time.NewTimer(loginPatience)
	defer timeout.Stop()
	for {
		moved := l.moved.next()
		if l.session.Status().LoggedIn {
			return nil
		}
		select {
		case <-moved:
		case <-l.asking.Done():
			return context.Cause(l.asking)
		case <-timeout.C:
			return errors.New("nobody was logged in in time")
		}
	}
}

// unwrapped takes the URL off an error of net/http: the line says it already, and it
// may hold what is secret.
func unwrapped(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return err
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
	l.tellUser(fmt.Appendf(nil, `{"loginAs":%s`, o.loginAs), o, err)
}

// logout logs the current user out. It tells whether somebody is still logged in: the
// user before.
func (l *live) logout(o order) bool {
	leave := l.session.Logout
	if o.logout == "everywhere" {
		leave = l.session.LogoutEverywhere
	}
	defer l.changeUser()()
	err := l.loggedIn()
	if err == nil {
		l.leaving.Store(l.session.Status().Depth == 0)
		if err = leave(l.asking); err != nil {
			l.leaving.Store(false)
		}
	}
	_, still := l.session.User()
	l.tellUser(fmt.Appendf(nil, `{"logout":%q`, o.logout), o, err)
	if !still {
		l.end(errDone)
	}
	return still
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
