//go:build unix

package configfile

import "io/fs"

// othersRead tells whether a file is one that its mode lets group or others at.
func othersRead(info fs.FileInfo) bool { return info.Mode().IsRegular() && info.Mode()&0o077 != 0 }
