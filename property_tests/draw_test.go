package propertytests

import (
	"pgregory.net/rapid"

	t "github.com/custom-app/interlock/transitions"
)

// small numbers meet each other often; large ones reach the ends of the range.
var (
	numbers  = rapid.OneOf(rapid.Uint32Range(0, 3), rapid.SampledFrom([]uint32{255, 256, 65535, 65536, 1<<32 - 1}))
	counts   = rapid.OneOf(rapid.Uint16Range(0, 3), rapid.Just(uint16(65535)))
	octets   = rapid.OneOf(rapid.Uint8Range(0, 3), rapid.Just(uint8(255)))
	sessions = rapid.Custom(func(r *rapid.T) t.SessionData { return t.SessionData{Gen: numbers.Draw(r, "gen")} })
	logins   = rapid.Custom(func(r *rapid.T) t.LoginData {
		return t.LoginData{Gen: numbers.Draw(r, "gen"), Ticket: numbers.Draw(r, "ticket"), Attempt: counts.Draw(r, "attempt")}
	})
	tokens = rapid.Custom(func(r *rapid.T) t.TokenData {
		return t.TokenData{
			Gen: numbers.Draw(r, "gen"), Attempt: counts.Draw(r, "attempt"),
			Renewable: rapid.Bool().Draw(r, "renewable"), Young: rapid.Bool().Draw(r, "young"),
		}
	})
	sockets = rapid.Custom(func(r *rapid.T) t.SocketData {
		return t.SocketData{
			Gen: numbers.Draw(r, "gen"), Token: numbers.Draw(r, "token"), Readies: numbers.Draw(r, "readies"),
			Failures: numbers.Draw(r, "failures"), Code: counts.Draw(r, "code"), Attempt: counts.Draw(r, "attempt"),
			Awaited: octets.Draw(r, "awaited"), Refusals: octets.Draw(r, "refusals"), Opened: rapid.Bool().Draw(r, "opened"), AuthSent: rapid.Bool().Draw(r, "authSent"),
		}
	})
	requests = rapid.Just(t.RequestData{})
)
