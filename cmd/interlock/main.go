// Command interlock keeps a session on a backend that a config file describes, and
// shows the machines of this module at work and on paper: a demo that plays whole
// sessions against a backend in the process, that backend alone to try an application
// on, the replay of a journal, the machines as diagrams, the proof of them by
// exploring everything that they can come to, and whole days of a client on a faulty
// network, simulated.
//
// Its one invariant: standard output holds what was asked for and nothing else;
// progress, logs and errors go to standard error, and neither ever holds a token.
//
// What it will not do: keep more than one session at a time, or run a program for
// each message: others do that, behind its standard output.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// The exit statuses.
const (
	done       = 0
	failed     = 1
	wrongUsage = 2
)

// misuse is an error of what the program was given, not of what it has met.
type misuse struct{ error }

// Unwrap returns what is wrong.
func (m misuse) Unwrap() error { return m.error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// commands is the command line.
type commands struct {
	Connect  connectCommand  `cmd:"" help:"Log in to a backend that a config file describes, keep its sockets ready, send and receive."`
	Demo     demoCommand     `cmd:"" help:"Play whole sessions against a backend in this process, and show every change of state."`
	Serve    serveCommand    `cmd:"" help:"Run that backend alone, to try an application on."`
	Replay   replayCommand   `cmd:"" help:"Check a journal against the tables, or show the state after one of its records."`
	Check    checkCommand    `cmd:"" help:"Explore everything that the machines can come to, or test what holds them."`
	Simulate simulateCommand `cmd:"" help:"Run the client in virtual time over a faulty network, and check what must hold."`
	Graph    graphCommand    `cmd:"" help:"Draw a machine, how they are coupled, or everything."`
	Version  versionCommand  `cmd:"" help:"Print the version."`
}

// run does what the arguments say and returns the exit status. It ends early,
// and cleanly, when ctx does.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return new(commands).run(ctx, args, stdout, stderr)
}

func (c *commands) run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	helped := false
	parser, err := kong.New(c,
		kong.Name("interlock"),
		kong.Description("Log in, keep a token fresh and sockets subscribed: such a session by a config file, and its machines at work and on paper."),
		kong.Writers(stdout, stderr),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(&console{stdout: stdout, stderr: stderr}),
	)
	if err != nil {
		complain(stderr, err)
		return failed
	}
	command, err := parser.Parse(args)
	switch {
	case helped:
		return done
	case err != nil:
		complain(stderr, err)
		_, _ = fmt.Fprintf(stderr, "interlock: see %s --help\n", understood(err))
		return wrongUsage
	}
	if err := command.Run(); err != nil {
		complain(stderr, err)
		if _, ok := errors.AsType[misuse](err); ok {
			return wrongUsage
		}
		return failed
	}
	return done
}

// understood returns the part of a command line up to its command, so that the
// hint leads to that command's help.
func understood(err error) string {
	var wrong *kong.ParseError
	if errors.As(err, &wrong) && wrong.Context.Selected() != nil {
		return "interlock " + wrong.Context.Selected().Name
	}
	return "interlock"
}

// complain prints an error, each of its lines once under the program's name.
func complain(stderr io.Writer, err error) {
	for line := range strings.Lines(err.Error()) {
		_, _ = fmt.Fprintln(stderr, "interlock: "+strings.ReplaceAll(strings.TrimSpace(line), "interlock: ", ""))
	}
}

// versionCommand prints what was built.
type versionCommand struct{}

// Run prints the module's version and the Go release that built it.
func (versionCommand) Run(out *console) error {
	version := "(unknown)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	_, err := fmt.Fprintf(out.stdout, "interlock %s %s\n", version, runtime.Version())
	return err
}
