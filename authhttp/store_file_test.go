package authhttp_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/custom-app/interlock/authhttp"
)

// childVariable makes a test binary the child of a test: its value is the name
// of what to do, and the next arguments are for that.
const childVariable = "INTERLOCK_STORE_CHILD"

var children = map[string]func(dir string){}

func TestMain(m *testing.M) {
	if name := os.Getenv(childVariable); name != "" {
		children[name](os.Args[1])
		return
	}
	os.Exit(m.Run())
}

// child prepares this test binary to run one of the children.
func child(t *testing.T, name, dir string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, dir)
	cmd.Env = append(os.Environ(), childVariable+"="+name)
	cmd.Stderr = os.Stderr
	return cmd
}

// fileOf returns the path of the only file that the store has, which must be
// one of the account.
func fileOf(t *testing.T, store authhttp.FileStore, account string) string {
	t.Helper()
	save(t, store, account, plain)
	names := files(t, store)
	if len(names) != 1 {
		t.Fatalf("got the files %q, want one", names)
	}
	return filepath.Join(store.Dir, names[0])
}

func files(t *testing.T, store authhttp.FileStore) []string {
	t.Helper()
	entries, err := os.ReadDir(store.Dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFileStoreDir(t *testing.T) {
	t.Run("X4 Dir is empty", func(t *testing.T) {
		var store authhttp.FileStore
		_, load := store.Load(t.Context(), "ann")
		for _, err := range []error{store.Validate(), load, store.Save(t.Context(), "ann", plain), store.Drop(t.Context(), "ann")} {
			if err == nil || err.Error() != "interlock: store: Dir: missing" {
				t.Errorf("got error %v, want interlock: store: Dir: missing", err)
			}
		}
	})
	t.Run("X4 Dir is valid", func(t *testing.T) {
		wantStoreError(t, authhttp.FileStore{Dir: "x"}.Validate(), nil)
	})
	t.Run("X4 Dir is a file", func(t *testing.T) {
		store := authhttp.FileStore{Dir: filepath.Join(t.TempDir(), "file")}
		write(t, store.Dir, "")
		if err := store.Save(t.Context(), "ann", plain); err == nil || !strings.Contains(err.Error(), store.Dir) {
			t.Errorf("got error %v, want one that names %s", err, store.Dir)
		}
	})
	t.Run("T1 Dir is relative", func(t *testing.T) {
		t.Chdir(t.TempDir())
		store := authhttp.FileStore{Dir: "."}
		path := fileOf(t, store, "ann")
		write(t, path+".X.tmp", "part")
		save(t, store, "ann", plain)
		if got, want := files(t, store), []string{path}; !slices.Equal(got, want) {
			t.Errorf("got the files %q, want %q", got, want)
		}
	})
}

func TestFileStoreContent(t *testing.T) {
	store := authhttp.FileStore{Dir: t.TempDir()}
	path := fileOf(t, store, "ann")
	text := stored.Encode("ann").Reveal()

	t.Run("X4 half-written", func(t *testing.T) {
		for i := range text {
			write(t, path, text[:i])
			content, err := store.Load(t.Context(), "ann")
			if err == nil {
				_, err = authhttp.DecodeStored("ann", content)
			}
			wantStoreError(t, err, authhttp.ErrUnusable)
		}
	})
	t.Run("X1 copied from another account", func(t *testing.T) {
		write(t, path, stored.Encode("bob").Reveal())
		content, err := store.Load(t.Context(), "ann")
		wantStoreError(t, err, nil)
		_, err = authhttp.DecodeStored("ann", content)
		wantStoreError(t, err, authhttp.ErrUnusable, "account")
	})
	t.Run("X4 longer than 256 KiB", func(t *testing.T) {
		write(t, path, strings.Repeat(plain, maxStored))
		_, err := store.Load(t.Context(), "ann")
		wantStoreError(t, err, authhttp.ErrUnusable, path, "longer than 262144 bytes")
	})
	t.Run("X4 directory in its place", func(t *testing.T) {
		store := authhttp.FileStore{Dir: t.TempDir()}
		path := fileOf(t, store, "ann")
		if err := errors.Join(os.Remove(path), os.MkdirAll(filepath.Join(path, "x"), 0o700)); err != nil {
			t.Fatal(err)
		}
		_, err := store.Load(t.Context(), "ann")
		wantStoreError(t, err, authhttp.ErrUnusable, path, "not a regular file")
		if err := store.Save(t.Context(), "ann", plain); err == nil || strings.Contains(err.Error(), plain) {
			t.Errorf("Save: got error %v, want one without the secret", err)
		}
		if err := store.Drop(t.Context(), "ann"); err == nil {
			t.Error("Drop: got no error, want one")
		}
		if got := files(t, store); len(got) != 1 {
			t.Errorf("got the files %q, want only the directory", got)
		}
	})
}

// stepContext calls step whenever it is asked whether it has ended.
type stepContext struct {
	context.Context
	step func()
}

func (s stepContext) Err() error {
	s.step()
	return s.Context.Err()
}

// sweep removes all temporary files, as another process might.
func sweep(dir string) int {
	names, _ := filepath.Glob(filepath.Join(dir, "*.tmp"))
	for _, name := range names {
		_ = os.Remove(name)
	}
	return len(names)
}

func TestFileStoreTemporaries(t *testing.T) {
	t.Run("T1 leftovers do not matter and go", func(t *testing.T) {
		store := authhttp.FileStore{Dir: t.TempDir()}
		path := fileOf(t, store, "ann")
		save(t, store, "bob", plain)
		other := files(t, store)
		leave := func() { write(t, path+".X.tmp", "part") }

		leave()
		wantText(t, store, "ann", plain)
		save(t, store, "bob", plain)
		if got, want := len(files(t, store)), len(other)+1; got != want {
			t.Errorf("after saving another account: got %d files, want %d", got, want)
		}
		save(t, store, "ann", plain+"-new")
		if got := files(t, store); !slices.Equal(got, other) {
			t.Errorf("after saving: got the files %q, want %q", got, other)
		}
		leave()
		wantStoreError(t, store.Drop(t.Context(), "ann"), nil)
		if got := files(t, store); len(got) != 1 || got[0] == filepath.Base(path) {
			t.Errorf("after dropping: got the files %q, want only the other account's", got)
		}
		wantText(t, store, "ann", "")
	})
	t.Run("T1 swept away while saving", func(t *testing.T) {
		store, swept := authhttp.FileStore{Dir: t.TempDir()}, 0
		ctx := stepContext{t.Context(), func() {
			if swept < 3 {
				swept += sweep(store.Dir)
			}
		}}
		wantStoreError(t, store.Save(ctx, "ann", plain), nil)
		if swept != 3 {
			t.Errorf("got %d temporary files swept away, want 3", swept)
		}
		wantText(t, store, "ann", plain)
	})
	t.Run("X4 swept away for ever", func(t *testing.T) {
		store := authhttp.FileStore{Dir: t.TempDir()}
		save(t, store, "ann", plain)
		ctx := stepContext{t.Context(), func() { sweep(store.Dir) }}
		wantStoreError(t, store.Save(ctx, "ann", plain+"-new"), fs.ErrNotExist, store.Dir)
		wantText(t, store, "ann", plain)
	})
	t.Run("X4 context that ends while saving", func(t *testing.T) {
		store := authhttp.FileStore{Dir: t.TempDir()}
		path := fileOf(t, store, "ann")
		ctx, cancel := context.WithCancel(t.Context())
		step := stepContext{ctx, func() {
			if temporaries, _ := filepath.Glob(path + ".*.tmp"); len(temporaries) > 0 {
				cancel()
			}
		}}
		wantStoreError(t, store.Save(step, "ann", plain+"-new"), context.Canceled)
		wantText(t, store, "ann", plain)
		if got := files(t, store); len(got) != 1 {
			t.Errorf("got the files %q, want no temporary one", got)
		}
	})
}

// texts are long, so that writing one takes time, and differ in length.
func texts() [2]authhttp.Secret {
	one, two := stored, stored
	one.Pair.Refresh = authhttp.Secret(strings.Repeat("1", 100<<10))
	two.Pair.Refresh = authhttp.Secret(strings.Repeat("2", 200<<10))
	return [2]authhttp.Secret{one.Encode("ann"), two.Encode("ann")}
}

func init() {
	// saves and tells so, until it is killed
	children["save"] = func(dir string) {
		store := authhttp.FileStore{Dir: dir}
		for i := 0; ; i++ {
			if err := store.Save(context.Background(), "ann", texts()[i%2]); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			fmt.Print(".")
		}
	}
	// dies when all is written but not renamed
	children["die"] = func(dir string) {
		ctx := stepContext{context.Background(), func() {
			if temporaries, _ := filepath.Glob(filepath.Join(dir, "*.tmp")); len(temporaries) > 0 {
				self, _ := os.FindProcess(os.Getpid())
				_ = self.Kill()
				select {}
			}
		}}
		_ = authhttp.FileStore{Dir: dir}.Save(ctx, "ann", texts()[1])
	}
}

func TestFileStoreKilled(t *testing.T) {
	store, both := authhttp.FileStore{Dir: t.TempDir()}, texts()
	wantEither := func(t *testing.T) {
		t.Helper()
		content, err := store.Load(t.Context(), "ann")
		if errors.Is(err, authhttp.ErrNothingStored) {
			return
		}
		if err != nil || !slices.Contains(both[:], content) {
			t.Errorf("got %d bytes, %v, want one of the texts", len(content), err)
		}
	}
	t.Run("T1 killed at any moment", func(t *testing.T) {
		const kills = 40
		unfinished := 0
		for i := range kills {
			cmd := child(t, "save", store.Dir)
			output, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			reader := bufio.NewReader(output)
			for range i % 5 {
				if _, err := reader.ReadByte(); err != nil {
					t.Fatal(err)
				}
			}
			for range i * 100 { // pass a little time, so that the kills do not all hit the same step
				_, _ = os.Stat(store.Dir)
			}
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			wantEither(t)
			if len(files(t, store)) > 1 {
				unfinished++
			}
		}
		t.Logf("%d of %d kills left a temporary file", unfinished, kills)
	})
	t.Run("T1 killed before the rename", func(t *testing.T) {
		save(t, store, "ann", both[0])
		if err := child(t, "die", store.Dir).Run(); err == nil {
			t.Fatal("the child ended well, want it killed")
		}
		if got := files(t, store); len(got) != 2 {
			t.Fatalf("got the files %q, want also a temporary one", got)
		}
		wantText(t, store, "ann", both[0])
		save(t, store, "ann", both[1])
		wantText(t, store, "ann", both[1])
		if got := files(t, store); len(got) != 1 {
			t.Errorf("got the files %q, want no temporary one", got)
		}
	})
}
