package journal

import "fmt"

// Error is the first thing that is wrong with a journal, and where. It quotes no
// more of the journal than a name or a step.
type Error struct {
	Line    uint64 // from 1
	Record  uint64 // the line's own; where Session is 0, the last one before the line; 0: there is none
	Session uint64 // 0: it cannot be told
	Err     error
}

// Error says where the fault is, and what.
func (e *Error) Error() string {
	switch {
	case e.Session == 0 && e.Record == 0:
		return fmt.Sprintf("interlock: journal: line %d: %v", e.Line, e.Err)
	case e.Session == 0:
		return fmt.Sprintf("interlock: journal: line %d, after record %d: %v", e.Line, e.Record, e.Err)
	case e.Record == 0:
		return fmt.Sprintf("interlock: journal: line %d, session %d: %v", e.Line, e.Session, e.Err)
	default:
		return fmt.Sprintf("interlock: journal: line %d, record %d of session %d: %v", e.Line, e.Record, e.Session, e.Err)
	}
}

// Unwrap returns what is wrong: a [*Divergence], or another error.
func (e *Error) Unwrap() error { return e.Err }

// Divergence says that a record is well, but the tables do something else.
type Divergence struct {
	Step    int    // which step of the record differs, from 1; 0: the refusal
	Journal string // what the journal says
	Tables  string // what the tables say
}

// Error says what differs.
func (d *Divergence) Error() string {
	where := ""
	if d.Step > 0 {
		where = fmt.Sprintf("step %d: ", d.Step)
	}
	return fmt.Sprintf("%sthe journal says %s, the tables say %s", where, d.Journal, d.Tables)
}
