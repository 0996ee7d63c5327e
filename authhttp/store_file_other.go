//go:build !unix

package authhttp

import "io/fs"

const asItIs = 0

func fileOpenTo(fs.FileInfo) string { return "" }

func dirOpenTo(fs.FileInfo) string { return "" }

func syncDir(string) error { return nil }
