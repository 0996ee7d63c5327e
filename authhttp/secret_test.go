package authhttp_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/custom-app/interlock/authhttp"
)

const plain = "s3cr3t-t0ken"

func TestSecretRedactsItself(t *testing.T) {
	secret := authhttp.Secret(plain)
	pair := authhttp.Pair{Access: secret, Refresh: secret}
	nested := struct {
		Pair  authhttp.Pair
		Ptr   *authhttp.Secret
		Slice []authhttp.Secret
		Map   map[string]any
	}{pair, &secret, []authhttp.Secret{secret}, map[string]any{"k": secret}}

	check := func(t *testing.T, got string) {
		t.Helper()
		hexed := fmt.Sprintf("%x", plain)
		if strings.Contains(got, plain) || strings.Contains(strings.ToLower(got), hexed) {
			t.Errorf("the secret shows: got %s", got)
		}
		if !strings.Contains(got, "[secret]") {
			t.Errorf("got %s, want it to contain [secret]", got)
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%c", "%U", "%t", "%e", "%b", "%o", "%z", "%10s", "%.3s"} {
		t.Run("F72 "+verb, func(t *testing.T) {
			check(t, fmt.Sprintf(verb, secret))
			check(t, fmt.Sprintf(verb, &secret))
			check(t, fmt.Sprintf(verb, pair))
			check(t, fmt.Sprintf(verb, nested.Slice))
			check(t, fmt.Sprintf(verb, map[authhttp.Secret]any{secret: secret}))
			check(t, fmt.Sprintf(verb, nested))
		})
	}
	t.Run("F72 extra argument", func(t *testing.T) {
		format := strings.Clone("no verb") // no constant, which go vet would refuse
		check(t, fmt.Sprintf(format, secret))
	})
	t.Run("F72 print and concatenation", func(t *testing.T) {
		check(t, fmt.Sprint(secret))
		check(t, fmt.Sprintln(nested))
		check(t, secret.GoString())
	})
	t.Run("F72 json", func(t *testing.T) {
		got, err := json.Marshal(nested)
		if err != nil {
			t.Fatal(err)
		}
		check(t, string(got))
	})
	t.Run("F72 xml", func(t *testing.T) {
		got, err := xml.Marshal(pair)
		if err != nil {
			t.Fatal(err)
		}
		check(t, string(got))
	})
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
	} {
		t.Run("F72 slog "+name, func(t *testing.T) {
			for _, value := range []any{secret, pair, nested, authhttp.Token{Access: secret}} {
				var out bytes.Buffer
				slog.New(handler(&out)).Info("m", "k", value)
				check(t, out.String())
			}
		})
	}
}

func TestSecretKeepsItsText(t *testing.T) {
	var pair authhttp.Pair
	if err := json.Unmarshal([]byte(`{"Access":"`+plain+`"}`), &pair); err != nil {
		t.Fatal(err)
	}
	if got := pair.Access.Reveal(); got != plain {
		t.Errorf("Reveal after decoding: got %q, want %q", got, plain)
	}
	if got := fmt.Sprintf("%v|%s", pair.Refresh, pair.Refresh.LogValue()); got != "|" {
		t.Errorf("the empty secret: got %q, want %q", got, "|")
	}
}
