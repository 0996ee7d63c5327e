package main

import (
	"fmt"
	"io"
	"os"
)

// console is where a command prints.
type console struct {
	stdout, stderr io.Writer
}

// isTerminal tells whether a person looks at what is written.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return false
	}
	// The null device is a character device too.
	null, err := os.Stat(os.DevNull)
	return err != nil || !os.SameFile(info, null)
}

// isColoured tells whether colour is welcome there; see https://no-color.org.
func isColoured(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// written is a writer that keeps its first fault, and writes nothing after it.
type written struct {
	to  io.Writer
	err error
}

// Write writes to the writer below, until a fault.
func (w *written) Write(p []byte) (n int, err error) {
	if w.err == nil {
		n, w.err = w.to.Write(p)
	}
	return n, w.err
}

func (w *written) printf(format string, args ...any) { _, _ = fmt.Fprintf(w, format, args...) }
