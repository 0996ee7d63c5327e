// Package render lays out DOT as SVG with Graphviz inside the process, with nothing
// installed.
//
// It is apart from package graph because it carries Graphviz as WebAssembly,
// which is made ready when a program that imports it starts: half a second on
// the first run, and from a cache in the temporary directory on the later ones.
// That cache belongs to who made it: for another user of the machine the start
// panics, unless TMPDIR names another directory.
//
// The one invariant: nothing is written of a picture that could not be finished.
//
// What it will not do: draw PNG, in which the in-process Graphviz fills curved lines;
// see package dot.
package render

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/goccy/go-graphviz"
	"github.com/goccy/go-graphviz/cgraph"
)

// turn is taken by who uses the in-process Graphviz: there is one in the
// process, with global state and one memory.
var turn = make(chan struct{}, 1)

// SVG lays out a DOT document and writes it as SVG. It may be called from any
// goroutine; calls take turns. The context ends the wait for the turn; a layout
// under way, some tens of milliseconds, is finished first. Graphviz keeps about
// 85 KB of its memory after each call. Its errors are those
// of w and of the context, and of a document that is no DOT, with the line.
func SVG(ctx context.Context, w io.Writer, dot []byte) error {
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return fmt.Errorf("interlock: render: svg: %w", ctx.Err())
	}
	var svg bytes.Buffer
	if err := layOut(ctx, &svg, dot); err != nil {
		return fmt.Errorf("interlock: render: svg: %w", err)
	}
	_, err := w.Write(svg.Bytes())
	return err
}

func layOut(ctx context.Context, svg *bytes.Buffer, dot []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	parsed, err := parse(dot)
	if err != nil {
		return err
	}
	// What Close returns is no news of the closing: it is Graphviz's latest
	// warning, whatever that was about.
	defer func() { _ = parsed.Close() }()
	// A call into Graphviz that was cut off would leave it unusable, so the
	// context's end is kept from it.
	whole := context.WithoutCancel(ctx)
	g, err := graphviz.New(whole)
	if err != nil {
		return err
	}
	defer func() { _ = g.Close() }()
	if err := g.Render(whole, parsed, graphviz.SVG, svg); err != nil {
		return err
	}
	if svg.Len() == 0 {
		return errors.New("graphviz made no picture of the document")
	}
	return ctx.Err()
}

// parse reads DOT. Of an empty document Graphviz returns neither a graph nor
// a fault of its own, but at times the last one of an earlier document.
func parse(dot []byte) (*cgraph.Graph, error) {
	if len(bytes.TrimSpace(dot)) == 0 {
		return nil, errors.New("the DOT document is empty")
	}
	parsed, err := graphviz.ParseBytes(dot)
	if err != nil {
		return nil, fmt.Errorf("the document is no DOT: %w", err)
	}
	if parsed == nil {
		return nil, errors.New("the document is no DOT")
	}
	return parsed, nil
}
