//go:build unix

package authhttp_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/custom-app/interlock/authhttp"
)

const nobody = 65534

// must fails the test at the first error.
func must(t *testing.T, faults ...error) {
	t.Helper()
	for _, err := range faults {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("SKIPPED: giving a file to another user needs root")
	}
}

func TestFileStoreModes(t *testing.T) {
	t.Run("F75 a new file and a new directory", func(t *testing.T) {
		store := authhttp.FileStore{Dir: filepath.Join(t.TempDir(), "new")}
		old := syscall.Umask(0)
		path := fileOf(t, store, "ann")
		syscall.Umask(old)
		wantMode(t, path, 0o600)
		wantMode(t, store.Dir, fs.ModeDir|0o700)
	})
	for _, mode := range []fs.FileMode{0o644, 0o640, 0o604, 0o620, 0o602, 0o660, 0o666, 0o777} {
		t.Run(fmt.Sprintf("F75 mode %#o", mode), func(t *testing.T) {
			store := authhttp.FileStore{Dir: t.TempDir()}
			path := fileOf(t, store, "ann")
			must(t, os.Chmod(path, mode))
			_, err := store.Load(t.Context(), "ann")
			wantStoreError(t, err, authhttp.ErrUnusable, path, fmt.Sprintf("mode %#o", mode))
			save(t, store, "ann", plain+"-new")
			wantMode(t, path, 0o600)
			wantText(t, store, "ann", plain+"-new")
		})
	}
	for _, mode := range []fs.FileMode{0o600, 0o400, 0o700} {
		t.Run(fmt.Sprintf("F75 mode %#o is closed enough", mode), func(t *testing.T) {
			store := authhttp.FileStore{Dir: t.TempDir()}
			must(t, os.Chmod(fileOf(t, store, "ann"), mode))
			wantText(t, store, "ann", plain)
		})
	}
}

func wantMode(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode(); got != want {
		t.Errorf("mode of %s: got %v, want %v", path, got, want)
	}
}

func TestFileStoreLinks(t *testing.T) {
	for name, target := range map[string]string{"X1 symbolic link": "target", "X1 dangling symbolic link": "nowhere"} {
		t.Run(name, func(t *testing.T) {
			store, elsewhere := authhttp.FileStore{Dir: t.TempDir()}, t.TempDir()
			path := fileOf(t, store, "ann")
			write(t, filepath.Join(elsewhere, "target"), "mine")
			link := func() {
				must(t, os.Remove(path), os.Symlink(filepath.Join(elsewhere, target), path))
			}
			link()
			_, err := store.Load(t.Context(), "ann")
			wantStoreError(t, err, authhttp.ErrUnusable, path, "symbolic link")
			save(t, store, "ann", plain+"-new")
			wantMode(t, path, 0o600)
			wantText(t, store, "ann", plain+"-new")
			link()
			must(t, store.Drop(t.Context(), "ann"))
			wantText(t, store, "ann", "")
			if got := files(t, authhttp.FileStore{Dir: elsewhere}); len(got) != 1 {
				t.Errorf("got the files %q behind the link, want target", got)
			}
			if got, err := os.ReadFile(filepath.Join(elsewhere, "target")); string(got) != "mine" {
				t.Errorf("the target: got %q, %v, want it as it was", got, err)
			}
		})
	}
	t.Run("X4 socket in its place", func(t *testing.T) {
		store := authhttp.FileStore{Dir: t.TempDir()}
		path := fileOf(t, store, "ann")
		t.Chdir(store.Dir) // the path of a socket must be short
		socket, err := net.Listen("unix", "s")
		must(t, err)
		defer socket.Close()
		must(t, os.Rename("s", path))
		_, err = store.Load(t.Context(), "ann")
		wantStoreError(t, err, authhttp.ErrUnusable, path, "not a regular file")
		save(t, store, "ann", plain)
		wantText(t, store, "ann", plain)
	})
	t.Run("X1 Dir may be a symbolic link", func(t *testing.T) {
		store := authhttp.FileStore{Dir: filepath.Join(t.TempDir(), "link")}
		must(t, os.Symlink(t.TempDir(), store.Dir))
		save(t, store, "ann", plain)
		wantText(t, store, "ann", plain)
	})
}

func TestFileStoreOpenDir(t *testing.T) {
	for _, c := range []struct {
		mode    fs.FileMode
		refused bool
	}{
		{0o755, false}, {0o777 | fs.ModeSticky, false}, {0o770, true}, {0o702, true}, {0o777, true},
	} {
		t.Run(fmt.Sprintf("X1 %v", c.mode), func(t *testing.T) {
			store := authhttp.FileStore{Dir: t.TempDir()}
			save(t, store, "ann", plain)
			must(t, os.Chmod(store.Dir, c.mode))
			var want error
			if c.refused {
				want = authhttp.ErrUnusable
			}
			_, err := store.Load(t.Context(), "ann")
			wantStoreError(t, err, want, store.Dir, "write to the directory")
			wantStoreError(t, store.Save(t.Context(), "ann", plain), want, store.Dir)
			must(t, store.Drop(t.Context(), "ann"))
			if got := files(t, store); len(got) != 0 {
				t.Errorf("after dropping: got the files %q, want none", got)
			}
		})
	}
}

func TestFileStoreOtherUsers(t *testing.T) {
	t.Run("X1 file of another user", func(t *testing.T) {
		needRoot(t)
		store := authhttp.FileStore{Dir: t.TempDir()}
		path := fileOf(t, store, "ann")
		must(t, os.Chown(path, nobody, -1))
		_, err := store.Load(t.Context(), "ann")
		wantStoreError(t, err, authhttp.ErrUnusable, path, "of another user")
		save(t, store, "ann", plain)
		wantText(t, store, "ann", plain)
	})
	t.Run("X1 directory of another user", func(t *testing.T) {
		needRoot(t)
		store := authhttp.FileStore{Dir: t.TempDir()}
		save(t, store, "ann", plain)
		must(t, os.Chown(store.Dir, nobody, -1))
		_, err := store.Load(t.Context(), "ann")
		wantStoreError(t, err, authhttp.ErrUnusable, store.Dir, "directory of another user")
		wantStoreError(t, store.Save(t.Context(), "ann", plain), authhttp.ErrUnusable, store.Dir)
		must(t, store.Drop(t.Context(), "ann"))
	})
	t.Run("X1 directory that may not be entered", func(t *testing.T) {
		dir := t.TempDir()
		must(t, os.Chmod(dir, 0))
		output, err := child(t, "denied", dir).Output()
		must(t, err, os.Chmod(dir, 0o700))
		if got, want := string(output), "true true true"; got != want {
			t.Errorf("errors of Load, Save and Drop are fs.ErrPermission: got %s, want %s", got, want)
		}
	})
}

func init() {
	// says which errors are fs.ErrPermission, for a user who is not root
	children["denied"] = func(dir string) {
		if os.Geteuid() == 0 {
			if err := syscall.Setuid(nobody); err != nil {
				fmt.Print(err)
				return
			}
		}
		store, ctx := authhttp.FileStore{Dir: filepath.Join(dir, "store")}, context.Background()
		_, load := store.Load(ctx, "ann")
		denied := func(err error) bool { return errors.Is(err, fs.ErrPermission) }
		fmt.Print(denied(load), " ", denied(store.Save(ctx, "ann", plain)), " ", denied(store.Drop(ctx, "ann")))
	}
}
