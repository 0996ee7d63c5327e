package peer_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector/backends/peer"
)

func TestProcess(t *testing.T) {
	t.Run("X4 no server in the directory: an error that says so", func(t *testing.T) {
		_, err := peer.Start(t.Context(), t.TempDir(), peer.Options{})
		if err == nil || !strings.Contains(err.Error(), "Cannot find module") {
			t.Errorf("got %v, want what node says", err)
		}
	})
	t.Run("X3 the server ends with its stdin", func(t *testing.T) {
		server := exec.CommandContext(t.Context(), "node", "server.mjs", "{}")
		server.Dir = installed
		if out, err := server.CombinedOutput(); err != nil { // with an stdin that has ended
			t.Errorf("got %v, %s", err, out)
		}
	})
	t.Run("X3 a server that is closed is gone", func(t *testing.T) {
		server := start(t, peer.Options{})
		if err := errors.Join(server.Close(), server.Close()); err != nil {
			t.Error(err)
		}
		if err := server.Push(t.Context(), "anybody?"); err == nil {
			t.Error("got no error from a server that is gone")
		}
	})
}

func TestInstall(t *testing.T) {
	t.Run("X4 without a registry", func(t *testing.T) {
		t.Setenv("npm_config_registry", "http://127.0.0.1:1/")
		t.Setenv("npm_config_cache", t.TempDir())
		t.Setenv("npm_config_fetch_retries", "0")
		if err := peer.Install(t.Context(), t.TempDir()); !errors.Is(err, peer.ErrNotInstalled) || !strings.Contains(err.Error(), "npm ci") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("X4 without node, the tests say what to install, and go test that there are none", func(t *testing.T) {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		tests := exec.CommandContext(t.Context(), self)
		tests.Env = []string{"PATH="}
		out, err := tests.CombinedOutput()
		for _, want := range []string{"SKIPPED: every test", "Node.js 18.2", "\"node\": executable file not found", "apt-get install nodejs npm", "\ntesting: warning: no tests to run\n"} {
			if err != nil || !strings.Contains(string(out), want) {
				t.Errorf("got %v, %s, want %q", err, out, want)
			}
		}
	})
	t.Run("X4 without node", func(t *testing.T) {
		t.Setenv("PATH", "")
		if err := peer.Install(t.Context(), t.TempDir()); !errors.Is(err, peer.ErrNotInstalled) || !strings.Contains(err.Error(), "node") {
			t.Errorf("got %v", err)
		}
	})
}
