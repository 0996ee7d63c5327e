package configfile_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector/configfile"
)

// serviceOf returns what logs in by a file, on a transport that answers.
func serviceOf(t *testing.T, file string, answer http.HandlerFunc) *authhttp.JSON[configfile.Credentials, configfile.User] {
	t.Helper()
	config, err := parse(t, file, "https://api.example").Config()
	if err != nil {
		t.Fatal(err)
	}
	service := config.Auth.(*authhttp.JSON[configfile.Credentials, configfile.User])
	service.Client = &http.Client{Transport: answering(answer)}
	return service
}

// answering is a transport that a handler answers.
type answering http.HandlerFunc

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	a(recorder, r)
	return recorder.Result(), nil
}

// says is a handler with one answer, of JSON unless it is HTML.
func says(answer string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if strings.HasPrefix(answer, "<") {
			w.Header().Set("Content-Type", "text/html")
		}
		fmt.Fprint(w, answer)
	}
}

func TestLogin(t *testing.T) {
	const start = `http: {base: "${BASE}", login: {url: /login}, refresh: {url: /refresh}, answer: {`
	for _, c := range []struct {
		name, answer, body string
		pair               authhttp.Pair
		user               string
		fault              string // empty: there is none
	}{
		{"T4 as RFC 6749 has it", ``, `{"access_token":"A","refresh_token":"R","expires_in":60,"user":{"id":1}}`, authhttp.Pair{Access: "A", Refresh: "R", Life: time.Minute}, "map[id:1]", ""},
		{"T4 nothing but a token", ``, `{"access_token":"A"}`, authhttp.Pair{Access: "A"}, "<nil>", ""},
		{"T4 nested", `access: /data/token, refresh: /data/0, user: /data/me/name`, `{"data":{"token":"A","0":"R","me":{"name":"ann"}}}`, authhttp.Pair{Access: "A", Refresh: "R"}, "ann", ""},
		{"T4 the first that is there", `access: [/a, /b], user: [/u, ""]`, "\ufeff" + `{"a":null,"b":"B"}`, authhttp.Pair{Access: "B"}, "map[a:<nil> b:B]", ""},
		{"T4 refreshed by the access token", `access: /token, refresh: /token, user: /record`, `{"token":"A","record":1.0}`, authhttp.Pair{Access: "A", Refresh: "A"}, "1.0", ""},
		{"T4 no refresh token", `refresh: none`, `{"access_token":"A","refresh_token":"R"}`, authhttp.Pair{Access: "A"}, "<nil>", ""},
		{"S2 no tokens", `access: none`, `{"user":7}`, authhttp.Pair{}, "7", ""},
		{"T4 milliseconds", `life: {unit: milliseconds}`, `{"access_token":"A","expires_in":1500}`, authhttp.Pair{Access: "A", Life: 1500 * time.Millisecond}, "<nil>", ""},
		{"T4 seconds in a text", `life: {at: /ttl}`, `{"access_token":"A","ttl":"60.5"}`, authhttp.Pair{Access: "A", Life: 60500 * time.Millisecond}, "<nil>", ""},
		{"T4 the end since 1970", `life: {at: /exp, unit: unix}`, `{"access_token":"A","exp":946684860}`, authhttp.Pair{Access: "A", Life: time.Minute}, "<nil>", ""},
		{"T4 the end in milliseconds", `life: {at: /exp, unit: unixMilliseconds}`, `{"access_token":"A","exp":946684860500}`, authhttp.Pair{Access: "A", Life: 60500 * time.Millisecond}, "<nil>", ""},
		{"T4 the end as a date", `life: {at: /exp, unit: date}`, `{"access_token":"A","exp":"2000-01-01T01:01:00+01:00"}`, authhttp.Pair{Access: "A", Life: time.Minute}, "<nil>", ""},
		{"T4 a fixed life", `life: {fixed: 15m}`, `{"access_token":"A"}`, authhttp.Pair{Access: "A", Life: 15 * time.Minute}, "<nil>", ""},
		{"T4 a fixed life beside one that is told", `life: {fixed: 15m}`, `{"access_token":"A","expires_in":60}`, authhttp.Pair{Access: "A", Life: time.Minute}, "<nil>", ""},
		{"T4 the life is in the token alone", `life: {at: none}`, `{"access_token":"A","expires_in":"S3CRET"}`, authhttp.Pair{Access: "A"}, "<nil>", ""},

		{"X4 tokens in another place", ``, `{"error":"S3CRET","code":7}`, authhttp.Pair{}, "", "the answer to login has no token at /access_token; it has the fields /code, /error: set http.answer.access"},
		{"X4 tokens in another place than these", `access: [/a, /b/c]`, `{"b":"S3CRET"}`, authhttp.Pair{}, "", "no token at /a or /b/c; it has the fields /b: set http.answer.access"},
		{"X4 an empty token", ``, `{"access_token":""}`, authhttp.Pair{}, "", "no token at /access_token"},
		{"X4 a token that is a number", ``, `{"access_token":12345}`, authhttp.Pair{}, "", "what is at /access_token is a number, and no token: set http.answer.access"},
		{"X4 a refresh token that is an object", ``, `{"access_token":"A","refresh_token":{"x":"S3CRET"}}`, authhttp.Pair{}, "", "what is at /refresh_token is an object, and no refresh token"},
		{"X4 a list", ``, `["S3CRET"]`, authhttp.Pair{}, "", "no token at /access_token; it is a list of 1"},
		{"X4 a life that is no number", ``, `{"access_token":"A","expires_in":"S3CRET"}`, authhttp.Pair{}, "", "/expires_in: is a text that is not a number of seconds: set http.answer.life"},
		{"X4 a life that is null counts as absent", ``, `{"access_token":"A","expires_in":null}`, authhttp.Pair{Access: "A"}, "<nil>", ""},
		{"X4 a life that is an object", ``, `{"access_token":"A","expires_in":{}}`, authhttp.Pair{}, "", "/expires_in: is an object that is not a number of seconds"},
		{"X4 a life that is negative", ``, `{"access_token":"A","expires_in":-1}`, authhttp.Pair{}, "", "/expires_in: is in the past, or too far off, as a number of seconds"},
		{"X4 a life that is a date", ``, `{"access_token":"A","expires_in":1e400}`, authhttp.Pair{}, "", "/expires_in: is a number that is not a number of seconds"},
		{"X4 an end taken for a life", ``, `{"access_token":"A","expires_in":946684860500}`, authhttp.Pair{}, "", "too far off, as a number of seconds: set http.answer.life.unit"},
		{"X4 an end in the past", `life: {at: /exp, unit: unix}`, `{"access_token":"A","exp":1}`, authhttp.Pair{}, "", "/exp: is in the past"},
		{"X4 a date that is none", `life: {at: /exp, unit: date}`, `{"access_token":"A","exp":"tomorrow"}`, authhttp.Pair{}, "", "/exp: is a text that is not a date of RFC 3339"},
		{"X4 no user where one is to be", `user: /me`, `{"access_token":"A","user":"S3CRET"}`, authhttp.Pair{}, "", "the answer to login has no user at /me; it has the fields /access_token, /user: set http.answer.user"},
		{"X4 HTML", ``, `<html>S3CRET</html>`, authhttp.Pair{}, "", "text/html"},
		{"X4 nothing", ``, ``, authhttp.Pair{}, "", "it is empty"},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // its clock starts at 2000-01-01
				grant, err := serviceOf(t, start+c.answer+"}}", says(c.body)).Login(t.Context(), nil)
				if c.fault != "" {
					outcome := authhttp.ErrRejected // another attempt would be another login
					if !strings.HasPrefix(c.body, "{") && !strings.HasPrefix(c.body, "[") {
						outcome = authhttp.ErrUnavailable
					}
					if !errors.Is(err, outcome) || !strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), "S3CRET") {
						t.Errorf("got %v, want %s", err, c.fault)
					}
					return
				}
				if grant.Pair.Date = (time.Time{}); err != nil || grant.Pair != c.pair || fmt.Sprint(grant.User) != c.user {
					t.Errorf("got %q, %q, %v for %v, %v, want %v for %s", grant.Pair.Access.Reveal(), grant.Pair.Refresh.Reveal(), grant.Pair.Life, grant.User, err, c.pair, c.user)
				}
			})
		})
	}
}

func TestCalls(t *testing.T) {
	const file = `
http:
  base: ${BASE}/api/
  headers: {X-Client: cli}
  token: {header: X-Token, format: "T {{token}}"}
  login: {method: PUT, url: auth, headers: {X-Tenant: "{{credentials/tenant}}"}, body: {user: "{{credentials/name}}", device: {kind: cli, n: 1}}}
  refresh: {url: /renew, headers: {Authorization: "{{refresh}}"}, body: ~}
  loginAs: {url: "users/{{id}}/impersonate?as={{id}}", body: {duration: 0}, answer: {access: /token, user: /record}}
  logout: {method: DELETE, url: sessions, answer: {rejected: {/ok: false}}}
  logoutEverywhere: {url: "sessions/all", body: {by: "{{token}}"}}
  user: {url: me, answer: {rejected: /error}}
  answer: {access: /access, refresh: /refresh, user: /me}
`
	pair := authhttp.Pair{Access: "A1", Refresh: "R1"}
	var asked string
	service := func(answer string) *authhttp.JSON[configfile.Credentials, configfile.User] {
		return serviceOf(t, file, func(w http.ResponseWriter, r *http.Request) {
			var body []byte
			if r.Body != nil {
				body = make([]byte, 1000)
				n, _ := r.Body.Read(body)
				body = body[:n]
			}
			asked = strings.Join([]string{r.Method, r.URL.String(), r.Header.Get("X-Client"), r.Header.Get("X-Token"), r.Header.Get("Authorization"), r.Header.Get("X-Tenant"), string(body)}, "|")
			says(answer)(w, r)
		})
	}
	const answer = `{"access":"A2","refresh":"R2","token":"A3","me":1,"record":2}`
	for _, c := range []struct {
		name  string
		call  func(*authhttp.JSON[configfile.Credentials, configfile.User]) (any, error)
		want  string
		asked string
	}{
		{"S1 login", func(s *authhttp.JSON[configfile.Credentials, configfile.User]) (any, error) {
			grant, err := s.Login(t.Context(), configfile.Credentials{"name": "ann", "tenant": 7})
			return fmt.Sprint(grant.Pair.Access.Reveal(), grant.Pair.Refresh.Reveal(), grant.User), err
		}, "A2R21", `PUT|https://api.example/api/auth|cli|||7|{"device":{"kind":"cli","n":1},"user":"ann"}`},
		{"T5 refresh", func(s *authhttp.JSON[configfile.Credentials, configfile.User]) (any, error) {
			pair, err := s.Refresh(t.Context(), pair)
			return fmt.Sprint(pair.Access.Reveal(), pair.Refresh.Reveal()), err
		}, "A2R2", "POST|https://api.example/renew|cli||R1||"},
		{"S8 login as", func(s *authhttp.JSON[configfile.Credentials, configfile.User]) (any, error) {
			grant, err := s.LoginAs(t.Context(), pair, "x/y &")
			return fmt.Sprint(grant.Pair.Access.Reveal(), grant.User), err
		}, "A32", `POST|https://api.example/api/users/x%2Fy%20&/impersonate?as=x%2Fy+%26|cli|T A1|||{"duration":0}`},
		{"S4 logout", func(s *authhttp.JSON[configfile.Credentials, configfile.User]) (any, error) {
			return "", s.Logout(t.Context(), pair)
		}, "", "DELETE|https://api.example/api/sessions|cli|T A1|||"},
		{"S5 logout everywhere", func(s *authhttp.JSON[configfile.Credentials, configfile.User]) (any, error) {
			return "", s.LogoutEverywhere(t.Context(), pair)
		}, "", `POST|https://api.example/api/sessions/all|cli|T A1|||{"by":"A1"}`},
		{"S6 whose the token is", func(s *authhttp.JSON[configfile.Credentials, configfile.User]) (any, error) {
			grant, err := s.Resume(t.Context(), pair)
			return fmt.Sprint(grant.User), err
		}, "1", "GET|https://api.example/api/me|cli|T A1|||"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.call(service(answer))
			if err != nil || got != c.want {
				t.Errorf("got %v, %v, want %s", got, err, c.want)
			}
			if asked != c.asked {
				t.Errorf("asked %s, want %s", asked, c.asked)
			}
		})
	}
	t.Run("X4 a 200 that says no", func(t *testing.T) {
		if err := service(`{"ok":false,"why":"S3CRET"}`).Logout(t.Context(), pair); !errors.Is(err, authhttp.ErrRejected) || strings.Contains(err.Error(), "S3CRET") {
			t.Errorf("got %v, want rejected", err)
		}
		for _, fine := range []string{"", `{"ok":true}`, "OK"} {
			if err := service(fine).Logout(t.Context(), pair); err != nil {
				t.Errorf("%s: got %v, want nil", fine, err)
			}
		}
		_, err := service(`{"error":1}`).Resume(t.Context(), pair)
		if !errors.Is(err, authhttp.ErrTokenRefused) || !strings.Contains(err.Error(), "the answer says no, by http.user.answer.rejected; it has /error") {
			t.Errorf("got %v, want a refused token", err)
		}
		if _, err = service(`null`).Resume(t.Context(), pair); !errors.Is(err, authhttp.ErrTokenRefused) {
			t.Errorf("got %v for null, want a refused token", err)
		}
	})
	t.Run("S6 the user of a resume, and newer tokens", func(t *testing.T) {
		for _, c := range []struct{ file, answer, want string }{
			{`user: {url: /me}`, `{"id":1,"user":"x"}`, " map[id:1 user:x]"},
			{`user: {url: /me}, answer: {user: /record}`, `{"record":1,"token":"A2"}`, " 1"},
			{`user: {url: /me}, answer: {user: /record}`, `{"id":1}`, " map[id:1]"},
			{`user: {url: /me, answer: {user: /me, access: /token}}`, `{"me":1,"token":"A2"}`, "A2 1"},
			{`user: {url: /me, answer: {user: none}}`, `{"id":1}`, " <nil>"},
			{`user: {url: /me, answer: {user: /me}}`, `{"id":1}`, "the answer to user has no user at /me; it has the fields /id: set http.user.answer.user"},
		} {
			grant, err := serviceOf(t, `http: {base: "${BASE}", login: {url: /login}, `+c.file+`}`, says(c.answer)).Resume(t.Context(), pair)
			if got := grant.Pair.Access.Reveal() + " " + fmt.Sprint(grant.User); err == nil && got != c.want || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s of %s: got %s, %v, want %s", c.file, c.answer, got, err, c.want)
			}
		}
	})
	t.Run("X4 an id that fits no URL", func(t *testing.T) {
		_, err := service(answer).LoginAs(t.Context(), pair, map[string]any{"id": 1})
		if want := "interlock: login as: rejected: http.loginAs.url: {{id}} is an object, which fits into no text: name a field of it"; !errors.Is(err, authhttp.ErrRejected) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
	t.Run("X4 a text that fits no header", func(t *testing.T) {
		_, err := service(answer).Login(t.Context(), configfile.Credentials{"name": "ann", "tenant": "S3CRET\n"})
		if want := "interlock: login: rejected: http.login.headers.X-Tenant: what its placeholders stand for has a line break, or another sign that no header can hold"; !errors.Is(err, authhttp.ErrRejected) || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
}

func TestLoginBodies(t *testing.T) {
	for _, c := range []struct{ name, login, want string }{
		{"S1 the credentials themselves", `{url: /login}`, `application/json {"name":"ann","password":"p\u0026q"}`},
		{"S1 a form", `{url: /login, headers: {Content-Type: application/x-www-form-urlencoded}, body: {username: "{{credentials/name}}", password: "{{credentials/password}}", n: 1}}`,
			"application/x-www-form-urlencoded n=1&password=p%26q&username=ann"},
		{"S1 no body", `{url: /login, body: null}`, " "},
		{"S1 GET has none", `{method: GET, url: /login}`, " "},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			_, err := serviceOf(t, `http: {base: "${BASE}", login: `+c.login+`}`, func(w http.ResponseWriter, r *http.Request) {
				body := make([]byte, 100)
				n, _ := r.Body.Read(body)
				got = r.Header.Get("Content-Type") + " " + string(body[:n])
				says(`{"access_token":"A"}`)(w, r)
			}).Login(t.Context(), configfile.Credentials{"name": "ann", "password": "p&q"})
			if err != nil || got != c.want {
				t.Errorf("got %s, %v, want %s", got, err, c.want)
			}
		})
	}
	t.Run("S1 headers of every call, with two braces", func(t *testing.T) {
		file := parse(t, `http: {base: "https://a.example", headers: {X-Key: "${BASE}"}, login: {url: /login}}`, "a{{b}}")
		if got := file.Header().Get("X-Key"); got != "a{{b}}" {
			t.Errorf("got %s, want a{{b}}", got)
		}
		config, err := file.Config()
		if err != nil {
			t.Fatal(err)
		}
		if got := config.Auth.(*authhttp.JSON[configfile.Credentials, configfile.User]).Header.Get("X-Key"); got != "a{{b}}" {
			t.Errorf("got %s, want a{{b}}", got)
		}
	})
	t.Run("X4 a form of what is no object", func(t *testing.T) {
		for body, want := range map[string]string{`[1]`: "is no object", `{a: [1]}`: "a is a list of 1, which no form can hold"} {
			_, err := serviceOf(t, `http: {base: "${BASE}", login: {url: /login, headers: {Content-Type: application/x-www-form-urlencoded}, body: `+body+`}}`, says("{}")).Login(t.Context(), nil)
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %s", body, err, want)
			}
		}
	})
}
