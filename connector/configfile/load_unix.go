//go:build unix

package configfile

import "io/fs"

// othersRead tells whether the mode of a file lets group or others at it.
func othersRead(info fs.FileInfo) bool { return info.Mode()&0o077 != 0 }
