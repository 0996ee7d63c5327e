package graph_test

import (
	"fmt"
	"os"

	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/graph"
)

type (
	lamp   uint8
	finger uint8
	wire   uint8
)

const (
	dark lamp = iota
	lit
)

const press finger = 1

// A machine of one's own, drawn. Graphviz lays out what graph.DOT writes in the
// same way.
func Example() {
	machine, err := fsm.Declare(fsm.Declaration[lamp, finger, wire, struct{}]{
		Name: "lamp", Initial: dark,
		States: []fsm.StateInfo[lamp, finger]{{Is: dark, Name: "dark"}, {Is: lit, Name: "lit"}},
		Events: []fsm.EventInfo[finger]{{Is: press, Name: "pressed", Cause: fsm.User}},
		Rows: []fsm.Row[lamp, finger, wire, struct{}]{
			{From: fsm.Of(dark), On: fsm.Of(press), To: lit},
			{From: fsm.Of(lit), On: fsm.Of(press), To: dark},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := graph.Mermaid(os.Stdout, machine); err != nil {
		fmt.Println(err)
	}
	// Output:
	// ---
	// title: "lamp"
	// ---
	// stateDiagram-v2
	//     direction TB
	//     state "dark" as s0
	//     state "lit" as s1
	//     [*] --> s0
	//     s0 --> s1 : pressed
	//     s1 --> s0 : pressed
	//     classDef start fill:#f1f5f9,stroke:#334155,color:#0f172a,stroke-width:2.2px
	//     classDef rest fill:#e2e8f0,stroke:#64748b,color:#0f172a,stroke-width:1.6px
	//     classDef good fill:#dcfce7,stroke:#16a34a,color:#0f172a,stroke-width:2.6px
	//     classDef wait fill:#dbeafe,stroke:#3b82f6,color:#0f172a,stroke-width:1.6px
	//     classDef backoff fill:#fef3c7,stroke:#f59e0b,color:#0f172a,stroke-width:1.6px,stroke-dasharray:5 3
	//     classDef follow fill:#cffafe,stroke:#0891b2,color:#0f172a,stroke-width:1.6px
	//     class s0 start
	//     class s1 good
}
