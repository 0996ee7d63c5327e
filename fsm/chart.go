package fsm

// Chart is a declaration in names, without type parameters: what diagrams and
// documents are made from. Everything is in declared order.
type Chart struct {
	Name    string
	Initial string
	States  []ChartState
	Events  []ChartEvent
	Effects []ChartEffect
	Rows    []ChartRow
}

// ChartState is a state in names.
type ChartState struct {
	Name   string
	Kind   Kind
	Timers []string
	By     string
	Group  string
	Doc    string
}

// ChartEvent is an event in names.
type ChartEvent struct {
	Name    string
	Cause   Cause
	Doc     string
	Carries string
}

// ChartEffect is an effect in names.
type ChartEffect struct {
	Name    string
	Answers []string
	Doc     string
}

// ChartRow is a row in names. To is empty for a Stay or a Never.
type ChartRow struct {
	From, On []string
	If       string
	To       string
	Stay     bool
	Set      string
	Do       []string
	Never    string
	Doc      string
}

// Chart returns the machine's declaration in names.
func (m *Machine[S, E, F, D]) Chart() Chart {
	c := Chart{Name: m.decl.Name, Initial: m.StateName(m.decl.Initial)}
	for _, s := range m.decl.States {
		c.States = append(c.States, ChartState{s.Name, s.Kind, namesOf(s.Timers, m.EventName), s.By, s.Group, s.Doc})
	}
	for _, e := range m.decl.Events {
		c.Events = append(c.Events, ChartEvent{e.Name, e.Cause, e.Doc, e.Carries})
	}
	for _, f := range m.decl.Effects {
		c.Effects = append(c.Effects, ChartEffect{f.Name, namesOf(f.Answers, m.EventName), f.Doc})
	}
	for _, r := range m.decl.Rows {
		c.Rows = append(c.Rows, m.chartRow(r))
	}
	return c
}

func (m *Machine[S, E, F, D]) chartRow(r Row[S, E, F, D]) ChartRow {
	row := ChartRow{
		From: namesOf(r.From, m.StateName), On: namesOf(r.On, m.EventName),
		Stay: r.Stay, Do: namesOf(r.Do, m.EffectName), Never: r.Never, Doc: r.Doc,
	}
	if !r.Stay && r.Never == "" {
		row.To = m.StateName(r.To)
	}
	if r.If != nil {
		row.If = r.If.Name
	}
	if r.Set != nil {
		row.Set = r.Set.Name
	}
	return row
}

func namesOf[T any](members []T, name func(T) string) []string {
	var names []string
	for _, member := range members {
		names = append(names, name(member))
	}
	return names
}

// SystemChart is a coupling of machines in names: which effect of one is which
// event of another, and what the states of many post together.
type SystemChart struct {
	Name     string
	Machines []Chart
	Links    []ChartLink
	Quorums  []ChartQuorum
	Bounds   []ChartBound
}

// ChartLink says that an effect of one machine is an event of another.
type ChartLink struct {
	From, Effect string
	To, Event    string
	Scope        string // which instances of To receive it
	Gen, Arg     string // what the event carries; empty for nothing
	Doc          string
}

// ChartQuorum says what is posted to a machine while all machines of a scope are
// in one of the states, and what while not all are. An empty event is not posted.
type ChartQuorum struct {
	Over     string
	All      []string
	To       string
	Up, Down string
	Doc      string
}

// ChartBound says what is posted to which machine of a scope while more of them
// are in a state than a limit allows.
type ChartBound struct {
	Over   string
	In     string
	Policy string
	Event  string
	Doc    string
}
