package configfile

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
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
	where.WriteString(cmp.Or(f.file, "config file"))
	if f.line > 0 {
		fmt.Fprintf(&where, ":%d", f.line)
	}
	if f.path != "" {
		where.WriteString(": " + f.path)
	}
	text := f.text
	if len(text) > mostText {
		text = strings.ToValidUTF8(text[:mostText], "") + "…"
	}
	return where.String() + ": " + text
}

// mostText is how long the text of a fault may be, which can hold what the file says.
const mostText = 500

// places are where the fields of a file are.
type places struct {
	file  string
	lines map[string]int // by the paths of fields
}

// fault returns that something is wrong with a field, in the line of it, or of what
// it would be in.
func (p places) fault(path, format string, args ...any) fault {
	return fault{p.file, p.line(path), path, fmt.Sprintf(format, args...)}
}

func (p places) line(path string) int {
	for {
		if line, ok := p.lines[path]; ok || path == "" {
			return line
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
}

// has tells whether the file has a field, right or wrong.
func (p places) has(path string) bool {
	_, ok := p.lines[path]
	return ok
}

// nth returns the path of an element of a list.
func nth(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// join returns the path of a field.
func join(path, name string) string {
	switch {
	case !plainName.MatchString(name):
		return fmt.Sprintf("%s[%q]", path, name)
	case path == "":
		return name
	}
	return path + "." + name
}

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// inOrder joins faults in the order of their lines; nil: there are none.
func inOrder(faults []fault) error {
	slices.SortStableFunc(faults, func(a, b fault) int { return cmp.Compare(a.line, b.line) })
	var joined []error
	for _, one := range faults {
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
