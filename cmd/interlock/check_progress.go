package main

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// The shortest time between two lines of progress.
const (
	redrawAfter = 200 * time.Millisecond // the same line again, on a terminal
	repeatAfter = 5 * time.Second        // a new line
)

// progress tells somebody who waits how far it is. One goroutine may use it at a
// time.
type progress struct {
	to    io.Writer
	same  bool // it is rewritten in place
	after time.Duration
	told  time.Time // last; zero: never
	width int       // of what stands in the line
}

func newProgress(to io.Writer) *progress {
	p := &progress{to: to, after: repeatAfter}
	if isTerminal(to) {
		p.same, p.after = true, redrawAfter
	}
	return p
}

// tell shows where things stand, unless that was shown just now.
func (p *progress) tell(line func() string) {
	now := time.Now()
	if now.Sub(p.told) < p.after {
		return
	}
	p.told = now
	text := "interlock: check: " + line()
	if !p.same {
		_, _ = fmt.Fprintln(p.to, text)
		return
	}
	_, _ = fmt.Fprint(p.to, "\r"+text+strings.Repeat(" ", max(0, p.width-len(text))))
	p.width = len(text)
}

// wipe leaves the line to what is printed next.
func (p *progress) wipe() {
	if p.width > 0 {
		_, _ = fmt.Fprint(p.to, "\r"+strings.Repeat(" ", p.width)+"\r")
		p.width = 0
	}
}
