package connector_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector/connectortest"
)

// lateRefresh is a service whose refreshes are answered a second after the server
// has used up the pair.
type lateRefresh struct {
	*authhttp.JSON[credentials, user]
}

func (s lateRefresh) Refresh(ctx context.Context, pair authhttp.Pair) (authhttp.Pair, error) {
	newer, err := s.JSON.Refresh(ctx, pair)
	select {
	case <-time.After(time.Second):
		return newer, err
	case <-ctx.Done():
		return authhttp.Pair{}, ctx.Err()
	}
}

// TestStoredAtClose shows that a program may end when Close has returned.
func TestStoredAtClose(t *testing.T) {
	vaulted(t, "T1 a close keeps what is stored", connectortest.Config{}, func(w *world, v *vault) {
		w.login()
		before := w.stored("")
		got := w.counted(func() { w.restart() })
		if got.Logouts != 0 || v.drops.Load() != 0 || w.stored("") != before {
			w.t.Errorf("got %+v and %d drops, want the server untold and the store as it was", got, v.drops.Load())
		}
		wantGone(w)
	})
	vaulted(t, "T1 a close waits for a login's pair to be stored", connectortest.Config{}, func(w *world, v *vault) {
		v.save.set(func(context.Context) error { time.Sleep(2 * time.Second); return nil })
		w.login()
		start := time.Now()
		if err := w.session.Close(context.Background()); err != nil {
			w.t.Fatal(err)
		}
		if _, err := v.Store.Load(context.Background(), ""); err != nil {
			w.t.Errorf("got %v when closed after %v, want the pair stored", err, time.Since(start))
		}
		time.Sleep(10 * time.Second)
	}, noSockets)
	vaulted(t, "T1 a close waits for a refreshed pair to be stored", connectortest.Config{}, func(w *world, v *vault) {
		w.login()
		w.until("token", "storing")
		v.save.set(func(context.Context) error { time.Sleep(2 * time.Second); return nil })
		w.until("token", "storing")
		if err := w.session.Close(context.Background()); err != nil {
			w.t.Fatal(err)
		}
		kept := w.stored("")
		v.save.clear()
		time.Sleep(10 * time.Second)
		if after := w.stored(""); kept != after {
			w.t.Error("got the pair stored only after the close, want it before: its refresh token is used up")
		}
		w.resume()
	})
	vaulted(t, "T1 a close during a refresh keeps what the refresh brings", connectortest.Config{}, func(w *world, _ *vault) {
		w.login()
		w.until("token", "refreshing")
		time.Sleep(500 * time.Millisecond)
		start := time.Now()
		if err := w.session.Close(context.Background()); err != nil {
			w.t.Fatal(err)
		}
		if took := time.Since(start); took > 10*time.Second {
			w.t.Errorf("got closed after %v, want within CloseTimeout", took)
		}
		time.Sleep(time.Minute)
		if err := w.session.Resume(context.Background()); err != nil {
			w.t.Errorf("resume: %v, want the tokens that the server has given", err)
		}
	}, func(c *config) { c.Auth = lateRefresh{c.Auth.(*authhttp.JSON[credentials, user])} })
	vaulted(t, "T1 S6 a close ends in time when the store hangs", connectortest.Config{}, func(w *world, v *vault) {
		w.login()
		w.until("token", "storing")
		wait, release := held()
		v.save.set(wait)
		w.until("token", "storing")
		start := time.Now()
		if err := w.session.Close(context.Background()); err != nil {
			w.t.Fatal(err)
		}
		if took := time.Since(start); took > 10*time.Second {
			w.t.Errorf("got closed after %v, want within CloseTimeout", took)
		}
		release()
		synctest.Wait()
		w.wantStored(true)
	})
}
