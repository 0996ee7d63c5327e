package proof

import "strings"

// Catcher is what kind of thing has caught a mutant.
type Catcher string

// The catchers.
const (
	Survived      Catcher = ""            // nothing has
	ByDeclaration Catcher = "declaration" // of the machine, or of the coupling: it is refused
	ByRule        Catcher = "rule"        // of the machine alone
	ByInvariant   Catcher = "invariant"
	ByGoal        Catcher = "goal" // which is not reached
)

// Catcher returns what kind of thing has caught the mutant.
func (v Verdict) Catcher() Catcher {
	switch {
	case v.By == "":
		return Survived
	case strings.HasPrefix(v.By, "the declaration: "), strings.HasPrefix(v.By, "the coupling: "):
		return ByDeclaration
	case strings.HasPrefix(v.By, "invariant "):
		return ByInvariant
	case strings.HasPrefix(v.By, "goal "):
		return ByGoal
	}
	return ByRule
}
