package simulation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/transitions"
)

// closeTimeout is Config.CloseTimeout, which bounds every way to leave.
const closeTimeout = 10 * time.Second

// hurry notes that something makes for attempts that are not retries.
func (w *world) hurry() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hurries = append(w.hurries, time.Now())
}

// later runs a command that may take up to so long.
func (w *world) later(most time.Duration, f func(ctx context.Context) error) {
	w.hurry()
	done := w.command()
	w.running.Go(func() {
		defer done()
		ctx, cancel := context.WithTimeout(context.Background(), most)
		defer cancel()
		w.judges("a command", f(ctx))
	})
}

// patience is how long the user of a command waits.
func patience(chance *rand.Rand) time.Duration {
	return time.Duration(1+chance.IntN(120)) * time.Second
}

// leave runs a way to leave, which must end in time whatever the network does.
func (w *world) leave(name string, most time.Duration, f func(ctx context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	start := time.Now()
	err := f(ctx)
	if took := time.Since(start); took > most+slowness {
		w.violation(27, "%s took %v, want %v at most", name, took, most)
	}
	return err
}

// slowness is how long a look at the clock takes in an ambush, and so how much
// longer anything may take.
const slowness = 2 * time.Second

// ways are the ways to leave.
var ways = []struct {
	name string
	most time.Duration
	do   func(w *world, chance *rand.Rand, ctx context.Context) error
}{
	{"Logout", closeTimeout, func(w *world, _ *rand.Rand, ctx context.Context) error { return w.session.Logout(ctx) }},
	{"LogoutEverywhere", closeTimeout, func(w *world, _ *rand.Rand, ctx context.Context) error { return w.session.LogoutEverywhere(ctx) }},
	{"Forget", closeTimeout, func(w *world, _ *rand.Rand, ctx context.Context) error { return w.session.Forget(ctx) }},
	{"Close", closeTimeout, func(w *world, _ *rand.Rand, ctx context.Context) error { return w.session.Close(ctx) }},
	{"CloseSockets", closeTimeout, func(w *world, _ *rand.Rand, ctx context.Context) error { return w.session.CloseSockets(ctx) }},
	{"Handle.Close", closeTimeout / 2, func(w *world, chance *rand.Rand, ctx context.Context) error {
		return w.sockets[chance.IntN(len(w.sockets))].Close(ctx)
	}},
}

// goes leaves in one of the ways.
func (w *world) goes(chance *rand.Rand, way int) {
	w.later(time.Minute, func(context.Context) error {
		return w.leave(ways[way].name, ways[way].most, func(ctx context.Context) error { return ways[way].do(w, chance, ctx) })
	})
}

func (w *world) login(chance *rand.Rand) {
	who := users[chance.IntN(2)]
	brief := chance.IntN(3) == 0
	w.later(patience(chance), func(ctx context.Context) error {
		if brief {
			ctx = connector.WithoutSockets(ctx)
		}
		return w.session.Login(ctx, credentials{who.Name, who.Password})
	})
}

func (w *world) resume(chance *rand.Rand) {
	w.later(patience(chance), func(ctx context.Context) error {
		_ = w.leave("Close", closeTimeout, w.session.Close)
		return w.session.Resume(ctx)
	})
}

func (w *world) loginAs(chance *rand.Rand) {
	id := 1 + chance.IntN(3)
	w.later(patience(chance), func(ctx context.Context) error { return w.session.LoginAs(ctx, id) })
}

func (w *world) open(chance *rand.Rand) {
	w.later(patience(chance), func(context.Context) error { return w.session.Open() })
}

func (w *world) openOne(chance *rand.Rand) {
	s := w.sockets[chance.IntN(len(w.sockets))]
	w.later(patience(chance), func(context.Context) error { return s.Open() })
}

func (w *world) wake(*rand.Rand) {
	w.hurry()
	w.session.Wake()
}

func (w *world) require(chance *rand.Rand) {
	w.later(patience(chance), func(ctx context.Context) error { return w.session.Require(ctx, connector.RequireReady) })
}

// The needs, as the texts of requests have them.
const (
	needReady  = "ready"
	needAuthed = "authed"
	needOpen   = "open"
)

// request makes a few requests of one kind.
func (w *world) request(chance *rand.Rand) {
	s := w.sockets[chance.IntN(len(w.sockets))]
	need := chance.IntN(4)
	traits := connector.Traits{Repeatable: chance.IntN(2) == 0}
	name := needReady
	switch need {
	case 0:
		traits.Need, name = transitions.NeedAuthed, needAuthed
	case 1:
		traits.Need, name = transitions.NeedOpen, needOpen
	}
	s = s.With(traits)
	for range 1 + chance.IntN(8) {
		most := time.Duration(1+chance.IntN(60)) * time.Second
		pause := time.Duration(chance.Int64N(int64(time.Millisecond)))
		w.running.Go(func() {
			time.Sleep(pause)
			_ = w.asks(s, name, traits.Repeatable, most)
		})
	}
}

// requestCutOff makes requests, and cuts the connections while they are on their way.
func (w *world) requestCutOff(chance *rand.Rand) {
	w.request(chance)
	time.AfterFunc(time.Duration(chance.IntN(60))*time.Millisecond, func() {
		w.fault()
		w.network.Drop()
	})
}

// requestTimeout is Common.RequestTimeout.
const requestTimeout = 30 * time.Second

// asks makes one request, and judges what becomes of it.
func (w *world) asks(s *socket, need string, repeatable bool, most time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	text := fmt.Sprintf("%d on %s when %s, repeatable %t", w.texts.Add(1), s.ID(), need, repeatable)
	r := &asked{socket: s.ID(), need: need, repeatable: repeatable, on: make(map[int]int), writers: make(map[int]int)}
	r.user, r.began, r.most = w.userNow(), time.Now(), min(most, requestTimeout)+slowness
	w.mu.Lock()
	w.requests[text] = r
	w.figures.Requests++
	w.mu.Unlock()
	pending, err := s.Submit(request{Echo: &echo{text}})
	if r.user != w.userNow() {
		r.user = 0
	}
	var answer response
	if err == nil {
		answer, err = pending.Wait(ctx)
	}
	if took := time.Since(r.began); took > r.most {
		w.violation(15, "%q settled after %v", text, took)
	}
	w.judges("a request", err)
	if !isDeclared(err) {
		w.violation(15, "%q settled with %v", text, err)
	}
	if err == nil && (answer.Echo == nil || answer.Echo.Text != text) {
		w.violation(15, "%q was answered with %+v", text, answer.Echo)
	}
	w.settles(text, r)
	return err
}

// settles closes the books on a request.
func (w *world) settles(text string, r *asked) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.figures.Settled++
	delete(w.requests, text)
	for connection, of := range r.writers {
		if r.user != 0 && of != 0 && of != r.user {
			w.note(3, "%q of user %d was sent on connection %d of user %d", text, r.user, connection, of)
		}
	}
}

// userNow returns who is logged in; 0: nobody.
func (w *world) userNow() int {
	u, _ := w.session.User()
	return u.ID
}

// send sends a message that wants no answer.
func (w *world) send(chance *rand.Rand) {
	s := w.sockets[chance.IntN(len(w.sockets))]
	most := patience(chance)
	w.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), most)
		defer cancel()
		if err := s.Send(ctx, request{Ping: &struct{}{}}); !isDeclared(err) {
			w.violation(15, "a message settled with %v", err)
		}
	})
}

// get makes HTTP requests, to the backend and elsewhere.
func (w *world) get(chance *rand.Rand) {
	host := apiAddress
	if chance.IntN(4) == 0 {
		host = foreignAddress
	}
	most := patience(chance)
	for range 1 + chance.IntN(6) {
		pause := time.Duration(chance.Int64N(int64(time.Millisecond)))
		w.running.Go(func() {
			time.Sleep(pause)
			ctx, cancel := context.WithTimeout(context.Background(), most)
			defer cancel()
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+"/me", nil)
			if err != nil {
				w.violation(15, "%v", err)
				return
			}
			r.Header.Set(asking, strconv.FormatInt(w.texts.Add(1), 10))
			answer, err := w.session.HTTP().Do(r)
			if err != nil {
				w.judges("an HTTP request", err)
				return
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
		})
	}
}

// join joins a room for a while.
func (w *world) join(chance *rand.Rand) {
	s := w.sockets[chance.IntN(len(w.sockets))]
	room := fmt.Sprintf("room-%d", 3+chance.IntN(7))
	most, stay := patience(chance), patience(chance)*10
	w.running.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), most)
		defer cancel()
		joined, err := connector.Subscribe(ctx, s, joining(room))
		if err != nil {
			w.judges("a subscription", err)
			return
		}
		select {
		case <-joined.Done():
		case <-time.After(stay):
		}
		ctx, cancel = context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := joined.Leave(ctx); errors.Is(err, context.DeadlineExceeded) {
			w.violation(28, "leaving %s took a minute", room)
		}
	})
}

// lurk waits for the next upgrade, to come between its success and the event that
// tells of it.
func (w *world) lurk(chance *rand.Rand) {
	own := rand.New(rand.NewPCG(chance.Uint64(), 0))
	way := own.IntN(len(ways) + 1)
	a := &ambush{func() {
		if way == len(ways) {
			w.loginAs(own)
		} else {
			w.goes(own, way)
		}
	}}
	select {
	case w.next <- a:
	default:
	}
}
