package connector_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/custom-app/interlock/fsm"
	"github.com/custom-app/interlock/transitions"
)

// troupe are the users of a backend: the first two log in, the others are only
// ever logged in as.
var troupe = []connectortest.User{
	{ID: 1, Name: "ann", Password: "secret", MayLoginAs: true},
	{ID: 2, Name: "bob", Password: "secret", MayLoginAs: true},
	{ID: 3, Name: "carol", Password: "secret", MayLoginAs: true},
	{ID: 4, Name: "dave", Password: "secret", MayLoginAs: true},
	{ID: 5, Name: "eve", Password: "secret"},
}

func isMaster(id int) bool { return id == 1 || id == 2 }

// owner is the id of the user whose token it is.
func owner(access authhttp.Secret) int {
	claims, err := authhttp.ReadClaims(access)
	if err != nil {
		return 0
	}
	id, _ := strconv.Atoi(claims.Subject)
	return id
}

// actor is one session that many goroutines drive at random.
type actor struct {
	*world
	account string
	session *connector.Session[credentials, user]
	menu    *connector.Socket[request, response]
	news    *connector.Socket[request, response]
	errors  *connector.Stream[error]
	authed  atomic.Int64 // whom the backend has greeted on the connection that subscribed last
	hurry   int          // how much shorter than in virtual time everything takes
}

// newActor makes a session with a client of its own over the world's backend.
func newActor(w *world, account string, store authhttp.Store, hurry int, delay func()) *actor {
	w.t.Helper()
	a := &actor{world: w, account: account, hurry: hurry}
	config := w.config
	config.Store = &mastersOnly{Store: store, t: w.t}
	config.HTTP.Base = &tryReader{config.HTTP.Base, delay}
	menu := menuSocket(w.backend.WebSocketURL())
	a.watch(&menu)
	news := menuSocket(w.backend.PublicWebSocketURL())
	news.ID, news.Public, news.Early, news.Auth = "news", true, true, nil
	news.Subscribe[0].Build = func(_ context.Context, k knowing) (request, error) {
		if k.Token.Access != "" {
			w.t.Error("got a token for a public socket, want none")
		}
		return request{Sub: &subscribe{Kind: "news"}}, nil
	}
	config.Sockets = []connector.AnySocket[user]{menu, news}
	client, err := connector.New(config)
	if err != nil {
		w.t.Fatal(err)
	}
	a.session = client.NewSessionOf(account)
	a.errors = a.session.Errors(1 << 20)
	if a.menu, err = connector.On[request, response](a.session, "menu"); err != nil {
		w.t.Fatal(err)
	}
	if a.news, err = connector.On[request, response](a.session, "news"); err != nil {
		w.t.Fatal(err)
	}
	return a
}

// watch checks in the builders of a socket that the token is the user's, and that
// the backend has greeted that user.
func (a *actor) watch(s *socketConfig) {
	same := func(where string, k knowing) {
		if got := owner(k.Token.Access); k.Token.Access != "" && got != k.User.ID {
			a.t.Errorf("%s of %s: got the token of %d for user %d", where, a.account, got, k.User.ID)
		}
	}
	s.Header = func(k knowing) http.Header { same("header", k); return nil }
	auth, subscription := s.Auth.Build, s.Subscribe[0].Build
	s.Auth.Build = func(ctx context.Context, k knowing) (request, error) { same("auth", k); return auth(ctx, k) }
	s.Subscribe[0].Build = func(ctx context.Context, k knowing) (request, error) {
		same("subscription", k)
		if k.AuthAnswer == nil || k.AuthAnswer.Auth == nil || k.AuthAnswer.Auth.ID != k.User.ID {
			a.t.Errorf("got auth answer %+v for user %d", k.AuthAnswer, k.User.ID)
		} else {
			a.authed.Store(int64(k.AuthAnswer.Auth.ID))
		}
		return subscription(ctx, k)
	}
}

// mastersOnly is a store that minds whose tokens it is given.
type mastersOnly struct {
	authhttp.Store
	t *testing.T
}

func (s *mastersOnly) Save(ctx context.Context, account string, content authhttp.Secret) error {
	kept, err := authhttp.DecodeStored(account, content)
	if id := owner(kept.Pair.Access); err != nil || !isMaster(id) {
		s.t.Errorf("got the tokens of user %d to store, %v, want a master's", id, err)
	}
	return s.Store.Save(ctx, account, content)
}

type triesKey struct{}

// tryReader notes whose token each try of a request carries, and makes answers
// late, so that they come to another user.
type tryReader struct {
	http.RoundTripper
	delay func()
}

func (s *tryReader) RoundTrip(r *http.Request) (*http.Response, error) {
	if tries, ok := r.Context().Value(triesKey{}).(*[]int); ok {
		if _, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok {
			*tries = append(*tries, owner(authhttp.Secret(token)))
		}
	}
	answer, err := s.RoundTripper.RoundTrip(r)
	s.delay()
	return answer, err
}

// unchanged runs what lies between two looks at the token, and returns it if it
// was the same token all the time.
func (a *actor) unchanged(ctx context.Context, between func()) (authhttp.Token, bool) {
	before, err := a.session.Token(ctx, 0)
	between()
	after, err2 := a.session.Token(ctx, 0)
	return before, err == nil && err2 == nil && before.Generation == after.Generation
}

func (a *actor) checkToken(ctx context.Context) {
	var u user
	var ok bool
	if token, same := a.unchanged(ctx, func() { u, ok = a.session.User() }); same && ok && owner(token.Access) != u.ID {
		a.t.Errorf("%s: got the token of %d while %v is logged in", a.account, owner(token.Access), u)
	}
}

func (a *actor) checkHTTP(ctx context.Context) {
	var tries []int
	var me user
	token, same := a.unchanged(ctx, func() {
		r, err := http.NewRequestWithContext(context.WithValue(ctx, triesKey{}, &tries), http.MethodGet, a.backend.URL()+"/me", nil)
		if err != nil {
			a.t.Error(err)
			return
		}
		answer, err := a.session.HTTP().Do(r)
		if err != nil {
			return
		}
		defer answer.Body.Close()
		if answer.StatusCode == http.StatusOK {
			_ = json.NewDecoder(answer.Body).Decode(&me)
		}
	})
	if len(tries) > 2 || len(tries) == 2 && tries[0] != tries[1] {
		a.t.Errorf("%s: got tries with the tokens of %v, want at most two of one user", a.account, tries)
	}
	if same && me.ID != 0 && me.ID != owner(token.Access) {
		a.t.Errorf("%s: got an answer to %v with the token of %d", a.account, me, owner(token.Access))
	}
}

// checkEcho checks that a connection that stays ready is the current user's.
func (a *actor) checkEcho(ctx context.Context) {
	before := a.session.Status().Sockets[0]
	u, ok := a.session.User()
	authed := a.authed.Load()
	res, err := a.menu.Request(ctx, request{Echo: &echo{a.account}})
	if err == nil && (res.Echo == nil || res.Echo.Text != a.account) {
		a.t.Errorf("%s: got %+v", a.account, res)
	}
	after := a.session.Status().Sockets[0]
	stayed := before.Generation == after.Generation && before.State == transitions.SocketSubscribed && after.State == before.State
	if stayed && (!ok || int(authed) != u.ID) {
		a.t.Errorf("%s: got a connection of user %d while %v is logged in: %v", a.account, authed, u, ok)
	}
}

func (a *actor) checkUsers() {
	s := a.session.Status()
	users := a.session.Users()
	for i, u := range users {
		if isMaster(u.ID) != (i == 0) {
			a.t.Errorf("%s: got users %v, want a master and then others", a.account, users)
		}
	}
	if s.Ready && !s.LoggedIn || s.Master && s.Depth != 0 || s.LoggedIn && s.Session == transitions.SessionLoggedOut {
		a.t.Errorf("%s: got %+v", a.account, s)
	}
}

// must checks that an error is none of those that tell of a contradiction.
func (a *actor) must(err error) {
	var impossible *fsm.ImpossibleError
	if errors.As(err, &impossible) || errors.Is(err, transitions.ErrDefect) || err != nil && strings.Contains(err.Error(), "panic") {
		a.t.Errorf("%s: got %v", a.account, err)
	}
}

// adopt takes over a login that was made elsewhere.
func (a *actor) adopt(ctx context.Context, who credentials) error {
	grant, err := a.config.Auth.Login(ctx, who)
	if err != nil {
		return nil // the backend's fault
	}
	return a.session.Adopt(ctx, grant)
}

// act does one random thing and waits for its end.
func (a *actor) act(chance *rand.Rand) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(chance.IntN(20000)/a.hurry)*time.Millisecond)
	defer cancel()
	if chance.IntN(3) == 0 {
		ctx = connector.WithoutSockets(ctx)
	}
	if chance.IntN(4) == 0 {
		ctx = connector.Quiet(ctx)
	}
	who := credentials{Name: []string{"ann", "bob"}[chance.IntN(2)], Password: "secret"}
	s := a.session
	switch chance.IntN(30) {
	case 0, 1, 2:
		a.must(s.Login(ctx, who))
	case 3, 4:
		a.must(s.Resume(ctx))
	case 5:
		a.must(a.adopt(ctx, who))
	case 6, 7, 8, 9:
		a.must(s.LoginAs(ctx, 3+chance.IntN(3)))
	case 10, 11:
		a.must(s.Logout(ctx))
	case 12:
		a.must(s.LogoutEverywhere(ctx))
	case 13:
		a.must(s.Forget(ctx))
	case 14:
		a.must(s.Close(ctx))
	case 15:
		a.must(s.Open())
	case 16, 17:
		a.must(s.Require(ctx, connector.Need(chance.IntN(2))))
	case 18, 19, 20:
		a.checkHTTP(ctx)
	case 21, 22:
		a.checkEcho(ctx)
	case 23:
		_, err := a.news.Request(ctx, request{Echo: &echo{"hi"}})
		a.must(err)
	case 24:
		token, _ := s.Token(ctx, 0)
		_, err := s.Token(ctx, token.Generation) // refused
		a.must(err)
	case 25:
		a.script(switchFault(chance))
	case 26:
		a.checkUsers()
	default:
		a.checkToken(ctx)
	}
}

// switchFault is something that may happen to a backend.
func switchFault(chance *rand.Rand) connectortest.Fault {
	n := 1 + chance.IntN(3)
	faults := []connectortest.Fault{
		connectortest.DropSockets(), connectortest.ExpireTokens(), connectortest.RevokeAll(),
		connectortest.RevokeUser(troupe[chance.IntN(len(troupe))].Name),
		connectortest.CloseSockets([]int{1000, 1001, 4401}[chance.IntN(3)], ""),
		connectortest.HoldLogins(n), connectortest.HoldLoginAs(n), connectortest.HoldRefreshes(n), connectortest.HoldLogouts(n),
		connectortest.HoldMe(n), connectortest.HoldUpgrades(n), connectortest.HoldAuth(n), connectortest.HoldSubscriptions(n),
		connectortest.CutLogins(n), connectortest.CutRefreshes(n),
		connectortest.RefuseLogins(n, []int{401, 429, 503}[chance.IntN(3)]),
		connectortest.RefuseLoginAs(n, []int{401, 403, 503}[chance.IntN(3)]),
		connectortest.RefuseRefreshes(n, []int{401, 429, 500}[chance.IntN(3)]),
		connectortest.RefuseLogouts(n, []int{401, 503}[chance.IntN(2)]),
		connectortest.RefuseMe(n, []int{401, 503}[chance.IntN(2)]),
		connectortest.AnswerRefreshes(n, 200, "text/html", "<html>"),
		connectortest.AnswerLoginAs(n, 200, "application/json", `{"user":{"id":3,"name":"carol"}}`),
		connectortest.RefuseUpgrades(n, 502), connectortest.RejectAuth(1), connectortest.DropOnAuth(n), connectortest.DropOnSubscribe(n),
	}
	return faults[chance.IntN(len(faults))]
}

// perform lets several goroutines for each actor act so often, pausing between.
func perform(actors []*actor, seed uint64, times int, pause func(*rand.Rand)) {
	var all sync.WaitGroup
	for i, a := range actors {
		for j := range 4 {
			all.Go(func() {
				chance := rand.New(rand.NewPCG(seed, uint64(10*i+j)))
				for range times {
					a.act(chance)
					pause(chance)
				}
			})
		}
	}
	all.Wait()
}

// settle closes the session and checks that nothing of it is left.
func (a *actor) settle(most time.Duration) {
	start := time.Now()
	if err := a.session.Close(context.Background()); err != nil || time.Since(start) > most {
		a.t.Errorf("%s: close: got %v after %v, want at most %v", a.account, err, time.Since(start), most)
	}
	s := a.session.Status()
	atRest := s.Session == transitions.SessionLoggedOut && s.Login == transitions.LoginIdle && s.Token == transitions.TokenAbsent
	for _, one := range s.Sockets {
		atRest = atRest && one.State == transitions.SocketClosed
	}
	if !atRest || s.Depth != 0 {
		a.t.Errorf("%s: got %+v, want everything at rest", a.account, s)
	}
	if got := a.session.Users(); len(got) != 0 {
		a.t.Errorf("%s: got users %v after close, want none", a.account, got)
	}
	if got, err := a.session.Token(context.Background(), 0); !errors.Is(err, authhttp.ErrNoToken) {
		a.t.Errorf("%s: got %v, %v after close, want no token", a.account, got, err)
	}
	a.errors.Close()
	for err := range a.errors.All(context.Background()) {
		a.must(err)
	}
}

func TestSwitchStress(t *testing.T) {
	runs := 40 // under each engine
	if testing.Short() {
		runs = 4
	}
	for seed := range uint64(runs) {
		bubbles(t, fmt.Sprintf("F62 many switch users, seed %d", seed), func(t *testing.T, engine change) {
			w := newWorld(t, connectortest.Config{Users: troupe, AccessLife: 40 * time.Second}, engine, func(c *connector.Config[credentials, user]) { c.Seed = seed + 1 })
			defer w.end()
			store := &authhttp.MemoryStore{}
			var actors []*actor
			for i := range 3 {
				actors = append(actors, newActor(w, fmt.Sprint("account", i), store, 1, func() {
					time.Sleep(time.Duration(rand.Int64N(int64(4 * time.Second))))
				}))
			}
			perform(actors, seed, 40, func(chance *rand.Rand) {
				time.Sleep(time.Duration(chance.Int64N(int64(4 * time.Second))))
			})
			for _, a := range actors {
				a.settle(10 * time.Second)
			}
			time.Sleep(time.Minute) // late tokens are revoked
			before := w.backend.Counts()
			time.Sleep(time.Hour)
			synctest.Wait()
			if after := w.backend.Counts(); after != before {
				t.Errorf("got %+v an hour after the end, want %+v as before", after, before)
			}
		})
	}
}

func TestSwitchStressOverTCP(t *testing.T) {
	hasty := func(c *connector.Config[credentials, user]) {
		for _, d := range []*time.Duration{&c.LoginTimeout, &c.RefreshTimeout, &c.RevokeTimeout, &c.StoreTimeout} {
			*d = 300 * time.Millisecond
		}
		c.CloseTimeout = time.Second
		c.RefreshFloor, c.RetryFloor, c.RetryCap = 5*time.Millisecond, time.Millisecond, 20*time.Millisecond
	}
	overTCP(t, "F62 many switch users", connectortest.Config{Users: troupe, AccessLife: 200 * time.Millisecond}, func(w *world) {
		store := &authhttp.MemoryStore{}
		var actors []*actor
		for i := range 4 {
			actors = append(actors, newActor(w, fmt.Sprint("account", i), store, 100, runtime.Gosched))
		}
		perform(actors, 1, 60, func(*rand.Rand) {})
		for _, a := range actors {
			a.settle(10 * time.Second) // in virtual time it is exact
		}
	}, hasty)
}
