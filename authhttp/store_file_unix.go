//go:build unix

package authhttp

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// asItIs lets opening fail at a symbolic link, and not wait at a pipe.
const asItIs = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// fileOpenTo says to whom else than this user the file is open; "": to nobody.
func fileOpenTo(info fs.FileInfo) string {
	if owner(info) != os.Geteuid() {
		return "of another user"
	}
	if mode := info.Mode().Perm(); mode&0o066 != 0 {
		return fmt.Sprintf("mode %#o lets group or others read or write it", mode)
	}
	return ""
}

// dirOpenTo says to whom else than this user and root a directory is open for
// exchanging files; "": to nobody. In a sticky one everybody exchanges only
// their own.
func dirOpenTo(info fs.FileInfo) string {
	if uid := owner(info); uid != os.Geteuid() && uid != 0 {
		return "a directory of another user"
	}
	if mode := info.Mode(); mode.Perm()&0o022 != 0 && mode&fs.ModeSticky == 0 {
		return fmt.Sprintf("mode %#o lets group or others write to the directory", mode.Perm())
	}
	return ""
}

func owner(info fs.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }

// syncDir flushes the names in a directory to the disk. Some file systems
// cannot, and need not.
func syncDir(dir string) error {
	file, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer file.Close()
	err = file.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	return err
}
