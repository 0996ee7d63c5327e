package connectortest_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector/connectortest"
	"github.com/golang-jwt/jwt/v5"
)

// keys returns the names in an object of JSON, sorted.
func keys(t *testing.T, text string) string {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func claimsOf(t *testing.T, token string) jwt.MapClaims {
	t.Helper()
	claims := jwt.MapClaims{}
	if _, _, err := jwt.NewParser().ParseUnverified(token, claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestWhatAnswersLeaveOut(t *testing.T) {
	const all = "access_token expires_in refresh_token user"
	for _, test := range []struct {
		name           string
		config         connectortest.Config
		login, refresh string // the names in the answers; a refresh of "" is refused
		claims         string
	}{
		{"nothing", plain, all, all, "exp iat jti sub"},
		{"NoExpiresIn", connectortest.Config{NoExpiresIn: true},
			"access_token refresh_token user", "access_token refresh_token user", "exp iat jti sub"},
		{"NoIssuedAt", connectortest.Config{NoIssuedAt: true}, all, all, "exp jti sub"},
		{"FixedRefresh", connectortest.Config{FixedRefresh: true}, all, "access_token expires_in user", "exp iat jti sub"},
		{"NoRefresh", connectortest.Config{NoRefresh: true}, "access_token expires_in user", "", "exp iat jti sub"},
		{"NoRefresh and FixedRefresh", connectortest.Config{NoRefresh: true, FixedRefresh: true},
			"access_token expires_in user", "", "exp iat jti sub"},
	} {
		t.Run(test.name, func(t *testing.T) {
			onBoth(t, test.config, func(t *testing.T, c *client) {
				_, text, _ := c.call("POST", "/login", "", annsLogin)
				if got := keys(t, text); got != test.login {
					t.Errorf("login: got %s, want %s", got, test.login)
				}
				var pair tokens
				if err := json.Unmarshal([]byte(text), &pair); err != nil {
					t.Fatal(err)
				}
				claims, err := json.Marshal(claimsOf(t, pair.Access))
				if err != nil {
					t.Fatal(err)
				}
				if got := keys(t, string(claims)); got != test.claims {
					t.Errorf("claims: got %s, want %s", got, test.claims)
				}
				_, text, _ = c.call("POST", "/login-as", pair.Access, `{"user_id":2}`)
				if got := keys(t, text); got != test.login {
					t.Errorf("login-as: got %s, want %s", got, test.login)
				}
				s := c.open()
				s.send(`{"id":1,"login":` + annsLogin + `}`)
				var answer struct{ Login json.RawMessage }
				if err := json.Unmarshal([]byte(s.next()), &answer); err != nil {
					t.Fatal(err)
				}
				if got := keys(t, string(answer.Login)); got != test.login {
					t.Errorf("login message: got %s, want %s", got, test.login)
				}
				status, text, _ := c.call("POST", "/refresh", "", refreshBody(pair.Refresh))
				if test.refresh == "" && status != http.StatusUnauthorized {
					t.Errorf("refresh: got %d %s, want 401", status, keys(t, text))
				}
				if test.refresh != "" && keys(t, text) != test.refresh {
					t.Errorf("refresh: got %d %s, want %s", status, keys(t, text), test.refresh)
				}
			})
		})
	}
}

func TestFixedRefreshTokenLivesOn(t *testing.T) {
	config := connectortest.Config{FixedRefresh: true, RefreshLife: time.Hour}
	inBubble(t, config, func(t *testing.T, c *client, _ *connectortest.Network) {
		pair := c.logIn()
		for range 3 {
			c.wantWho("ann", c.refresh(pair.Refresh).Access)
		}
		// Refreshing has not made it live longer.
		time.Sleep(time.Hour - time.Millisecond)
		c.refresh(pair.Refresh)
		time.Sleep(time.Millisecond)
		c.wantStatus(401, "POST", "/refresh", "", refreshBody(pair.Refresh))

		pair = c.logIn()
		second := c.refresh(pair.Refresh)
		c.wantStatus(204, "POST", "/logout", second.Access, "")
		c.wantStatus(401, "POST", "/refresh", "", refreshBody(pair.Refresh))
	})
}

func TestClockSkew(t *testing.T) {
	for _, skew := range []time.Duration{0, 7 * time.Hour, -7 * time.Hour, 1500 * time.Millisecond} {
		t.Run(skew.String(), func(t *testing.T) {
			inBubble(t, connectortest.Config{ClockSkew: skew}, func(t *testing.T, c *client, _ *connectortest.Network) {
				there := time.Now().Add(skew)
				want := there.UTC().Format(http.TimeFormat)
				pair := c.logIn()
				for _, path := range []string{"/me", "/ws", "/nowhere"} {
					if _, _, header := c.call("GET", path, pair.Access, ""); header.Get("Date") != want {
						t.Errorf("Date of %s: got %s, want %s", path, header.Get("Date"), want)
					}
				}
				c.script(connectortest.AnswerLogins(1, 200, "", "{}"))
				if _, _, header := c.call("POST", "/login", "", annsLogin); len(header.Values("Date")) != 1 || header.Get("Date") != want {
					t.Errorf("Date of a scripted answer: got %s, want %s", header.Values("Date"), want)
				}
				ws, response, err := c.dialer.DialContext(t.Context(), c.b.WebSocketURL(), nil)
				if err != nil {
					t.Fatal(err)
				}
				defer ws.Close()
				if got := response.Header.Get("Date"); got != want {
					t.Errorf("Date of the upgrade: got %s, want %s", got, want)
				}

				claims := claimsOf(t, pair.Access)
				issued := float64(there.UnixMilli()) / 1000
				if claims["iat"] != issued || claims["exp"] != issued+60 {
					t.Errorf("claims: got %v and %v, want %v and 60 more", claims["iat"], claims["exp"], issued)
				}

				// By its own clock the token lives as long as ever.
				time.Sleep(time.Minute - time.Millisecond)
				c.wantWho("ann", pair.Access)
				time.Sleep(time.Millisecond)
				c.wantWho("", pair.Access)
				c.refresh(pair.Refresh)
			})
		})
	}
}

func TestDateOverLoopback(t *testing.T) {
	c := onLoopback(t, connectortest.Config{ClockSkew: 24 * time.Hour})
	earliest := time.Now().Add(23 * time.Hour)
	_, _, header := c.call("GET", "/me", "", "")
	if got, err := http.ParseTime(header.Get("Date")); err != nil || got.Before(earliest) {
		t.Errorf("Date: got %v, %v, want after %v", got, err, earliest)
	}
}
