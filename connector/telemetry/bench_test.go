package telemetry_test

import (
	"context"
	"testing"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/telemetry"
	"github.com/custom-app/interlock/transitions"
)

func measured(b *testing.B) connector.Observer {
	b.Helper()
	observer, err := telemetry.New(telemetry.Options{
		MeterProvider:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(sdkmetric.NewManualReader())),
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	return observer
}

// BenchmarkMessage is what one message costs.
func BenchmarkMessage(b *testing.B) {
	observer := measured(b)
	for b.Loop() {
		observer.Message(1, "chat", connector.Received, 100)
	}
}

// BenchmarkChanged is what one change of state costs.
func BenchmarkChanged(b *testing.B) {
	observer := measured(b)
	for b.Loop() {
		observer.Changed(1, connector.Change{Machine: transitions.TokenKind, From: "stale", Event: "refreshed", To: "fresh"})
	}
}

// BenchmarkRequest is what one request costs that is not sampled.
func BenchmarkRequest(b *testing.B) {
	observer := measured(b)
	for b.Loop() {
		_, end := observer.Begin(context.Background(), connector.Operation{Kind: connector.RequestOperation, Name: "request", Socket: "chat"})
		end(connector.End{Outcome: "answered"})
	}
}

// BenchmarkNoProvider is what a message and a request cost where no provider is set up.
func BenchmarkNoProvider(b *testing.B) {
	observer, err := telemetry.New(telemetry.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("message", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			observer.Message(1, "chat", connector.Received, 100)
		}
	})
	b.Run("request", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, end := observer.Begin(context.Background(), connector.Operation{Kind: connector.RequestOperation, Name: "request", Socket: "chat"})
			end(connector.End{Outcome: "answered"})
		}
	})
}
