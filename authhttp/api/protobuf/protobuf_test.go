package protobuf_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/custom-app/interlock/authhttp/api"
	"github.com/custom-app/interlock/authhttp/api/protobuf"
	"github.com/custom-app/interlock/authhttp/errcode"
)

const mediaType = "application/x-protobuf"

// hidden is a text that must not be printed.
const hidden = "S3CRET"

func serve(t *testing.T, handler http.HandlerFunc) *api.API {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &api.API{Base: server.URL, Client: server.Client(), Codec: protobuf.Codec{}}
}

func TestRoundTrip(t *testing.T) {
	var sent http.Header
	a := serve(t, func(w http.ResponseWriter, req *http.Request) {
		sent = req.Header
		w.Header().Set("Content-Type", mediaType)
		_, _ = io.Copy(w, req.Body)
	})
	t.Run("E4 a message comes back", func(t *testing.T) {
		want, err := structpb.NewStruct(map[string]any{"id": 7, "name": "Tea", "tags": []any{"hot", nil, true}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := api.Post[*structpb.Struct](t.Context(), a, "/echo", want)
		if err != nil || !proto.Equal(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
		if sent.Get("Content-Type") != mediaType || sent.Get("Accept") != mediaType {
			t.Errorf("sent Content-Type %q, Accept %q, want %q twice", sent.Get("Content-Type"), sent.Get("Accept"), mediaType)
		}
	})
	t.Run("E4 an empty message has an empty body", func(t *testing.T) {
		got, err := api.Post[*wrapperspb.StringValue](t.Context(), a, "/echo", wrapperspb.String(""))
		if err != nil || got == nil || got.Value != "" {
			t.Errorf("got %v, %v, want the empty message", got, err)
		}
	})
	t.Run("E4 no message either way", func(t *testing.T) {
		if _, err := api.Get[api.None](t.Context(), a, "/echo"); err != nil {
			t.Errorf("got error %v, want none", err)
		}
	})
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name, kind, body string
		status           int
		code             errcode.Code
		want             string
	}{
		{"E4 garbage", mediaType, "\xff" + hidden, 200, errcode.BadAnswer, "*wrapperspb.StringValue"},
		{"E4 HTML", "text/html", "<html>" + hidden, 200, errcode.BadAnswer, `the answer is "text/html", not application/x-protobuf`},
		{"E4 error in JSON", "application/json", `{"error":{"code":"no_beds"}}`, 400, "no_beds", "(status 400)"},
		{"E4 error in JSON in a 200", "application/json", `{"error":{"code":"no_beds"}}`, 200, "no_beds", "(status 200)"},
		{"E4 error in protobuf, unknown", mediaType, "\x0a\x06" + hidden, 404, errcode.NotFound, "(status 404)"},
		{"E4 the name without an x", "application/protobuf", "\x0a\x03Tea", 200, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", c.kind)
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			got, err := api.Get[*wrapperspb.StringValue](t.Context(), a, "/x")
			if errcode.Of(err) != c.code {
				t.Fatalf("got %v, %v, want code %q", got, err, c.code)
			}
			if err == nil {
				if got.Value != "Tea" {
					t.Errorf("got %v, want Tea", got)
				}
				return
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), hidden) {
				t.Errorf("got %v, want it to contain %q and nothing of the body", err, c.want)
			}
		})
	}
}

func TestCodecRefuses(t *testing.T) {
	codec := protobuf.Codec{}
	const neither = "neither a proto.Message nor a pointer to one"
	var none *wrapperspb.StringValue
	var anything any
	for _, c := range []struct {
		name string
		call func() error
		want string
	}{
		{"E4 write no message", func() error { _, err := codec.Marshal(struct{}{}); return err }, "interlock: protobuf: struct {}: not a proto.Message"},
		{"E4 write nil", func() error { _, err := codec.Marshal(nil); return err }, "interlock: protobuf: <nil>: not a proto.Message"},
		{"E4 write a nil message", func() error { _, err := codec.Marshal(none); return err }, "interlock: protobuf: *wrapperspb.StringValue: nil"},
		{"E4 write text that is no UTF-8", func() error { _, err := codec.Marshal(wrapperspb.String("\xff")); return err }, "UTF-8"},
		{"E4 read into no message", func() error { return codec.Unmarshal(nil, &struct{}{}) }, "*struct {}: " + neither},
		{"E4 read into a pointer to none", func() error { return codec.Unmarshal(nil, new(*string)) }, "**string: " + neither},
		{"E4 read into a value", func() error { return codec.Unmarshal(nil, 7) }, "int: " + neither},
		{"E4 read into nil", func() error { return codec.Unmarshal(nil, nil) }, "<nil>: " + neither},
		{"E4 read into an interface", func() error { return codec.Unmarshal(nil, &anything) }, "*interface {}: " + neither},
		{"E4 read into a nil message", func() error { return codec.Unmarshal(nil, none) }, "interlock: protobuf: *wrapperspb.StringValue: nil"},
		{"E4 read into a nil pointer", func() error { return codec.Unmarshal(nil, (**wrapperspb.StringValue)(nil)) }, neither},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.call(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to contain %q", err, c.want)
			}
		})
	}
	t.Run("E4 a message that cannot be read changes nothing", func(t *testing.T) {
		old := wrapperspb.String("old")
		into := old
		if err := codec.Unmarshal([]byte("\xff"), &into); err == nil || into != old {
			t.Errorf("got %v, %v, want the old message and an error", into, err)
		}
	})
	t.Run("E4 read into a message", func(t *testing.T) {
		data, err := codec.Marshal(wrapperspb.Bytes([]byte("Tea")))
		if err != nil {
			t.Fatal(err)
		}
		var got wrapperspb.BytesValue
		if err := codec.Unmarshal(data, &got); err != nil || !bytes.Equal(got.Value, []byte("Tea")) {
			t.Errorf("got %q, %v, want Tea", got.Value, err)
		}
	})
}
