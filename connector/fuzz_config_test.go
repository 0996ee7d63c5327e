package connector_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cenkalti/backoff/v4"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/codec"
	"github.com/custom-app/interlock/transitions"
)

type (
	fuzzedConfig = connector.Config[string, string]
	fuzzedSocket = connector.SocketConfig[string, string, string]
)

// FuzzConfig gives every field of a config, and of its sockets, rules and chain, a
// value made of the fuzzer's bytes: New refuses it by naming fields, or returns a
// client whose sessions can be used; and starts nothing either way.
func FuzzConfig(f *testing.F) {
	f.Add([]byte{})
	for seed := range uint64(16) {
		random := rand.New(rand.NewPCG(seed, 0))
		data := make([]byte, 40*seed)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		synctest.Test(t, func(t *testing.T) { // which fails when a goroutine is left
			var config fuzzedConfig
			d := dice{t: t, data: data}
			d.sparse = []byte{2, 4, 16, 64}[d.next()%4]
			d.fill(reflect.ValueOf(&config).Elem())
			if !d.few(4) { // else it would hardly ever be sound
				config.Auth = refusing{}
			}
			client, err := connector.New(config)
			if err != nil {
				wantNamed(t, client, err)
				return
			}
			use(t, client)
		})
	})
}

// TestConfigSystem holds that a system which is not one is refused, as FuzzConfig
// has found.
func TestConfigSystem(t *testing.T) {
	halved, miscoupled := *transitions.Shipped, *transitions.Shipped
	halved.Token = nil
	miscoupled.Links = []transitions.Link{{To: transitions.Port{Machine: transitions.TokenKind, Number: 200}}}
	for _, c := range []struct {
		name, want string
		system     *transitions.System
	}{
		{"X4 no machine", "interlock: config: System: has not every machine; transitions.NewSystem makes one", &transitions.System{}},
		{"X4 a machine less", "interlock: config: System: has not every machine; transitions.NewSystem makes one", &halved},
		{"X4 a link to nothing", "interlock: config: System: transitions: link 1: the event of To is not declared", &miscoupled},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, err := connector.New(fuzzedConfig{Auth: refusing{}, System: c.system})
			if client != nil || err == nil || err.Error() != c.want {
				t.Errorf("got %v %v, want %s", client, err, c.want)
			}
		})
	}
}

// use logs in, which fails, since no backend here accepts anybody, and leaves.
func use(t *testing.T, client *connector.Client[string, string]) {
	session := client.NewSession()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if err := session.Login(ctx, "ann"); err == nil {
		t.Error("logged in, and nobody was asked")
	}
	if err := session.Close(t.Context()); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, ok := session.User(); ok {
		t.Error("somebody is logged in")
	}
}

// fieldFirst is how the text of a config's fault begins.
var fieldFirst = regexp.MustCompile(`^interlock: config: ([A-Z]\w*)(\[\d+\])?: `)

// wantNamed holds that each fault names a field, and shows no secret of a URL.
func wantNamed(t *testing.T, client *connector.Client[string, string], err error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if client != nil || !ok || len(joined.Unwrap()) == 0 {
		t.Fatalf("got the client %v and %T %v, want none and joined faults", client, err, err)
	}
	for _, fault := range joined.Unwrap() {
		named := fieldFirst.FindStringSubmatch(fault.Error())
		if named == nil {
			t.Errorf("got %q, want it to name a field", fault)
		} else if _, ok := reflect.TypeFor[fuzzedConfig]().FieldByName(named[1]); !ok {
			t.Errorf("got %q, there is no field %s", fault, named[1])
		}
		if strings.Contains(fault.Error(), "s3cr3t") {
			t.Errorf("a secret shows in %q", fault)
		}
	}
}

// refusing is a backend that accepts nobody.
type refusing struct{}

func (refusing) Login(context.Context, string) (authhttp.Grant[string], error) {
	return authhttp.Grant[string]{}, authhttp.ErrRejected
}
func (refusing) Refresh(context.Context, authhttp.Pair) (authhttp.Pair, error) {
	return authhttp.Pair{}, authhttp.ErrRejected
}
func (refusing) Logout(context.Context, authhttp.Pair) error { return authhttp.ErrUnavailable }

// invalid is a backend whose own fields are wrong, or that panics when it is asked.
type invalid struct {
	refusing
	panics bool
}

func (i invalid) Validate() error {
	if i.panics {
		panic("invalid")
	}
	return errors.Join(errors.New("LoginURL: missing"), errors.New("RefreshURL: missing"))
}

// bouncer is a server that lets nobody in.
type bouncer struct{}

func (bouncer) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusUnauthorized, Body: http.NoBody}, nil
}

// dice makes values of bytes; when they are used up, zeros.
type dice struct {
	t       *testing.T
	data    []byte
	sparse  byte // one field of so many is filled
	deep    int
	sockets int
}

func (d *dice) next() byte {
	if len(d.data) == 0 {
		return 0
	}
	b := d.data[0]
	d.data = d.data[1:]
	return b
}

// few tells whether the next byte is one of n.
func (d *dice) few(n byte) bool { return d.next()%n == 1 }

func (d *dice) number() int64 {
	switch d.next() % 16 {
	case 1:
		return -1
	case 2:
		raw := make([]byte, 8)
		for i := range raw {
			raw[i] = d.next()
		}
		return int64(binary.LittleEndian.Uint64(raw))
	case 3, 4, 5:
		return int64(time.Duration(d.next()) * time.Hour)
	default:
		return int64(d.next() % 4)
	}
}

var fuzzedStrings = []string{
	"a", "b", "wss://interlock.test/a", "wss://interlock.test", "ws://127.0.0.1:1/", "ws://interlock.test", "/a", "https://interlock.test", "http://interlock.test/base",
	"https://ann:s3cr3t@interlock.test", "wss://ann:s3cr3t@interlock.test", "wss://interlock.test/#s3cr3t", "://s3cr3t", "X-Token", "chat", "not a header", "\xff", "%zz", "\x00",
}

// one returns one of some values, nil as often as each.
func one[T any](d *dice, values ...any) reflect.Value {
	v := reflect.New(reflect.TypeFor[T]()).Elem()
	if i := int(d.next()) % (len(values) + 1); i > 0 && values[i-1] != nil {
		v.Set(reflect.ValueOf(values[i-1]))
	}
	return v
}

// made are the values of the types that are not made of their parts.
var made = map[reflect.Type]func(*dice) reflect.Value{
	reflect.TypeFor[authhttp.Service[string, string]](): func(d *dice) reflect.Value {
		return one[authhttp.Service[string, string]](d, refusing{}, invalid{}, invalid{panics: true}, (*authhttp.JSON[string, string])(nil), &authhttp.JSON[string, string]{},
			&authhttp.JSON[string, string]{LoginURL: "https://interlock.test/login", Client: &http.Client{Transport: bouncer{}}})
	},
	reflect.TypeFor[authhttp.Store](): func(d *dice) reflect.Value {
		return one[authhttp.Store](d, &authhttp.MemoryStore{}, (*authhttp.MemoryStore)(nil), &authhttp.FileStore{}, (*authhttp.FileStore)(nil))
	},
	reflect.TypeFor[authhttp.Source]():   func(d *dice) reflect.Value { return one[authhttp.Source](d, nil, nil, authhttp.SourceFunc(nil)) },
	reflect.TypeFor[http.RoundTripper](): func(d *dice) reflect.Value { return one[http.RoundTripper](d, bouncer{}) },
	reflect.TypeFor[io.Writer]():         func(d *dice) reflect.Value { return one[io.Writer](d, io.Discard) },
	reflect.TypeFor[*slog.Logger](): func(d *dice) reflect.Value {
		return one[*slog.Logger](d, slog.New(slog.DiscardHandler), &slog.Logger{})
	},
	reflect.TypeFor[connector.Observer](): func(d *dice) reflect.Value {
		return one[connector.Observer](d, connector.NoObserver{}, badObserver{})
	},
	reflect.TypeFor[*tls.Config]():    func(d *dice) reflect.Value { return one[*tls.Config](d, &tls.Config{}) },
	reflect.TypeFor[*regexp.Regexp](): func(d *dice) reflect.Value { return one[*regexp.Regexp](d, regexp.MustCompile("a")) },
	reflect.TypeFor[codec.Codec[string, string]](): func(d *dice) reflect.Value {
		return one[codec.Codec[string, string]](d, codec.Text[string]{}, codec.Funcs[string, string]{})
	},
	reflect.TypeFor[*transitions.System](): func(d *dice) reflect.Value {
		return one[*transitions.System](d, nil, nil, transitions.Shipped, &transitions.System{})
	},
	reflect.TypeFor[func() backoff.BackOff](): func(d *dice) reflect.Value {
		return one[func() backoff.BackOff](d, nil, func() backoff.BackOff { return &backoff.ZeroBackOff{} }, func() backoff.BackOff { return &backoff.StopBackOff{} },
			func() backoff.BackOff { return nil }, func() backoff.BackOff { panic("no backoff") })
	},
}

// fill gives a value to everything that can have one, but for fields that are left
// out by chance, and pointers that are nested deep.
func (d *dice) fill(v reflect.Value) {
	if special, ok := made[v.Type()]; ok {
		v.Set(special(d))
		return
	}
	if v.Type() == reflect.TypeFor[connector.AnySocket[string]]() {
		d.fillSocket(v)
		return
	}
	d.deep++
	defer func() { d.deep-- }()
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && d.few(d.sparse) {
				d.fill(v.Field(i))
			}
		}
	case reflect.Slice:
		length := int(d.next() % 4)
		if d.next() == 255 {
			length = 256
		}
		v.Set(reflect.MakeSlice(v.Type(), length, length))
		for i := range min(length, 3) {
			d.fill(v.Index(i))
		}
	case reflect.Pointer:
		if d.deep < 8 {
			v.Set(reflect.New(v.Type().Elem()))
			d.fill(v.Elem())
		}
	case reflect.Func: // one that returns nothing of use
		v.Set(reflect.MakeFunc(v.Type(), func([]reflect.Value) (results []reflect.Value) {
			for i := range v.Type().NumOut() {
				results = append(results, reflect.Zero(v.Type().Out(i)))
			}
			return results
		}))
	case reflect.String:
		v.SetString(fuzzedStrings[int(d.next())%len(fuzzedStrings)])
	case reflect.Bool:
		v.SetBool(d.few(2))
	case reflect.Int, reflect.Int64:
		v.SetInt(d.number())
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(d.number()) & (1<<v.Type().Bits() - 1))
	default:
		d.t.Fatalf("nothing is known of %s", v.Type())
	}
}

// fillSocket makes a socket, most often one whose required fields are good.
func (d *dice) fillSocket(v reflect.Value) {
	if d.few(16) {
		return // nil
	}
	var socket fuzzedSocket
	d.fill(reflect.ValueOf(&socket).Elem())
	if socket.ID != "" {
		socket.ID = "a" // taken, as often as not; it is no secret, and quoted
	}
	if !d.few(4) {
		d.sockets++
		socket.ID, socket.URL = strconv.Itoa(d.sockets), "wss://interlock.test/a"
		socket.SetID, socket.GetID = func(*string, uint64) {}, func(string) (uint64, bool) { return 0, false }
	}
	v.Set(reflect.ValueOf(socket))
}
