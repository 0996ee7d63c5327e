package propertytests

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

var update = flag.Bool("update", false, "write what comes of the scenarios into testdata")

// TestScenarios runs the scripts in testdata under both engines and compares what
// comes of each line with the indented lines below it. A script line is
//
//	core sockets=2 groups=2 subscriptions=0,1 count=4 bytes=100 policy=refuse public=yes early=yes renews=yes
//	session loginRequested arg=1
//	token 1 refreshed arg=2
//	socket 0 opened gen=-1
//	socket add public=yes
//	subscription added socket=0
//	subscription 2 accepted
//	request submitted socket=0 size=10 need=open repeatable=yes oneWay=yes
//	request 1 answered
//
// The first begins anew: what it says of sockets holds of each, subscriptions of
// one after the other; the sockets are spread over the groups in their order. The
// limits hold for each need. gen is the machine's generation unless said; -1 is
// the one before. Lines with # are comments.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		t.Run(strings.ReplaceAll(strings.TrimSuffix(filepath.Base(file), ".txt"), "_", " "), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, engine := range []fsm.Engine{fsm.Table, fsm.Looplab} {
				got := runScript(t, transitions.Shipped.Using(engine), string(want))
				if *update {
					if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
						t.Fatal(err)
					}
					want = []byte(got)
				}
				diff(t, file, engine, got, string(want))
			}
		})
	}
}

// diff reports the first line in which two texts differ.
func diff(t *testing.T, file string, engine fsm.Engine, got, want string) {
	t.Helper()
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(a), len(b)) {
		x, y := "the end", "the end"
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			t.Errorf("%s:%d, by %s: got %q, want %q", file, i+1, engine, x, y)
			return
		}
	}
}

// runScript returns the script with what comes of it.
func runScript(t *testing.T, system *transitions.System, script string) string {
	s := stage{t: t, system: system}
	var text strings.Builder
	for line := range strings.Lines(script) {
		if strings.HasPrefix(line, " ") {
			continue
		}
		text.WriteString(line)
		if words := strings.Fields(line); len(words) > 0 && words[0] != "#" {
			s.play(&text, words)
		}
	}
	return text.String()
}

// stage is where a script plays.
type stage struct {
	t      *testing.T
	system *transitions.System
	core   *transitions.Core
}

func (s *stage) play(text *strings.Builder, words []string) {
	s.t.Helper()
	values := make(map[string]string)
	var plain []string
	for _, word := range words {
		if name, value, ok := strings.Cut(word, "="); ok {
			values[name] = value
		} else {
			plain = append(plain, word)
		}
	}
	switch {
	case plain[0] == "core":
		s.begin(values)
		return
	case plain[0] == "socket" && plain[1] == "add":
		added := s.socketPlan(values)
		added.Added, added.Subscriptions = true, s.number(values["subscriptions"])
		id, err := s.core.AddSocket(added)
		if err != nil {
			s.t.Fatal(err)
		}
		fmt.Fprintf(text, "  socket %d is added\n", id)
		return
	}
	outputs, err := s.core.Post(s.input(plain, values))
	if err != nil {
		fmt.Fprintf(text, "  refused: %v\n", err)
	}
	for _, out := range outputs {
		fmt.Fprintf(text, "  %s\n", s.describe(out))
	}
}

func (s *stage) begin(values map[string]string) {
	s.t.Helper()
	plan := transitions.Plan{Groups: max(s.number(values["groups"]), 1)}
	subscriptions := strings.Split(values["subscriptions"], ",")
	for i := range s.number(values["sockets"]) {
		p := s.socketPlan(values)
		p.Group = min(i, plan.Groups-1)
		if i < len(subscriptions) {
			p.Subscriptions = s.number(subscriptions[i])
		}
		plan.Sockets = append(plan.Sockets, p)
	}
	core, err := s.system.New(plan)
	if err != nil {
		s.t.Fatal(err)
	}
	s.core = core
}

// socketPlan reads what is said of a socket.
func (s *stage) socketPlan(values map[string]string) transitions.SocketPlan {
	s.t.Helper()
	limit := transitions.Limit{Count: 64, Bytes: 1 << 20}
	if values["count"] != "" {
		limit.Count = s.number(values["count"])
	}
	if values["bytes"] != "" {
		limit.Bytes = s.number(values["bytes"])
	}
	for _, policy := range []transitions.Policy{transitions.DropOldest, transitions.DropNewest, transitions.Refuse} {
		if values["policy"] == policy.String() {
			limit.Policy = policy
		}
	}
	return transitions.SocketPlan{
		Limits: transitions.Limits{limit, limit, limit},
		Public: values["public"] != "", Early: values["early"] != "", Renews: values["renews"] != "", NoPing: values["noPing"] != "",
	}
}

// number reads a number; what is not said is 0.
func (s *stage) number(text string) int {
	s.t.Helper()
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// input reads "machine [id] event" and the values.
func (s *stage) input(plain []string, values map[string]string) transitions.Input {
	s.t.Helper()
	chart := s.system.Chart()
	kind := slices.IndexFunc(chart.Machines, func(c fsm.Chart) bool { return c.Name == plain[0] })
	if kind < 0 || len(plain) < 2 || len(plain) > 3 {
		s.t.Fatalf("%q is not a machine and an event", plain)
	}
	event := slices.IndexFunc(chart.Machines[kind].Events, func(e fsm.ChartEvent) bool { return e.Name == plain[len(plain)-1] })
	if event < 0 {
		s.t.Fatalf("%q: there is no such event", plain)
	}
	in := transitions.Input{To: transitions.Kind(kind), On: uint8(event + 1)}
	if len(plain) == 3 {
		in.ID = uint32(s.number(plain[1]))
	}
	in.Arg = uint32(s.number(values["arg"]))
	switch {
	case in.To == transitions.RequestKind && in.On == uint8(transitions.RequestSubmit):
		in.ID, in.Gen, in.Arg = s.core.NextRequest(), uint32(s.number(values["socket"])), uint32(s.number(values["size"]))
		in.Request = request(values)
		return in
	case in.To == transitions.SubscriptionKind && in.On == uint8(transitions.SubscriptionAdded):
		in.ID, in.Gen = s.core.NextSubscription(), uint32(s.number(values["socket"]))
		return in
	}
	in.Gen, _ = s.core.Generation(in)
	if gen := values["gen"]; strings.HasPrefix(gen, "-") {
		in.Gen += uint32(s.number(gen))
	} else if gen != "" {
		in.Gen = uint32(s.number(gen))
	}
	return in
}

// request reads what is said of a request.
func request(values map[string]string) transitions.RequestData {
	data := transitions.RequestData{Repeatable: values["repeatable"] != "", OneWay: values["oneWay"] != ""}
	for _, need := range []transitions.Need{transitions.NeedReady, transitions.NeedAuthed, transitions.NeedOpen} {
		if values["need"] == need.String() {
			data.Need = need
		}
	}
	return data
}

// describe puts an output into words.
func (s *stage) describe(out transitions.Output) string {
	name := out.Machine.String()
	if out.Machine >= transitions.SocketKind || out.Machine == transitions.TokenKind && out.ID > 0 {
		name = fmt.Sprintf("%s %d", name, out.ID)
	}
	switch out.What {
	case transitions.Stepped:
		return fmt.Sprintf("%s: %s -%s-> %s", name, s.system.StateName(out.Machine, out.From), s.system.EventName(out.Machine, out.On), s.system.StateName(out.Machine, out.To))
	case transitions.Perform:
		return fmt.Sprintf("%s does %s", name, s.system.EffectName(out.Machine, out.Effect))
	case transitions.Start:
		return fmt.Sprintf("%s starts %s gen=%d attempt=%d", name, s.system.EventName(out.Machine, out.Timer), out.Now, out.Attempt)
	case transitions.Stop:
		return fmt.Sprintf("%s stops %s", name, s.system.EventName(out.Machine, out.Timer))
	}
	return fmt.Sprintf("%s: %d", name, out.What)
}
