package connector_test

import (
	"context"
	"testing"

	"github.com/custom-app/interlock/connector/connectortest"
)

func TestStreamAll(t *testing.T) {
	engines(t, "R5 a range ends with its context, whatever is still there", connectortest.Config{}, func(w *world) {
		w.login()
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		seen := 0
		for range w.changes.All(ctx) {
			seen++
			cancel()
		}
		if seen != 1 {
			w.t.Errorf("got %d changes, want the one before the context ended", seen)
		}
		if c, ok := w.changes.Next(ctx); !ok {
			w.t.Errorf("got %v, want that the rest can still be taken", c)
		}
	})
}
