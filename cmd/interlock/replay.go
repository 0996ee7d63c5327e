package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/custom-app/interlock/connector/journal"
)

// replayCommand replays a journal.
type replayCommand struct {
	File     string  `arg:"" help:"The journal; - is standard input."`
	At       *uint64 `placeholder:"RECORD" help:"Print every session's whole state after this record, and read no further."`
	JSON     bool    `name:"json" help:"One JSON object on standard output."`
	Machines int     `default:"1048576" placeholder:"N" help:"Give up when there are more machines at once, which take about 400 bytes each. Default: ${default}."`
}

// Validate is called by kong.
func (c *replayCommand) Validate() error {
	if c.At != nil && *c.At == 0 {
		return errors.New("--at: the first record is 1")
	}
	if c.Machines < 1 {
		return fmt.Errorf("--machines: must be at least 1, not %d", c.Machines)
	}
	return nil
}

// Run replays the journal by the tables of this program.
func (c *replayCommand) Run(ctx context.Context, out *console) error {
	from := io.ReadCloser(os.Stdin)
	if c.File != "-" {
		file, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("replay: %w", err)
		}
		from = file
	}
	defer func() { _ = from.Close() }()
	p := journal.NewReplayer(from, nil)
	p.MachineLimit = c.Machines
	began := time.Now()
	for c.At == nil || p.Summary().Records < *c.At {
		if ctx.Err() != nil {
			return fmt.Errorf("replay: %w after %d records", context.Cause(ctx), p.Summary().Records)
		}
		if _, err := p.Next(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("replay: %w", err)
		}
	}
	if n := p.Summary().Records; c.At != nil && n < *c.At {
		return fmt.Errorf("replay: --at: the journal has %d records, and no record %d", n, *c.At)
	}
	if err := c.print(out.stdout, p, time.Since(began)); err != nil {
		return fmt.Errorf("replay: standard output: %w", err)
	}
	return nil
}

// replayed is what --json prints.
type replayed struct {
	Records    uint64         `json:"records"`
	Sessions   int            `json:"sessions"`
	Truncated  bool           `json:"truncated"`
	Renumbered uint64         `json:"renumbered"`
	Seconds    float64        `json:"seconds"`
	At         []sessionState `json:"at,omitempty"` // with --at
}

func (c *replayCommand) print(stdout io.Writer, p *journal.Replayer, took time.Duration) error {
	s := p.Summary()
	if c.JSON {
		result := replayed{Records: s.Records, Sessions: s.Sessions, Truncated: s.Truncated, Renumbered: s.Renumbered, Seconds: took.Seconds()}
		if c.At != nil {
			result.At = statesOf(p.Sessions())
		}
		text, err := json.Marshal(result)
		if err == nil {
			_, err = fmt.Fprintf(stdout, "%s\n", text)
		}
		return err
	}
	out := written{to: stdout}
	out.printf("replayed %s of %s: the same states and effects\n", count(s.Records, "record"), count(uint64(s.Sessions), "session"))
	if s.Truncated {
		out.printf("the last line is cut off, and was not replayed\n")
	}
	if s.Renumbered != 0 {
		out.printf("from record %d on rows have other numbers than in the journal\n", s.Renumbered)
	}
	if c.At != nil {
		printSessions(&out, p.Sessions())
	}
	return out.err
}
