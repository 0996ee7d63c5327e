package proof

import (
	t "github.com/custom-app/interlock/transitions"
	"testing"
)

func TestExplore(tt *testing.T) {
	for n := 0; n <= 2; n++ {
		r := Explore(t.Shipped, n)
		tt.Logf("%d sockets: %+v", n, r)
	}
}
