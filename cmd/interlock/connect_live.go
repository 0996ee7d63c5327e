package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/configfile"
	"github.com/custom-app/interlock/transitions"
)

type (
	configuration = connector.Config[configfile.Credentials, configfile.User]
	anySocket     = connector.AnySocket[configfile.User]
	soFar         = connector.Chain[configfile.User]
)

const (
	lastWrites   = 2 * time.Second  // for the reader of standard output to take what is left
	lastWords    = 30 * time.Second // for all logouts, each of which has a limit of its own
	leastSession = 10 * time.Second // from one login to the next
)

// live is a session in progress, what is said on it and what is told of it.
type live struct {
	command *connectCommand
	file    *configfile.File
	login   string // its URL, to be told
	session *connector.Session[configfile.Credentials, configfile.User]
	adopted *adopted         // the tokens of the file; nil: it has a login
	lanes   map[string]*lane // by the ids of their sockets
	web     web
	grammar grammar
	out     *output
	view    *view
	log     *slog.Logger

	outer  context.Context // of the command: an interrupt, or --for, ends it
	ending context.Context // ends when the program is to end; its cause says why
	end    context.CancelCauseFunc
	asking context.Context // of requests; ends then too
	stop   context.CancelCauseFunc
	ended  chan error // brings why the server has ended the session
	moved  bell       // rung when the session moves

	unsettled atomic.Int64 // orders that have not ended
	settled   bell         // rung when one has

	requests, printers crew
}

// Reasons to end, beside those of ctx.
var (
	errDone    = errors.New("done")
	errRefused = errors.New("--once: the request has failed")
	errOutput  = errors.New("standard output takes no more")
	errGone    = errors.New("every socket has failed for good")
	errStopped = errors.New("cancelled: the program ends")
)

// live begins a session, keeps it, and ends it.
func (c *connectCommand) live(ctx context.Context, out *console, file *configfile.File, veil veil, journal io.Writer) error {
	l := &live{command: c, file: file, outer: ctx, lanes: make(map[string]*lane), ended: make(chan error, 1)}
	l.ending, l.end = context.WithCancelCause(ctx)
	l.asking, l.stop = context.WithCancelCause(context.Background())
	if login := file.HTTP.Login; login != nil {
		l.login = veil.address(file.URL(login.URL))
	}
	urls := make(map[string]string)
	for _, declared := range file.Sockets {
		urls[declared.ID] = veil.address(socketURL(file, declared))
		l.lanes[declared.ID] = newLane(l, declared)
		l.grammar.sockets = append(l.grammar.sockets, declared.ID)
	}
	config, err := file.Config()
	if err != nil {
		return misuse{err}
	}
	l.watch(&config)
	l.view = newView(out.stderr)
	l.log = l.view.log
	config.Log, config.Journal = slog.New(&teller{log: l.log, urls: urls, stored: file.Store != nil, status: func() connector.Status { return l.session.Status() }}), journal
	l.adopt(&config)
	client, err := connector.New(config)
	if err != nil {
		return misuse{err}
	}
	account := ""
	if file.Store != nil {
		account = file.Store.Account
	}
	l.session = client.NewSessionOf(account)
	if c.Request != "" {
		if _, err := l.grammar.read(1, []byte(c.Request)); err != nil {
			return misuse{fmt.Errorf("connect: --once: the request %w", err)}
		}
	}
	if l.web, err = newWeb(file, l.session.HTTP()); err != nil {
		return err
	}
	l.out = newOutput(out.stdout)
	return l.keep()
}

// watch makes the sockets of a config known to their lanes.
func (l *live) watch(config *configuration) {
	config.Sockets = l.watched(config.Sockets)
	for i, group := range config.Chain {
		config.Chain[i].Sockets = l.watched(group.Sockets)
		if made := group.Make; made != nil {
			config.Chain[i].Make = func(ctx context.Context, so soFar) ([]anySocket, error) {
				sockets, err := made(ctx, so)
				return l.watched(sockets), err
			}
		}
	}
}

// keep keeps the session until there is a reason to end, and ends it.
func (l *live) keep() error {
	changes := l.session.Changes(1 << 14)
	var telling sync.WaitGroup
	telling.Go(func() { l.follow(changes) })
	showing, hide := context.WithCancel(l.ending)
	telling.Go(func() { l.view.show(showing, l.session.Status) })
	for _, lane := range l.lanes {
		l.requests.Go(lane.send)
	}
	context.AfterFunc(l.ending, func() { l.stop(errStopped) })
	go func() {
		select {
		case <-l.out.failed:
			l.end(errOutput)
		case <-l.ending.Done():
		}
	}()

	err := l.until()
	hide()
	l.end(errDone)
	l.out.hurry(lastWrites)
	l.requests.Wait()
	err = errors.Join(err, l.leave(), l.hush())
	changes.Close()
	telling.Wait()
	l.view.to.end() // what an abandoned login leads to may come later than the last word
	return err
}

// until logs in, and returns when it is time to end: with an error, unless all went as
// it should.
func (l *live) until() error {
	for first := true; ; first = false {
		began := time.Now()
		if first {
			l.begin()
		}
		err := l.enter(first)
		if l.ending.Err() != nil {
			return l.reason()
		}
		if err != nil {
			return l.refusal(err)
		}
		select {
		case <-l.ending.Done():
			return l.reason()
		case why := <-l.ended:
			if !l.command.Relogin {
				return fmt.Errorf("connect: the server has ended the session: %w; with --relogin the program logs in again", why)
			}
		}
		select {
		case <-l.ending.Done():
			return l.reason()
		case <-time.After(cmp.Or(l.command.leastSession, leastSession) - time.Since(began)):
		}
	}
}

// refusal says why nobody is logged in, and what to look at.
func (l *live) refusal(err error) error {
	if l.adopted != nil && (errors.Is(err, authhttp.ErrRejected) || errors.Is(err, authhttp.ErrTokenRefused)) {
		return fmt.Errorf("connect: %w; look at http.tokens of the file, which may have ended", err)
	}
	var login *connector.LoginError
	var call *authhttp.Error
	if errors.As(err, &login) && errors.As(err, &call) && errors.Is(err, authhttp.ErrRejected) && call.Status >= 400 {
		return fmt.Errorf("connect: the server has said no: %w; look at what http.login sends to %s: the URL, the name and the password", login.Err, l.login)
	}
	return fmt.Errorf("connect: %w", err)
}

// begin opens what needs no login, and takes requests.
func (l *live) begin() {
	_ = l.session.Open()
	if l.command.Once {
		go l.listenOnce(l.command.input())
		return
	}
	if !l.command.Ready {
		go l.listen(l.command.input())
	}
}

// enter logs in: the first time with what is stored, if there is anything.
func (l *live) enter(first bool) error {
	ctx := connector.WithoutSockets(connector.Quiet(l.ending))
	if first && l.file.Store != nil && l.file.HTTP.User != nil {
		err := l.session.Resume(ctx)
		if err == nil || ctx.Err() != nil {
			return err
		}
		if !errors.Is(err, authhttp.ErrNothingStored) {
			l.log.Info("the stored tokens are of no use: " + detail(err))
		}
	}
	if l.adopted != nil {
		return l.enterAdopted(ctx)
	}
	return l.session.Login(ctx, nil)
}

// reason returns what is wrong with the reason to end, if anything is.
func (l *live) reason() error {
	why := context.Cause(l.ending)
	switch interrupted := errors.Is(why, context.Cause(l.outer)); {
	case errors.Is(why, errDone), errors.Is(why, errOutput): // of which the output tells
		return nil
	case interrupted && l.command.Ready:
		return fmt.Errorf("connect: --until-ready: not every socket was ready: %w", why)
	case interrupted && l.command.Once:
		return fmt.Errorf("connect: --once: there was no answer: %w", why)
	case errors.Is(why, errOver) && !l.session.Status().LoggedIn:
		return fmt.Errorf("connect: nobody is logged in: %w", why)
	case interrupted:
		return nil
	}
	return fmt.Errorf("connect: %w", why)
}

// leave ends the session: it logs every user out, or keeps what is stored.
func (l *live) leave() error {
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	var left error
	for !l.command.Keep && left == nil && l.session.Status().LoggedIn {
		if left = l.session.Logout(ctx); errors.Is(left, connector.ErrParentExpired) {
			left = nil
		}
	}
	if left = errors.Join(left, l.session.Close(ctx)); left != nil {
		return fmt.Errorf("connect: logging out: %w", left)
	}
	return nil
}

// hush prints what is left, and nothing after that. That the reader has left is no
// failure.
func (l *live) hush() error {
	for _, lane := range l.lanes {
		lane.hush()
	}
	l.printers.Wait()
	err := l.out.close()
	switch {
	case errors.Is(err, syscall.EPIPE):
		l.log.Info("the reader of standard output has left")
	case err != nil:
		return fmt.Errorf("connect: standard output: %w", err)
	}
	return nil
}

// follow sees to what follows from changes of state.
func (l *live) follow(changes *connector.Stream[connector.Change]) {
	var expired error // why the server has ended the session that is leaving
	for c := range changes.All(context.Background()) {
		switch c.Machine {
		case transitions.SocketKind:
			if lane := l.lanes[c.ID]; lane != nil {
				lane.moved.ring()
			}
			if c.To == "failed" && !l.command.Ready && l.session.Status().LoggedIn && l.allFailed() { // a login opens them all
				l.end(errGone)
			}
		case transitions.SessionKind:
			l.moved.ring()
			switch {
			case c.To == "subscribed" && l.command.Ready:
				l.end(errDone)
			case c.To == "degraded" && l.command.Ready:
				l.end(fmt.Errorf("--until-ready: a socket has failed for good: %s", detail(errors.New(c.Reason))))
			case c.Event == "tokenExpired":
				expired = errors.New(detail(errors.New(c.Reason)))
			case c.To == "socketOpening": // it was that of a user who had logged in as another
				expired = nil
			case c.To == "loggedOut" && expired != nil:
				l.ended <- expired
				expired = nil
			}
		}
	}
}

// allFailed tells whether no socket is left that may ever be ready.
func (l *live) allFailed() bool {
	sockets := l.session.Status().Sockets
	return !slices.ContainsFunc(sockets, func(s connector.SocketStatus) bool {
		return s.State != transitions.SocketFailed && s.State != transitions.SocketClosed
	})
}
