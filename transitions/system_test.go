package transitions_test

import (
	"strings"
	"testing"

	"github.com/custom-app/interlock/transitions"
)

// TestNewSystemRefuses holds that links which a core could not follow are refused.
func TestNewSystemRefuses(t *testing.T) {
	fromSession := transitions.Port{Machine: transitions.SessionKind}
	fromRequest := transitions.Port{Machine: transitions.RequestKind}
	toSocket := transitions.Port{Machine: transitions.SocketKind, Number: 1}
	toRequest := transitions.Port{Machine: transitions.RequestKind, Number: 1}
	for name, test := range map[string]struct {
		link transitions.Link
		want string
	}{
		"D2 to another machine":                 {transitions.Link{From: fromSession, To: toRequest, Scope: transitions.EachSocket}, `"each socket" does not lead to the machine request`},
		"D2 the session's own socket":           {transitions.Link{From: fromSession, To: toSocket, Scope: transitions.OwnSocket}, `"its socket" does not start from the machine session`},
		"D2 the session itself a socket":        {transitions.Link{From: fromSession, To: toSocket, Scope: transitions.SameSocket}, `"itself" does not start from the machine session`},
		"D2 a request's requests":               {transitions.Link{From: fromRequest, To: toRequest, Scope: transitions.EachRequest}, `"each of its requests" does not start from the machine request`},
		"D2 a request that has offered a token": {transitions.Link{From: fromRequest, To: toSocket, Scope: transitions.OwnSocket, Gen: transitions.OfferedToken}, "the machine request does not know the offered token's generation"},
		"D2 the session meets no need":          {transitions.Link{From: fromSession, To: toSocket, Scope: transitions.EachSocket, Arg: transitions.MetNeed}, "the machine session does not know the need that it meets"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := transitions.NewSystem(transitions.Shipped.Machines, transitions.Coupling{Links: []transitions.Link{test.link}})
			if err == nil || !strings.Contains(err.Error(), "transitions: link 1: ") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
