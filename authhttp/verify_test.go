package authhttp_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/custom-app/interlock/authhttp"
)

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// publicPEM is the public key as it is published, and so known to a forger.
func publicPEM(t *testing.T) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&rsaKey().PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func signed(t *testing.T, method jwt.SigningMethod, key any, claims jwt.MapClaims) authhttp.Secret {
	t.Helper()
	token := jwt.NewWithClaims(method, claims)
	token.Header["kid"] = "k1"
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return authhttp.Secret(text)
}

func verifyRS256() *authhttp.Verify {
	return &authhttp.Verify{
		Methods: []string{"RS256"},
		Key: func(kid string) (any, error) {
			if kid != "k1" {
				return nil, errors.New("no key " + kid)
			}
			return &rsaKey().PublicKey, nil
		},
	}
}

func TestVerifyCheck(t *testing.T) {
	claims := func(more jwt.MapClaims) jwt.MapClaims {
		all := jwt.MapClaims{"sub": plain, "exp": now.Add(time.Minute).Unix()}
		for name, value := range more {
			if all[name] = value; value == nil {
				delete(all, name)
			}
		}
		return all
	}
	rs256 := func(more jwt.MapClaims) authhttp.Secret {
		return signed(t, jwt.SigningMethodRS256, rsaKey(), claims(more))
	}
	good := rs256(nil)
	strict := func(v *authhttp.Verify) { v.Issuer, v.Audience = "https://a.test", "app" }
	key := func(key any, err error) func(*authhttp.Verify) {
		return func(v *authhttp.Verify) { v.Key = func(string) (any, error) { return key, err } }
	}
	both := func(v *authhttp.Verify) { v.Methods = []string{"RS256", "HS256"} }
	for _, c := range []struct {
		name   string
		access authhttp.Secret
		change func(*authhttp.Verify)
		fault  string
		is     error
	}{
		{"T9 genuine", good, nil, "", nil},
		{"T9 issuer and audience", rs256(jwt.MapClaims{"iss": "https://a.test", "aud": []string{"web", "app"}}), strict, "", nil},
		{"T9 expired within Leeway", rs256(jwt.MapClaims{"exp": now.Unix() - 5}), func(v *authhttp.Verify) { v.Leeway = 10 * time.Second }, "", nil},
		{"T9 HS256 with the public key", signed(t, jwt.SigningMethodHS256, publicPEM(t), claims(nil)), nil, "alg: not one of Methods", jwt.ErrTokenSignatureInvalid},
		{"T9 HS256 with the public key, both pinned", signed(t, jwt.SigningMethodHS256, publicPEM(t), claims(nil)), both,
			"Key: the key is not one for the alg", jwt.ErrInvalidKeyType},
		{"T9 alg none", signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(nil)), nil, "alg: not one of Methods", jwt.ErrTokenSignatureInvalid},
		{"T9 alg none, with the key for it", signed(t, jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, claims(nil)),
			key(jwt.UnsafeAllowNoneSignatureType, nil), "alg: not one of Methods", jwt.ErrTokenSignatureInvalid},
		{"T9 alg that is not pinned", signed(t, jwt.SigningMethodRS512, rsaKey(), claims(nil)), nil, "alg: not one of Methods", jwt.ErrTokenSignatureInvalid},
		{"T9 alg that does not exist", jwtWith(`{"alg":"XX1"}`, `{"exp":1700000060}`), nil, "alg: not one of Methods", jwt.ErrTokenUnverifiable},
		{"T9 no alg", jwtWith(`null`, `{"exp":1700000060}`), nil, "alg: not one of Methods", jwt.ErrTokenUnverifiable},
		{"T9 changed claims", jwtWith(`{"alg":"RS256","kid":"k1"}`, `{"exp":1700000060}`), nil, "signature", jwt.ErrTokenSignatureInvalid},
		{"F74 no exp", rs256(jwt.MapClaims{"exp": nil}), nil, "exp claim is required", jwt.ErrTokenRequiredClaimMissing},
		{"F74 exp 0", rs256(jwt.MapClaims{"exp": 0}), nil, "exp claim is required", jwt.ErrTokenRequiredClaimMissing},
		{"T9 expired", rs256(jwt.MapClaims{"exp": now.Unix()}), nil, "token is expired", jwt.ErrTokenExpired},
		{"T9 not valid yet", rs256(jwt.MapClaims{"nbf": now.Unix() + 1}), nil, "token is not valid yet", jwt.ErrTokenNotValidYet},
		{"T9 other issuer", rs256(jwt.MapClaims{"iss": plain, "aud": "app"}), strict, "invalid issuer", jwt.ErrTokenInvalidIssuer},
		{"T9 no issuer", rs256(jwt.MapClaims{"aud": "app"}), strict, "iss claim is required", jwt.ErrTokenRequiredClaimMissing},
		{"T9 other audience", rs256(jwt.MapClaims{"iss": "https://a.test", "aud": plain}), strict, "invalid audience", jwt.ErrTokenInvalidAudience},
		{"T9 no audience", rs256(jwt.MapClaims{"iss": "https://a.test"}), strict, "aud claim is required", jwt.ErrTokenRequiredClaimMissing},
		{"T9 Key fails", good, key(nil, fmt.Errorf("%w: %s", errBroken, plain)), "Key: gave no key", errBroken},
		{"T9 Key gives nil", good, key(nil, nil), "Key: the key is not one for the alg", jwt.ErrInvalidKeyType},
		{"T9 Key gives an empty key", signed(t, jwt.SigningMethodHS256, []byte{}, claims(nil)), func(v *authhttp.Verify) {
			v.Methods, v.Key = []string{"HS256"}, func(string) (any, error) { return []byte{}, nil }
		}, "Key: gave no key", jwt.ErrTokenUnverifiable},
		{"X4 opaque", plain, nil, "not a JWT", jwt.ErrTokenMalformed},
		{"X4 empty", "", nil, "not a JWT", jwt.ErrTokenMalformed},
		{"X4 exp is a text", rs256(jwt.MapClaims{"exp": plain}), nil, "exp is invalid", jwt.ErrInvalidType},
		{"X4 exp is huge", rs256(jwt.MapClaims{"exp": 1e17}), nil, "exp: out of range", nil},
		{"X4 megabyte of claims", rs256(jwt.MapClaims{"junk": strings.Repeat("x", 1<<20)}), nil, "more than 65536", nil},
		{"X4 not validated", good, func(v *authhttp.Verify) { *v = authhttp.Verify{} }, "Key: missing", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			verify := verifyRS256()
			if c.change != nil {
				c.change(verify)
			}
			got, err := verify.Check(c.access, now)
			if c.fault == "" {
				if err != nil || got.Subject != plain {
					t.Errorf("got %v, %v, want the subject and no error", got, err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.fault) || strings.Contains(err.Error(), plain) {
				t.Fatalf("got %v, want it to contain %q and no secret", err, c.fault)
			}
			if c.access != "" && strings.Contains(err.Error(), c.access.Reveal()) {
				t.Errorf("the token shows in %v", err)
			}
			if c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("errors.Is(%v, %v): got false, want true", err, c.is)
			}
			if got != (authhttp.Claims{}) {
				t.Errorf("got claims %v beside the error, want none", got)
			}
		})
	}
}

func TestVerifyValidate(t *testing.T) {
	for _, c := range []struct {
		name   string
		verify authhttp.Verify
		faults []string // nil: valid
	}{
		{"T9 valid", *verifyRS256(), nil},
		{"X4 nothing set", authhttp.Verify{}, []string{"Methods: missing", "Key: missing"}},
		{"X4 all else", authhttp.Verify{Methods: []string{"None", "RS1"}, Leeway: -1},
			[]string{"Methods[0]: none", `Methods[1]: "RS1"`, "Key: missing", "Leeway: -1ns"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.verify.Validate()
			if len(c.faults) == 0 && err != nil {
				t.Errorf("got %v, want nil", err)
			}
			for _, fault := range c.faults {
				if err == nil || !strings.Contains(err.Error(), fault) {
					t.Errorf("got %v, want it to contain %q", err, fault)
				}
			}
		})
	}
}

func TestJSONVerify(t *testing.T) {
	valid := signed(t, jwt.SigningMethodRS256, rsaKey(), jwt.MapClaims{"exp": now.Add(time.Minute).Unix()})
	expired := signed(t, jwt.SigningMethodRS256, rsaKey(), jwt.MapClaims{"exp": now.Unix()})
	forged := signed(t, jwt.SigningMethodHS256, publicPEM(t), jwt.MapClaims{"exp": now.Add(time.Minute).Unix()})
	noKey := func(v *authhttp.Verify) {
		v.Key = func(string) (any, error) { return nil, fmt.Errorf("%w: no network", authhttp.ErrUnavailable) }
	}
	rejecting := func(v *authhttp.Verify) {
		v.Key = func(string) (any, error) { return nil, authhttp.ErrRejected }
	}
	rej, una := authhttp.ErrRejected, authhttp.ErrUnavailable
	for _, c := range []struct {
		name                            string
		access                          authhttp.Secret
		change                          func(*authhttp.Verify)
		login, refresh, resume, loginAs error
		is                              error
	}{
		{"T9 valid by the Date of the answer, years before the local clock", valid, nil, nil, nil, nil, nil, nil},
		{"T9 expired", expired, nil, rej, una, una, rej, jwt.ErrTokenExpired},
		{"T9 forged", forged, nil, rej, una, una, rej, jwt.ErrTokenSignatureInvalid},
		{"T9 Key cannot be had now", valid, noKey, una, una, una, una, nil},
		{"T9 Key rejects", valid, rejecting, rej, una, una, rej, nil},
		{"T9 opaque", plain, nil, rej, una, una, rej, jwt.ErrTokenMalformed},
		{"T9 no tokens", "", nil, nil, una, nil, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			service := answering(200, `{"access_token":"`+c.access.Reveal()+`"}`, http.Header{"Date": {now.UTC().Format(http.TimeFormat)}})
			service.LoginAsURL = service.LoginURL
			service.ByToken = func(authhttp.Pair) credentials { return credentials{} }
			service.Verify = verifyRS256()
			if c.change != nil {
				c.change(service.Verify)
			}
			_, login := service.Login(t.Context(), credentials{})
			_, refresh := service.Refresh(t.Context(), oldPair)
			_, resume := service.Resume(t.Context(), oldPair)
			_, loginAs := service.LoginAs(t.Context(), oldPair, 7)
			for _, o := range []struct{ got, want error }{{login, c.login}, {refresh, c.refresh}, {resume, c.resume}, {loginAs, c.loginAs}} {
				wantOutcome(t, o.got, o.want)
				if c.is != nil && !errors.Is(o.got, c.is) {
					t.Errorf("errors.Is(%v, %v): got false, want true", o.got, c.is)
				}
			}
		})
	}
	t.Run("T9 by the local clock without Date", func(t *testing.T) {
		service := answering(200, `{"access_token":"`+valid.Reveal()+`"}`, nil)
		service.Verify = verifyRS256()
		_, err := service.Login(t.Context(), credentials{})
		wantOutcome(t, err, authhttp.ErrRejected) // it expired in 2023
		if want := "interlock: login: rejected: the access token of the answer: verify: token has invalid claims: token is expired (status 200)"; err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	})
	t.Run("T9 without Verify nothing is verified", func(t *testing.T) {
		_, err := answering(200, `{"access_token":"`+forged.Reveal()+`"}`, nil).Login(t.Context(), credentials{})
		wantOutcome(t, err, nil)
	})
}
