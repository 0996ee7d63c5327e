package authhttp_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
)

var now = time.Unix(1_700_000_000, 0)

func jwtOf(claims string) authhttp.Secret { return jwtWith(`{"alg":"HS256"}`, claims) }

func jwtWith(header, claims string) authhttp.Secret {
	encode := base64.RawURLEncoding.EncodeToString
	return authhttp.Secret(encode([]byte(header)) + "." + encode([]byte(claims)) + ".c2ln")
}

func TestPairLifetime(t *testing.T) {
	megabyte := `{"exp":1700003600,"junk":"` + strings.Repeat("x", 1<<20) + `"}`
	for _, c := range []struct {
		name  string
		pair  authhttp.Pair
		want  time.Duration
		fault string // part of the error's text
	}{
		{"T2 Life comes first", authhttp.Pair{Access: jwtOf(`{"exp":1}`), Life: time.Minute}, time.Minute, ""},
		{"T2 exp minus iat, on a server an hour ahead", authhttp.Pair{Access: jwtOf(`{"iat":1700003600,"exp":1700007200}`)}, time.Hour, ""},
		{"T2 exp minus now", authhttp.Pair{Access: jwtOf(`{"exp":1700000060}`)}, time.Minute, ""},
		{"S12 exp minus Date", authhttp.Pair{Access: jwtOf(`{"exp":1700000060}`), Date: now.Add(-time.Hour)}, time.Hour + time.Minute, ""},
		{"S12 exp minus iat before Date", authhttp.Pair{Access: jwtOf(`{"iat":1700000000,"exp":1700000060}`), Date: now.Add(time.Hour)}, time.Minute, ""},
		{"S12 Life before Date", authhttp.Pair{Access: "opaque", Life: time.Minute, Date: now.Add(time.Hour)}, time.Minute, ""},
		{"S12 exp past by the local clock alone", authhttp.Pair{Access: jwtOf(`{"exp":1699999999}`), Date: now.Add(-time.Minute)}, 59 * time.Second, ""},
		{"S12 a Date of the year 1", authhttp.Pair{Access: jwtOf(`{"exp":253402300799}`), Date: time.Time{}.Add(1)}, 100 * 365 * 24 * time.Hour, ""},
		{"X4 exp in the past of Date", authhttp.Pair{Access: jwtOf(`{"exp":1700000060}`), Date: now.Add(time.Hour)}, 0, "exp: 2023-11-14T22:14:20Z is in the past"},
		{"T2 iat 0 counts as absent", authhttp.Pair{Access: jwtOf(`{"iat":0,"exp":1700000060}`)}, time.Minute, ""},
		{"T2 at most 100 years", authhttp.Pair{Access: jwtOf(`{"iat":1,"exp":253402300799}`)}, 100 * 365 * 24 * time.Hour, ""},
		{"T9 read without verifying", authhttp.Pair{Access: jwtWith(`{"alg":"none"}`, `{"exp":1700000060}`)}, time.Minute, ""},
		{"T9 unknown alg", authhttp.Pair{Access: jwtWith(`{"alg":"XX1"}`, `{"exp":1700000060}`)}, time.Minute, ""},
		{"T9 subject that is a number", authhttp.Pair{Access: jwtOf(`{"sub":7,"exp":1700000060}`)}, time.Minute, ""},
		{"X4 empty", authhttp.Pair{}, 0, "access token is empty"},
		{"X4 negative Life", authhttp.Pair{Access: "a", Life: -1}, 0, "Life"},
		{"X4 exp in the past", authhttp.Pair{Access: jwtOf(`{"exp":1699999999}`)}, 0, "exp: 2023-11-14T22:13:19Z is in the past"},
		{"T2 exp in the past with iat: the clocks differ", authhttp.Pair{Access: jwtOf(`{"iat":1699990000,"exp":1700000000}`)}, 10000 * time.Second, ""},
		{"X4 exp before iat", authhttp.Pair{Access: jwtOf(`{"iat":1700000200,"exp":1700000100}`)}, 0, "exp: not after iat"},
		{"X4 exp is a text", authhttp.Pair{Access: jwtOf(`{"exp":"soon"}`)}, 0, "exp: not a number"},
		{"X4 exp is huge", authhttp.Pair{Access: jwtOf(`{"exp":1e300}`)}, 0, "exp: out of range"},
		{"X4 iat is negative", authhttp.Pair{Access: jwtOf(`{"exp":1700000060,"iat":-1}`)}, 0, "iat: out of range"},
		{"X4 megabyte of claims", authhttp.Pair{Access: jwtOf(megabyte)}, 0, "more than 65536"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.pair.Lifetime(now)
			if c.fault == "" {
				if err != nil || got != c.want {
					t.Errorf("got %v, %v, want %v", got, err, c.want)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.fault) {
				t.Errorf("got error %v, want one with %q", err, c.fault)
			}
			if errors.Is(err, authhttp.ErrNoLife) {
				t.Errorf("got %v, want another error than ErrNoLife", err)
			}
		})
	}
}

func TestPairLifetimeUnknown(t *testing.T) {
	for name, access := range map[string]authhttp.Secret{
		"opaque":               "opaque",
		"opaque of three":      "v4.local.xyz",
		"F74 JWT without exp":  jwtOf(`{"sub":"u"}`),
		"claims are null":      jwtOf(`null`),
		"claims are a list":    jwtOf(`[1]`),
		"claims are cut short": jwtOf(`{"exp":`),
		"more dots":            jwtOf(`{"exp":1}`) + ".x.y",
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := (authhttp.Pair{Access: access}).Lifetime(now); !errors.Is(err, authhttp.ErrNoLife) {
				t.Errorf("got %v, %v, want ErrNoLife", got, err)
			}
		})
	}
}

func TestPairClock(t *testing.T) {
	const century = 100 * 365 * 24 * time.Hour
	for _, c := range []struct {
		name  string
		pair  authhttp.Pair
		want  time.Duration
		known bool
	}{
		{"S12 Date", authhttp.Pair{Access: "opaque", Date: now.Add(time.Hour)}, time.Hour, true},
		{"S12 Date before iat", authhttp.Pair{Access: jwtOf(`{"iat":1699990000}`), Date: now.Add(-time.Hour)}, -time.Hour, true},
		{"S12 iat", authhttp.Pair{Access: jwtOf(`{"iat":1699999970}`)}, -30 * time.Second, true},
		{"S12 iat is cut to seconds", authhttp.Pair{Access: jwtOf(`{"iat":1700000007.9}`)}, 7 * time.Second, true},
		{"S12 opaque", authhttp.Pair{Access: "opaque"}, 0, false},
		{"S12 no iat", authhttp.Pair{Access: jwtOf(`{"exp":1700000007}`)}, 0, false},
		{"S12 no tokens", authhttp.Pair{}, 0, false},
		{"X4 iat is a text", authhttp.Pair{Access: jwtOf(`{"iat":"now"}`)}, 0, false},
		{"X4 Date of the year 1", authhttp.Pair{Date: time.Time{}.Add(1)}, -century, true},
		{"X4 Date of the year 9999", authhttp.Pair{Date: time.Unix(253402300799, 0)}, century, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, known := c.pair.Clock(now); got != c.want || known != c.known {
				t.Errorf("got %v, %t, want %v, %t", got, known, c.want, c.known)
			}
		})
	}
}

func TestReadClaims(t *testing.T) {
	got, err := authhttp.ReadClaims(jwtOf(`{"sub":"ann","iat":1700000000.9,"exp":1700000060}`))
	want := authhttp.Claims{Subject: "ann", Issued: now.UTC(), Expires: now.Add(time.Minute).UTC()}
	if err != nil || got != want {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	_, err = authhttp.ReadClaims("opaque-" + plain)
	if err == nil || strings.Contains(err.Error(), plain) {
		t.Errorf("got error %v, want one without the token", err)
	}
}
