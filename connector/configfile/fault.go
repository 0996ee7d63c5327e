package configfile

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// fault is one thing that is wrong with a file. It never holds a value that may be
// secret.
type fault struct {
	file string
	line int    // from 1; 0: the fault is of the whole file
	path string // of the field; empty: of none
	text string // what is wrong; what to write instead
}

// Error returns FILE:LINE: path.to.field: text, without what there is not.
func (f fault) Error() string {
	var where strings.Builder
	where.WriteString(f.file)
	if f.line > 0 {
		fmt.Fprintf(&where, ":%d", f.line)
	}
	if f.path != "" {
		where.WriteString(": " + f.path)
	}
	return where.String() + ": " + f.text
}

// faults are those of one file.
type faults struct {
	file string
	all  []fault
}

func (f *faults) add(line int, path, format string, args ...any) {
	f.all = append(f.all, fault{f.file, line, path, fmt.Sprintf(format, args...)})
}

// err joins the faults in the order of their lines; nil: there are none.
func (f *faults) err() error {
	slices.SortStableFunc(f.all, func(a, b fault) int { return cmp.Compare(a.line, b.line) })
	var joined []error
	for _, one := range f.all {
		joined = append(joined, one)
	}
	return errors.Join(joined...)
}

// nearest returns the name that was most likely meant, and whether one was.
func nearest(given string, names []string) (string, bool) {
	given = strings.ToLower(given)
	best, distance := "", 0
	for _, name := range names {
		lower := strings.ToLower(name)
		d := levenshtein.ComputeDistance(given, lower)
		near := d*5 <= 2*max(len(given), len(lower)) || commonPrefix(given, lower) >= 4
		if near && (best == "" || d < distance) {
			best, distance = name, d
		}
	}
	return best, best != ""
}

func commonPrefix(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}

// oneOf names the choices, the nearest alone if there is one.
func oneOf(given string, names []string) string {
	if name, ok := nearest(given, names); ok {
		return "write " + name
	}
	return "write one of " + strings.Join(names, ", ")
}
