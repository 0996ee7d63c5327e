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

// mostText is how long the text of a fault may be, which can hold what the file says.
const mostText = 500

func (f *faults) add(line int, path, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if len(text) > mostText {
		text = strings.ToValidUTF8(text[:mostText], "") + "…"
	}
	f.all = append(f.all, fault{f.file, line, path, text})
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

// nearest returns the name that was most likely meant; false: none was.
func nearest(given string, names []string) (string, bool) {
	given = strings.ToLower(given)
	best, least := "", 0
	for _, name := range names {
		d, near := distance(given, strings.ToLower(name))
		if near && (best == "" || d < least) {
			best, least = name, d
		}
	}
	return best, best != ""
}

// distance tells how many letters differ, and whether that is few: two of five at
// most, or only their order, or only the end.
func distance(given, name string) (letters int, near bool) {
	letters = levenshtein.ComputeDistance(given, name)
	few := letters*5 <= 2*max(len(given), len(name))
	begun := len(given) >= 3 && (strings.HasPrefix(name, given) || len(name) >= 4 && strings.HasPrefix(given, name[:4]))
	return letters, few || begun || sorted(given) == sorted(name)
}

func sorted(text string) string {
	letters := []byte(text)
	slices.Sort(letters)
	return string(letters)
}

// oneOf says to write the nearest of the names, or else which there are.
func oneOf(given string, names []string) string {
	if name, ok := nearest(given, names); ok {
		return "write " + name
	}
	if len(names) == 1 {
		return "there is only " + names[0]
	}
	return "write one of " + strings.Join(names, ", ")
}
