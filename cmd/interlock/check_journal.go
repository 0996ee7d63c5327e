package main

import (
	"bytes"
	"fmt"

	"github.com/custom-app/interlock/connector/journal"
	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
	"github.com/custom-app/interlock/transitions/proof"
)

// journalOf is the shortest way to a violation as the journal of a run that took
// it.
func journalOf(system *transitions.System, v *proof.Violation) ([]byte, error) {
	system = system.Using(fsm.Table) // as the walk did
	core, err := system.New(v.Core)
	if err != nil {
		return nil, err
	}
	plan := journal.Plan{Groups: v.Core.Groups}
	for i, socket := range v.Core.Sockets {
		plan.Sockets = append(plan.Sockets, journal.Socket{Name: fmt.Sprintf("socket %d", i), Plan: socket})
	}
	var content bytes.Buffer
	recorder := journal.NewWriter(&content, system).Session(1, plan)
	for _, in := range v.Way {
		if proof.Adds(in) {
			id, err := core.AddSocket(*v.Joins)
			if err == nil {
				err = recorder.Add(journal.Socket{Name: fmt.Sprintf("socket %d", id), Plan: *v.Joins}, id)
			}
			if err != nil {
				return nil, err
			}
			continue
		}
		outputs, refused := core.Post(in)
		if err := recorder.Post(in, outputs, refused); err != nil {
			return nil, err
		}
	}
	return content.Bytes(), nil
}
