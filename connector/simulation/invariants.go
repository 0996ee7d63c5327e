package simulation

// Invariant is something that every run must hold.
type Invariant struct {
	Number int
	Text   string
}

// Invariants are those that a run judges, by the numbers that they have wherever the
// module speaks of them. Each is judged on what crosses the network and what the
// application is told, and of what the client says of
// itself only on whether it is logged in, which of its sockets are ready, and what is
// pending.
func Invariants() []Invariant {
	return []Invariant{
		{1, "logged out, no socket that needs a session is open, or dialled"},
		{3, "a token of one user is on no request, dial or frame of another, and no request of one goes out for another"},
		{4, "a token goes to the declared origin alone, and never into a URL"},
		{5, "at most one login and one refresh are in flight"},
		{6, "a refresh token is of no more use once its successor has come"},
		{8, "no journal line and no error holds a secret"},
		{10, "a connection that nobody owns any more is closed, that of a late dial too"},
		{11, "a socket has one connection"},
		{12, "generations grow"},
		{14, "nothing goes before the auth message, subscriptions only after its answer, requests only when what they need is there, nothing after the close frame or a logout"},
		{15, "each request settles once, in its time, with a declared outcome"},
		{16, "a request that was written and may not be repeated is not written again, and no other one twice on one connection"},
		{17, "no message comes after a logout, or from an older generation"},
		{18, "the loss of a connection is told before the first message of the next one"},
		{19, "nothing that the tables call impossible comes to pass"},
		{24, "dials keep their pace, and neither they nor refreshes come before the time that the server has asked for"},
		{25, "no more requests wait than the buffers hold"},
		{26, "no clock jump leads to a storm of refreshes, and no session ends that nobody has ended"},
		{27, "every way to leave ends in its time, on a dead network too"},
		{28, "nothing waits for ever"},
		{29, "when the network has healed every socket becomes ready, works, and no request is pending"},
		{31, "nothing goes round without time passing"},
	}
}
