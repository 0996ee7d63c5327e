package proof

import (
	"runtime"
	"sync"
	"testing"
)

// TestMutants holds that every single change of a declared row, and of the coupling,
// is caught, or listed as meaning the same. The list holds nothing else.
func TestMutants(t *testing.T) {
	if underRace || testing.Short() {
		t.Skip("SKIPPED: thousands of explorations, without a goroutine of their own: it runs without the race detector and -short")
	}
	judge, err := NewJudge(Trials()...)
	if err != nil {
		t.Fatal(err)
	}
	mutants := make(chan Mutant)
	var group sync.WaitGroup
	var mu sync.Mutex
	caught, all := make(map[string]int), make(map[string]int)
	listed := make(map[string]bool)
	for range runtime.NumCPU() {
		group.Go(func() {
			for m := range mutants {
				v := judge.Judge(m)
				reason, equivalent := Equivalent(m)
				mu.Lock()
				all[m.Of]++
				switch {
				case v.By != "" && equivalent:
					t.Errorf("V3 %v is listed as meaning the same (%s), and is caught: %s", m, reason, v.By)
				case v.By != "":
					caught[m.Of]++
				case equivalent:
					listed[m.String()] = true
				default:
					t.Errorf("V3 row %d survives: %v", m.Row, m)
				}
				mu.Unlock()
			}
		})
	}
	for m := range Mutants() {
		mutants <- m
	}
	close(mutants)
	group.Wait()
	for of, n := range all {
		t.Logf("V3 %s: %d of %d mutants are caught", of, caught[of], n)
	}
	for _, e := range Equivalents {
		if !listed[e.Mutant] {
			t.Errorf("V3 %q is listed as meaning the same, and is no mutant that survives", e.Mutant)
		}
	}
}
