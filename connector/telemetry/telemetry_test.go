package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/connector/telemetry"
)

type (
	person  struct{ Name, Password string }
	message = map[string]any
)

var ann = person{"ann", "secret"}

// world is a session, observed, on a backend on an in-memory network, in virtual time.
type world struct {
	t       *testing.T
	backend *connectortest.Backend
	session *connector.Session[person, person]
	socket  *connector.Socket[message, message]
	metrics *sdkmetric.ManualReader
	spans   *tracetest.SpanRecorder
	tracer  trace.Tracer
	stop    func()
}

func chat(url string) connector.SocketConfig[person, message, message] {
	return connector.SocketConfig[person, message, message]{
		ID: "chat", URL: url,
		Auth: &connector.Step[person, message, message]{
			Build: func(_ context.Context, known connector.Known[person, message]) (message, error) {
				return message{"auth": message{"token": known.Token.Access.Reveal()}}, nil
			},
		},
		SetID: func(m *message, id uint64) { (*m)["id"] = id },
		GetID: func(m message) (uint64, bool) { id, ok := m["id"].(float64); return uint64(id), ok },
		IsError: func(m message) error {
			if fault, ok := m["error"].(map[string]any); ok {
				return fmt.Errorf("the server says %v", fault["code"])
			}
			return nil
		},
	}
}

func newWorld(t *testing.T, options telemetry.Options, id string) *world {
	t.Helper()
	w := &world{t: t, metrics: sdkmetric.NewManualReader(), spans: tracetest.NewSpanRecorder()}
	traces := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(w.spans))
	w.tracer = traces.Tracer("test")
	options.MeterProvider, options.TracerProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(w.metrics)), traces
	observer, err := telemetry.New(options)
	if err != nil {
		t.Fatal(err)
	}
	network := connectortest.NewNetwork()
	if w.backend, err = connectortest.New(connectortest.Config{}); err != nil {
		t.Fatal(err)
	}
	listener, err := network.Listen("127.0.0.1:80")
	if err != nil {
		t.Fatal(err)
	}
	w.backend.StartOn(listener)
	transport := &http.Transport{DialContext: network.DialContext}
	socket := chat(w.backend.WebSocketURL())
	socket.ID = id
	client, err := connector.New(connector.Config[person, person]{
		Auth: &authhttp.JSON[person, person]{
			LoginURL: w.backend.URL() + "/login", RefreshURL: w.backend.URL() + "/refresh", LogoutURL: w.backend.URL() + "/logout",
			Client: &http.Client{Transport: transport},
		},
		Sockets:     []connector.AnySocket[person]{socket},
		DialContext: network.DialContext,
		Observer:    observer,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.session = client.NewSession()
	if w.socket, err = connector.On[message, message](w.session, id); err != nil {
		t.Fatal(err)
	}
	w.stop = func() {
		if err := errors.Join(w.session.Logout(context.Background()), w.backend.Close()); err != nil {
			t.Error(err)
		}
		transport.CloseIdleConnections()
		synctest.Wait()
		w.wantNothingOpen()
	}
	return w
}

// wantNothingOpen fails the test when a span has not ended, or somebody is still counted.
func (w *world) wantNothingOpen() {
	w.t.Helper()
	if started, ended := len(w.spans.Started()), len(w.spans.Ended()); started != ended {
		w.t.Errorf("got %d spans begun and %d ended", started, ended)
	}
	for name, p := range w.points() {
		switch p.metric {
		case "interlock.session.count", "interlock.socket.count", "interlock.request.active":
			if p.value != 0 {
				w.t.Errorf("%s: got %d, want 0", name, p.value)
			}
		}
	}
}

// point is one value of a metric: a sum, or how often a histogram was given a value.
type point struct {
	metric, unit, attributes string
	value                    int64
}

// points collects all values, as "metric{attributes}".
func (w *world) points() map[string]point {
	w.t.Helper()
	synctest.Wait()
	var all metricdata.ResourceMetrics
	if err := w.metrics.Collect(context.Background(), &all); err != nil {
		w.t.Fatal(err)
	}
	points := make(map[string]point)
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			add := func(set attribute.Set, value int64) {
				attributes := set.Encoded(attribute.DefaultEncoder())
				points[m.Name+"{"+attributes+"}"] = point{m.Name, m.Unit, attributes, value}
			}
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, p.Value)
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					add(p.Attributes, int64(p.Count))
				}
			default:
				w.t.Errorf("%s: got %T", m.Name, data)
			}
		}
	}
	return points
}

// want holds values against those that there must be.
func (w *world) want(want map[string]int64) {
	w.t.Helper()
	got := w.points()
	for name, value := range want {
		if got[name].value != value {
			w.t.Errorf("%s: got %d, want %d", name, got[name].value, value)
		}
	}
	if w.t.Failed() {
		for _, name := range slices.Sorted(maps.Keys(got)) {
			w.t.Logf("%s %d", name, got[name].value)
		}
	}
}

func bubble(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

func TestMetrics(t *testing.T) {
	bubble(t, "S10 commands, calls, attempts, requests, messages and states", func(t *testing.T) {
		w := newWorld(t, telemetry.Options{}, "chat")
		defer w.stop()
		ctx := context.Background()
		if err := w.session.Login(ctx, person{"ann", "wrong"}); err == nil {
			t.Error("got a login with a wrong password")
		}
		if err := w.session.Login(ctx, ann); err != nil {
			t.Fatal(err)
		}
		if _, err := w.socket.Request(ctx, message{"echo": message{"text": "hi"}}); err != nil {
			t.Error(err)
		}
		if _, err := w.socket.Request(ctx, message{"menuDelete": message{"id": 99}}); err == nil {
			t.Error("got no error answer")
		}
		w.want(map[string]int64{
			"interlock.command.duration{error.type=failed_auth,interlock.command=login,interlock.outcome=rejected}":                            1,
			"interlock.command.duration{interlock.command=login,interlock.outcome=ready}":                                                      1,
			"interlock.auth.duration{interlock.auth.call=login,interlock.outcome=accepted}":                                                    1,
			"interlock.auth.duration{error.type=failed_auth,interlock.auth.call=login,interlock.outcome=rejected}":                             1,
			"interlock.socket.attempt.duration{interlock.outcome=ready,interlock.socket=chat}":                                                 1,
			"interlock.request.duration{interlock.outcome=answered,interlock.request=request,interlock.socket=chat}":                           1,
			"interlock.request.duration{error.type=unhandled,interlock.outcome=errorAnswered,interlock.request=request,interlock.socket=chat}": 1,
			"interlock.request.active{interlock.socket=chat}":                                                                                  0,
			"interlock.session.count{interlock.state=subscribed}":                                                                              1,
			"interlock.session.count{interlock.state=authenticating}":                                                                          0,
			"interlock.socket.count{interlock.socket=chat,interlock.state=subscribed}":                                                         1,
			"interlock.socket.count{interlock.socket=chat,interlock.state=socketOpening}":                                                      0,
			"interlock.transitions{interlock.event=loginRequested,interlock.machine=session,interlock.state=authenticating}":                   2,
			"interlock.socket.messages{interlock.socket=chat,network.io.direction=transmit}":                                                   3,
			"interlock.socket.messages{interlock.socket=chat,network.io.direction=receive}":                                                    3,
			"interlock.socket.missed{interlock.socket=chat}":                                                                                   0,
		})
		for name, p := range w.points() {
			if p.metric == "interlock.socket.io" && p.value < 100 {
				t.Errorf("%s: got %d bytes", name, p.value)
			}
		}
	})

	bubble(t, "K9 a drop, and what a slow consumer misses", func(t *testing.T) {
		w := newWorld(t, telemetry.Options{}, "chat")
		defer w.stop()
		ctx := context.Background()
		if err := w.session.Login(ctx, ann); err != nil {
			t.Fatal(err)
		}
		slow := w.socket.All(1)
		defer slow.Close()
		for range 3 {
			if _, err := w.socket.Request(ctx, message{"echo": message{"text": "hi"}}); err != nil {
				t.Error(err)
			}
		}
		readies := w.socket.Readies(0)
		if err := w.backend.Script(connectortest.RefuseUpgrades(1, 503), connectortest.DropSockets()); err != nil {
			t.Fatal(err)
		}
		if _, ok := readies.Next(ctx); !ok {
			t.Error("the socket has not come back")
		}
		w.want(map[string]int64{
			"interlock.socket.attempt.duration{error.type=service_unavailable,interlock.outcome=busy,interlock.socket=chat}": 1,
			"interlock.socket.attempt.duration{interlock.outcome=ready,interlock.socket=chat}":                               2,
			"interlock.socket.missed{interlock.socket=chat}":                                                                 3,
			"interlock.errors{error.type=no_connection}":                                                                     1,
		})
	})

	bubble(t, "S6 nothing is counted of who is logged out", func(t *testing.T) {
		w := newWorld(t, telemetry.Options{}, "chat")
		if err := w.session.Login(context.Background(), ann); err != nil {
			t.Fatal(err)
		}
		w.stop()
	})

	bubble(t, "S6 every span ends, however its operation does", func(t *testing.T) {
		w := newWorld(t, telemetry.Options{}, "chat")
		defer w.stop()
		ctx := context.Background()
		for _, fault := range []connectortest.Fault{
			connectortest.HoldLogins(1), connectortest.HoldUpgrades(1), connectortest.HoldRequests(1), connectortest.RefuseUpgrades(1, 403), connectortest.RejectAuth(2),
		} {
			for name, leave := range map[string]func(context.Context) error{"close": w.session.Close, "logout": w.session.Logout, "forget": w.session.Forget} {
				if err := w.backend.Script(fault); err != nil {
					t.Fatal(err)
				}
				left := make(chan error, 2)
				go func() { left <- w.session.Login(ctx, ann) }()
				go func() {
					_, err := w.socket.Request(ctx, message{"echo": message{"text": "hi"}})
					left <- err
				}()
				time.Sleep(time.Second)
				if err := leave(ctx); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				<-left
				<-left
			}
		}
	})
}

func TestUnitsAndNames(t *testing.T) {
	bubble(t, "X1 units, and no attribute that is without number", func(t *testing.T) {
		w := newWorld(t, telemetry.Options{}, "chat")
		if err := w.session.Login(context.Background(), ann); err != nil {
			t.Fatal(err)
		}
		token, err := w.session.Token(context.Background(), 0)
		if err != nil {
			t.Fatal(err)
		}
		w.stop()
		said := fmt.Sprint(w.points())
		for _, span := range w.spans.Ended() {
			said += fmt.Sprint(span.Name(), span.Attributes(), span.Status(), span.Events())
		}
		for _, secret := range []string{token.Access.Reveal(), ann.Password, "ann", "127.0.0.1", "http", "ws:"} {
			if strings.Contains(said, secret) {
				t.Errorf("got %q in %s", secret, said)
			}
		}
		for name, p := range w.points() {
			if strings.HasSuffix(p.metric, ".duration") != (p.unit == "s") || p.unit == "" {
				t.Errorf("%s: got unit %q", name, p.unit)
			}
			if strings.Contains(p.attributes, "interlock.session=") {
				t.Errorf("%s: has the session", name)
			}
		}
	})

	bubble(t, "X3 names of sockets are the application's, and bounded", func(t *testing.T) {
		w := newWorld(t, telemetry.Options{SocketName: func(id string) string { name, _, _ := strings.Cut(id, "/"); return name }}, "room/17")
		defer w.stop()
		if err := w.session.Login(context.Background(), ann); err != nil {
			t.Fatal(err)
		}
		w.want(map[string]int64{"interlock.socket.attempt.duration{interlock.outcome=ready,interlock.socket=room}": 1})
	})

	t.Run("X3 a thousand names at most", func(t *testing.T) {
		metrics := sdkmetric.NewManualReader()
		observer, err := telemetry.New(telemetry.Options{MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(metrics), sdkmetric.WithCardinalityLimit(0))})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3000 {
			observer.Message(1, fmt.Sprint("room", i), connector.Missed, 0)
		}
		var all metricdata.ResourceMetrics
		if err := metrics.Collect(context.Background(), &all); err != nil {
			t.Fatal(err)
		}
		points := all.ScopeMetrics[0].Metrics[0].Data.(metricdata.Sum[int64]).DataPoints
		other := slices.IndexFunc(points, func(p metricdata.DataPoint[int64]) bool {
			name, _ := p.Attributes.Value("interlock.socket")
			return name.AsString() == "_OTHER"
		})
		if len(points) != 1001 || other < 0 || points[other].Value != 2000 {
			t.Errorf("got %d names, want 1000 and one for the others", len(points))
		}
	})
}

func TestTraces(t *testing.T) {
	bubble(t, "S10 the caller's span, the command, its calls and its attempts", func(t *testing.T) {
		w := newWorld(t, telemetry.Options{}, "chat")
		ctx, page := w.tracer.Start(context.Background(), "page")
		if err := w.session.Login(ctx, ann); err != nil {
			t.Fatal(err)
		}
		if _, err := w.socket.Request(ctx, message{"menuDelete": message{"id": 99}}); err == nil {
			t.Error("got no error answer")
		}
		page.End()
		w.stop()

		spans := make(map[string]sdktrace.ReadOnlySpan)
		for _, s := range w.spans.Ended() {
			spans[s.Name()] = s
		}
		for name, parent := range map[string]string{
			"interlock login": "page", "interlock auth login": "interlock login", "interlock connect": "interlock login",
			"interlock request": "page", "interlock auth logout": "interlock logout",
		} {
			got, want := spans[name], spans[parent]
			if got == nil || want == nil || got.Parent().SpanID() != want.SpanContext().SpanID() {
				t.Errorf("%s: got %v, want it within %s", name, got, parent)
			}
		}
		request := spans["interlock request"]
		if got := request.Status(); got != (sdktrace.Status{Code: codes.Error, Description: "errorAnswered"}) || request.SpanKind() != trace.SpanKindClient {
			t.Errorf("got %v, %v", got, request.SpanKind())
		}
		if !slices.Contains(spans["interlock connect"].Attributes(), attribute.Int64("interlock.socket.generation", 1)) {
			t.Errorf("got %v, want the generation", spans["interlock connect"].Attributes())
		}
	})
}
