package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/custom-app/interlock/connector"
)

const redrawEvery = 200 * time.Millisecond

// view is standard error: on a terminal, lines for a person above one that says how
// things are at this moment; elsewhere, lines of log/slog. It may be used by many
// goroutines.
type view struct {
	to       *lastingWriter
	log      *slog.Logger
	coloured bool
	size     func() (width, height int) // nil: there is no line that says how things are

	mu            sync.Mutex
	drawn         string // what that line says
	width, height int    // of the terminal when its place was made; 0: there is none
}

func newView(to io.Writer) *view {
	v := &view{to: &lastingWriter{to: to}, coloured: isColoured(to)}
	if !isTerminal(to) {
		v.log = slog.New(slog.NewTextHandler(v.to, nil))
		return v
	}
	v.log = slog.New(lineHandler{v})
	if file, ok := to.(*os.File); ok && os.Getenv("TERM") != "dumb" {
		v.size = func() (width, height int) {
			width, height, _ = term.GetSize(int(file.Fd())) // 0 where there is none
			return width, height
		}
	}
	return v
}

// lastingWriter writes until it is ended, and nothing after that.
type lastingWriter struct {
	mu    sync.Mutex
	to    io.Writer
	ended bool
}

// Write writes p, or drops it.
func (w *lastingWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return len(p), nil
	}
	return w.to.Write(p)
}

func (w *lastingWriter) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
}

// show keeps the line up to date until ctx ends.
func (v *view) show(ctx context.Context, status func() connector.Status) {
	if v.size == nil {
		return
	}
	defer v.wipe()
	tick := time.NewTicker(redrawEvery)
	defer tick.Stop()
	for {
		width, height := v.size()
		v.draw(v.statusLine(status(), time.Now(), width-1), width, height)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// The line stands below the region of the terminal that scrolls (DECSTBM of the VT100,
// which the others follow), so that whatever is printed or typed above leaves it alone.

// draw draws the line, where there is a place for it.
func (v *view) draw(line string, width, height int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if height < 4 || width < 20 {
		v.giveBack()
		return
	}
	var out strings.Builder
	if width != v.width || height != v.height {
		fmt.Fprintf(&out, "\n\x1b7\x1b[1;%dr\x1b8\x1b[A", height-1)
		v.width, v.height, v.drawn = width, height, ""
	}
	if line != v.drawn {
		fmt.Fprintf(&out, "\x1b7\x1b[%d;1H\x1b[K%s\x1b8", height, line)
		v.drawn = line
	}
	_, _ = io.WriteString(v.to, out.String())
}

// wipe takes the line away.
func (v *view) wipe() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.giveBack()
}

// giveBack makes the terminal as it was. The caller holds v.mu.
func (v *view) giveBack() {
	if v.height > 0 {
		_, _ = fmt.Fprintf(v.to, "\r\x1b[K\x1b7\x1b[r\x1b[%d;1H\x1b[K\x1b8", v.height)
		v.width, v.height, v.drawn = 0, 0, ""
	}
}

// paint colours a text, where colour is welcome.
func (v *view) paint(code, text string) string {
	if !v.coloured || code == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// lineHandler writes records of log/slog as lines for a person.
type lineHandler struct{ view *view }

// Enabled leaves out what is of use in a search for faults alone.
func (lineHandler) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }

// WithAttrs is not used here.
func (h lineHandler) WithAttrs([]slog.Attr) slog.Handler { return h }

// WithGroup is not used here.
func (h lineHandler) WithGroup(string) slog.Handler { return h }

// Handle writes the time, the socket, what happened, and why.
func (h lineHandler) Handle(_ context.Context, r slog.Record) error {
	who, why, rest := "session", "", ""
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "":
		case "socket":
			who = a.Value.String()
		case "reason":
			why = ": " + printable(a.Value.String())
		case "next":
			rest += "; again in " + brief(a.Value.Duration())
		case "for":
			rest += " for " + brief(a.Value.Duration())
		default:
			rest += fmt.Sprintf(", %s %v", a.Key, a.Value)
		}
		return true
	})
	v := h.view
	text := printable(r.Message) + why
	_, err := fmt.Fprintf(v.to, "%s  %s  %s%s\n", v.paint(dim, r.Time.Format(time.TimeOnly)),
		v.paint(magenta, fmt.Sprintf("%-8s", who)), v.paint(hueOf(r), text), v.paint(dim, rest))
	return err
}

// hueOf is the colour of a record.
func hueOf(r slog.Record) string {
	switch {
	case r.Level >= slog.LevelError:
		return red
	case r.Level >= slog.LevelWarn:
		return yellow
	case r.Message == "ready":
		return green
	}
	return ""
}

// printable keeps what a server says from moving the cursor.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x7f && c < 0xa0 {
			return '·'
		}
		return c
	}, text)
}

// brief is a length of time as a person wants to know it.
func brief(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0fs", d.Seconds())
	}
	return d.Round(time.Second).String()
}
