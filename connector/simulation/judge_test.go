package simulation

import (
	"context"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/transitions"
)

// tokenOf is an access token of a user, as far as a run reads it.
func tokenOf(id int) string {
	claims := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"sub":"%d"}`, id))
	return jwtStart + "x." + claims + ".signature"
}

// text is a text frame of a client, whose mask is zero.
func text(message string) []byte {
	return append([]byte{0x81, 0x80 | 126, byte(len(message) >> 8), byte(len(message)), 0, 0, 0, 0}, message...)
}

// served is a text frame of a server.
func served(message string) []byte {
	return append([]byte{0x81, 126, byte(len(message) >> 8), byte(len(message))}, message...)
}

// scene is a world without a client, in which a test plays the client itself.
type scene struct {
	*world
	tap *tap
}

func newScene() *scene {
	s := &scene{world: newWorld()}
	l := &line{id: "menu", address: menuAddress, declared: []string{"categories"}, chance: rand.New(rand.NewPCG(1, 1))}
	s.lines = []*line{l}
	s.tap = &tap{world: s.world, line: l, number: 1, auths: make(map[uint64]bool), subs: make(map[uint64]string), joined: make(map[string]bool)}
	return s
}

// upgrades has the head of an upgrade cross, with its answer.
func (s *scene) upgrades(header string) {
	s.writes("GET /ws HTTP/1.1\r\n" + header + "\r\n\r\n")
	s.reads("HTTP/1.1 101 Switching Protocols\r\n\r\n")
}

func (s *scene) writes(bytes string)  { s.tap.up.feed([]byte(bytes), s.tap.asks, s.tap.sends) }
func (s *scene) reads(bytes string)   { s.tap.down.feed([]byte(bytes), s.tap.answers, s.tap.hears) }
func (s *scene) says(message string)  { s.writes(string(text(message))) }
func (s *scene) hears(message string) { s.reads(string(served(message))) }

// authorised is a connection that is authorised as ann.
func (s *scene) authorised() {
	s.upgrades("Authorization: Bearer " + tokenOf(1))
	s.says(`{"id":1,"auth":{"token":"` + tokenOf(1) + `"}}`)
	s.hears(`{"id":1,"auth":{"id":1}}`)
}

// ready is one that is subscribed too.
func (s *scene) ready() {
	s.authorised()
	s.says(`{"id":2,"sub":{"kind":"categories"}}`)
	s.hears(`{"id":2,"sub":{"kind":"categories"}}`)
}

// wants notes a request.
func (s *scene) wants(text, need string, repeatable bool) {
	s.requests[text] = &asked{socket: "chat", user: 1, need: need, repeatable: repeatable, on: make(map[int]int), writers: make(map[int]int), most: time.Hour, began: time.Now()}
}

// get is an HTTP request.
func get(url, token string, header ...string) *http.Request {
	r, _ := http.NewRequest(http.MethodGet, url, nil)
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

// answered is the answer to a refresh with a token.
func (s *scene) answered(token string, status int, retryAfter, body string) {
	r := get(s.url("/refresh"), "")
	s.learns(r, &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {retryAfter}}}, []byte(`{"refresh_token":"`+token+`"}`), []byte(body))
}

// TestJudges shows that each judge can say no, and when it does not.
func TestJudges(t *testing.T) {
	for _, c := range []struct {
		name string
		want int // 0: nothing is wrong
		play func(s *scene)
	}{
		{"a connection in good order", 0, func(s *scene) {
			s.ready()
			s.wants("1", needReady, false)
			s.says(`{"id":3,"echo":{"text":"1"}}`)
			s.writes("\x88\x80\x00\x00\x00\x00")
		}},
		{"a dial after logout", 1, func(s *scene) {
			s.loggedOut = time.Now()
			time.Sleep(time.Second)
			s.noteDial(s.lines[0])
		}},
		{"two users on one connection", 3, func(s *scene) {
			s.upgrades("Authorization: Bearer " + tokenOf(1))
			s.says(`{"id":1,"auth":{"token":"` + tokenOf(2) + `"}}`)
		}},
		{"a request on a connection of another", 3, func(s *scene) {
			s.wants("1", needOpen, false)
			s.requests["1"].writers[7] = 2
			s.settles("1", s.requests["1"])
		}},
		{"an HTTP request again for another", 3, func(s *scene) {
			s.seesToken(get(s.url("/me"), tokenOf(1), asking, "9"))
			s.seesToken(get(s.url("/me"), tokenOf(2), asking, "9"))
		}},
		{"a refresh that gives another's token", 3, func(s *scene) {
			s.refresh["a"] = &pass{user: 1}
			s.answered("a", 200, "", `{"access_token":"`+tokenOf(2)+`","refresh_token":"b"}`)
		}},
		{"a token to elsewhere", 4, func(s *scene) { s.seesToken(get("http://"+foreignAddress+"/", tokenOf(1))) }},
		{"a token in a URL", 4, func(s *scene) { s.seesToken(get(s.url("/?token="+tokenOf(1)), "")) }},
		{"a token in the URL of an upgrade", 4, func(s *scene) { s.writes("GET /ws?t=" + tokenOf(1) + " HTTP/1.1\r\n\r\n") }},
		{"a token on a public socket", 4, func(s *scene) {
			s.lines[0].public = true
			s.upgrades("Authorization: Bearer " + tokenOf(1))
		}},
		{"two refreshes at once", 5, func(s *scene) { s.begins(get(s.url("/refresh"), "")); s.begins(get(s.url("/refresh"), "")) }},
		{"a refresh after one that was given up", 0, func(s *scene) {
			ctx, cancel := context.WithCancel(context.Background())
			s.begins(get(s.url("/refresh"), "").WithContext(ctx))
			cancel()
			s.begins(get(s.url("/refresh"), ""))
		}},
		{"a refresh token twice", 6, func(s *scene) {
			s.refresh["a"] = &pass{user: 1}
			s.spends("a")
			s.answered("a", 200, "", `{"access_token":"`+tokenOf(1)+`","refresh_token":"b"}`)
			s.spends("a")
		}},
		{"a refresh again without an answer", 0, func(s *scene) {
			s.refresh["a"] = &pass{user: 1}
			s.spends("a")
			s.spends("a")
		}},
		{"a secret in an error", 8, func(s *scene) { s.judges("an error", fmt.Errorf("bad token %s", tokenOf(1))) }},
		{"a connection too long", 10, func(s *scene) {
			s.lines[0].open = []*tap{s.tap}
			s.seesOwned(s.lines[0], transitions.SocketWaiting)
			time.Sleep(dying + 1)
			s.seesOwned(s.lines[0], transitions.SocketWaiting)
		}},
		{"two connections", 11, func(s *scene) {
			s.lines[0].open = []*tap{s.tap, {number: 2}}
			s.seesOwned(s.lines[0], transitions.SocketSubscribed)
			time.Sleep(dying + 1)
			s.seesOwned(s.lines[0], transitions.SocketSubscribed)
		}},
		{"a message before auth", 14, func(s *scene) { s.upgrades("Host: backend"); s.says(`{"id":1,"echo":{"text":"x"}}`) }},
		{"a subscription before the answer to auth", 14, func(s *scene) {
			s.upgrades("Host: backend")
			s.says(`{"id":1,"auth":{"token":"` + tokenOf(1) + `"}}`)
			s.says(`{"id":2,"sub":{"kind":"categories"}}`)
		}},
		{"a request before it is ready", 14, func(s *scene) {
			s.authorised()
			s.wants("1", needReady, false)
			s.says(`{"id":3,"echo":{"text":"1"}}`)
		}},
		{"a frame after the close frame", 14, func(s *scene) {
			s.ready()
			s.writes("\x88\x80\x00\x00\x00\x00")
			s.writes("\x89\x80\x00\x00\x00\x00")
		}},
		{"a frame after logout", 14, func(s *scene) {
			s.ready()
			s.loggedOut = time.Now()
			time.Sleep(time.Second)
			s.writes("\x89\x80\x00\x00\x00\x00")
		}},
		{"a request that is late", 15, func(s *scene) {
			s.wants("1", needReady, false)
			time.Sleep(time.Hour + 1)
			s.seesRequests()
		}},
		{"a request twice", 16, func(s *scene) {
			s.ready()
			s.wants("1", needReady, false)
			s.says(`{"id":3,"echo":{"text":"1"}}`)
			s.tap.number = 2
			s.says(`{"id":3,"echo":{"text":"1"}}`)
		}},
		{"a repeatable request twice", 0, func(s *scene) {
			s.ready()
			s.wants("1", needReady, true)
			s.says(`{"id":3,"echo":{"text":"1"}}`)
			s.tap.number = 2
			s.says(`{"id":3,"echo":{"text":"1"}}`)
		}},
		{"a message after logout", 17, func(s *scene) {
			s.loggedOut = time.Now()
			time.Sleep(time.Second)
			s.world.hears("menu", connector.Inbound[response]{Generation: 1}, 0)
		}},
		{"a message of an older generation", 17, func(s *scene) {
			s.world.hears("menu", connector.Inbound[response]{Generation: 1}, 2)
		}},
		{"an impossible event", 19, func(s *scene) { s.judges("an error", transitions.ErrDefect) }},
		{"a storm of dials", 24, func(s *scene) {
			for range mostDials + 1 {
				s.noteDial(s.lines[0])
			}
		}},
		{"a dial before its time", 24, func(s *scene) {
			s.writes("GET /ws HTTP/1.1\r\n\r\n")
			s.reads("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 60\r\n\r\n")
			time.Sleep(59 * time.Second)
			s.noteDial(s.lines[0])
		}},
		{"a dial at its time", 0, func(s *scene) {
			s.writes("GET /ws HTTP/1.1\r\n\r\n")
			s.reads("HTTP/1.1 503 Service Unavailable\r\nRetry-After: 60\r\n\r\n")
			time.Sleep(60 * time.Second)
			s.noteDial(s.lines[0])
		}},
		{"a refresh before its time", 24, func(s *scene) {
			s.refresh["a"] = &pass{user: 1}
			s.answered("a", 429, "30", "")
			time.Sleep(29 * time.Second)
			s.spends("a")
		}},
		{"too many requests wait", 25, func(s *scene) {
			for i := range chatBuffer + 1 {
				s.wants(strconv.Itoa(i), needReady, false)
			}
			s.seesRequests()
		}},
		{"a storm of refreshes", 26, func(s *scene) {
			s.refresh["a"] = &pass{user: 1}
			for range mostRefreshes + 1 {
				s.spends("a")
			}
		}},
		{"a session that ends by itself", 26, func(s *scene) {
			time.Sleep(time.Hour)
			s.changed(connector.Change{Machine: transitions.SessionKind, From: "subscribed", To: "loggedOut"})
		}},
		{"a session whose token is refused", 0, func(s *scene) {
			s.refresh["a"] = &pass{user: 1}
			time.Sleep(time.Hour)
			s.answered("a", 401, "", "")
			s.changed(connector.Change{Machine: transitions.SessionKind, From: "subscribed", To: "loggedOut"})
		}},
		{"a logout that takes long", 27, func(s *scene) {
			_ = s.leave("Logout", closeTimeout, func(context.Context) error { time.Sleep(time.Minute); return nil })
		}},
		{"a client that goes round", 31, func(s *scene) { s.looks.Store(storm - 1); s.now() }},
	} {
		t.Run("V2 "+c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScene()
				c.play(s)
				switch {
				case c.want == 0 && len(s.wrong) > 0:
					t.Errorf("got %v, want nothing", s.wrong)
				case c.want != 0 && (len(s.wrong) == 0 || s.wrong[0].Invariant != c.want):
					t.Errorf("got %v, want a violation of %d", s.wrong, c.want)
				}
			})
		})
	}
}

func TestWire(t *testing.T) {
	crossed := "GET / HTTP/1.1\r\nA: b\r\n\r\n" + string(text("first")) + "\x88\x80\x00\x00\x00\x00" + "\x81\x85\x01\x02\x03\x04" + "igohn" +
		string(text(strings.Repeat("x", 1000)))
	for _, size := range []int{1, 2, 7, len(crossed)} {
		var s wire
		var head string
		var frames []string
		for part := range slices.Chunk([]byte(crossed), size) {
			s.feed(part, func(h string) bool { head = h; return true }, func(f frame) { frames = append(frames, fmt.Sprint(f.op, " ", string(f.payload))) })
		}
		want := []string{"1 first", "8 ", "1 hello", "1 " + strings.Repeat("x", 1000)}
		if head != "GET / HTTP/1.1\r\nA: b" || !slices.Equal(frames, want) {
			t.Errorf("in parts of %d: got %q and %.60q, want %.60q", size, head, frames, want)
		}
	}
}

func TestSecret(t *testing.T) {
	for text, want := range map[string]bool{
		"token " + tokenOf(1):                          true,
		users[0].Password:                              true,
		"refresh KRUGKIDROVUWG2ZAMJZG653OEB rejected":  true,
		`{"record":1,"event":"loginRequested"}`:        false,
		"interlock: SOCKET menu: DIAL: no answer 1234": false,
	} {
		if got := secret([]byte(text)) != ""; got != want {
			t.Errorf("%.30q: got a secret: %v, want %v", text, got, want)
		}
	}
}

// TestNumbers shows that every invariant that is judged is listed, and the other way
// round.
func TestNumbers(t *testing.T) {
	listed, judged := make(map[int]bool), make(map[int]bool)
	for _, i := range Invariants() {
		listed[i.Number] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range regexp.MustCompile(`\.(?:violation|note)\((\d+),`).FindAllSubmatch(source, -1) {
			n, _ := strconv.Atoi(string(found[1]))
			if judged[n] = true; n != 0 && !listed[n] {
				t.Errorf("%s: judges %d, which is not listed", file, n)
			}
		}
	}
	for n := range listed {
		if !judged[n] {
			t.Errorf("got %d listed, and nothing judges it", n)
		}
	}
}
