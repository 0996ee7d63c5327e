package peer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/custom-app/interlock/connector/backends/peer"
)

// installed is the directory that the server is installed in.
var installed string

// TestMain installs the server once. Where that cannot be, every test is skipped, and go
// test says that there are none to run: of what a package prints it shows this alone
// without -v.
func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "interlock-peer")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	installed = dir
	switch err := peer.Install(context.Background(), dir); {
	case errors.Is(err, peer.ErrNotInstalled):
		fmt.Fprintf(os.Stderr, "SKIPPED: every test of connector/backends/peer: %v\n"+
			"On Debian, apt-get install nodejs npm gives what it takes.\n"+
			"testing: warning: no tests to run\n", err)
		return 0
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}
