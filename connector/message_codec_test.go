package connector_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"google.golang.org/protobuf/types/known/apipb"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/codec"
	"github.com/custom-app/interlock/connector/codec/protobuf"
	"github.com/custom-app/interlock/connector/connectortest"
)

// pushed is a push as it is on the wire.
func pushed(text string) string {
	return fmt.Sprintf(`{"push":{"kind":"room-1","message":%q}}`, text)
}

func TestFrames(t *testing.T) {
	for _, c := range []struct {
		name  string
		frame connectortest.Fault
		got   string // the pushes
		told  []string
	}{
		{"one", connectortest.SaySockets(pushed("a")), "a", nil},
		{"several", connectortest.SaySockets(pushed("a") + pushed("b") + "\n" + pushed("c")), "a b c", nil},
		{"an array", connectortest.SaySockets("[" + pushed("a") + "," + pushed("b") + "]"), "a b", nil},
		{"arrays and others", connectortest.SaySockets("[" + pushed("a") + "] " + pushed("b") + "[" + pushed("c") + "," + pushed("d") + "]"), "a b c d", nil},
		{"an empty array", connectortest.SaySockets("[]"), "", nil},
		{"JSON in a binary frame", connectortest.SayBinary([]byte(pushed("a"))), "a", nil},
		{"binary garbage", connectortest.SayBinary([]byte{0xff, 0, 0xfe}), "", []string{"decode"}},
		{"one that cannot be decoded among good ones", connectortest.SaySockets(pushed("a") + "[7]" + pushed("b")), "a", []string{"decode"}},
		{"garbage behind good ones", connectortest.SaySockets(pushed("a") + pushed("b") + "garbage"), "a b", []string{"decode"}},
	} {
		inRooms(t, "R6 a frame of "+c.name, func(w *rooms) {
			w.ready()
			errs, all, messages := w.socket.Errors(0), w.session.Errors(0), w.socket.Messages(0)
			w.script(c.frame)
			w.joins("room-1")
			w.say("room-1", "next")
			want := "room-1 " + strings.Join(append(strings.Fields(c.got), "next"), ", room-1 ")
			if got := w.heard(messages); got != want {
				w.t.Errorf("got %s, want %s", got, want)
			}
			wantTold(w.t, errs, all, c.told...)
			w.wantOne()
		})
	}

	inRooms(t, "R6 answers and pushes in one array", func(w *rooms) {
		w.ready()
		messages := w.socket.Messages(0)
		w.script(connectortest.HoldRequests(1))
		done := make(chan error, 1)
		synctest.Wait() // what has made the socket ready is published
		all := w.socket.All(0)
		go func() {
			_, err := w.socket.Request(context.Background(), wish{request: request{Echo: &echo{"x"}}})
			done <- err
		}()
		synctest.Wait()
		id := uint64(3) // auth, the subscription, and this
		w.script(connectortest.SaySockets(fmt.Sprintf(`[%s,{"id":%d,"echo":{"text":"x"}},%s]`, pushed("a"), id, pushed("b"))))
		if err := <-done; err != nil {
			w.t.Errorf("got %v", err)
		}
		if got := w.heard(messages); got != "room-1 a, room-1 b" {
			w.t.Errorf("got %s", got)
		}
		if got := len(published(all)); got != 3 {
			w.t.Errorf("got %d messages in all, want 3", got)
		}
	})
}

func TestCodecs(t *testing.T) {
	engines(t, "R6 Text", connectortest.Config{}, func(w *world) {
		socket := speaking(w, connector.SocketConfig[user, string, string]{ID: "menu", URL: w.backend.WebSocketURL(), Codec: codec.Text[string]{}})
		messages, errs := socket.Messages(0), socket.Errors(0)
		w.login()
		w.script(connectortest.SaySockets("héllo"), connectortest.SaySockets(""), connectortest.SaySockets(`{"a":1}{"b":2}`), connectortest.SayBinary([]byte{0xff}))
		synctest.Wait()
		if err := socket.Send(context.Background(), "hi"); err != nil {
			w.t.Errorf("got %v", err)
		}
		if err := socket.Send(context.Background(), "\xff"); err == nil || !strings.Contains(err.Error(), "UTF-8") {
			w.t.Errorf("got %v, want what is wrong with it", err)
		}
		if _, err := socket.Request(context.Background(), "hi"); err == nil || !strings.Contains(err.Error(), "need SetID and GetID") {
			w.t.Errorf("got %v, want what is missing", err)
		}
		synctest.Wait()
		got := published(messages)
		if len(got) != 4 || got[0] != "héllo" || got[1] != "" || got[2] != `{"a":1}{"b":2}` || !strings.Contains(got[3], "bad_message") {
			w.t.Errorf("got %q", got)
		}
		if got := told(errs); len(got) != 1 || !strings.Contains(got[0], "decode") {
			w.t.Errorf("got %q, want the binary frame told", got)
		}
	})

	engines(t, "R6 Bytes", connectortest.Config{}, func(w *world) {
		socket := speaking(w, connector.SocketConfig[user, []byte, []byte]{ID: "menu", URL: w.backend.WebSocketURL(), Codec: codec.Bytes{}})
		messages := socket.Messages(0)
		w.login()
		data := []byte{0xff, 0, 0xfe}
		w.script(connectortest.SayBinary(data), connectortest.SayBinary(nil))
		synctest.Wait()
		if err := socket.Send(context.Background(), data); err != nil {
			w.t.Errorf("got %v", err)
		}
		synctest.Wait()
		if got := published(messages); len(got) < 2 || !slices.Equal(got[0], data) || len(got[1]) != 0 {
			w.t.Errorf("got %q", got)
		}
	})

	for _, delimited := range []bool{false, true} {
		bubbles(t, fmt.Sprint("R6 protobuf, delimited: ", delimited), func(t *testing.T, engine change) {
			speech := protobuf.Codec[*apipb.Mixin, *apipb.Mixin]{Delimited: delimited}
			w := peerWorld(t, engine, func(_ int, ws *websocket.Conn) { serveMixins(t, ws, speech) })
			defer w.end()
			socket := speaking(w, mixins(speech))
			messages, errs := socket.Messages(0), socket.Errors(0)
			w.login()
			for _, text := range []string{"hello", "", "garbage", "again"} {
				answer, err := socket.Request(context.Background(), &apipb.Mixin{Root: text})
				if err != nil || answer.GetRoot() != "answer to "+text {
					t.Errorf("%q: got %v, %v", text, answer, err)
				}
			}
			answer, err := socket.Request(context.Background(), &apipb.Mixin{Root: "error"})
			if !errors.As(err, new(*connector.AnswerError)) || !strings.Contains(err.Error(), "no such thing") || answer.GetRoot() != "!no such thing" {
				t.Errorf("got %v, %v, want the peer's no", answer, err)
			}
			if _, err := socket.Request(context.Background(), nil); err == nil {
				t.Error("got no error for a request that is nil")
			}
			synctest.Wait()
			var got []string
			for _, m := range published(messages) {
				got = append(got, m.GetRoot())
			}
			if want := slices.Repeat([]string{"push"}, 6); !slices.Equal(got, want) {
				t.Errorf("got %q among the messages, want %q", got, want)
			}
			if got := told(errs); len(got) != 1 || !strings.Contains(got[0], "decode") {
				t.Errorf("got %q, want the garbage told", got)
			}
			if got := socket.Status().Generation; got != 1 {
				t.Errorf("got %d connections, want 1", got)
			}
		})
	}
}

// mixins declares a socket that speaks Protocol Buffers: Name is the id, as text,
// and a Root that begins with an exclamation mark is an error.
func mixins(speech protobuf.Codec[*apipb.Mixin, *apipb.Mixin]) connector.SocketConfig[user, *apipb.Mixin, *apipb.Mixin] {
	return connector.SocketConfig[user, *apipb.Mixin, *apipb.Mixin]{
		ID: "menu", URL: "ws://127.0.0.1:81/", Codec: speech,
		Auth: &connector.Step[user, *apipb.Mixin, *apipb.Mixin]{
			Build: func(context.Context, connector.Known[user, *apipb.Mixin]) (*apipb.Mixin, error) {
				return &apipb.Mixin{Root: "auth"}, nil
			},
			Accept: func(m *apipb.Mixin) bool { return m.GetRoot() == "answer to auth" },
		},
		SetID: func(m **apipb.Mixin, id uint64) {
			if *m != nil {
				(*m).Name = strconv.FormatUint(id, 10)
			}
		},
		GetID: func(m *apipb.Mixin) (uint64, bool) {
			id, err := strconv.ParseUint(m.GetName(), 10, 64)
			return id, err == nil
		},
		IsError: func(m *apipb.Mixin) error {
			if text, is := strings.CutPrefix(m.GetRoot(), "!"); is {
				return errors.New(text)
			}
			return nil
		},
	}
}

// serveMixins answers each message, and pushes one with it.
func serveMixins(t *testing.T, ws *websocket.Conn, speech protobuf.Codec[*apipb.Mixin, *apipb.Mixin]) {
	say := func(all ...*apipb.Mixin) {
		var together []byte
		for _, m := range all {
			f, err := speech.Encode(m)
			if err != nil {
				t.Error(err)
			}
			if together = append(together, f.Data...); !speech.Delimited {
				_ = ws.WriteMessage(websocket.BinaryMessage, f.Data)
			}
		}
		if speech.Delimited {
			_ = ws.WriteMessage(websocket.BinaryMessage, together)
		}
	}
	for {
		kind, data, err := ws.ReadMessage()
		if err != nil {
			return
		}
		if kind != websocket.BinaryMessage {
			t.Errorf("got a frame of kind %d, want binary", kind)
		}
		_ = speech.Decode(codec.Frame{Binary: true, Data: data}, func(m *apipb.Mixin) {
			root := "answer to " + m.GetRoot()
			switch m.GetRoot() {
			case "garbage":
				_ = ws.WriteMessage(websocket.BinaryMessage, []byte("\xff\xff\xff"))
			case "error":
				root = "!no such thing"
			}
			say(&apipb.Mixin{Root: "push"}, &apipb.Mixin{Name: m.GetName(), Root: root})
		})
	}
}

func TestCodecPanics(t *testing.T) {
	const bomb = "room-9" // what the codec panics at
	fragile := codec.Funcs[wish, word]{
		EncodeFunc: func(w wish) ([]byte, error) {
			if strings.HasSuffix(w.line(), bomb) {
				panic("boom")
			}
			return json.Marshal(w)
		},
		DecodeFunc: func(data []byte) (w word, err error) {
			if strings.Contains(string(data), bomb) {
				panic("boom")
			}
			return w, json.Unmarshal(data, &w)
		},
	}
	inRooms(t, "R5 X4 a codec that panics costs the message alone", func(w *rooms) {
		messages := w.socket.Messages(0)
		w.ready()
		s := w.joinsBy(connector.Subscription[user, wish, word]{Join: joining("room-1").Join, Leave: &roomStep{Build: joining(bomb).Leave.Build}})
		errs, all := w.socket.Errors(0), w.session.Errors(0)
		if got := <-w.join(context.Background(), joining(bomb)); got.err == nil || !strings.Contains(got.err.Error(), "panic: boom") {
			w.t.Errorf("subscribe: got %v, want the panic", got.err)
		}
		if _, err := w.socket.Request(context.Background(), wish{request: request{Echo: &echo{bomb}}}); err == nil || !strings.Contains(err.Error(), "panic: boom") {
			w.t.Errorf("request: got %v, want the panic", err)
		}
		w.script(connectortest.SaySockets(pushed(bomb)), connectortest.SaySockets(pushed("next")))
		synctest.Wait()
		w.script(connectortest.SaySockets(`{"ping":{}}`)) // answered by what cannot be encoded
		synctest.Wait()
		if err := s.Leave(context.Background()); err != nil || s.Err() != nil {
			w.t.Errorf("leave: got %v, %v", err, s.Err())
		}
		w.echoes("still there")
		if got := w.heard(messages); got != "room-1 next" {
			w.t.Errorf("got %s", got)
		}
		wantTold(w.t, errs, all, "subscribe: application: panic: boom", "decode: application: panic: boom", "panic: boom", "unsubscribe: application: panic: boom")
		w.wantOne()
	}, func(s *roomConfig) {
		s.Codec = fragile
		s.Heartbeat.Reply = func(w word) (wish, bool) {
			return wish{request: request{Echo: &echo{bomb}}}, w.Ping != nil
		}
	})
}

func TestReadies(t *testing.T) {
	recovered := func(is bool) func(word) bool { return func(word) bool { return is } }
	for _, c := range []struct {
		name   string
		edit   roomEdit
		added  func(word) bool // Recovered of one that is added; nil: there is none
		missed bool
		told   []string
	}{
		{"no subscription says so", func(*roomConfig) {}, nil, true, nil},
		{"there is no subscription", func(s *roomConfig) { s.Subscribe = nil }, nil, true, nil},
		{"every subscription says nothing was", func(s *roomConfig) { s.Subscribe[0].Recovered = recovered(true) }, recovered(true), false, nil},
		{"a declared one does not", func(s *roomConfig) { s.Subscribe[0].Recovered = recovered(false) }, recovered(true), true, nil},
		{"an added one does not", func(s *roomConfig) { s.Subscribe[0].Recovered = recovered(true) }, recovered(false), true, nil},
		{"one has no answer to say so", func(s *roomConfig) {
			s.Subscribe = []roomStep{joining("categories").Join, joining("news").Join}
			s.Subscribe[0].Recovered, s.Subscribe[1].NoAnswer = recovered(true), true
		}, nil, true, nil},
		{"one is left out", func(s *roomConfig) {
			s.Subscribe = []roomStep{joining("categories").Join, joining("news").Join}
			s.Subscribe[0].Recovered = recovered(true)
			s.Subscribe[1].Build = func(context.Context, roomKnown) (wish, error) { return wish{}, connector.ErrNone }
		}, nil, false, nil},
		{"Recovered panics", func(s *roomConfig) { s.Subscribe[0].Recovered = func(word) bool { panic("boom") } }, nil, true, []string{"panic: boom"}},
	} {
		inRooms(t, "K14 missed or not: "+c.name, func(w *rooms) {
			readies := []*connector.Stream[connector.Ready]{w.socket.Readies(0), w.socket.Readies(0)}
			w.ready()
			if c.added != nil {
				s := joining("room-1")
				s.Join.Recovered = c.added
				w.joinsBy(s)
			}
			errs := w.socket.Errors(0)
			for range 2 {
				w.script(connectortest.DropSockets())
				w.again()
			}
			synctest.Wait()
			want := []connector.Ready{{Generation: 1}, {Generation: 2, Again: true, Missed: c.missed}, {Generation: 3, Again: true, Missed: c.missed}}
			for _, stream := range readies {
				if got := published(stream); !slices.Equal(got, want) {
					w.t.Errorf("got %+v, want %+v", got, want)
				}
			}
			if got := told(errs); len(got) != 2+2*len(c.told) {
				w.t.Errorf("got %q, want each drop told, and %q", got, c.told)
			}
		}, c.edit)
	}

	inRooms(t, "K14 not again after Close and Open, a logout, or a renewal", func(w *rooms) {
		readies := w.socket.Readies(0)
		w.ready()
		if err := w.socket.Close(context.Background()); err != nil {
			w.t.Fatal(err)
		}
		if err := w.socket.Open(); err != nil {
			w.t.Fatal(err)
		}
		w.echoes("open again")
		w.script(connectortest.RefuseUpgrades(2, 502), connectortest.DropSockets())
		synctest.Wait()
		w.echoes("after a drop")
		w.script(connectortest.AnnounceExpiry())
		w.session.Wake()
		time.Sleep(time.Minute)
		w.logout()
		w.ready()
		synctest.Wait()
		want := []connector.Ready{{Generation: 1}, {Generation: 2}, {Generation: 5, Again: true, Missed: true}, {Generation: 6}}
		if got := published(readies); !slices.Equal(got, want) {
			w.t.Errorf("got %+v, want %+v", got, want)
		}
	}, expiring, reoffering)
}
