package proof

import (
	"slices"

	t "github.com/custom-app/interlock/transitions"
)

// Trials are the explorations that mutants are judged by, small ones first: parts,
// and the whole of one socket.
func Trials() (all []Named) {
	parts := Parts()
	for _, name := range []string{
		"K11 a socket that is authorised anew",
		"D2 no socket, one deep",
		"K4 a declared subscription, and an added one",
		"R3 more requests than fit",
		"K1 two groups",
		"S13 a public socket, then HTTP auth",
	} {
		i := slices.IndexFunc(parts, func(p Named) bool { return p.Name == name })
		all = append(all, parts[i])
	}
	return append(all,
		Named{"S13 login over the socket", Plan{Sockets: sockets(1, t.SocketPlan{Early: true})}},
		Whole(1),
	)
}
