package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/custom-app/interlock/connector/configfile"
)

// connectCommand keeps a session on a backend that a config file describes.
type connectCommand struct {
	Config   string        `short:"c" placeholder:"FILE" help:"The config file, YAML: how to log in, and what the sockets speak. --schema says what it may have."`
	Insecure bool          `name:"insecure-config" help:"Accept secrets that stand in a config file which others can read."`
	For      time.Duration `placeholder:"DURATION" help:"End after this long, such as 30s: with status 1 when nobody is logged in by then. Default: when interrupted."`
	Ready    bool          `name:"until-ready" help:"End as soon as every socket is ready, with status 0; with 1 when one has failed for good. No message is printed."`
	Once     bool          `help:"Send one request, the argument or the first line of standard input, print its answer, and end: with status 1 when that is an error."`
	Relogin  bool          `help:"Log in again when the server has ended the session, instead of ending too."`
	Keep     bool          `help:"Do not log out at the end: leave the tokens in the file's store, from which the next run goes on."`
	Journal  string        `placeholder:"FILE" help:"Keep the run's journal in this file, for interlock replay."`
	DryRun   bool          `help:"Check the file, print what it leads to, with a diagram, and connect to nothing."`
	Schema   bool          `help:"Print the JSON Schema of config files."`
	Request  string        `arg:"" optional:"" help:"The request of --once, such as '{\"message\":{}}'."`

	stdin        io.Reader     // nil: os.Stdin
	leastSession time.Duration // from one login to the next, at least; 0: 10 s
}

// shortFile is a config file of the shortest kind.
const shortFile = `http:
  base: https://example.com
  login: {url: /login, body: {name: ann, password: "${PASSWORD}"}}
sockets:
  - id: chat
    url: /ws
    auth: {send: {auth: {token: "{{token}}"}}}
    messageID: {request: /id}
    error: /error
`

// Help says what goes in and comes out.
func (*connectCommand) Help() string {
	return `A config file may be as short as this:

  ` + strings.ReplaceAll(strings.TrimSpace(shortFile), "\n", "\n  ") + `

Who has a token already, such as an API key, writes base and tokens: {access: "${TOKEN}"} in the place of login.

Standard output has one JSON object a line:

  {"socket":"S","message":M}                 what a socket brings unasked
  {"socket":"S","request":N,"answer":M}      the answer to line N of standard input
  {"socket":"S","request":N,"error":"why"}   there is none; with "answer", if the server has said no
  {"http":"GET /path","status":200,"answer":M}
  {"loginAs":ID,"user":U}, {"logout":"here"}
  {"request":N,"error":"why"}                line N of standard input cannot be read

Standard input may have one JSON object a line:

  {"socket":"S","message":M}     a request; "socket" may be left out where there is one.
                                 More fields: "request": a label instead of the line's number,
                                 "noAnswer":true, "repeatable":true, "need":"open|authed|ready"
  {"http":"GET /path","body":M}  a request over HTTP, with the token
  {"loginAs":ID}                 log in as another user
  {"logout":"here|everywhere"}   back to the user before, or the end

The end of standard input ends nothing: Ctrl-C does, which logs out and when pressed again leaves at once, and
--for, and {"logout":"here"}. So does the next line when the reader of standard output has left. A server that
is not there, and a path that it does not know, are tried again without end. Standard error tells what happens.
The status is 0 when all went well, 1 when it did not, 2 for wrong usage or a config file that is no good.`
}

// Validate refuses what can be told from the arguments alone.
func (c *connectCommand) Validate() error {
	switch {
	case c.Schema:
		return nil
	case c.Config == "" && c.Request != "" && !c.Once:
		return fmt.Errorf("--config: missing; write -c %s", shortened(c.Request))
	case c.Config == "":
		return errors.New("--config: missing; write -c FILE, or --schema to see what a file may have")
	case c.For < 0:
		return fmt.Errorf("--for: %v is negative", c.For)
	case c.Once && c.Ready:
		return errors.New("--once and --until-ready cannot be used together: --once waits for what it needs")
	case c.Request != "" && !c.Once:
		return fmt.Errorf("%s: a request as an argument needs --once; others are lines of standard input", shortened(c.Request))
	}
	return nil
}

// load reads the config file.
func (c *connectCommand) load() (*configfile.File, veil, error) {
	veil := make(veil)
	file, err := configfile.Load(c.Config, configfile.Options{Insecure: c.Insecure, Env: veil.environment})
	if err != nil {
		return nil, nil, err
	}
	names := file.Credentials()
	switch {
	case len(names) > 0:
		return nil, nil, fmt.Errorf("connect: %s: http.login: {{credentials/%s}} is for Go programs; write a variable, such as ${%s}", c.Config, names[0], strings.ToUpper(names[0]))
	case c.Relogin && file.HTTP.Tokens != nil:
		return nil, nil, fmt.Errorf("connect: --relogin: %s has http.tokens and no http.login, so that nobody can log in again", c.Config)
	case c.Keep && file.Store == nil:
		return nil, nil, fmt.Errorf("connect: --keep: %s has no store; add store: {dir: DIRECTORY}", c.Config)
	case c.Keep && file.HTTP.User == nil:
		return nil, nil, fmt.Errorf("connect: --keep: %s has no http.user, by which the next run learns whose the stored tokens are; add user: {url: URL}", c.Config)
	}
	return file, veil, nil
}

// Run keeps the session, until it is over or ctx ends.
func (c *connectCommand) Run(ctx context.Context, out *console) error {
	if c.Schema {
		_, err := out.stdout.Write(configfile.Schema())
		return err
	}
	if c.DryRun {
		return c.dryRun(out.stdout)
	}
	file, veil, err := c.load()
	if err != nil {
		return misuse{err}
	}
	if c.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, c.For, errOver)
		defer cancel()
	}
	signal.Ignore(syscall.SIGPIPE) // a reader who leaves is told by an error, so that there is time to log out
	defer signal.Reset(syscall.SIGPIPE)
	return c.connect(ctx, out, file, veil)
}

// errOver ends what has lasted as long as it should.
var errOver = errors.New("the time of --for is over")

// connect keeps a journal, if one is wanted, and the session.
func (c *connectCommand) connect(ctx context.Context, out *console, file *configfile.File, veil veil) error {
	if c.Journal == "" {
		return c.live(ctx, out, file, veil, nil)
	}
	journal, err := os.Create(c.Journal)
	if err != nil {
		return fmt.Errorf("connect: --journal: %w; name a file that can be written", err)
	}
	kept := &written{to: journal}
	err = c.live(ctx, out, file, veil, kept)
	if fault := errors.Join(kept.err, journal.Close()); fault != nil {
		err = errors.Join(err, fmt.Errorf("connect: --journal: %w; it is not complete", fault))
	}
	return err
}
