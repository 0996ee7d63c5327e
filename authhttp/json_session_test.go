package authhttp_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
)

var (
	_ authhttp.Resumer[user]      = (*backend)(nil)
	_ authhttp.Impersonator[user] = (*backend)(nil)
	_ authhttp.Everywhere         = (*backend)(nil)
	_ authhttp.Featured           = (*backend)(nil)
)

// able adds to a backend all that its features need. Resume asks UserURL.
func able(service *backend) *backend {
	service.UserURL = "https://api.test/me?key=" + plain
	service.LoginAsURL = "https://api.test/as?key=" + plain
	service.LogoutEverywhereURL = "https://api.test/everywhere?key=" + plain
	return service
}

// byToken lets Resume log in with the access token for a password.
func byToken(service *backend) *backend {
	service.UserURL = ""
	service.ByToken = func(pair authhttp.Pair) credentials { return credentials{"token", pair.Access.Reveal()} }
	return service
}

// authCalls are all calls of a backend by name, with the older ones.
var authCalls = map[string]func(context.Context, *backend) error{
	"login": func(ctx context.Context, b *backend) error {
		_, err := b.Login(ctx, credentials{Password: plain})
		return err
	},
	"refresh": func(ctx context.Context, b *backend) error { _, err := b.Refresh(ctx, oldPair); return err },
	"logout":  func(ctx context.Context, b *backend) error { return b.Logout(ctx, oldPair) },
	"resume":  func(ctx context.Context, b *backend) error { _, err := b.Resume(ctx, oldPair); return err },
	"resume by token": func(ctx context.Context, b *backend) error {
		_, err := byToken(b).Resume(ctx, oldPair)
		return err
	},
	"login as":          func(ctx context.Context, b *backend) error { _, err := b.LoginAs(ctx, oldPair, 7); return err },
	"logout everywhere": func(ctx context.Context, b *backend) error { return b.LogoutEverywhere(ctx, oldPair) },
}

func TestJSONSessionSends(t *testing.T) {
	const login = `{"access_token":"A","refresh_token":"R","expires_in":60,"user":{"id":7,"name":"Ann"}}`
	ann := user{7, "Ann"}
	granted := authhttp.Grant[user]{Pair: authhttp.Pair{Access: "A", Refresh: "R", Life: time.Minute}, User: ann}
	bearer := "Authorization: Bearer " + oldPair.Access.Reveal()
	for _, c := range []struct {
		name, answer string
		change       func(*backend)
		call         func(*backend) (authhttp.Grant[user], error)
		want         authhttp.Grant[user]
		sent         string // method, path, header, body
	}{
		{"S4 by UserURL", `{"id":7,"name":"Ann"}`, nil, resume, authhttp.Grant[user]{User: ann}, "GET /me " + bearer + " "},
		{"S4 by UserURL, its own reader", `Ann`, func(b *backend) {
			b.UserInfo = func(body []byte) (user, error) { return user{7, string(body)}, nil }
		}, resume, authhttp.Grant[user]{User: ann}, "GET /me " + bearer + " "},
		{"S4 by token", login, func(b *backend) { byToken(b) }, resume, granted, `POST /login  {"login":"token","password":"` + plain + `-a"}`},
		{"S2 by token, no tokens in the answer", `{"user":{"id":7,"name":"Ann"}}`, func(b *backend) { byToken(b) }, resume,
			authhttp.Grant[user]{User: ann}, `POST /login  {"login":"token","password":"` + plain + `-a"}`},
		{"S4 by token, the old refresh token stays", `{"access_token":"A"}`, func(b *backend) { byToken(b) }, resume,
			authhttp.Grant[user]{Pair: authhttp.Pair{Access: "A", Refresh: oldPair.Refresh}}, `POST /login  {"login":"token","password":"` + plain + `-a"}`},
		{"S5 login as", login, nil, loginAs(7), granted, "POST /as " + bearer + ` {"user_id":7}`},
		{"S5 its own body", login, func(b *backend) {
			b.AsBody = func(id any) any { return []any{"as", id} }
		}, loginAs("bob"), granted, "POST /as " + bearer + ` ["as","bob"]`},
		{"S5 answer without tokens", `{"user":{"id":7,"name":"Ann"}}`, nil, loginAs(7), authhttp.Grant[user]{User: ann}, "POST /as " + bearer + ` {"user_id":7}`},
		{"S5 the parent's refresh token is not the child's", `{"access_token":"A"}`, nil, loginAs(7),
			authhttp.Grant[user]{Pair: authhttp.Pair{Access: "A"}}, "POST /as " + bearer + ` {"user_id":7}`},
		{"S6 logout everywhere", ``, nil, everywhere, authhttp.Grant[user]{}, "POST /everywhere " + bearer + " "},
		{"T7 header of another name and format", ``, func(b *backend) {
			b.TokenHeader, b.TokenFormat = "x-auth", func(access string) string { return "t=" + access }
		}, everywhere, authhttp.Grant[user]{}, "POST /everywhere X-Auth: t=" + oldPair.Access.Reveal() + " "},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sent string
			service := able(backendOn(func(req *http.Request) (*http.Response, error) {
				var header string
				for _, name := range []string{"Authorization", "X-Auth"} {
					if value := req.Header.Get(name); value != "" {
						header += name + ": " + value
					}
				}
				var body []byte
				if req.Body != nil {
					body, _ = io.ReadAll(req.Body)
				}
				sent = fmt.Sprintf("%s %s %s %s", req.Method, req.URL.Path, header, body)
				return answer(200, c.answer, nil), nil
			}))
			if c.change != nil {
				c.change(service)
			}
			got, err := c.call(service)
			wantOutcome(t, err, nil)
			if got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			if sent != c.sent {
				t.Errorf("got request %q, want %q", sent, c.sent)
			}
		})
	}
}

func resume(b *backend) (authhttp.Grant[user], error) { return b.Resume(context.Background(), oldPair) }

func loginAs(id any) func(*backend) (authhttp.Grant[user], error) {
	return func(b *backend) (authhttp.Grant[user], error) { return b.LoginAs(context.Background(), oldPair, id) }
}

func everywhere(b *backend) (authhttp.Grant[user], error) {
	return authhttp.Grant[user]{}, b.LogoutEverywhere(context.Background(), oldPair)
}

func TestJSONSessionStatus(t *testing.T) {
	rej, una, ref := authhttp.ErrRejected, authhttp.ErrUnavailable, authhttp.ErrTokenRefused
	for _, c := range []struct {
		status                              int
		resume, byToken, loginAs, logoutAll error
	}{
		{200, nil, nil, nil, nil},
		{302, una, una, una, una},
		{307, una, una, una, una},
		{400, una, ref, rej, rej},
		{401, ref, ref, ref, rej},
		{403, ref, ref, rej, rej},
		{404, una, una, rej, una},
		{408, una, una, una, una},
		{422, una, una, rej, una},
		{425, una, una, una, una},
		{429, una, una, una, una},
		{500, una, una, una, una},
		{503, una, una, una, una},
	} {
		t.Run(fmt.Sprintf("S3 status %d", c.status), func(t *testing.T) {
			for name, want := range map[string]error{
				"resume": c.resume, "resume by token": c.byToken, "login as": c.loginAs, "logout everywhere": c.logoutAll,
			} {
				service := able(answering(c.status, `{"access_token":"A","error":"`+plain+`"}`,
					http.Header{"Retry-After": {"7"}, "Location": {"https://evil.test/?t=" + plain}}))
				err := authCalls[name](t.Context(), service)
				wantOutcome(t, err, want)
				if want == nil {
					continue
				}
				op := strings.TrimSuffix(name, " by token")
				if fault, _ := errors.AsType[*authhttp.Error](err); fault.Op != op || fault.Status != c.status || fault.RetryAfter != 7*time.Second {
					t.Errorf("got %s, %d, %v, want %s, %d, 7s", fault.Op, fault.Status, fault.RetryAfter, op, c.status)
				}
			}
		})
	}
}

func TestJSONSessionAnswers(t *testing.T) {
	rej, una, ref := authhttp.ErrRejected, authhttp.ErrUnavailable, authhttp.ErrTokenRefused
	says := func(err error) func(*backend) {
		return func(b *backend) {
			b.UserInfo = func([]byte) (user, error) { return user{}, fmt.Errorf("%w: %s", err, plain) }
			b.Tokens = func([]byte) (authhttp.Pair, error) { return authhttp.Pair{}, fmt.Errorf("%w: %s", err, plain) }
		}
	}
	for _, c := range []struct {
		name, call, body string
		change           func(*backend)
		want             error
		fault            string
	}{
		{"X4 user is null", "resume", `null`, nil, ref, "the access token was refused: user: null, which is nobody"},
		{"X4 user is of another type", "resume", `{"id":"` + plain + `"}`, nil, una, `field "id": does not fit the type int`},
		{"X4 user is a list", "resume", `["` + plain + `"]`, nil, una, "the whole: does not fit the type user"},
		{"X4 user is HTML", "resume", "<html>" + plain, nil, una, "the user cannot be read from the answer: not JSON at byte 1"},
		{"X4 user is empty", "resume", "", nil, una, "it is empty"},
		{"X4 user is cut short", "resume", `{"name":"` + plain, nil, una, "not JSON at byte"},
		{"X4 user with a byte order mark", "resume", "\ufeff{}", nil, nil, ""},
		{"X4 refresh token only", "login as", `{"refresh_token":"` + plain + `"}`, nil, una, "refresh token but no access token"},
		{"X4 refresh token only by token", "resume by token", `{"refresh_token":"` + plain + `"}`, nil, una, "refresh token but no access token"},
		{"X4 longer than MaxBody", "resume", `{"name":"` + plain + `"}`, func(b *backend) { b.MaxBody = 9 }, una, "longer than MaxBody, 9 bytes"},
		{"S3 reader refuses the token of a resume", "resume", "", says(ref), ref, "the user cannot be read"},
		{"S3 reader rejects a resume", "resume", "", says(rej), rej, "the user cannot be read"},
		{"S3 reader rejects a resume by token", "resume by token", "", says(rej), ref, "the tokens cannot be read"},
		{"S3 reader rejects a login as", "login as", "", says(rej), rej, "the tokens cannot be read"},
		{"S3 reader refuses the token of a login as", "login as", "", says(ref), ref, "the tokens cannot be read"},
		{"S3 reader refuses a token in a login", "login", "", says(ref), rej, "the tokens cannot be read"},
		{"S3 reader refuses a token in a refresh", "refresh", "", says(ref), rej, "the tokens cannot be read"},
		{"S3 reader finds it unavailable", "resume", "", says(una), una, "the user cannot be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			service := able(answering(200, c.body, nil))
			if c.change != nil {
				c.change(service)
			}
			err := authCalls[c.call](t.Context(), service)
			wantOutcome(t, err, c.want)
			if err != nil && !strings.Contains(err.Error(), c.fault) {
				t.Errorf("got %v, want it to contain %q", err, c.fault)
			}
		})
	}
}

// Some calls end before anything is sent.
func TestJSONSessionNotSent(t *testing.T) {
	rej, ref := authhttp.ErrRejected, authhttp.ErrTokenRefused
	broken := authhttp.Pair{Access: plain + "\r\nX: y", Refresh: plain}
	for _, c := range []struct {
		name   string
		change func(*backend)
		call   func(*backend) error
		want   error
		fault  string
	}{
		{"S5 resume is not supported", func(b *backend) { b.UserURL = "" }, calling("resume"), rej, "interlock: resume: not supported by this backend"},
		{"S5 login as is not supported", func(b *backend) { b.LoginAsURL = "" }, calling("login as"), rej, "interlock: login as: not supported by this backend"},
		{"S5 logout everywhere is not supported", func(b *backend) { b.LogoutEverywhereURL = "" }, calling("logout everywhere"), rej,
			"interlock: logout everywhere: not supported by this backend"},
		{"X4 two ways to resume", func(b *backend) { b.ByToken = func(authhttp.Pair) credentials { return credentials{} } }, calling("resume"), rej,
			"ByToken: set beside UserURL"},
		{"X4 UserURL", func(b *backend) { b.UserURL = "://" + plain }, calling("resume"), rej, "UserURL: not an"},
		{"X2 LoginAsURL", func(b *backend) { b.LoginAsURL = "http://api.test/" + plain }, calling("login as"), rej, "LoginAsURL: plain http to api.test"},
		{"X4 LogoutEverywhereURL", func(b *backend) { b.LogoutEverywhereURL = "ftp://" + plain }, calling("logout everywhere"), rej, "LogoutEverywhereURL: not an"},
		{"X4 TokenHeader", func(b *backend) { b.TokenHeader = "X:" }, calling("logout"), rej, "TokenHeader: not the name"},
		{"X4 Header", func(b *backend) { b.Header = http.Header{"X-Key": {plain + "\n"}} }, calling("login"), rej, "rejected: Header: X-Key: has a control"},
		{"X4 id that is no JSON", nil, func(b *backend) error { _, err := b.LoginAs(t.Context(), oldPair, make(chan int)); return err }, rej,
			"the user's id cannot be encoded as JSON"},
		{"X4 resume without a token", nil, func(b *backend) error { _, err := b.Resume(t.Context(), authhttp.Pair{Refresh: plain}); return err }, ref,
			"the pair has no access token"},
		{"X4 resume with a token that fits no header", nil, func(b *backend) error { _, err := b.Resume(t.Context(), broken); return err }, ref,
			"outside visible ASCII"},
		{"X4 login as without a token", nil, func(b *backend) error { _, err := b.LoginAs(t.Context(), authhttp.Pair{}, 7); return err }, ref,
			"the pair has no access token"},
		{"X4 logout with a token that fits no header", nil, func(b *backend) error { return b.Logout(t.Context(), broken) }, rej, "outside visible ASCII"},
		{"X4 logout everywhere without a token", nil, func(b *backend) error { return b.LogoutEverywhere(t.Context(), authhttp.Pair{}) }, rej,
			"the pair has no access token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			service := able(backendOn(func(*http.Request) (*http.Response, error) {
				t.Error("a request was made")
				return nil, io.EOF
			}))
			if c.change != nil {
				c.change(service)
			}
			err := c.call(service)
			wantOutcome(t, err, c.want)
			if !strings.Contains(err.Error(), c.fault) {
				t.Errorf("got %v, want it to contain %q", err, c.fault)
			}
			if got, want := errors.Is(err, authhttp.ErrNotSupported), strings.Contains(c.fault, "not supported"); got != want {
				t.Errorf("errors.Is(%v, ErrNotSupported): got %t, want %t", err, got, want)
			}
		})
	}
}

func calling(name string) func(*backend) error {
	return func(b *backend) error { return authCalls[name](context.Background(), b) }
}

func TestJSONSessionValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*backend)
		fault  string // empty: valid
	}{
		{"S4 by UserURL", nil, ""},
		{"S4 by token", func(b *backend) { byToken(b) }, ""},
		{"X4 two ways to resume", func(b *backend) { b.ByToken = func(authhttp.Pair) credentials { return credentials{} } }, "json: ByToken: set beside UserURL"},
		{"X2 UserURL", func(b *backend) { b.UserURL = "http://api.test/?k=" + plain }, "json: UserURL: plain http to api.test"},
		{"X4 LoginAsURL", func(b *backend) { b.LoginAsURL = "://" + plain }, "json: LoginAsURL: not an"},
		{"X4 LogoutEverywhereURL", func(b *backend) { b.LogoutEverywhereURL = "/" + plain }, "json: LogoutEverywhereURL: not an"},
		{"X4 TokenHeader", func(b *backend) { b.TokenHeader = "X:" + plain }, "json: TokenHeader: not the name"},
		{"X4 Header, its name", func(b *backend) { b.Header = http.Header{"X:" + plain: nil} }, "json: Header: not the name"},
		{"X4 Header, its value", func(b *backend) { b.Header = http.Header{"x-key": {"ok", plain + "\r\n"}} }, "json: Header: X-Key: has a control character"},
		{"X4 Header beyond ASCII", func(b *backend) { b.Header = http.Header{"X-Name": {"Zoë\t"}} }, ""},
		{"X4 Verify", func(b *backend) { b.Verify = &authhttp.Verify{} }, "interlock: verify: Methods: missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			service := able(answering(200, "", nil))
			if c.change != nil {
				c.change(service)
			}
			err := service.Validate()
			if c.fault == "" && err != nil {
				t.Errorf("got %v, want nil", err)
			}
			if c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), plain)) {
				t.Errorf("got %v, want it to contain %q and no secret", err, c.fault)
			}
		})
	}
}

func TestJSONSupports(t *testing.T) {
	full, bare := able(&backend{}), &backend{}
	for feature, name := range map[authhttp.Feature]string{
		authhttp.FeatureResume: "resume", authhttp.FeatureLoginAs: "login as", authhttp.FeatureLogoutEverywhere: "logout everywhere",
	} {
		t.Run("S5 "+name, func(t *testing.T) {
			if !full.Supports(feature) || bare.Supports(feature) {
				t.Errorf("got %t with a URL and %t without, want true and false", full.Supports(feature), bare.Supports(feature))
			}
			if got := feature.String(); got != name {
				t.Errorf("String: got %q, want %q", got, name)
			}
		})
	}
	t.Run("S4 resume by token", func(t *testing.T) {
		if !byToken(&backend{}).Supports(authhttp.FeatureResume) {
			t.Error("got false, want true")
		}
	})
	t.Run("X4 no feature", func(t *testing.T) {
		if got := authhttp.Feature(9); full.Supports(got) || got.String() != "feature 9" {
			t.Errorf("got %t, %q, want false, feature 9", full.Supports(got), got)
		}
	})
}

func TestJSONKeepsSecrets(t *testing.T) {
	for name, call := range authCalls {
		t.Run("F71 no redirect is followed: "+name, func(t *testing.T) {
			var first, other int
			target := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { other++ }))
			defer target.Close()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				first++
				http.Redirect(w, req, target.URL+"/?key="+plain, http.StatusTemporaryRedirect)
			}))
			defer server.Close()
			service := allAt(server.URL)
			service.Client = &http.Client{}
			wantOutcome(t, call(t.Context(), service), authhttp.ErrUnavailable)
			if first != 1 || other != 0 {
				t.Errorf("got %d calls and %d of the redirect's target, want 1 and 0", first, other)
			}
			if service.Client.CheckRedirect != nil {
				t.Error("the client was changed")
			}
		})
		t.Run("F71 error without the query: "+name, func(t *testing.T) {
			server := httptest.NewServer(http.NotFoundHandler())
			server.Close()
			err := call(t.Context(), allAt(server.URL+"/?key="+plain))
			wantOutcome(t, err, authhttp.ErrUnavailable)
			if !strings.Contains(err.Error(), "refused") {
				t.Errorf("got %v, want it to say that the connection was refused", err)
			}
		})
		t.Run("F71 malformed redirect: "+name, func(t *testing.T) {
			service := able(answering(302, "", http.Header{"Location": {"http://[" + plain}}))
			wantOutcome(t, call(t.Context(), service), authhttp.ErrUnavailable)
		})
		t.Run("T4 asks for the current token in a login only: "+name, func(t *testing.T) {
			asked := 0
			source := authhttp.SourceFunc(func(context.Context, authhttp.Generation) (authhttp.Token, error) {
				asked++
				return authhttp.Token{Access: "current"}, nil
			})
			service := able(answering(200, `{"access_token":"A"}`, nil))
			service.Client.Transport = &authhttp.Transport{Source: source, Base: service.Client.Transport}
			wantOutcome(t, call(t.Context(), service), nil)
			want := 0
			if name == "login" {
				want = 1
			}
			if asked != want {
				t.Errorf("the source was asked %d times, want %d", asked, want)
			}
		})
	}
}

func allAt(url string) *backend {
	return &backend{LoginURL: url, RefreshURL: url, LogoutURL: url, UserURL: url, LoginAsURL: url, LogoutEverywhereURL: url}
}
