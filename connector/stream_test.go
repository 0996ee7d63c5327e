package connector_test

import (
	"context"
	"testing"

	"github.com/custom-app/interlock/connector/connectortest"
)

func TestStreamAll(t *testing.T) {
	engines(t, "R5 a range ends with its context, whatever still comes", connectortest.Config{}, func(w *world) {
		w.login()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, held := w.changes.Next(ctx)
		seen := 0
		for range w.changes.All(ctx) {
			w.logout() // more comes with each item
			w.login()
			if seen++; seen > 100 {
				break
			}
		}
		if !held || seen == 0 || seen > 100 {
			w.t.Errorf("got %d changes, want those held when the range began", seen)
		}
	})
}
