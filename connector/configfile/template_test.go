package configfile

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const secret = "S3CRET"

// known are the values of a session.
func known() values {
	return values{
		ofToken: secret, ofUser: decode([]byte(`{"id":7,"name":"ann","tags":["a","b"],"none":null,"admin":true,"key":"S3CRET"}`)),
		ofAnswers: decode([]byte(`{"menu":{"auth":{"client":"c-1"},"subscribe":[{"epoch":"e1"}]}}`)),
	}
}

func TestTemplate(t *testing.T) {
	for _, c := range []struct{ template, want, fault string }{
		{`{id: 1, connect: {token: "{{token}}", name: js}}`, `{"connect":{"name":"js","token":"S3CRET"},"id":1}`, ""},
		{`"{{user/id}}"`, `7`, ""},
		{`"{{ user/id }}"`, `7`, ""},
		{`"user-{{user/id}}/{{user/admin}}"`, `"user-7/true"`, ""},
		{`["{{user/tags}}", "{{user/none}}", "{{user/tags/1}}"]`, `[["a","b"],null,"b"]`, ""},
		{`"{{user}}"`, `{"admin":true,"id":7,"key":"S3CRET","name":"ann","none":null,"tags":["a","b"]}`, ""},
		{`"{{answers/menu/auth/client}} {{answers/menu/subscribe/0/epoch}}"`, `"c-1 e1"`, ""},
		{`[1.5, true, null, "", "<&>", "}}"]`, `[1.5,true,null,"","<&>","}}"]`, ""},
		{`{}`, `{}`, ""},
		{`['{{"{{"}}', 'a{{"{{"}}token}}{{user/id}}']`, `["{{","a{{token}}7"]`, ""},
		{`"{{user/idd}}"`, "", "{{user/idd}}: there is no /idd in the user; it has /admin, /id, /key, /name, /none, /tags"},
		{`"{{user/key/x}}"`, "", "{{user/key/x}}: there is no /key/x in the user; /key is a text"},
		{`"x{{user/tags}}"`, "", "{{user/tags}} is a list of 2, which fits into no text: name a field of it"},
		{`"x{{user/none}}"`, "", "{{user/none}} is null, which fits into no text: name a field of it"},
		{`{a: ["{{user/a}}", "{{user/b}}"]}`, "", "there is no /b in the user"},
		{`"{{refresh}}"`, "", "{{refresh}}: there is no refresh token"},
		{`"{{answers/menu/auth/id}}"`, "", "there is no /menu/auth/id in the answers of earlier sockets; it has /menu/auth/client"},
	} {
		var template Template
		if err := yaml.Unmarshal([]byte(c.template), &template); err != nil {
			t.Errorf("%s: %v", c.template, err)
			continue
		}
		for range 2 { // rendering changes nothing
			got, err := template.message(known())
			if c.fault == "" && (err != nil || got.String() != c.want) || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
				t.Errorf("%s: got %s, %v, want %s%s", c.template, got, err, c.want, c.fault)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error quotes a secret: %v", c.template, err)
			}
		}
	}
}

func TestBracesOfVariables(t *testing.T) {
	t.Run("X4 what a variable holds is no placeholder", func(t *testing.T) {
		text := `http: {login: {url: "http://127.0.0.1/login", headers: {X-Key: "${KEY}"}, body: {password: "${KEY}"}}}`
		file, err := Parse("x.yaml", []byte(text), Options{Env: func(string) (string, bool) { return "a{{token}}{{", true }})
		if err != nil {
			t.Fatal(err)
		}
		body, err := file.HTTP.Login.Body.message(nil)
		if want := `{"password":"a{{token}}{{"}`; err != nil || body.String() != want {
			t.Errorf("got %v, %v, want %s", body, err, want)
		}
		header, err := parsePhrase(file.HTTP.Login.Headers["X-Key"])
		if err != nil {
			t.Fatal(err)
		}
		if got, err := header.render(nil, nil); err != nil || got != "a{{token}}{{" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestTemplateFaults(t *testing.T) {
	for _, c := range []struct{ template, want string }{
		{`"{{token"`, "has {{ without }}; write a placeholder such as {{token}}"},
		{`"{{user/~}}"`, "~ without 0 or 1 after it"},
		{`{"{{token}}": 1}`, "has a placeholder in a name"},
		{`[[{a: "{{x"}]]`, "has {{ without }}"},
	} {
		var template Template
		if err := yaml.Unmarshal([]byte(c.template), &template); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.template, err, c.want)
		}
	}
}

func TestScope(t *testing.T) {
	menu := &Socket{ID: "menu", Auth: &Step{}, Subscribe: []Step{{}, {NoAnswer: true}}}
	login := scope{}.with(ofCredentials)
	later := scope{sockets: map[string]*Socket{"menu": menu, "plain": {ID: "plain"}}}.with(ofToken, ofUser, ofAuth, ofAnswers)
	for _, c := range []struct {
		in                scope
		placeholder, want string
	}{
		{login, "{{credentials/name}}", ""}, {login, "{{credentials}}", ""}, {later, "{{token}}", ""}, {later, "{{auth/client}}", ""},
		{later, "{{answers/menu/auth}}", ""}, {later, "{{answers/menu/auth/a/b}}", ""}, {later, "{{answers/menu/subscribe/0/x}}", ""},
		{login, "{{token}}", "{{token}} is not known here; here there are {{credentials/NAME}}"},
		{login, "{{credential/name}}", "{{credential/name}} stands for nothing; write {{credentials/NAME}}: here there are {{credentials/NAME}}"},
		{scope{}, "{{token}}", "{{token}} is not known here; nothing has placeholders here"},
		{scope{}, "{{x}}", "{{x}} stands for nothing; nothing has placeholders here"},
		{later, "{{token/x}}", "{{token/x}}: the token has no fields; write {{token}}"},
		{later, "{{answers}}", "{{answers}} names no answer"}, {later, "{{answers/menu}}", "names no answer"}, {later, "{{answers/menu/subscribe}}", "names no answer"},
		{later, "{{answers/menus/auth}}", "there is no socket menus of an earlier group; write menu"},
		{later, "{{answers/plain/auth}}", "the socket plain has no answer to auth"},
		{later, "{{answers/menu/subscribe/1}}", "the socket menu has no answer to a subscribe of this number"},
		{later, "{{answers/menu/subscribe/2}}", "no answer to a subscribe of this number"},
		{later, "{{answers/menu/subscribe/x}}", "no answer to a subscribe of this number"},
		{later, "{{answers/menu/ready}}", "ready is neither auth nor subscribe"},
	} {
		parsed, err := parsePhrase(c.placeholder)
		if err != nil {
			t.Errorf("%s: %v", c.placeholder, err)
			continue
		}
		if err = c.in.check(parsed[0].of); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.placeholder, err, c.want)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, seed := range []string{`"{{token}}"`, `{"a":"x{{user/id}}y{{token}}"}`, `["{{","}}"]`, `"{{user/tags/0}}"`, `"{{{{token}}}}"`, `{"{{a}}":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, source []byte) {
		if !json.Valid(source) {
			return
		}
		tree := decode(source)
		compiled, err := compile(tree)
		if err != nil {
			return
		}
		got, err := Template{compiled}.message(known())
		if err != nil {
			if strings.Contains(err.Error(), secret) && !strings.Contains(string(source), secret) {
				t.Errorf("%s: the error quotes a secret: %v", source, err)
			}
			return
		}
		plain := decode(source)
		if want, _ := MakeMessage(plain); !holdsPlaceholder(plain) && !equal(decode(got.text()), decode(want.text())) {
			t.Errorf("%s without placeholders: got %s", source, got)
		}
	})
}
