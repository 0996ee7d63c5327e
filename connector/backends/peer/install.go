package peer

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"time"
)

//go:embed package.json package-lock.json server.mjs
var source embed.FS

// ErrNotInstalled means that this machine cannot run the server, for want of Node.js,
// npm, or npm's registry.
var ErrNotInstalled = errors.New("interlock: peer: not installed, which takes Node.js 18.2 or newer, npm and npm's registry")

// Install puts the server into a directory that exists, with the modules that
// package-lock.json names, from npm's cache or its registry. It gives up after two
// minutes. The error is [ErrNotInstalled] and says what is missing.
func Install(ctx context.Context, dir string) error {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("%w: %w", ErrNotInstalled, err)
		}
	}
	if err := os.CopyFS(dir, fs.FS(source)); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	npm := exec.CommandContext(ctx, "npm", "ci", "--engine-strict", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
	npm.Dir, npm.WaitDelay = dir, 5*time.Second
	if out, err := npm.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: npm ci: %w\n%s", ErrNotInstalled, err, out)
	}
	return nil
}
