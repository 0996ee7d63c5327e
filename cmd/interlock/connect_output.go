package main

import (
	"errors"
	"io"
	"sync"
	"time"
)

// mostWaiting is how many bytes wait for standard output before nobody adds to them.
const mostWaiting = 1 << 20

// output is standard output: whole lines, which are written at once, or together
// where more than one waits for the write before. It may be used by many goroutines.
type output struct {
	to     io.Writer
	failed chan struct{} // closed when nothing can be written any more
	late   chan struct{} // closed when its reader is waited for no longer
	done   chan struct{} // closed when all is written that ever will be

	mu      sync.Mutex
	more    sync.Cond     // something waits, or nothing will any more
	waiting []byte        // whole lines
	room    chan struct{} // closed when all that waits is taken; nil: nobody asks
	closed  bool
	err     error
}

// errStalled is the fault of a reader who reads no more.
var errStalled = errors.New("its reader has stopped to read, and does not have the last lines")

// newOutput begins to write.
func newOutput(to io.Writer) *output {
	o := &output{to: to, failed: make(chan struct{}), late: make(chan struct{}), done: make(chan struct{})}
	o.more.L = &o.mu
	go o.write()
	return o
}

// put writes a line that is in parts. It waits while too much waits already.
func (o *output) put(parts ...[]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.settle()
	switch {
	case o.closed || o.err != nil:
		return
	case len(o.waiting) > mostWaiting:
		o.err = errStalled
		return
	}
	for _, part := range parts {
		o.waiting = append(o.waiting, part...)
	}
	o.waiting = append(o.waiting, '\n')
	o.more.Signal()
}

// settle waits until no more than so many bytes wait. The caller holds o.mu.
func (o *output) settle() {
	for len(o.waiting) > mostWaiting && !o.closed && o.err == nil {
		if o.room == nil {
			o.room = make(chan struct{})
		}
		room := o.room
		o.mu.Unlock()
		select {
		case <-room:
			o.mu.Lock()
		case <-o.late:
			o.mu.Lock()
			return
		}
	}
}

// write writes what waits until there will be no more, or it cannot.
func (o *output) write() {
	defer close(o.done)
	var lines []byte
	for {
		if lines = o.take(lines); len(lines) == 0 {
			return
		}
		if _, err := o.to.Write(lines); err != nil {
			o.fail(err)
			return
		}
	}
}

// take returns all that waits, for the empty slice that takes its place; none: there
// will be no more.
func (o *output) take(empty []byte) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.waiting) == 0 && !o.closed {
		o.more.Wait()
	}
	lines := o.waiting
	o.waiting = empty[:0]
	o.release()
	return lines
}

// release lets those go on who wait for room. The caller holds o.mu.
func (o *output) release() {
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
}

func (o *output) fail(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.err = err
	o.release()
	close(o.failed)
}

// hurry says that the program ends: its reader is waited for so long, and no longer.
func (o *output) hurry(within time.Duration) {
	time.AfterFunc(within, func() { close(o.late) })
}

// close waits, after hurry, until everything is written, and returns what went wrong.
func (o *output) close() error {
	o.mu.Lock()
	o.closed = true
	o.release()
	o.more.Signal()
	o.mu.Unlock()
	select {
	case <-o.done:
	case <-o.late:
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.waiting) > 0 && o.err == nil {
		return errStalled
	}
	return o.err
}
