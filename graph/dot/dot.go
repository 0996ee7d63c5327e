// Package dot lays out DOT as PNG with an installed Graphviz.
//
// It is apart from package render, which carries a Graphviz of its own.
//
// The one invariant: nothing is written of a picture that could not be finished.
//
// What it will not do: work without the dot program in PATH.
package dot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
)

// ErrNoDot means that a PNG was asked for and there is no dot program.
var ErrNoDot = errors.New("interlock: dot: PNG needs Graphviz's dot program in PATH; install the package graphviz (apt install graphviz, brew install graphviz)")

// PNG lays out a DOT document with the installed dot program and writes it as
// PNG, 144 dots an inch. It may be called from any goroutine; the context's end
// kills the program. Its errors are [ErrNoDot], those of w and of the context,
// and what dot says about the document.
func PNG(ctx context.Context, w io.Writer, dot []byte) error {
	path, err := exec.LookPath("dot")
	if err != nil {
		return ErrNoDot
	}
	var png, said bytes.Buffer
	cmd := exec.CommandContext(ctx, path, "-Tpng", "-Gdpi=144")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(dot), &png, &said
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return fmt.Errorf("interlock: dot: png: %w: %s", err, strings.TrimSpace(said.String()))
	}
	if png.Len() == 0 {
		return fmt.Errorf("interlock: dot: png made no picture: %s", strings.TrimSpace(said.String()))
	}
	_, err = w.Write(png.Bytes())
	return err
}
