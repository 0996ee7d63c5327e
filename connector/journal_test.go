package connector_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// journalTo writes the journal of a world to w.
func journalTo(journal interface{ Write([]byte) (int, error) }) change {
	return func(c *connector.Config[credentials, user]) { c.Journal = journal }
}

// failingWriter fails from the write after so many on, by error or by panic.
type failingWriter struct {
	left    int
	panics  bool
	written int
}

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.left--; w.left >= 0 {
		w.written++
		return len(p), nil
	}
	if w.panics {
		panic("the disk is on fire")
	}
	return 0, errors.New("the disk is full")
}

func TestJournal(t *testing.T) {
	bubbles(t, "D4 one header, then a line for each event, in names", func(t *testing.T, engine change) {
		var text bytes.Buffer
		w := newWorld(t, connectortest.Config{}, engine, journalTo(&text))
		w.login()
		w.script(connectortest.RejectAuth(1), connectortest.DropSockets())
		w.until("session", "subscribed")
		w.until("session", "socketOpening")
		w.until("session", "subscribed")
		if _, err := w.echo("hi"); err != nil {
			t.Error(err)
		}
		w.end()

		lines := strings.Split(strings.TrimSpace(text.String()), "\n")
		headers, delays, record := 0, 0, 0.0
		visited := map[string]bool{}
		for i, line := range lines {
			var got map[string]any
			if err := json.Unmarshal([]byte(line), &got); err != nil {
				t.Fatalf("line %d: %v", i+1, err)
			}
			switch {
			case got["journal"] != nil:
				headers++
				if i != 0 || got["journal"] != "interlock" || got["session"] != 1.0 || got["engine"] == "" {
					t.Errorf("line %d: got header %s", i+1, line)
				}
			case got["seconds"] != nil:
				delays++
			default:
				if record++; got["record"] != record || got["machine"] == "" || got["event"] == "" {
					t.Errorf("line %d: got %s, want record %v", i+1, line, record)
				}
				steps, _ := got["steps"].([]any)
				for _, s := range steps {
					step := s.(map[string]any)
					visited[step["machine"].(string)+" "+step["to"].(string)] = true
					if step["row"].(float64) < 1 {
						t.Errorf("line %d: got row %v", i+1, step["row"])
					}
				}
			}
		}
		if headers != 1 || delays == 0 {
			t.Errorf("got %d headers and %d delays, want 1 and some", headers, delays)
		}
		for _, want := range []string{"session subscribed", "login opening", "token refreshing", "socket waiting", "request answered", "session loggedOut"} {
			if !visited[want] {
				t.Errorf("the journal lacks %q", want)
			}
		}
	})

	for _, c := range []struct {
		name string
		to   failingWriter
		want string
	}{
		{"X4 a writer that fails at once", failingWriter{left: 0}, "interlock: journal: the disk is full"},
		{"X4 a writer that fails later", failingWriter{left: 5}, "interlock: journal: the disk is full"},
		{"X4 a writer that panics", failingWriter{left: 5, panics: true}, "the disk is on fire"},
	} {
		bubbles(t, c.name, func(t *testing.T, engine change) {
			to := c.to
			w := newWorld(t, connectortest.Config{}, engine, journalTo(&to))
			defer w.end()
			errs := w.session.Errors(0)
			w.login()
			if got, err := w.echo("hi"); got != "hi" {
				t.Errorf("got %q, %v, want the session to go on", got, err)
			}
			if to.written != c.to.left {
				t.Errorf("got %d lines, want no gap after the failure", to.written)
			}
			wantFaults(t, errs, c.want)
		})
	}
}
