package fsmtest

import (
	"pgregory.net/rapid"

	"github.com/custom-app/interlock/fsm"
)

// small numbers meet each other often; large ones reach the ends of the range.
func numbers() *rapid.Generator[uint32] {
	return rapid.OneOf(rapid.Uint32Range(0, 3), rapid.SampledFrom([]uint32{255, 256, 65535, 65536, 1<<32 - 1}))
}

// Events returns a generator of a machine's events: any that is declared. Gen and
// Arg are zero unless the declaration of the event says what it Carries.
func Events[S, E, F ~uint8, D comparable](m *fsm.Machine[S, E, F, D]) *rapid.Generator[fsm.Event[E]] {
	infos, number := m.Declaration().Events, numbers()
	return rapid.Custom(func(t *rapid.T) fsm.Event[E] {
		info := rapid.SampledFrom(infos).Draw(t, "event")
		e := fsm.Event[E]{On: info.Is}
		if info.Carries != "" {
			e.Gen, e.Arg = number.Draw(t, "gen"), number.Draw(t, "arg")
		}
		return e
	})
}

// Runs returns a generator of runs of a machine's events, the empty one and
// impossible ones included.
func Runs[S, E, F ~uint8, D comparable](m *fsm.Machine[S, E, F, D]) *rapid.Generator[[]fsm.Event[E]] {
	return rapid.SliceOf(Events(m))
}
