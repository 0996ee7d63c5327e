package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/custom-app/interlock/connector/configfile"
)

// longestAnswer is how much of an answer over HTTP is read.
const longestAnswer = 16 << 20

// mostHops is how often a request is sent on, as by net/http.
const mostHops = 10

// mostCalls is how many requests over HTTP are in flight at once.
const mostCalls = 16

// web is how requests over HTTP are made.
type web struct {
	file   *configfile.File
	client *http.Client
	home   *url.URL      // the host of base, or else of the login
	calls  chan struct{} // one for each in flight
}

func newWeb(file *configfile.File, client *http.Client) (web, error) {
	address := file.HTTP.Base
	if address == "" {
		address = file.HTTP.Login.URL // tokens in its place want a base
	}
	home, err := url.Parse(address)
	own := *client
	w := web{file: file, client: &own, home: home, calls: make(chan struct{}, mostCalls)}
	own.CheckRedirect = w.follow
	return w, err
}

// isHome tells whether a URL is of the host that the headers of the file are for.
func (w web) isHome(u *url.URL) bool { return u.Scheme == w.home.Scheme && u.Host == w.home.Host }

// follow takes the headers of the file off a request that is sent on to another host.
func (w web) follow(request *http.Request, before []*http.Request) error {
	if len(before) >= mostHops {
		return errors.New("it was sent on too often")
	}
	if !w.isHome(request.URL) {
		for name := range w.file.HTTP.Headers {
			request.Header.Del(name)
		}
	}
	return nil
}

// request makes the request that an order asks for.
func (w web) request(ctx context.Context, o order) (*http.Request, error) {
	method, path, _ := strings.Cut(o.http, " ")
	address, err := w.home.Parse(w.file.URL(path))
	if err != nil {
		return nil, fmt.Errorf("%q is no path; write one such as /path", path)
	}
	request, err := http.NewRequestWithContext(ctx, method, address.String(), bytes.NewReader(o.body))
	if err != nil {
		return nil, err
	}
	if o.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if w.isHome(address) {
		maps.Copy(request.Header, w.file.Header())
	}
	return request, nil
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
	request, err := l.web.request(l.asking, o)
	if err != nil {
		return 0, nil, err
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
	case utf8.Valid(text) && json.Valid(text): // the latter takes any bytes in a text
		return response.StatusCode, compact(text), nil
	}
	answer, err = json.Marshal(string(text))
	return response.StatusCode, answer, err
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
