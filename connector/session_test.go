package connector_test

import (
	"testing"

	"github.com/custom-app/interlock/connector/connectortest"
)

func TestMainLine(t *testing.T) {
	engines(t, "S9 login returns when every socket is ready", connectortest.Config{}, func(w *world) {
		w.login()
		if s := w.session.Status(); !s.Ready {
			w.t.Fatalf("got %+v, want ready", s)
		}
		got, err := w.echo("hi")
		if got != "hi" || err != nil {
			w.t.Fatalf("got %q, %v", got, err)
		}
		w.until("session", "subscribed")
		if err := w.backend.Script(connectortest.DropSockets()); err != nil {
			w.t.Fatal(err)
		}
		w.until("session", "socketOpening")
		got, err = w.echo("again")
		if got != "again" || err != nil {
			w.t.Fatalf("got %q, %v", got, err)
		}
	})
}
