package authhttp

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxReplace bounds how often one Save begins again because its temporary file
// was swept away. A sweep takes an unfinished file only after a whole Save of
// somebody else beside it, so that in practice a few times are enough.
const maxReplace = 100

// FileStore is a [Store] that keeps each text in a file of its own, in clear,
// with mode 0600. A literal is ready for use. It has no state: two values with
// the same Dir are the same store, in any number of goroutines and processes.
//
// A file is named with the SHA-256 of its account, in hex, and ".json". So any
// account has a name, no two share one, also where case does not count, and
// neither a listing nor an error tells who has an account.
//
// Save writes a temporary file beside it, flushes that to the disk, renames it
// and flushes the directory; after a nil error the text outlives a power
// failure as far as the file system keeps its word. What has the name, with
// whatever mode, is replaced itself: of a symbolic link the link, never its
// target. Temporary files that killed processes left behind are never read, and
// the next Save or Drop of the account removes them.
//
// On Unix, Load refuses as [ErrUnusable] a file that is not regular, as a
// symbolic link, which is never followed; one that its mode lets group or
// others read or write; and one of another user, to whom root is one too. Load
// and Save refuse as ErrUnusable a directory in which somebody else could
// exchange files: one of another user than root, and one that its mode lets
// group or others write to, unless it is sticky, as /tmp is. That others can
// read the directory does no harm, and Dir may be a symbolic link: who could
// turn that elsewhere could also exchange the directory. Access control lists
// are not looked at.
//
// Elsewhere, as on Windows, neither modes nor owners are checked, since there
// are none to check: choose a Dir that only its user can reach. The directory
// is not flushed there, and on Windows a Save or Drop during a Load of the same
// file, or a Load during those, may fail, leaving the file as it is.
//
// File operations cannot be cancelled. A context that has ended stops a call
// before its first, and a Save also before it renames. Errors name the file and
// wrap what the system said, so that errors.Is with [fs.ErrPermission] works.
type FileStore struct {
	// Dir is the directory of the files, required. Save makes it, with mode
	// 0700, if it is missing, and its parents; Load and Drop do not need it.
	Dir string
}

// Validate returns all faults of the fields, joined, or nil.
func (s FileStore) Validate() error {
	if s.Dir == "" {
		return errors.New("interlock: store: Dir: missing")
	}
	return nil
}

// Load implements [Store].
func (s FileStore) Load(ctx context.Context, account string) (Secret, error) {
	if err := s.begin(ctx); err != nil {
		return "", err
	}
	err := checkDir(s.Dir)
	var text string
	if err == nil {
		text, err = read(s.path(account))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrNothingStored
	}
	if err != nil {
		return "", storeFault(err)
	}
	return Secret(text), nil
}

// Save implements [Store].
func (s FileStore) Save(ctx context.Context, account string, content Secret) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	if err := checkSize(content.Reveal()); err != nil {
		return storeFault(err)
	}
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return storeFault(err)
	}
	if err := checkDir(s.Dir); err != nil {
		return storeFault(err)
	}
	path := s.path(account)
	leftover := temporaries(path)
	err := replace(ctx, path, content.Reveal())
	for tries := 1; errors.Is(err, fs.ErrNotExist) && tries < maxReplace; tries++ {
		err = replace(ctx, path, content.Reveal())
	}
	if err == nil {
		// Only now, and only what was there before: a file of somebody who is
		// saving at this moment is then most likely gone already.
		_ = remove(leftover...)
		err = syncDir(s.Dir)
	}
	if err != nil {
		return storeFault(err)
	}
	return nil
}

// Drop implements [Store].
func (s FileStore) Drop(ctx context.Context, account string) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	path := s.path(account)
	err := remove(append(temporaries(path), path)...)
	if err == nil {
		err = syncDir(s.Dir)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return storeFault(err)
	}
	return nil
}

func (s FileStore) begin(ctx context.Context) error {
	if err := s.Validate(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return storeFault(err)
	}
	return nil
}

func (s FileStore) path(account string) string {
	return filepath.Join(s.Dir, fmt.Sprintf("%x.json", sha256.Sum256([]byte(account))))
}

func unusable(path, reason string) error { return fmt.Errorf("%w: %s: %s", ErrUnusable, path, reason) }

// checkDir refuses a directory in which others could exchange files.
func checkDir(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if reason := dirOpenTo(info); reason != "" {
		return unusable(dir, reason)
	}
	return nil
}

// read returns the text of a file that may be used.
func read(path string) (string, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return "", err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return "", unusable(path, "a symbolic link")
	}
	if !info.Mode().IsRegular() { // opening a device can have effects
		return "", unusable(path, "not a regular file")
	}
	file, err := os.OpenFile(path, os.O_RDONLY|asItIs, 0)
	if err != nil {
		return "", err
	}
	defer file.Close()
	// The name may have got another file meanwhile, so the open one is checked.
	if info, err = file.Stat(); err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", unusable(path, "not a regular file")
	}
	if reason := fileOpenTo(info); reason != "" {
		return "", unusable(path, reason)
	}
	content, err := io.ReadAll(io.LimitReader(file, maxStored+1))
	if err != nil {
		return "", err
	}
	if err := checkSize(string(content)); err != nil {
		return "", unusable(path, err.Error())
	}
	return string(content), nil
}

// replace puts a file with the content in the place of path. It is
// fs.ErrNotExist when somebody removed the temporary file.
func replace(ctx context.Context, path, content string) error {
	temporary := path + "." + rand.Text() + ".tmp"
	err := create(temporary, content)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		_ = os.Remove(temporary)
	}
	return err
}

// create writes a file that was not there and flushes it to the disk.
func create(path, content string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err = file.WriteString(content); err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// temporaries returns the temporary files of path.
func temporaries(path string) []string {
	dir := filepath.Dir(path)
	names, _ := fs.Glob(os.DirFS(dir), filepath.Base(path)+".*.tmp") // a pattern that is well-formed
	for i := range names {
		names[i] = filepath.Join(dir, names[i])
	}
	return names
}

// remove removes what is there of the files.
func remove(paths ...string) error {
	var faults []error
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			faults = append(faults, err)
		}
	}
	return errors.Join(faults...)
}
