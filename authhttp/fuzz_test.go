package authhttp_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/custom-app/interlock/authhttp"
)

const century = 100 * 365 * 24 * time.Hour

// FuzzClaims reads the claims of any access token: it is read, or refused by one
// error that quotes nothing of it; and it is genuine only when it was signed.
func FuzzClaims(f *testing.F) {
	key := []byte("a key of the backend's, 32 bytes")
	signed, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "ann", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}).SignedString(key)
	if err != nil {
		f.Fatal(err)
	}
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	f.Add(signed)
	f.Add(signed + "x")
	f.Add(part(`{"alg":"none"}`) + "." + part(`{"exp":4102444800,"sub":"ann"}`) + ".")
	for _, claims := range []string{`{"exp":1e300}`, `{"exp":-1}`, `{"exp":"1"}`, `{"exp":null}`, `{"iat":253402300800}`, `{"exp":1,"exp":2}`, `{"sub":7}`, `null`, `[]`, ``} {
		f.Add(part(`{"alg":"HS256"}`) + "." + part(claims) + ".AAAA")
	}
	f.Add("..")
	f.Add("a.b.c.d")
	f.Add(strings.Repeat("A", 70_000))
	verify := authhttp.Verify{Methods: []string{"HS256"}, Key: func(string) (any, error) { return key, nil }}
	f.Fuzz(func(t *testing.T, access string) {
		secret := authhttp.Secret(access)
		claims, err := authhttp.ReadClaims(secret)
		if err != nil {
			wantQuiet(t, err, "interlock: token: ", access)
			if claims != (authhttp.Claims{}) {
				t.Errorf("got %+v beside %v, want nothing", claims, err)
			}
		} else {
			wantClaims(t, access, claims)
		}
		life, err := authhttp.Pair{Access: secret}.Lifetime(now)
		if err != nil {
			wantQuiet(t, err, "interlock: token: ", access)
		} else if life <= 0 || life > century {
			t.Errorf("got the life %v, want one of at most a century", life)
		}
		if ahead, known := (authhttp.Pair{Access: secret}).Clock(now); ahead < -century || ahead > century || known != !claims.Issued.IsZero() {
			t.Errorf("the clock is %v ahead, known %t, of %+v", ahead, known, claims)
		}
		switch genuine, err := verify.Check(secret, now); {
		case err != nil:
			wantQuiet(t, err, "interlock: ", access)
		case genuine != claims || claims.Expires.IsZero():
			t.Errorf("verified %+v, read %+v", genuine, claims)
		}
	})
}

// wantQuiet holds that an error is the one that was asked for, and quotes none of
// the secrets.
func wantQuiet(t *testing.T, err error, prefix string, secrets ...string) {
	t.Helper()
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v %#v", err, err)} {
		for _, secret := range secrets {
			if len(secret) >= 12 && strings.ContainsAny(secret, "0123456789") && strings.Contains(text, secret) { // others are words of the error's own
				t.Errorf("%q shows in %s", secret, text)
			}
		}
	}
	if !strings.HasPrefix(err.Error(), prefix) || strings.Contains(err.Error(), "panic") {
		t.Errorf("got %q, want it to begin with %q", err, prefix)
	}
}

// wantClaims reads the claims as plainly as they can be read.
func wantClaims(t *testing.T, access string, got authhttp.Claims) {
	t.Helper()
	parts := strings.Split(access, ".")
	var claims map[string]any
	body, err := base64.RawURLEncoding.DecodeString(parts[min(1, len(parts)-1)])
	if len(parts) != 3 || err != nil || json.Unmarshal(body, &claims) != nil {
		t.Fatalf("%q is no JWT, and yet has %+v", access, got)
	}
	date := func(name string) (at time.Time) {
		if seconds, _ := claims[name].(float64); seconds != 0 {
			at = time.Unix(int64(seconds), 0).UTC()
		}
		return at
	}
	subject, _ := claims["sub"].(string)
	if want := (authhttp.Claims{Subject: subject, Expires: date("exp"), Issued: date("iat")}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got.Expires.Year() > 9999 || got.Issued.Year() > 9999 {
		t.Errorf("got %+v, want dates that can be written", got)
	}
}

// FuzzAnswer lets a backend answer every call of the JSON service with anything:
// it succeeds, or fails with one outcome and an error that quotes nothing.
func FuzzAnswer(f *testing.F) {
	const good = `{"access_token":"access-token-1","refresh_token":"refresh-token-1","expires_in":60,"user":{"id":7,"name":"ann"}}`
	for _, body := range []string{
		good, "\ufeff" + good, good[:len(good)-1], good + good, "", "null", "[]", "{}", `{"user":null}`, `"` + plain + `"`, "<html>" + plain + "</html>",
		`{"refresh_token":"refresh-token-1"}`, `{"access_token":7}`, `{"access_token":"line\nbreak in a token"}`,
		`{"access_token":"access-token-1","expires_in":-1}`, `{"access_token":"access-token-1","expires_in":1e300}`, `{"access_token":"access-token-1","expires_in":"60"}`,
		`{"access_token":"access-token-1","user":{"id":"` + plain + `"}}`, strings.Repeat("[", 10_001), `{"access_token":"\ud800 half a pair"}`,
	} {
		f.Add(uint16(200), "application/json", body)
	}
	f.Add(uint16(200), "text/html; charset="+plain, "<html>"+plain+"</html>")
	for _, status := range []uint16{100, 101, 204, 301, 400, 401, 403, 408, 409, 429, 500, 503, 999} {
		f.Add(status, "120", good)
	}
	f.Add(uint16(307), "https://elsewhere.test/"+plain, good)
	f.Add(uint16(503), "Wed, 21 Oct 2015 07:28:00 GMT", plain)
	f.Add(uint16(429), "99999999999999999999", plain)
	f.Fuzz(func(t *testing.T, code uint16, header, body string) {
		status := 100 + int(code)%900
		service := answering(status, body, http.Header{"Content-Type": {header}, "Date": {header}, "Retry-After": {header}, "Location": {header}})
		service.UserURL, service.LoginAsURL, service.LogoutEverywhereURL = "https://api.test/user", "https://api.test/as", "https://api.test/everywhere"
		secrets := append(stringsIn(body), body, plain)
		if kind, _, _ := mime.ParseMediaType(header); kind != strings.ToLower(header) {
			secrets = append(secrets, header) // a media type alone is quoted
		}
		for _, call := range calls(t, service) {
			if call.err == nil {
				wantUsable(t, status, call.pair)
				continue
			}
			wantQuiet(t, call.err, "interlock: "+call.op+": ", secrets...)
			wantFailed(t, status, call.err)
			if call.pair != (authhttp.Pair{}) {
				t.Errorf("%s: got %v beside %v, want no tokens", call.op, call.pair, call.err)
			}
		}
	})
}

// made is a call of a service, and what came of it.
type made struct {
	op   string
	pair authhttp.Pair
	err  error
}

// calls makes every call of a service.
func calls(t *testing.T, service *backend) []made {
	login, err := service.Login(t.Context(), credentials{"ann", "pw"})
	all := []made{{"login", login.Pair, err}}
	pair, err := service.Refresh(t.Context(), oldPair)
	all = append(all, made{"refresh", pair, err})
	if err == nil && pair.Access == "" {
		t.Error("refreshed, and there is no access token")
	}
	resumed, err := service.Resume(t.Context(), oldPair)
	all = append(all, made{"resume", resumed.Pair, err})
	as, err := service.LoginAs(t.Context(), oldPair, 7)
	all = append(all, made{"login as", as.Pair, err})
	all = append(all, made{"logout", authhttp.Pair{}, service.Logout(t.Context(), oldPair)})
	return append(all, made{"logout everywhere", authhttp.Pair{}, service.LogoutEverywhere(t.Context(), oldPair)})
}

// wantUsable holds that tokens can be sent, and their life be reckoned with.
func wantUsable(t *testing.T, status int, pair authhttp.Pair) {
	t.Helper()
	visible := !strings.ContainsFunc(pair.Access.Reveal(), func(r rune) bool { return r < ' ' || r > '~' })
	if status < 200 || status > 299 || !visible || len(pair.Access) > 64<<10 || pair.Life < 0 || pair.Life > century || pair.Access == "" && pair != (authhttp.Pair{}) {
		t.Errorf("status %d gives the access token %q, which lives %v", status, pair.Access.Reveal(), pair.Life)
	}
}

// wantFailed holds that a failure has one outcome, and what else it says is true.
func wantFailed(t *testing.T, status int, err error) {
	t.Helper()
	var typed *authhttp.Error
	if !errors.As(err, &typed) || typed.Status != 0 && typed.Status != status || typed.RetryAfter < 0 {
		t.Fatalf("got %#v of status %d", err, status)
	}
	outcomes := 0
	for _, outcome := range []error{authhttp.ErrRejected, authhttp.ErrUnavailable, authhttp.ErrTokenRefused} {
		if errors.Is(err, outcome) {
			outcomes++
		}
	}
	if outcomes != 1 {
		t.Errorf("%v has %d outcomes, want one", err, outcomes)
	}
}

// stringsIn returns the strings of a JSON text, keys included.
func stringsIn(body string) (all []string) {
	decoder := json.NewDecoder(bytes.NewReader([]byte(strings.TrimPrefix(body, "\ufeff"))))
	for {
		token, err := decoder.Token()
		if err != nil {
			return all
		}
		if s, ok := token.(string); ok {
			all = append(all, s)
		}
	}
}
