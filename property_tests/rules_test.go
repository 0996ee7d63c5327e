package propertytests

// rule binds the source of some packages, without their test files.
type rule struct {
	In      []string // packages of this module, or files; "x/..." is x and all below, "..." is all
	Not     []string // packages or files of these that are excused
	Only    []string // they import nothing else, the standard library included; nil: no such bound
	Own     []string // of this module they import nothing else; nil: no such bound
	Never   []string // they do not import these
	Without []string // constructs they do not contain: go, chan, select, map range, clock
	Reason  string
}

const looplabPath = "github.com/looplab/fsm"

// pure is what a package of machines may use of the standard library: nothing
// that acts, waits, reads a clock or draws a number.
var pure = []string{"cmp", "errors", "fmt", "slices", "strings"}

// restless are the constructs that make a step depend on more than its arguments.
var restless = []string{"go", "chan", "select", "map range", "clock"}

var rules = []rule{
	{In: []string{"transitions"}, Only: append([]string{"fsm"}, pure...),
		Reason: "the machines are pure: with nothing that can act within reach, a recorded run replays the same"},
	{In: []string{"transitions/proof"}, Only: append([]string{"fsm", "fsm/explore", "fsm/mutate", "iter", "transitions"}, pure...),
		Reason: "a proof that depends on its surroundings proves nothing"},
	{In: []string{"transitions", "transitions/proof"}, Without: restless,
		Reason: "the same events must give the same outputs, in the same order"},

	{In: []string{"fsm"}, Not: []string{"fsm/looplab.go", "fsm/mailbox.go"}, Only: pure,
		Reason: "the engine is as pure as the machines, but for two files that say so"},
	{In: []string{"fsm/looplab.go"}, Only: append([]string{"context", looplabPath}, pure...),
		Reason: "looplab is asked in one file, where its context is never cancelled"},
	{In: []string{"fsm/mailbox.go"}, Only: []string{"sync"},
		Reason: "locks are in one file, which can be read as a whole"},
	{In: []string{"fsm"}, Without: restless,
		Reason: "a step must depend on its arguments alone"},
	{In: []string{"fsm/explore"}, Only: append([]string{"fsm", "sync", "sync/atomic"}, pure...),
		Reason: "exploration may use goroutines, but two walks must visit the same states"},
	{In: []string{"fsm/explore"}, Without: []string{"map range", "clock"},
		Reason: "two walks must visit the same states in the same order"},
	{In: []string{"fsm/mutate"}, Only: append([]string{"fsm", "iter"}, pure...), Without: restless,
		Reason: "two runs must make the same mutants, in the same order"},
	{In: []string{"fsm/fsmtest"}, Only: append([]string{"fsm", "pgregory.net/rapid"}, pure...), Without: restless,
		Reason: "a walk that depends on more than what is drawn could not be shrunk, nor seen again"},

	{In: []string{"graph/..."}, Own: []string{"fsm", "graph/..."},
		Reason: "any declared machine can be drawn, so drawing knows none of them"},
	{In: []string{"transitions/pictures"}, Only: []string{"bytes", "embed", "html"},
		Reason: "programs show the pictures without carrying what has drawn them"},
	{In: []string{"..."}, Not: []string{"graph/render"}, Never: []string{"github.com/custom-app/interlock/graph/render", "github.com/goccy/go-graphviz/..."},
		Reason: "the Graphviz of that package is made ready whenever a program starts that carries it, and takes some 160 ms and 15 MB"},

	{In: []string{"authhttp/..."}, Own: []string{"authhttp/..."},
		Reason: "authenticated HTTP is of use without machines and sockets"},
	{In: []string{"authhttp/..."}, Never: []string{looplabPath, "github.com/gorilla/..."},
		Reason: "authenticated HTTP is of use without machines and sockets"},

	{In: []string{"connector/internal/ws", "connector/codec", "connector/connectortest"}, Own: []string{},
		Reason: "an adapter, a codec and a test's server are of use without a session"},
	{In: []string{"connector/journal"}, Only: append([]string{"bufio", "bytes", "encoding/json", "fsm", "hash/crc32", "io", "strconv", "sync", "time", "transitions"}, pure...),
		Reason: "a journal is checked against the tables alone, with nothing of the connector that wrote it"},
	{In: []string{"connector/journal"}, Without: []string{"go", "chan", "select", "clock"},
		Reason: "a replay depends on the journal alone"},
	{In: []string{"connector/codec/protobuf"}, Own: []string{"connector/codec"},
		Reason: "an adapter, a codec and a test's server are of use without a session"},
	{In: []string{"connector/configfile"}, Own: []string{"authhttp", "connector", "connector/codec", "transitions"},
		Reason: "a file says what a Go program could write by hand: its config is made of what every user of the library has"},
	{In: []string{"connector/configfile"}, Never: []string{"net", "os/exec", "github.com/gorilla/..."},
		Reason: "whoever reads a file connects to nothing"},
	{In: []string{"connector/inspect"}, Own: []string{"authhttp/errcode", "connector", "graph", "transitions", "transitions/pictures"},
		Reason: "what is shown is what every user of the library can read, and no token is within reach by accident"},
	{In: []string{"..."}, Never: []string{"go.opentelemetry.io/..."},
		Reason: "only who wants OpenTelemetry carries it: its observer is a module of its own"},
	{In: []string{"connector/simulation"}, Own: []string{"authhttp", "connector", "connector/connectortest", "fsm", "transitions"},
		Reason: "a run judges the client by what crosses the network and what an application is told, and asks nothing of its inside"},
	{In: []string{"..."}, Not: []string{"connector/simulation", "cmd/..."}, Never: []string{"testing", "testing/..."},
		Reason: "only a simulation needs virtual time outside of a test"},
	{In: []string{"..."}, Not: []string{"connector", "connector/internal/ws", "connector/connectortest"}, Never: []string{"github.com/gorilla/..."},
		Reason: "the client knows in one place which WebSocket library it is"},
	{In: []string{"..."}, Not: []string{"connector", "connector/connectortest", "fsm/explore", "cmd/..."}, Without: []string{"go"},
		Reason: "whoever starts goroutines must end them: in the library that is the connector alone"},
	{In: []string{"..."}, Not: []string{"fsm/looplab.go"}, Never: []string{looplabPath + "/..."},
		Reason: "looplab machines wedge, race and deadlock unless used as in that one file"},
	{In: []string{"..."}, Not: []string{"cmd/..."}, Never: []string{"github.com/custom-app/interlock/cmd/..."},
		Reason: "programs are made of the library, not the library of programs"},
	{In: []string{"..."}, Never: []string{"github.com/custom-app/interlock/property_tests/..."},
		Reason: "nothing may depend on its proof"},
}
