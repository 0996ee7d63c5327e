package telemetry_test

import (
	"context"
	"fmt"
	"log"
	"slices"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/connector/telemetry"
)

// A session with metrics and traces. A program would export them; here they are read
// from memory.
func Example() {
	backend, err := connectortest.Start(connectortest.Config{}) // in the place of yours
	if err != nil {
		log.Fatal(err)
	}
	defer backend.Close()
	metrics, spans := sdkmetric.NewManualReader(), tracetest.NewSpanRecorder()
	observer, err := telemetry.New(telemetry.Options{
		MeterProvider:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(metrics)),
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)),
	})
	if err != nil {
		log.Fatal(err)
	}
	client, err := connector.New(connector.Config[person, person]{
		Auth:     &authhttp.JSON[person, person]{LoginURL: backend.URL() + "/login", LogoutURL: backend.URL() + "/logout"},
		Sockets:  []connector.AnySocket[person]{chat(backend.WebSocketURL())},
		Observer: observer,
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, session := context.Background(), client.NewSession()
	if err := session.Login(ctx, ann); err != nil {
		log.Fatal(err)
	}
	socket, err := connector.On[message, message](session, "chat")
	if err != nil {
		log.Fatal(err)
	}
	for range 3 {
		if _, err := socket.Request(ctx, message{"echo": message{"text": "hello"}}); err != nil {
			log.Fatal(err)
		}
	}
	if err := session.Logout(ctx); err != nil {
		log.Fatal(err)
	}

	var lines []string
	for _, span := range spans.Ended() {
		lines = append(lines, "span "+span.Name())
	}
	var all metricdata.ResourceMetrics
	if err := metrics.Collect(ctx, &all); err != nil {
		log.Fatal(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		if durations, ok := m.Data.(metricdata.Histogram[float64]); ok {
			for _, p := range durations.DataPoints {
				outcome, _ := p.Attributes.Value("interlock.outcome")
				lines = append(lines, fmt.Sprintf("%s, %s: %d", m.Name, outcome.AsString(), p.Count))
			}
		}
	}
	slices.Sort(lines)
	for _, line := range slices.Compact(lines) {
		fmt.Println(line)
	}
	// Output:
	// interlock.auth.duration, accepted: 1
	// interlock.command.duration, done: 1
	// interlock.command.duration, ready: 1
	// interlock.request.duration, answered: 3
	// interlock.socket.attempt.duration, ready: 1
	// span interlock auth login
	// span interlock auth logout
	// span interlock connect
	// span interlock login
	// span interlock logout
	// span interlock request
}
