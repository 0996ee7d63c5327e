package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/custom-app/interlock/graph"
	layout "github.com/custom-app/interlock/graph/dot"
	"github.com/custom-app/interlock/transitions"
	"github.com/custom-app/interlock/transitions/pictures"
)

// graphCommand draws.
type graphCommand struct {
	Machine string `arg:"" enum:"session,login,socket,subscription,token,request,coupling,all" help:"session, login, socket, subscription, token or request; coupling for how they are coupled; all for everything."`
	Format  string `default:"dot" enum:"dot,svg,png,mermaid,json" placeholder:"FORMAT" help:"dot, svg, png, mermaid or json; png needs Graphviz. Default: ${default}."`
	Output  string `short:"o" default:"-" placeholder:"FILE" help:"Write to this file instead of standard output."`
}

// Run draws, and writes only what is complete.
func (c *graphCommand) Run(ctx context.Context, out *console) error {
	toStdout := c.Output == "-"
	if toStdout && c.Format == "png" && isTerminal(out.stdout) {
		return errors.New("graph: a PNG is not for a terminal; add -o " + c.Machine + ".png")
	}
	picture, err := c.draw(ctx)
	if err != nil {
		return fmt.Errorf("graph: %s as %s: %w", c.Machine, c.Format, err)
	}
	if !toStdout {
		if err := replace(c.Output, picture); err != nil {
			return fmt.Errorf("graph: -o %s: %w", c.Output, err)
		}
		return nil
	}
	if _, err := out.stdout.Write(picture); err != nil {
		return fmt.Errorf("graph: standard output: %w", err)
	}
	return nil
}

// drawing is one subject in the formats that the package graph writes.
type drawing struct{ dot, mermaid, json func(io.Writer) error }

// drawingOf returns the drawing of a machine, of the coupling, or of all.
func drawingOf(subject string) drawing {
	system := transitions.Shipped
	switch subject {
	case "session":
		return drawingOfMachine(system.Session)
	case "login":
		return drawingOfMachine(system.Login)
	case "socket":
		return drawingOfMachine(system.Socket)
	case "subscription":
		return drawingOfMachine(system.Subscription)
	case "token":
		return drawingOfMachine(system.Token)
	case "request":
		return drawingOfMachine(system.Request)
	case "coupling":
		return drawing{
			dot:     func(w io.Writer) error { return graph.SystemDOT(w, system) },
			mermaid: func(w io.Writer) error { return graph.SystemMermaid(w, system) },
			json:    func(w io.Writer) error { return graph.SystemJSON(w, system) },
		}
	default:
		return drawing{
			dot:     func(w io.Writer) error { return graph.AllDOT(w, system) },
			mermaid: func(w io.Writer) error { return graph.AllMermaid(w, system) },
			json:    func(w io.Writer) error { return graph.AllJSON(w, system) },
		}
	}
}

func drawingOfMachine(m graph.Machine) drawing {
	return drawing{
		dot:     func(w io.Writer) error { return graph.DOT(w, m) },
		mermaid: func(w io.Writer) error { return graph.Mermaid(w, m) },
		json:    func(w io.Writer) error { return graph.JSON(w, m) },
	}
}

// draw returns the drawing in the format that is asked for.
func (c *graphCommand) draw(ctx context.Context) ([]byte, error) {
	var picture, dot bytes.Buffer
	d := drawingOf(c.Machine)
	switch c.Format {
	case "svg":
		svg, ok := pictures.SVG(c.Machine)
		if !ok {
			return nil, errors.New("there is no such picture")
		}
		return svg, nil
	case "mermaid":
		return finished(&picture, d.mermaid(&picture))
	case "json":
		return finished(&picture, d.json(&picture))
	case "png":
		if err := d.dot(&dot); err != nil {
			return nil, err
		}
		return finished(&picture, layout.PNG(ctx, &picture, dot.Bytes()))
	}
	return finished(&dot, d.dot(&dot))
}

func finished(picture *bytes.Buffer, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return picture.Bytes(), nil
}

// replace puts content into a file in one move, so that nobody ever finds half
// of it. A link is followed; what is no ordinary file is left alone.
func replace(path string, content []byte) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return errors.New("is not an ordinary file; name another")
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".interlock-*")
	if err != nil {
		var fault *fs.PathError
		if errors.As(err, &fault) {
			err = fault.Err // without the name of the temporary file
		}
		return fmt.Errorf("%w; name a file in a directory that can be written", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.Write(content)
	// CreateTemp keeps a file from others; a drawing is for everyone.
	if err := errors.Join(err, file.Chmod(0o644), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
