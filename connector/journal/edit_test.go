package journal_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEditedJournals(t *testing.T) {
	text := strings.Join(short(t), "")
	t.Run("D4 X4 any byte that is changed is found in its line", func(t *testing.T) {
		random := rand.New(rand.NewPCG(1, 1))
		for i := range len(text) {
			other := byte(random.IntN(256))
			if other == text[i] {
				other ^= 0x20
			}
			wantFound(t, text, i, text[:i]+string([]byte{other})+text[i+1:])
		}
	})
	t.Run("D4 X4 any byte that is taken out or put in is found in its line", func(t *testing.T) {
		for i := range len(text) {
			wantFound(t, text, i, text[:i]+text[i+1:])
			wantFound(t, text, i, text[:i]+" "+text[i:])
		}
	})
	t.Run("D4 X4 any edit of a random run is found in its line", func(t *testing.T) {
		long := recorded(t, 3, 2, 120)
		rapid.Check(t, func(t *rapid.T) {
			i := rapid.IntRange(0, len(long)-1).Draw(t, "at")
			other := rapid.Byte().Filter(func(b byte) bool { return b != long[i] }).Draw(t, "byte")
			wantFound(t, long, i, long[:i]+string([]byte{other})+long[i+1:])
		})
	})
	t.Run("D4 X4 any line that is missing, doubled or moved is found", func(t *testing.T) {
		lines := strings.SplitAfter(recorded(t, 4, 2, 60), "\n")
		lines = lines[:len(lines)-1]
		for i := range lines {
			doubled := slices.Insert(slices.Clone(lines), i, lines[i])
			missing := slices.Delete(slices.Clone(lines), i, i+1)
			moved := slices.Clone(lines)
			if i+1 < len(lines) {
				moved[i], moved[i+1] = moved[i+1], moved[i]
			} else {
				missing, moved = nil, nil // a journal without its last line is whole
			}
			for name, edited := range map[string][]string{"doubled": doubled, "missing": missing, "moved": moved} {
				if edited == nil {
					continue
				}
				_, fault := replayed(t, strings.Join(edited, ""))
				if fault == nil || fault.Line < uint64(i+1) || fault.Line > uint64(i+2) {
					t.Errorf("line %d %s: got %v", i+1, name, fault)
				}
			}
		}
	})
}

// wantFound holds that the edit of a journal at a byte is found in the line of that
// byte; or, where it is the end of the last line, that this line is cut off.
func wantFound(t rapid.TB, text string, at int, edited string) {
	t.Helper()
	line := 1 + strings.Count(text[:at], "\n")
	summary, err := replayOf(edited)
	switch {
	case at == len(text)-1 && err == nil && summary.Truncated:
	case at == len(text)-1 && !strings.HasSuffix(edited, "\n"):
		t.Errorf("the last line's end is edited: got %+v, %v, want it cut off", summary, err)
	case err == nil || err.Line != uint64(line):
		t.Errorf("byte %d of line %d is edited: got %v", at, line, err)
	}
}

// free are the fields of lines that a journal may have otherwise, once its sums are
// right, and still be one of which the tables say the same.
var free = []string{
	"name", "added", // of a socket: the application's
	"why",                                              // a refusal in words
	"row",                                              // which only says where to look
	"seconds",                                          // chance
	"engine",                                           // which of them, but no third
	"gen", "arg", "count", "bytes", "policy", "groups", // numbers that the event, or the run, may make nothing of
	"public", "early", "renews", "noPing", "repeatable", "oneWay", "written",
	"subscriptions", "group",
}

// TestForgedJournals edits each field of each line, and gives the journal the right
// sums, so that the tables alone can find it.
func TestForgedJournals(t *testing.T) {
	t.Run("D4 every field of every line is checked against the tables", func(t *testing.T) {
		lines := short(t)
		found, all := 0, 0
		for n, line := range lines {
			for _, v := range scalars(t, line) {
				forged := slices.Clone(lines)
				forged[n] = line[:v.from] + v.other + line[v.to:]
				all++
				_, fault := replayed(t, resealed(strings.Join(forged, "")))
				switch {
				case fault != nil && fault.Line == uint64(n+1):
					found++
				case slices.Contains(free, v.field), v.field == "id" && strings.Contains(line, `"refused"`): // another that is not there
				case v.field == "session" && n == 0 && fault != nil:
					found++ // the records of a session that has not begun
				default:
					t.Errorf("line %d: %s is %s instead of %s: got %v", n+1, v.field, v.other, line[v.from:v.to], fault)
				}
			}
		}
		if found < 50 || found == all {
			t.Errorf("%d of %d forged fields are found, want most", found, all)
		}
		t.Logf("%d of %d forged fields are found by the tables alone, and all by the sums", found, all)
	})
}

// scalar is a value in a line, and another one.
type scalar struct {
	field    string
	from, to int
	other    string
}

// scalars returns the values of a line, but its sum, and its keys, as edits.
func scalars(t *testing.T, line string) (all []scalar) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.UseNumber()
	var nested []bool // an object, not a list
	field, isKey := "", false
	for {
		before := int(decoder.InputOffset())
		token, err := decoder.Token()
		if err != nil {
			return all
		}
		to := int(decoder.InputOffset())
		from := before + strings.IndexFunc(line[before:to], func(r rune) bool { return !strings.ContainsRune(",: ", r) })
		inObject := len(nested) > 0 && nested[len(nested)-1]
		other := ""
		switch token := token.(type) {
		case json.Delim:
			switch token {
			case '{', '[':
				nested = append(nested, token == '{')
			default:
				nested = nested[:len(nested)-1]
			}
			isKey = len(nested) > 0 && nested[len(nested)-1]
			continue
		case string:
			if inObject && isKey {
				field, isKey = token, false
				if field != "sum" && from > 1 { // the first key tells the kind of the line
					all = append(all, scalar{"a key", from, to, `"x` + line[from+1:to]})
				}
				continue
			}
			other = fmt.Sprintf("%q", token+"x")
		case json.Number:
			other = token.String() + "1"
		case bool:
			other = fmt.Sprint(!token)
		}
		isKey = inObject
		if field != "sum" {
			all = append(all, scalar{field, from, to, other})
		}
	}
}
