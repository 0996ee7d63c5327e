package proof

// equivalence is a mutant that nobody can tell, and why.
type equivalence struct{ Mutant, Reason string }

// Equivalents are the mutants that behave as the shipped system does, each with
// the reason. Whoever judges all mutants finds out which entries are no longer
// true: those that name no mutant, and those that something catches.
var Equivalents = couplingEquivalents

// Equivalent returns why a mutant need not be caught, if it is among [Equivalents].
func Equivalent(m Mutant) (reason string, ok bool) {
	name := m.String()
	for _, e := range Equivalents {
		if e.Mutant == name {
			return e.Reason, true
		}
	}
	return "", false
}
