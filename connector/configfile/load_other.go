//go:build !unix

package configfile

import "io/fs"

func othersRead(fs.FileInfo) bool { return false }
