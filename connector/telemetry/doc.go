// Package telemetry makes an observer of a connector's sessions that gives metrics and
// traces to OpenTelemetry:
//
//	observer, err := telemetry.New(telemetry.Options{})
//	…
//	client, err := connector.New(connector.Config[Credentials, User]{…, Observer: observer})
//
// # Metrics
//
// Durations are histograms in seconds; the rest are counters, or up-down counters
// where a number can fall.
//
//	interlock.command.duration         s              interlock.command, interlock.outcome, error.type
//	interlock.auth.duration            s              interlock.auth.call, interlock.outcome, error.type
//	interlock.socket.attempt.duration  s              interlock.socket, interlock.outcome, error.type
//	interlock.request.duration         s              interlock.socket, interlock.request, interlock.outcome, error.type
//	interlock.request.active           {request}      interlock.socket
//	interlock.session.count            {session}      interlock.state
//	interlock.socket.count             {socket}       interlock.socket, interlock.state
//	interlock.transitions              {transition}   interlock.machine, interlock.event, interlock.state
//	interlock.socket.messages          {message}      interlock.socket, network.io.direction
//	interlock.socket.io                By             interlock.socket, network.io.direction
//	interlock.socket.missed            {message}      interlock.socket
//	interlock.errors                   {error}        error.type
//
// Commands, calls, outcomes, machines, events and states are those of
// [connector.Operation], [connector.End] and package transitions. error.type is the
// code of package errcode, or _OTHER for a code that is not of this module. The counts
// leave out sessions that are logged out and sockets that are closed or removed, of
// which nobody is told when they are made. Names of sockets are bounded: see
// [Options.SocketName].
//
// # Traces
//
// Each operation is a span: "interlock login", "interlock auth refresh",
// "interlock connect", "interlock request". Those of commands and requests are children
// of the span in their caller's context; the calls of Config.Auth and the attempts of
// sockets that are made for a command lie within it, and what lies within a call, as the
// span of an instrumented http.Client, within that. Beside what the metrics say, a span
// has the session's number and an attempt the generation of its socket.
//
// The one invariant: neither users, tokens, URLs nor the texts of errors are attributes
// of anything.
//
// What it will not do: read the clock of Config.Now, or set providers up.
package telemetry
