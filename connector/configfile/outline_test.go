package configfile_test

import (
	encoding "encoding/json"
	"fmt"
	"testing"

	"github.com/custom-app/interlock/connector/configfile"
)

func TestOutline(t *testing.T) {
	for _, c := range []struct{ name, template, want string }{
		{"placeholders as they are written", `{token: "{{token}}", at: "/{{ user/id }}/x"}`, `{"at":"/{{user/id}}/x","token":"{{token}}"}`},
		{"no secret", `{password: hunter2, pin: 1234, user: {name: ann, apiKey: ["Bearer {{token}}", 5, true, null]}}`,
			`{"password":"…","pin":"…","user":{"apiKey":["…{{token}}","…",true,null],"name":"ann"}}`},
		{"a variable is literal", `{password: "${HIDDEN}", channel: "${OPEN}"}`, `{"channel":"value","password":"…"}`},
		{"numbers and none", `[1, null, ""]`, `[1,null,""]`},
	} {
		t.Run("X1 "+c.name, func(t *testing.T) {
			env := func(string) (string, bool) { return "value", true }
			file, err := configfile.Parse("x.yaml", []byte("http:\n  base: http://127.0.0.1\n  login: {url: login, body: {name: x}}\nsockets:\n  - {id: a, url: ws, subscribe: [{noAnswer: true, send: "+c.template+"}]}\n"), configfile.Options{Env: env})
			if err != nil {
				t.Fatal(err)
			}
			send := file.Sockets[0].Subscribe[0].Send
			got, _ := encoding.Marshal(send.Outline())
			if string(got) != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestURL(t *testing.T) {
	file := configfile.File{HTTP: configfile.HTTP{Base: "https://example.com/api/"}}
	for text, want := range map[string]string{
		"/x": "https://example.com/x", "x/{{id}}": "https://example.com/api/x/{{id}}", "wss://other.example.com/ws": "wss://other.example.com/ws",
	} {
		if got := file.URL(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	if got := new(configfile.File).URL("/x"); got != "/x" {
		t.Errorf("got %s, want what stays relative", got)
	}
}

func TestCredentials(t *testing.T) {
	text := `http: {login: {url: "http://127.0.0.1/{{credentials/realm}}", headers: {X-Key: "{{credentials/key}}"}, body: [{p: "{{credentials/key}} {{credentials/name}}"}]}}`
	file, err := configfile.Parse("x.yaml", []byte(text), configfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(file.Credentials()), "[key name realm]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
