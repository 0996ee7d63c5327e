package connector

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/custom-app/interlock/authhttp/errcode"
	"github.com/custom-app/interlock/transitions"
)

// The levels of what Config.Log is told.
const (
	sessionLevel = slog.LevelInfo  // a change of state of the session itself
	changeLevel  = slog.LevelDebug // one of another machine
	faultLevel   = slog.LevelWarn  // what Session.Errors tells
)

// The texts of the lines.
const (
	changeLine = "state changed"
	faultLine  = "something went wrong"
)

// logger writes the lines of one session, in order, on a goroutine that there is
// while lines wait: a slow handler holds up nothing. nil writes none.
type logger struct {
	driver *driver
	to     slog.Handler
	lines  serial
	lost   atomic.Uint64 // lines that found no place since the last one
	ended  atomic.Bool   // the handler has panicked
}

// mostLines bounds the lines of a session that wait for a slow handler.
const mostLines = 256

func (l *logger) change(ctx context.Context, c Change) {
	if l == nil {
		return
	}
	level := changeLevel
	if c.Machine == transitions.SessionKind {
		level = sessionLevel
	}
	l.line(ctx, level, changeLine, func() []slog.Attr { return c.LogValue().Group() })
}

func (l *logger) fault(err error) {
	if l == nil {
		return
	}
	l.line(context.Background(), faultLevel, faultLine, func() []slog.Attr {
		attrs := []slog.Attr{slog.String("code", string(errcode.Of(err))), slog.String("reason", err.Error())}
		if on, ok := err.(*SocketError); ok {
			attrs = append(attrs, slog.String("id", on.Socket), slog.String("op", on.Op))
		}
		return attrs
	})
}

// line lines up a line, if the handler wants it and there is a place for it.
func (l *logger) line(ctx context.Context, level slog.Level, text string, attrs func() []slog.Attr) {
	wanted := false
	record := slog.NewRecord(l.driver.settings.now(), level, text, 0)
	l.guard(func() {
		if wanted = l.to.Enabled(ctx, level); wanted {
			record.AddAttrs(slog.Uint64("session", l.driver.number))
			record.AddAttrs(attrs()...)
		}
	})
	if !wanted {
		return
	}
	placed := l.lines.add(mostLines, func(run func()) { go run() }, func() {
		if lost := l.lost.Swap(0); lost > 0 {
			record.AddAttrs(slog.Uint64("lost", lost))
		}
		l.guard(func() { _ = l.to.Handle(ctx, record) })
	})
	if !placed {
		l.lost.Add(1)
	}
}

// longestFlush is how long the end of a session waits for a slow handler.
const longestFlush = time.Second

// flush waits until the lines so far are written, so that a program which ends with
// its session has them.
func (l *logger) flush(ctx context.Context) {
	if l == nil {
		return
	}
	written := make(chan struct{})
	l.lines.add(0, func(run func()) { go run() }, func() { close(written) })
	timer := time.NewTimer(longestFlush)
	defer timer.Stop()
	select {
	case <-written:
	case <-ctx.Done():
	case <-timer.C:
	}
}

// guard calls the handler. One that panics is told of once, and called no more.
func (l *logger) guard(call func()) {
	if l.ended.Load() {
		return
	}
	if _, err := guarded(func() (struct{}, error) { call(); return struct{}{}, nil }); err != nil && !l.ended.Swap(true) {
		l.driver.fail("", in("log", err))
	}
}

// contextOf is the context of the command whose doing an event is, or that is in
// flight. Only the goroutine that runs outputs may ask.
func (d *driver) contextOf(why *cause) context.Context {
	switch {
	case why.login != nil:
		return why.login.within
	case why.logout != nil:
		return why.logout.within
	case d.login != nil:
		return d.login.within
	case len(d.logouts) > 0:
		return d.logouts[0].within
	}
	return context.Background()
}
