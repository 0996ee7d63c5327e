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
	flags    = rapid.Bool()
	sessions = rapid.Custom(func(r *rapid.T) t.SessionData {
		return t.SessionData{
			Gen: numbers.Draw(r, "gen"), Depth: numbers.Draw(r, "depth"), Attempt: counts.Draw(r, "attempt"),
			Leave: rapid.Uint8Range(0, 2).Draw(r, "leave"), Forget: flags.Draw(r, "forget"),
			Group: octets.Draw(r, "group"), Last: octets.Draw(r, "last"), Broken: flags.Draw(r, "broken"),
		}
	})
	logins = rapid.Custom(func(r *rapid.T) t.LoginData {
		return t.LoginData{
			Gen: numbers.Draw(r, "gen"), Ticket: numbers.Draw(r, "ticket"), Token: numbers.Draw(r, "token"), Attempt: counts.Draw(r, "attempt"),
			Command: t.Command(rapid.Uint8Range(0, 2).Draw(r, "command")), Brief: flags.Draw(r, "brief"), Refused: flags.Draw(r, "refused"), Barred: flags.Draw(r, "barred"),
		}
	})
	tokens = rapid.Custom(func(r *rapid.T) t.TokenData {
		return t.TokenData{
			Gen: numbers.Draw(r, "gen"), Since: numbers.Draw(r, "since"), Attempt: counts.Draw(r, "attempt"), Nested: flags.Draw(r, "nested"),
			Renewable: flags.Draw(r, "renewable"), Young: flags.Draw(r, "young"), Wanted: flags.Draw(r, "wanted"), Erasing: numbers.Draw(r, "erasing"), Wide: flags.Draw(r, "wide"), Left: flags.Draw(r, "left"),
			Paced: flags.Draw(r, "paced"),
		}
	})
	sockets = rapid.Custom(func(r *rapid.T) t.SocketData {
		return t.SocketData{
			Gen: numbers.Draw(r, "gen"), Token: numbers.Draw(r, "token"), Readies: numbers.Draw(r, "readies"),
			Failures: numbers.Draw(r, "failures"), Code: counts.Draw(r, "code"), Attempt: counts.Draw(r, "attempt"),
			Refusals: octets.Draw(r, "refusals"), Opened: flags.Draw(r, "opened"), Barred: flags.Draw(r, "barred"),
			AuthSent: flags.Draw(r, "authSent"), Greeted: flags.Draw(r, "greeted"), Served: flags.Draw(r, "served"), Again: flags.Draw(r, "again"),
			Public: flags.Draw(r, "public"), Early: flags.Draw(r, "early"), Guest: flags.Draw(r, "guest"),
			Renews: flags.Draw(r, "renews"), Added: flags.Draw(r, "added"),
		}
	})
	subscriptions = rapid.Custom(func(r *rapid.T) t.SubscriptionData {
		return t.SubscriptionData{Gen: numbers.Draw(r, "gen"), Declared: flags.Draw(r, "declared")}
	})
	requests = rapid.Custom(func(r *rapid.T) t.RequestData {
		return t.RequestData{Need: needs.Draw(r, "need"), Repeatable: flags.Draw(r, "repeatable"), OneWay: flags.Draw(r, "oneWay")}
	})
	needs = rapid.SampledFrom([]t.Need{t.NeedReady, t.NeedAuthed, t.NeedOpen})
)
