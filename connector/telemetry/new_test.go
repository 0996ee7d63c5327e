package telemetry_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/telemetry"
)

// badProvider gives a meter that refuses counters.
type badProvider struct{ noop.MeterProvider }

func (badProvider) Meter(string, ...metric.MeterOption) metric.Meter { return badMeter{} }

type badMeter struct{ noop.Meter }

func (badMeter) Int64Counter(string, ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return nil, errors.New("no counters here")
}

func TestNew(t *testing.T) {
	t.Run("X4 the faults of the meter", func(t *testing.T) {
		_, err := telemetry.New(telemetry.Options{MeterProvider: badProvider{}})
		if err == nil || !strings.Contains(err.Error(), "interlock: telemetry: interlock.transitions: no counters here") {
			t.Errorf("got %v", err)
		}
	})

	t.Run("S10 the global providers", func(t *testing.T) {
		observer, err := telemetry.New(telemetry.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, end := observer.Begin(context.Background(), connector.Operation{Name: "login"})
		end(connector.End{Outcome: "ready"})
	})
}
