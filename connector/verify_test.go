package connector_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	jose "github.com/golang-jwt/jwt/v5"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/connectortest"
)

// mint signs a token of these claims, which ends life from now.
func mint(t *testing.T, method jose.SigningMethod, key any, issuer string, life time.Duration) string {
	t.Helper()
	token, err := jose.NewWithClaims(method, jose.MapClaims{
		"iss": issuer, "iat": time.Now().Unix(), "exp": time.Now().Add(life).Unix(),
	}).SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// answering is the answer to a login or a refresh with this token.
func answering(token string) string {
	return fmt.Sprintf(`{"access_token":%q,"refresh_token":"r","user":{"id":1,"name":"ann"}}`, token)
}

// forgeries are access tokens that a login may bring, most of them not to be trusted.
var forgeries = []struct {
	name string
	mint func(t *testing.T, private ed25519.PrivateKey) string
	good bool
}{
	{"signed as pinned", func(t *testing.T, private ed25519.PrivateKey) string {
		return mint(t, jose.SigningMethodEdDSA, private, "us", 10*time.Minute)
	}, true},
	{"signed with the public key as a shared secret", func(t *testing.T, private ed25519.PrivateKey) string {
		return mint(t, jose.SigningMethodHS256, []byte(private.Public().(ed25519.PublicKey)), "us", 10*time.Minute)
	}, false},
	{"not signed", func(t *testing.T, _ ed25519.PrivateKey) string {
		return mint(t, jose.SigningMethodNone, jose.UnsafeAllowNoneSignatureType, "us", 10*time.Minute)
	}, false},
	{"signed with another key", func(t *testing.T, _ ed25519.PrivateKey) string {
		return mint(t, jose.SigningMethodEdDSA, ed25519.NewKeyFromSeed([]byte("another key, 32 bytes as needed.")), "us", 10*time.Minute)
	}, false},
	{"of another issuer", func(t *testing.T, private ed25519.PrivateKey) string {
		return mint(t, jose.SigningMethodEdDSA, private, "them", 10*time.Minute)
	}, false},
	{"past its end", func(t *testing.T, private ed25519.PrivateKey) string {
		return mint(t, jose.SigningMethodEdDSA, private, "us", -time.Hour)
	}, false},
	{"opaque", func(*testing.T, ed25519.PrivateKey) string { return "opaque" }, false},
}

func TestVerify(t *testing.T) {
	private := ed25519.NewKeyFromSeed([]byte("the key of the server, 32 bytes."))
	pinned := func(c *config) {
		c.Auth.(*authhttp.JSON[credentials, user]).Verify = &authhttp.Verify{
			Methods: []string{"EdDSA"}, Issuer: "us",
			Key: func(string) (any, error) { return private.Public(), nil },
		}
	}
	vaulted(t, "T9 the backend's own alg is not one that is pinned", connectortest.Config{}, func(w *world, _ *vault) {
		w.wantForged(w.session.Login(context.Background(), ann))
		if got := w.backend.Counts(); got.Logins != 1 || got.Upgrades != 0 {
			w.t.Errorf("got %+v, want no retry and no socket", got)
		}
		w.wantStored(false)
	}, pinned)
	for _, f := range forgeries {
		vaulted(t, "T9 a login that brings a token "+f.name, connectortest.Config{}, func(w *world, _ *vault) {
			w.script(connectortest.AnswerLogins(1, 200, "application/json", answering(f.mint(w.t, private))))
			err := w.session.Login(context.Background(), ann)
			if !f.good {
				w.wantForged(err)
			} else if err != nil {
				w.t.Errorf("got %v, want logged in", err)
			}
			w.wantStored(f.good)
		}, pinned, noSockets)
		vaulted(t, "T9 a refresh that brings a token "+f.name, connectortest.Config{}, func(w *world, _ *vault) {
			w.script(connectortest.AnswerLogins(1, 200, "application/json", answering(mint(w.t, jose.SigningMethodEdDSA, private, "us", time.Minute))))
			w.login()
			first := w.token()
			synctest.Wait()
			w.script(connectortest.AnswerRefreshes(1, 200, "application/json", answering(f.mint(w.t, private))))
			second, err := w.session.Token(context.Background(), first.Generation)
			if f.good != (err == nil && second.Access != first.Access) {
				w.t.Errorf("got %v and another token: %v, want a new one: %v", err, second.Access != first.Access, f.good)
			}
			if s := w.session.Status(); !s.LoggedIn {
				w.t.Errorf("got %+v, want the session to stay", s)
			}
			if !f.good && w.stored("").Pair.Access != first.Access {
				w.t.Error("got another token stored than the one that was verified")
			}
		}, pinned, noSockets)
	}
}

// wantForged checks the outcome of a login whose token was not to be trusted.
func (w *world) wantForged(err error) {
	w.t.Helper()
	var outcome *connector.LoginError
	if !errors.As(err, &outcome) || outcome.LoggedIn || !errors.Is(err, authhttp.ErrRejected) {
		w.t.Errorf("got %v, want rejected and not logged in", err)
	}
	if token := w.token(); token.Access != "" {
		w.t.Error("got a token given out, want none")
	}
}

// TestSkewedClock shows that what the server's clock says does not matter.
func TestSkewedClock(t *testing.T) {
	for _, skew := range []time.Duration{24 * time.Hour, -24 * time.Hour, 0} {
		for _, life := range []time.Duration{time.Minute, 10 * time.Minute} {
			for _, bare := range []bool{false, true} {
				span := 30 * life
				backend := connectortest.Config{AccessLife: life, ClockSkew: skew, NoExpiresIn: true, NoIssuedAt: bare}
				name := fmt.Sprintf("S12 T2 the server's clock is off by %v, life %v, iat %v", skew, life, !bare)
				vaulted(t, name, backend, func(w *world, _ *vault) {
					check := func(w *world) {
						w.t.Helper()
						if off := (w.session.Status().Clock - skew).Abs(); off > 2*time.Second {
							w.t.Errorf("got the server's clock ahead by %v, want about %v", w.session.Status().Clock, skew)
						}
						got := w.counted(func() {
							for range 120 {
								time.Sleep(span / 120)
								if status := w.me(w.token().Access.Reveal()); status != 200 {
									w.t.Fatalf("got %d for the session's token at %v", status, time.Now())
								}
							}
						})
						// A token is refreshed up to a tenth before it is stale, and seconds are whole.
						stale := life - min(30*time.Second, life/2)
						if most := int(span/(stale*9/10-2*time.Second)) + 1; got.Refreshes > most || got.Refreshes < int(span/life) {
							w.t.Errorf("got %d refreshes in %v, want %d to %d", got.Refreshes, span, span/life, most)
						}
					}
					w.login()
					check(w)
					w.restart()
					time.Sleep(time.Hour)
					if got := w.counted(w.resume); got.Refreshes != 1 || got.Mes != 1 {
						w.t.Errorf("got %+v for a resume, want one refresh and one question", got)
					}
					check(w)
				})
			}
		}
	}
}
