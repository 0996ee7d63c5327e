package graph

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/custom-app/interlock/fsm"
)

const (
	namesPerLine   = 3
	lettersPerLine = 34
	mostEffects    = 2 * namesPerLine // more of them are not short
	docLetters     = 40
)

// saying is some of a line's steps that the same states take with the same
// effects, as words.
type saying struct {
	who     string
	words   []word
	effects []string
}

// word is an event with its guard.
type word struct {
	text  string
	cause fsm.Cause
}

func (l line) sayings() []saying {
	var said []saying
	for _, s := range l.steps {
		w := word{s.event, s.cause}
		if s.guard != "" {
			w.text += " [" + s.guard + "]"
		}
		effects := s.do
		if len(effects) > mostEffects {
			effects = nil
		}
		at := slices.IndexFunc(said, func(other saying) bool { return other.who == s.who && slices.Equal(other.effects, effects) })
		if at < 0 {
			said = append(said, saying{who: s.who, effects: effects})
			at = len(said) - 1
		}
		said[at].words = append(said[at].words, w)
	}
	return said
}

// wrap cuts pieces into lines of few names and letters each. letters tells how
// long a piece is.
func wrap[T any](pieces []T, letters func(T) int) [][]T {
	var lines [][]T
	used := 0
	for _, p := range pieces {
		last := len(lines) - 1
		if last < 0 || len(lines[last]) == namesPerLine || used+letters(p) > lettersPerLine {
			lines = append(lines, nil)
			last, used = last+1, 0
		}
		lines[last] = append(lines[last], p)
		used += letters(p)
	}
	return lines
}

func wordLetters(w word) int { return utf8.RuneCountInString(w.text) }

// html returns a line's label. Where it names states, they stand in a column
// before what they do.
func (l line) html() string {
	said := l.sayings()
	if !slices.ContainsFunc(said, func(s saying) bool { return s.who != "" }) {
		var lines []string
		for _, s := range said {
			lines = append(lines, s.htmlLines()...)
		}
		return strings.Join(lines, "<br/>")
	}
	var rows strings.Builder
	for _, s := range said {
		who := ""
		for _, names := range wrap(strings.SplitAfter(s.who, ", "), utf8.RuneCountInString) {
			who += escapeHTML(strings.Join(names, "")) + `&#160;<br align="left"/>`
		}
		fmt.Fprintf(&rows, `<tr><td align="left"><font color="%s">%s</font></td><td align="left">%s<br align="left"/></td></tr>`,
			slate, who, strings.Join(s.htmlLines(), `<br align="left"/>`))
	}
	return `<table border="0" cellborder="0" cellspacing="0" cellpadding="1">` + rows.String() + `</table>`
}

// htmlLines returns bold events in the colours of their causes, then the effects
// in grey.
func (s saying) htmlLines() []string {
	var lines []string
	used := 0
	for _, words := range wrap(s.words, wordLetters) {
		var parts []string
		used = 0
		for _, w := range words {
			used += wordLetters(w)
			parts = append(parts, fmt.Sprintf(`<font color="%s"><b>%s</b></font>`, styleOf(w.cause).text, escapeHTML(w.text)))
		}
		lines = append(lines, strings.Join(parts, fmt.Sprintf(`<font color="%s">&#160;·&#160;</font>`, mute)))
	}
	for i, effects := range wrap(s.effects, utf8.RuneCountInString) {
		text := strings.Join(effects, ", ")
		if i == 0 {
			text = "/ " + text
		}
		grey := fmt.Sprintf(`<font color="%s">%s</font>`, mute, escapeHTML(text))
		if i == 0 && used+utf8.RuneCountInString(text) <= lettersPerLine {
			lines[len(lines)-1] += " &#160;" + grey
			continue
		}
		lines = append(lines, grey)
	}
	return lines
}

// subtitle is the small second line of a state.
func subtitle(s fsm.ChartState) string {
	switch {
	case s.Kind == fsm.Follow:
		return "until " + s.By
	case s.Kind == fsm.Wait || s.Doc == "":
		return strings.Join(s.Timers, " · ")
	}
	return firstClause(s.Doc)
}

// firstClause returns the beginning of a doc, cut after a clause, or else
// between two words.
func firstClause(doc string) string {
	doc = strings.Join(strings.Fields(doc), " ")
	if end := strings.IndexAny(doc, ".;:("); end > 0 {
		doc = strings.TrimSpace(doc[:end])
	}
	letters := []rune(doc)
	if len(letters) <= docLetters {
		return doc
	}
	cut := string(letters[:docLetters])
	if comma := strings.LastIndex(cut, ","); comma > 0 {
		return cut[:comma]
	}
	if space := strings.LastIndex(cut, " "); space > 0 {
		cut = cut[:space]
	}
	return cut + "…"
}

var htmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// escapeHTML makes text fit for an HTML-like label. What no XML may hold becomes
// a replacement character.
func escapeHTML(text string) string { return htmlEscapes.Replace(printable(text)) }

// quote makes text a DOT string. Graphviz reads a backslash in it as an escape
// of its own, so it is doubled.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(printable(text)) + `"`
}

// printable replaces what is no text: control characters and broken UTF-8.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case !unicode.IsPrint(r) && !unicode.IsSpace(r):
			return utf8.RuneError
		}
		return r
	}, text)
}
