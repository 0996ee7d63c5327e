package connectortest

import (
	"log/slog"
	"testing"
)

// Were the lock free during the check, a user who logs out everywhere just then
// would leave the socket open: not authenticated yet, and checked already.
func TestAdmitChecksUnderTheLock(t *testing.T) {
	r, s, ann := newRoom(newScript(slog.New(slog.DiscardHandler))), newSocket(false), &login{user: User{ID: 1}}
	r.join(s)
	_, err := r.admit(s, func() (*login, error) {
		if r.mu.TryLock() {
			r.mu.Unlock()
			t.Error("during the check: got a free lock, want it held")
		}
		return ann, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.closeUser(ann.user, CloseLoggedOut, "logged out")
	if !r.closing(s) {
		t.Error("after closeUser: got the socket open, want it closing")
	}
}
