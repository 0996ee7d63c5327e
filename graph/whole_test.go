package graph_test

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/graph"
	"github.com/custom-app/interlock/transitions"
)

// move is one way from a state to a state; word is its event with its guard.
type move struct{ from, word, to string }

func TestEveryMoveIsDrawnAndNoOther(t *testing.T) {
	for _, m := range []graph.Machine{
		sample(t), door,
		transitions.Session, transitions.Login, transitions.Token, transitions.Socket, transitions.Subscription, transitions.Request,
	} {
		c := m.Chart()
		t.Run("G1 "+c.Name, func(t *testing.T) {
			declared, drawn := declaredMoves(c), drawnMoves(c, dotOf(t, m))
			for m := range declared {
				if !drawn[m] {
					t.Errorf("not drawn: %+v", m)
				}
			}
			for m := range drawn {
				if !declared[m] {
					t.Errorf("drawn, but not declared: %+v", m)
				}
			}
		})
	}
}

func declaredMoves(c fsm.Chart) map[move]bool {
	moves := make(map[move]bool)
	for _, row := range c.Rows {
		for _, from := range row.From {
			for _, word := range row.On {
				if row.If != "" {
					word += " [" + row.If + "]"
				}
				if row.To != "" {
					moves[move{from, word, row.To}] = true
				}
			}
		}
	}
	return moves
}

var (
	dotPill = regexp.MustCompile(`^\t*"([^"]*)" \[label=<(.*?)>, (?:group=main, )?fontsize=12`)
	dotLine = regexp.MustCompile(`^\t*"([^"]*)" -> "([^"]*)" \[(.*)\];$`)
	dotTail = regexp.MustCompile(`ltail="cluster([^"]*)"`)
	dotText = regexp.MustCompile(`label=<(.*)>`)
	dotRow  = regexp.MustCompile(`<tr><td align="left">(.*?)</td><td align="left">(.*?)</td></tr>`)
	dotBold = regexp.MustCompile(`<b>(.*?)</b>`)
	dotTag  = regexp.MustCompile(`<[^>]*>`)
)

// drawnMoves reads back from DOT what moves its lines, pills and notes tell.
func drawnMoves(c fsm.Chart, dot string) map[move]bool {
	moves := make(map[move]bool)
	pills := make(map[string]string)
	tails := make(map[string][]string) // by pill
	tell := func(from []string, label, to string) {
		for _, f := range from {
			for _, word := range words(label, f) {
				moves[move{f, word, to}] = true
			}
		}
	}
	for _, l := range strings.Split(dot, "\n") {
		if m := dotPill.FindStringSubmatch(l); m != nil {
			pills[m[1]] = m[2]
		}
	}
	for _, l := range strings.Split(dot, "\n") {
		m := dotLine.FindStringSubmatch(l)
		if m == nil || strings.Contains(m[3], "style=invis") || m[1] == "#start" {
			continue
		}
		from, to, attrs := m[1], m[2], m[3]
		states := []string{from}
		if tail := dotTail.FindStringSubmatch(attrs); tail != nil {
			states = statesOf(c, func(s fsm.ChartState) bool { return strings.HasPrefix("/"+s.Group+"/", tail[1]+"/") })
		}
		switch text := dotText.FindStringSubmatch(attrs); {
		case strings.Contains(attrs, "dir=back"):
			tell(statesOf(c, func(s fsm.ChartState) bool { return s.Name != from }), pills[to], from)
		case text != nil:
			tell(states, text[1], to)
		case pills[to] != "":
			tails[to] = append(tails[to], states...)
		}
	}
	for _, l := range strings.Split(dot, "\n") {
		if m := dotLine.FindStringSubmatch(l); m != nil && pills[m[1]] != "" {
			tell(tails[m[1]], pills[m[1]], m[2])
		}
	}
	return moves
}

func statesOf(c fsm.Chart, has func(fsm.ChartState) bool) []string {
	var names []string
	for _, s := range c.States {
		if has(s) {
			names = append(names, s.Name)
		}
	}
	return names
}

// words returns the events that a label tells of a state.
func words(label, state string) []string {
	rows := dotRow.FindAllStringSubmatch(label, -1)
	if rows == nil {
		return events(label)
	}
	var all []string
	for _, row := range rows {
		who := plain(strings.ReplaceAll(row[1], "<br", " <br"))
		crowd, except, _ := strings.Cut(who, " but ")
		whole := crowd == "all" || crowd == "every other state"
		if whole && except != state || slices.Contains(strings.Split(who, ", "), state) {
			all = append(all, events(row[2])...)
		}
	}
	return all
}

// events returns what a label says in bold.
func events(label string) []string {
	var found []string
	for _, bold := range dotBold.FindAllStringSubmatch(label, -1) {
		found = append(found, plain(bold[1]))
	}
	return found
}

// plain returns text without tags, its spaces made single.
func plain(markup string) string {
	return strings.Join(strings.Fields(html.UnescapeString(dotTag.ReplaceAllString(markup, ""))), " ")
}
