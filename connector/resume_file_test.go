//go:build unix

package connector_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector/connectortest"
)

// onlyFile returns the one file of a directory.
func onlyFile(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("got %d files, %v, want one", len(entries), err)
	}
	return filepath.Join(dir, entries[0].Name())
}

func TestResumeFromFile(t *testing.T) {
	for _, c := range []struct {
		name, says string
		spoil      func(path, elsewhere string) error
	}{
		{"half-written", "not a JSON object", func(path, _ string) error {
			text, err := os.ReadFile(path)
			return errors.Join(err, os.WriteFile(path, text[:len(text)/2], 0o600))
		}},
		{"empty", "not a JSON object", func(path, _ string) error { return os.Truncate(path, 0) }},
		{"open to others", "mode", func(path, _ string) error { return os.Chmod(path, 0o644) }},
		{"a symbolic link", "symbolic link", func(path, elsewhere string) error {
			return errors.Join(os.Rename(path, elsewhere), os.Symlink(elsewhere, path))
		}},
	} {
		bubbles(t, "X4 a stored file that is "+c.name, func(t *testing.T, engine change) {
			dir, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "target")
			d := &desk{}
			w := newWorld(t, connectortest.Config{}, engine, keptIn(authhttp.FileStore{Dir: dir}), d.open)
			defer w.end()
			w.login()
			w.restart()
			path := onlyFile(t, dir)
			if err := c.spoil(path, elsewhere); err != nil {
				t.Fatal(err)
			}
			errs := w.session.Errors(0)
			err := w.session.Resume(context.Background())
			w.wantNotResumed(err, authhttp.ErrUnusable)
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %q, want %q in it", err, c.says)
			}
			if reports := d.take(); len(reports) != 1 || !errors.Is(reports[0].Err, authhttp.ErrUnusable) {
				t.Errorf("got reports %v, want the file's fault once", reports)
			}
			wantFaults(t, errs, c.says)
			if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("got %v for the file, want it dropped", err)
			}
			if _, err := os.Stat(elsewhere); c.name == "a symbolic link" && err != nil {
				t.Errorf("got %v for the target of the link, want it left alone", err)
			}
			w.login()
			w.restart()
			w.resume()
		})
	}
	bubbles(t, "F75 only the user can read what is stored", func(t *testing.T, engine change) {
		dir := filepath.Join(t.TempDir(), "new", "directory")
		w := newWorld(t, connectortest.Config{}, engine, keptIn(authhttp.FileStore{Dir: dir}))
		defer w.end()
		w.login()
		synctest.Wait()
		token := w.token().Access
		path := onlyFile(t, dir)
		for _, one := range []struct {
			path string
			mode os.FileMode
		}{{path, 0o600}, {dir, 0o700 | os.ModeDir}} {
			if info, err := os.Lstat(one.path); err != nil || info.Mode() != one.mode {
				t.Errorf("got mode %v, %v, want %v", info.Mode(), err, one.mode)
			}
		}
		if strings.Contains(path, token.Reveal()) {
			t.Error("got the token in the file's name")
		}
		w.logout()
		synctest.Wait()
		if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
			t.Errorf("got %d files after a logout, %v, want none", len(entries), err)
		}
	})
	bubbles(t, "X4 a directory that cannot be written", func(t *testing.T, engine change) {
		blocked := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(blocked, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, connectortest.Config{}, engine, keptIn(authhttp.FileStore{Dir: filepath.Join(blocked, "dir")}))
		defer w.end()
		errs := w.session.Errors(0)
		w.login()
		synctest.Wait()
		wantFaults(t, errs, "store: save: ")
	})
}
