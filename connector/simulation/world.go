package simulation

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/fsm"
)

// Where what is in the network.
const (
	apiAddress     = "127.0.0.1:80"
	menuAddress    = "127.0.0.1:81"
	chatAddress    = "127.0.0.1:82"
	foreignAddress = "127.0.0.1:90" // no token is for it
)

// world is what one run happens in: the backend, the network, and the client.
type world struct {
	ledger
	network *connectortest.Network
	backend *connectortest.Backend
	foreign *http.Server
	base    *http.Transport
	store   *slowStore
	clock   clock

	session *session
	sockets []*socket
	lines   []*line
	joins   sync.WaitGroup // the consumers
	running sync.WaitGroup // commands and requests
	streams []interface{ Close() }
	changes *connector.Stream[connector.Change]
	told    sync.Mutex        // held while changes are looked at
	lost    map[string]uint32 // the generation of each socket that was told to be lost last

	taps    atomic.Int64
	texts   atomic.Int64 // the last request
	next    chan *ambush // holds what waits for the next upgrade
	looks   atomic.Int64 // at the clock
	stopped atomic.Bool  // the clock has, for a client that does not end: else time would go on for ever
	delay   atomic.Int64 // of the next look at the clock, a time.Duration

	// Guarded by the lock of the ledger.
	hurries   []time.Time                  // when commands, and what else makes attempts, came in the last minute
	refreshes []time.Time                  // of the last minute
	flying    map[string][]context.Context // of the requests in flight, by their paths
	carriers  map[string]int               // the users whose tokens requests went out with, by their numbers
}

// newWorld makes an empty world. Everything in it belongs to the bubble that it is
// made in.
func newWorld() *world {
	w := &world{network: connectortest.NewNetwork(), next: make(chan *ambush, 1), lost: make(map[string]uint32)}
	w.ledger = ledger{began: time.Now(), refresh: make(map[string]*pass), requests: make(map[string]*asked)}
	w.flying, w.carriers = make(map[string][]context.Context), make(map[string]int)
	w.base = &http.Transport{DialContext: w.network.DialContext}
	w.store = &slowStore{Store: &authhttp.MemoryStore{}}
	w.foreign = &http.Server{Handler: http.NotFoundHandler()}
	return w
}

// furnish puts a backend and a client of a run's into the world.
func (w *world) furnish(r Run, journal io.Writer) error {
	chance := rand.New(rand.NewPCG(r.Seed, 1))
	w.network.Latency(time.Millisecond)
	w.network.Jitter(r.Seed, 20*time.Millisecond)
	life := time.Duration(1+chance.IntN(30)) * time.Minute
	if err := w.serve(connectortest.Config{Users: users, AccessLife: life, ClockSkew: time.Duration(chance.IntN(600)-300) * time.Second}); err != nil {
		return err
	}
	w.clock.wall = chance.IntN(2) == 0
	through := &exchange{world: w, base: w.base}
	w.lines = []*line{
		{id: "menu", address: menuAddress, declared: []string{"categories", "room-1"}, chance: rand.New(rand.NewPCG(r.Seed, 4))},
		{id: "chat", address: chatAddress, declared: []string{"room-2"}, chance: rand.New(rand.NewPCG(r.Seed, 5))},
	}
	second := chatSocket(w.lines[1])
	if chance.IntN(3) == 0 {
		w.lines[1].public, w.lines[1].declared = true, []string{"news"}
		second = newsSocket(w.lines[1])
	}
	config := connector.Config[credentials, user]{
		Auth: &authhttp.JSON[credentials, user]{
			LoginURL: w.url("/login"), RefreshURL: w.url("/refresh"), LogoutURL: w.url("/logout"),
			UserURL: w.url("/me"), LoginAsURL: w.url("/login-as"), LogoutEverywhereURL: w.url("/logout-everywhere"),
			Client: &http.Client{Transport: through},
		},
		HTTP:        authhttp.Transport{Base: through, Origins: []string{"http://" + apiAddress}},
		Store:       w.store,
		Sockets:     []connector.AnySocket[user]{menuSocket(w.lines[0]), second},
		DialContext: w.dialSocket,
		Proxy:       http.ProxyURL(nil),
		Seed:        r.Seed + 1,
		System:      r.System,
		Engine:      [...]fsm.Engine{fsm.Table, fsm.Looplab}[chance.IntN(2)],
		Now:         w.now,
		Journal:     journal,
	}
	if r.edit != nil {
		r.edit(&config)
	}
	return w.connect(config)
}

// serve starts the backend, and a host that no token is for.
func (w *world) serve(config connectortest.Config) (err error) {
	if w.backend, err = connectortest.New(config); err != nil {
		return err
	}
	for _, address := range []string{apiAddress, menuAddress, chatAddress} {
		listener, err := w.network.Listen(address)
		if err != nil {
			return err
		}
		w.backend.StartOn(listener)
	}
	listener, err := w.network.Listen(foreignAddress)
	if err != nil {
		return err
	}
	w.joins.Go(func() { _ = w.foreign.Serve(listener) })
	return nil
}

func (w *world) url(path string) string { return "http://" + apiAddress + path }

// connect makes the client and listens to it.
func (w *world) connect(config connector.Config[credentials, user]) error {
	client, err := connector.New(config)
	if err != nil {
		return err
	}
	w.session = client.NewSession()
	for _, l := range w.lines {
		s, err := connector.On[request, response](w.session, l.id)
		if err != nil {
			return err
		}
		w.sockets = append(w.sockets, s)
		w.listen(s)
	}
	w.watch()
	return nil
}

// script makes the backend misbehave.
func (w *world) script(faults ...connectortest.Fault) {
	if err := w.backend.Script(faults...); err != nil {
		w.violation(0, "%v", err)
	}
	w.count(func(f *Figures) *int { return &f.Faults })
}

// clock is the wall clock of the machine that the client runs on.
type clock struct {
	offset atomic.Int64 // a time.Duration
	wall   bool         // it has no monotonic reading
}

// storm is how many looks at the clock there may be in a day. Each event begins with
// one; a client that looks more often goes round, and time hardly passes.
const storm = 500_000

// now is the client's clock. It takes its time when somebody lies in ambush.
func (w *world) now() time.Time {
	looks, day := w.looks.Add(1), 1+int64(time.Since(w.began)/(24*time.Hour))
	if looks == day*storm {
		w.violation(31, "%d looks at the clock in %d days: something goes round", looks, day)
	}
	if looks >= day*storm {
		time.Sleep(time.Minute) // so that the run comes to its end
	}
	if w.stopped.Load() {
		select {}
	}
	if d := w.delay.Swap(0); d > 0 {
		time.Sleep(time.Duration(d))
	}
	now := time.Now()
	if w.clock.wall {
		now = now.Round(0)
	}
	return now.Add(time.Duration(w.clock.offset.Load()))
}

// ambush is a command that comes between a dial's success and the event that tells
// of it.
type ambush struct{ command func() }

// pounce is called when an upgrade succeeds: if somebody lies in ambush the event is
// late, and a command comes before it.
func (w *world) pounce() {
	select {
	case a := <-w.next:
		w.delay.Store(int64(slowness))
		time.AfterFunc(slowness/2, a.command)
	default:
	}
}

// slowStore is a store that takes its time.
type slowStore struct {
	authhttp.Store
	wait atomic.Int64 // a time.Duration
}

// pause waits as long as the store takes.
func (s *slowStore) pause(ctx context.Context) error {
	select {
	case <-time.After(time.Duration(s.wait.Load())):
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Load implements [authhttp.Store].
func (s *slowStore) Load(ctx context.Context, account string) (authhttp.Secret, error) {
	if err := s.pause(ctx); err != nil {
		return "", err
	}
	return s.Store.Load(ctx, account)
}

// Save implements [authhttp.Store].
func (s *slowStore) Save(ctx context.Context, account string, content authhttp.Secret) error {
	if err := s.pause(ctx); err != nil {
		return err
	}
	return s.Store.Save(ctx, account, content)
}

// Drop implements [authhttp.Store].
func (s *slowStore) Drop(ctx context.Context, account string) error {
	if err := s.pause(ctx); err != nil {
		return err
	}
	return s.Store.Drop(ctx, account)
}
