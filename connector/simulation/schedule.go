package simulation

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Act is one thing that happens in a run: a command of the user, a fault, or a check.
type Act struct {
	At   time.Duration `json:"at_ns"` // after the run has begun
	Do   string        `json:"do"`    // a name of Acts
	Seed uint64        `json:"seed"`  // of what chance has a say in
}

// String shows the act as it stands in a script.
func (a Act) String() string { return fmt.Sprintf("%v %s %d", a.At, a.Do, a.Seed) }

// deed is what an act does.
type deed struct {
	name   string
	weight int // how often it is drawn, among the others; 0: it is not
	do     func(*world, *rand.Rand)
}

// deeds are all that can happen.
var deeds = []deed{
	{"login", 12, (*world).login},
	{"resume", 3, (*world).resume},
	{"loginAs", 4, (*world).loginAs},
	{"logout", 3, func(w *world, c *rand.Rand) { w.goes(c, 0) }},
	{"logoutEverywhere", 1, func(w *world, c *rand.Rand) { w.goes(c, 1) }},
	{"forget", 1, func(w *world, c *rand.Rand) { w.goes(c, 2) }},
	{"close", 1, func(w *world, c *rand.Rand) { w.goes(c, 3) }},
	{"closeSockets", 1, func(w *world, c *rand.Rand) { w.goes(c, 4) }},
	{"closeSocket", 2, func(w *world, c *rand.Rand) { w.goes(c, 5) }},
	{"open", 3, (*world).open},
	{"openSocket", 2, (*world).openOne},
	{"wake", 3, (*world).wake},
	{"require", 2, (*world).require},
	{"lurk", 4, (*world).lurk},
	{"request", 24, (*world).request},
	{"requestCutOff", 6, (*world).requestCutOff},
	{"send", 3, (*world).send},
	{"get", 6, (*world).get},
	{"join", 6, (*world).join},
	{"say", 10, (*world).say},

	{"spoilHTTP", 4, (*world).spoilHTTP},
	{"spoilRefresh", 4, (*world).spoilRefresh},
	{"spoilUpgrade", 5, (*world).spoilUpgrade},
	{"spoilSteps", 5, (*world).spoilSteps},
	{"spoilAnswers", 4, (*world).spoilAnswers},
	{"endSockets", 4, (*world).endSockets},
	{"endTokens", 2, (*world).endTokens},
	{"lag", 3, (*world).lag},
	{"breakNetwork", 3, (*world).breakNetwork},
	{"breakLink", 6, (*world).breakLink},
	{"moveClock", 2, (*world).moveClock},
	{"slowDown", 1, (*world).slowDown},

	{"heal", 0, (*world).recovers},
	{"deadLogout", 0, (*world).leavesForDead},
}

// Acts returns the names of all that can happen in a run.
func Acts() []string {
	var names []string
	for _, d := range deeds {
		names = append(names, d.name)
	}
	return names
}

// Day draws what happens in a run of so long: phases of commands and faults, each
// of which ends with a network that heals and a check that everything recovers, and
// some of those with a logout on a dead network.
func Day(seed uint64, long time.Duration) []Act {
	chance := rand.New(rand.NewPCG(seed, 2))
	var weights []int
	total := 0
	for _, d := range deeds {
		total += d.weight
		weights = append(weights, total)
	}
	var acts []Act
	add := func(at time.Duration, do string) { acts = append(acts, Act{At: at, Do: do, Seed: chance.Uint64()}) }
	for at := time.Duration(0); at < long-time.Hour; {
		phase := 10*time.Minute + time.Duration(chance.Int64N(int64(50*time.Minute)))
		add(at+time.Duration(chance.Int64N(int64(time.Second))), "login")
		var moments []time.Duration
		for range 10 + chance.IntN(30) {
			moments = append(moments, time.Duration(chance.Int64N(int64(phase))))
		}
		slices.Sort(moments)
		for _, moment := range moments {
			drawn := chance.IntN(total)
			i := slices.IndexFunc(weights, func(up int) bool { return drawn < up })
			add(at+moment, deeds[i].name)
		}
		at += phase
		add(at, "heal")
		at += 15*time.Minute + time.Duration(chance.Int64N(int64(20*time.Minute)))
		if chance.IntN(3) == 0 {
			add(at, "deadLogout")
			at += time.Minute
		}
	}
	slices.SortStableFunc(acts, func(a, b Act) int { return cmp.Compare(a.At, b.At) })
	return acts
}

// perform does an act.
func (w *world) perform(a Act) error {
	i := slices.IndexFunc(deeds, func(d deed) bool { return d.name == a.Do })
	if i < 0 {
		return fmt.Errorf("interlock: simulation: acts: %q is not one", a.Do)
	}
	deeds[i].do(w, rand.New(rand.NewPCG(a.Seed, 3)))
	return nil
}
