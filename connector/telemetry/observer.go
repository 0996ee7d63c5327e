package telemetry

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/custom-app/interlock/authhttp/errcode"
	"github.com/custom-app/interlock/connector"
)

// observer gives what it is told to OpenTelemetry. The attributes of what recurs on
// every message and change are made once.
type observer struct {
	connector.NoObserver
	instruments
	tracer     trace.Tracer
	socketName func(id string) string
	named      sync.Map     // of names of sockets, to *socketOptions
	names      atomic.Int64 // how many there are
	moves      sync.Map     // of move, to []metric.AddOption
}

// Begin begins a span, which ends with the operation and is measured.
func (t *observer) Begin(ctx context.Context, op connector.Operation) (context.Context, func(connector.End)) {
	attrs, kind := t.attributes(op), trace.SpanKindInternal
	if op.Kind == connector.RequestOperation {
		kind = trace.SpanKindClient
	}
	ctx, span := t.tracer.Start(ctx, spanName(op), trace.WithSpanKind(kind), trace.WithAttributes(attrs...), trace.WithAttributes(only(op)...))
	t.addActive(ctx, op, 1)
	began := time.Now()
	return ctx, func(end connector.End) {
		took := time.Since(began)
		defer span.End()
		t.addActive(ctx, op, -1)
		durations := t.durations[op.Kind]
		if !durations.Enabled(ctx) && !span.IsRecording() {
			return
		}
		ended := []attribute.KeyValue{outcomeKey.String(end.Outcome)}
		if end.Err != nil {
			ended = append(ended, errorKey.String(errorType(end.Err)))
			span.SetStatus(codes.Error, end.Outcome)
		}
		span.SetAttributes(ended...)
		durations.Record(ctx, took.Seconds(), metric.WithAttributes(append(attrs, ended...)...))
	}
}

// spanName is what the span of an operation is called.
func spanName(op connector.Operation) string {
	if op.Kind == connector.CallOperation {
		return "interlock auth " + op.Name
	}
	return "interlock " + op.Name
}

// attributes are those that metrics and spans of an operation share.
func (t *observer) attributes(op connector.Operation) []attribute.KeyValue {
	switch op.Kind {
	case connector.CommandOperation:
		return []attribute.KeyValue{commandKey.String(op.Name)}
	case connector.CallOperation:
		return []attribute.KeyValue{callKey.String(op.Name)}
	case connector.AttemptOperation:
		return []attribute.KeyValue{socketKey.String(t.socket(op.Socket).name)}
	}
	return []attribute.KeyValue{requestKey.String(op.Name), socketKey.String(t.socket(op.Socket).name)}
}

// only are those of spans alone: they are without number.
func only(op connector.Operation) []attribute.KeyValue {
	attrs := []attribute.KeyValue{sessionKey.Int64(int64(op.Session))}
	if op.Kind == connector.AttemptOperation {
		attrs = append(attrs, generationKey.Int64(int64(op.Generation)))
	}
	return attrs
}

// addActive counts a request that begins or ends.
func (t *observer) addActive(ctx context.Context, op connector.Operation, n int64) {
	if op.Kind == connector.RequestOperation {
		t.active.Add(ctx, n, t.socket(op.Socket).alone...)
	}
}

// errorType is the code of an error, if it is one of this module: those of a backend
// might be without number.
func errorType(err error) string {
	if code := errcode.Of(err); slices.Contains(errcode.All(), code) {
		return string(code)
	}
	return other
}
