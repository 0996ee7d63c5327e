package authhttp_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/custom-app/interlock/authhttp"
)

var (
	_ authhttp.Store = (*authhttp.MemoryStore)(nil)
	_ authhttp.Store = authhttp.FileStore{}
)

var stored = authhttp.Stored{
	Pair:     authhttp.Pair{Access: plain + "-a", Refresh: plain + "-r", Life: time.Hour, Date: now.UTC()},
	Received: now.Add(time.Nanosecond).UTC(),
	Clock:    -3 * time.Minute,
}

const maxStored = 256 << 10

// wantStoreError checks that err is the one wanted and shows no secret.
func wantStoreError(t *testing.T, err, want error, parts ...string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
	if err == nil {
		return
	}
	for _, part := range append(parts, "interlock: store: ") {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("got error %v, want it to contain %q", err, part)
		}
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if text := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(text, plain) {
			t.Errorf("a secret shows in %s", text)
		}
	}
}

// wantText checks that the account has the text, or nothing if it is empty.
func wantText(t *testing.T, store authhttp.Store, account string, want authhttp.Secret) {
	t.Helper()
	got, err := store.Load(t.Context(), account)
	if want == "" {
		wantStoreError(t, err, authhttp.ErrNothingStored)
	} else if err != nil {
		t.Fatalf("Load of %.20q: got error %v, want none", account, err)
	}
	if got != want {
		t.Errorf("Load of %.20q: got %.40q, want %.40q", account, got.Reveal(), want.Reveal())
	}
}

func save(t *testing.T, store authhttp.Store, account string, content authhttp.Secret) {
	t.Helper()
	if err := store.Save(t.Context(), account, content); err != nil {
		t.Fatalf("Save: got error %v, want none", err)
	}
}

func TestStoredRoundTrip(t *testing.T) {
	for _, c := range []struct {
		name, account string
		stored        authhttp.Stored
	}{
		{"T1 whole", "ann", stored},
		{"T1 access token only", "", authhttp.Stored{Pair: authhttp.Pair{Access: "A"}}},
		{"T1 account of any bytes", "\xff\x00\"\u2028\U0001F600", stored},
		{"T1 tokens that JSON escapes", "ann", authhttp.Stored{Pair: authhttp.Pair{Access: `<&>"\ `, Refresh: "é\u2028\x00"}}},
		{"T1 local time", "ann", authhttp.Stored{Pair: authhttp.Pair{Access: "A"}, Received: now.In(time.FixedZone("", 3600))}},
		{"T1 largest access token", "ann", authhttp.Stored{Pair: authhttp.Pair{Access: authhttp.Secret(strings.Repeat("x", 64<<10))}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := c.stored.Encode(c.account)
			got, err := authhttp.DecodeStored(c.account, text)
			want := c.stored
			want.Received = want.Received.UTC()
			if err != nil || got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
			if again := got.Encode(c.account); again != text {
				t.Errorf("encoded again: got %q, want %q", again.Reveal(), text.Reveal())
			}
		})
	}
	t.Run("T1 a date that cannot be written is unknown", func(t *testing.T) {
		late := stored
		late.Received = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
		got, err := authhttp.DecodeStored("ann", late.Encode("ann"))
		if err != nil || !got.Received.IsZero() || got.Pair != late.Pair {
			t.Errorf("got %+v, %v, want the same pair with a zero Received", got, err)
		}
	})
}

func TestDecodeStoredRefuses(t *testing.T) {
	good := stored.Encode("ann").Reveal()
	// swap changes the one place in a good text that reads old.
	swap := func(old, new string) string {
		if strings.Count(good, old) != 1 {
			t.Fatalf("%s is not once in %s", old, good)
		}
		return strings.Replace(good, old, new, 1)
	}
	with := func(change func(*authhttp.Stored)) string {
		changed := stored
		change(&changed)
		return changed.Encode("ann").Reveal()
	}
	for _, c := range []struct{ name, content, fault string }{
		{"X4 empty", "", "not a JSON object"},
		{"X4 garbage", plain + "\x00\xff", "not a JSON object"},
		{"X4 null", "null", "version: missing"},
		{"X4 list", `["` + plain + `"]`, "not a JSON object"},
		{"X4 deep", strings.Repeat(`{"a":`, 20000), "not a JSON object"},
		{"X4 trailing data", good + plain, "not a JSON object"},
		{"X4 trailing text", good + good, "not a JSON object"},
		{"X4 trailing line break", good + "\n", "not as it was written"},
		{"X4 leading mark of byte order", "\ufeff" + good, "not a JSON object"},
		{"X4 unknown field", swap(`{`, `{"`+plain+`":1,`), "not as it was written"},
		{"X4 doubled field", swap(`{`, `{"access_token":"B",`), "not as it was written"},
		{"X4 field in other case", swap(`"access_token"`, `"Access_Token"`), "access_token: missing"},
		{"X4 escaped otherwise", swap(plain+"-a", `\u0041`), "not as it was written"},
		{"X4 no version", swap(`"version":1,`, ``), "version: missing"},
		{"X4 later version", swap(`"version":1`, `"version":2`), "version: not 1"},
		{"X4 version of another shape", `{"version":2,"access_token":["` + plain + `"]}`, "version: not 1"},
		{"X4 version is a text", swap(`"version":1`, `"version":"`+plain+`"`), "version: of another type"},
		{"X1 another account", stored.Encode("Ann").Reveal(), "account: another one"},
		{"X1 another account of bytes", stored.Encode("\xff").Reveal(), "account: another one"},
		{"X4 no access token", with(func(s *authhttp.Stored) { s.Pair.Access = "" }), "access_token: empty"},
		{"X4 access token is null", swap(`"`+plain+`-a"`, `null`), "access_token: empty"},
		{"X4 access token is a list", swap(`"`+plain+`-a"`, `["`+plain+`"]`), "access_token: of another type"},
		{"X4 line break in the access token", with(func(s *authhttp.Stored) { s.Pair.Access = plain + "\r\nX: y" }), "access_token: fits no header"},
		{"X4 access token is not UTF-8", with(func(s *authhttp.Stored) { s.Pair.Access = plain + "\xff" }), "access_token: fits no header"},
		{"X4 refresh token is missing", swap(`"refresh_token":"`+plain+`-r",`, ``), "refresh_token: missing"},
		{"X4 refresh token is a number", swap(`"`+plain+`-r"`, `5`), "refresh_token: of another type"},
		{"X4 refresh token is not UTF-8", with(func(s *authhttp.Stored) { s.Pair.Refresh = plain + "\xff" }), "refresh_token: was not UTF-8"},
		{"X4 negative life", with(func(s *authhttp.Stored) { s.Pair.Life = -1 }), "life_ns: negative"},
		{"X4 huge life", swap(`3600000000000`, `1e300`), "life_ns: of another type or out of range"},
		{"X4 life is a fraction", swap(`3600000000000`, `0.5`), "life_ns: of another type"},
		{"X4 date is a text", swap(now.UTC().Format(time.RFC3339), plain), "date: of another type"},
		{"X4 received is a text", swap(stored.Received.Format(time.RFC3339Nano), plain), "received: of another type"},
		{"X4 received in another zone", swap(`000000001Z`, `000000001+00:00`), "not as it was written"},
		{"X4 clock is a text", swap(`-180000000000`, `"`+plain+`"`), "clock_ns: of another type"},
		{"X4 longer than 256 KiB", with(func(s *authhttp.Stored) { s.Pair.Refresh = authhttp.Secret(strings.Repeat("x", maxStored)) }), "longer than 262144 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := authhttp.DecodeStored("ann", authhttp.Secret(c.content))
			wantStoreError(t, err, authhttp.ErrUnusable, c.fault)
			if got != (authhttp.Stored{}) {
				t.Errorf("got something beside the error")
			}
		})
	}
	t.Run("X4 half-written", func(t *testing.T) {
		for i := range good {
			_, err := authhttp.DecodeStored("ann", authhttp.Secret(good[:i]))
			wantStoreError(t, err, authhttp.ErrUnusable)
		}
	})
}

// stores are the stores that the contract holds for.
var stores = map[string]func(*testing.T) authhttp.Store{
	"memory": func(*testing.T) authhttp.Store { return new(authhttp.MemoryStore) },
	"file":   func(t *testing.T) authhttp.Store { return authhttp.FileStore{Dir: t.TempDir() + "/missing/[a-z]*"} },
}

// accounts must not get in each other's way, on any file system.
var accounts = []string{
	"", "ann", "Ann", "ANN", "a/b", `a\b`, "a", "b", "../x", "..", ".", "/etc/passwd", "C:\\x", "nul", "a\x00", "a\x00b",
	"\xff", "\xfe", "\ufffd", " ann", "ann ", "é", "e\u0301", "*", strings.Repeat("long", 1<<16), strings.Repeat("long", 1<<16) + "r",
}

func TestStoreContract(t *testing.T) {
	for kind, empty := range stores {
		t.Run("T1 "+kind+" keeps each account", func(t *testing.T) {
			store := empty(t)
			text := func(i int) authhttp.Secret { return authhttp.Secret(fmt.Sprintf("%s-%d", plain, i)) }
			for _, account := range accounts {
				wantText(t, store, account, "")
			}
			for i, account := range accounts {
				save(t, store, account, text(i))
			}
			for i, account := range accounts {
				wantText(t, store, account, text(i))
				save(t, store, account, text(i+100))
				wantText(t, store, account, text(i+100))
			}
			for i, account := range accounts {
				wantText(t, store, account, text(i+100))
				for range 2 {
					if err := store.Drop(t.Context(), account); err != nil {
						t.Fatalf("Drop: got error %v, want none", err)
					}
				}
				wantText(t, store, account, "")
			}
		})
		t.Run("T1 "+kind+" drops before anything is saved", func(t *testing.T) {
			wantStoreError(t, empty(t).Drop(t.Context(), "ann"), nil)
		})
		t.Run("X4 "+kind+" takes up to 256 KiB", func(t *testing.T) {
			store, largest := empty(t), authhttp.Secret(strings.Repeat("x", maxStored))
			save(t, store, "ann", largest)
			if err := store.Save(t.Context(), "ann", largest+"x"); err == nil || !strings.Contains(err.Error(), "longer than 262144 bytes") {
				t.Errorf("got error %v, want one of the length", err)
			}
			wantText(t, store, "ann", largest)
		})
		t.Run("X4 "+kind+" with a context that has ended", func(t *testing.T) {
			store := empty(t)
			save(t, store, "ann", plain)
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			_, err := store.Load(ctx, "ann")
			wantStoreError(t, err, context.Canceled)
			wantStoreError(t, store.Save(ctx, "ann", plain+"-new"), context.Canceled)
			wantStoreError(t, store.Drop(ctx, "ann"), context.Canceled)
			wantText(t, store, "ann", plain)
		})
		t.Run("T1 "+kind+" shows many goroutines whole texts", func(t *testing.T) { wantWhole(t, empty(t)) })
		t.Run("X1 "+kind+" shows no secret", func(t *testing.T) {
			store := empty(t)
			save(t, store, "ann", plain)
			wantHidden(t, store)
			wantHidden(t, &struct{ store authhttp.Store }{store})
		})
	}
}

// wantWhole lets goroutines save, load and drop at once.
func wantWhole(t *testing.T, store authhttp.Store) {
	const savers, rounds = 8, 10
	texts := map[authhttp.Secret]bool{}
	text := func(i int) authhttp.Secret { return authhttp.Secret(strings.Repeat(string(rune('a'+i)), 10000*(i+1))) }
	for i := range savers {
		texts[text(i)] = true
	}
	var wait sync.WaitGroup
	for i := range savers {
		wait.Go(func() {
			for range rounds {
				if err := store.Save(t.Context(), "ann", text(i)); err != nil {
					t.Errorf("Save: got error %v, want none", err)
				}
			}
		})
		wait.Go(func() {
			for range rounds {
				got, err := store.Load(t.Context(), "ann")
				if !errors.Is(err, authhttp.ErrNothingStored) && (err != nil || !texts[got]) {
					t.Errorf("Load: got %d bytes, %v, want one of the texts", len(got), err)
				}
			}
		})
	}
	wait.Go(func() {
		for range rounds {
			if err := store.Drop(t.Context(), "ann"); err != nil {
				t.Errorf("Drop: got error %v, want none", err)
			}
		}
	})
	wait.Wait()
	save(t, store, "ann", plain)
	wantText(t, store, "ann", plain)
}

// wantHidden prints a value in every way that could show what is in it.
func wantHidden(t *testing.T, value any) {
	t.Helper()
	var logged bytes.Buffer
	slog.New(slog.NewTextHandler(&logged, nil)).Info("m", "k", value)
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("m", "k", value)
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	printed := []string{logged.String(), string(encoded)}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		printed = append(printed, fmt.Sprintf(verb, value))
	}
	hexed := fmt.Sprintf("%x", plain)
	for _, text := range printed {
		if strings.Contains(text, plain) || strings.Contains(text, hexed) {
			t.Errorf("the secret shows: got %s", text)
		}
	}
}

func TestStoredShowsNoSecret(t *testing.T) {
	t.Run("X1 stored", func(t *testing.T) {
		wantHidden(t, stored)
		wantHidden(t, &stored)
		wantHidden(t, stored.Encode("ann"))
	})
	t.Run("X1 memory within another value", func(t *testing.T) {
		var holder struct {
			store  authhttp.MemoryStore
			Public authhttp.MemoryStore
		}
		save(t, &holder.store, "ann", plain)
		save(t, &holder.Public, "ann", plain)
		wantHidden(t, &holder)
	})
	t.Run("X1 memory says what it is", func(t *testing.T) {
		if got := fmt.Sprintf("%v|%#v", new(authhttp.MemoryStore), (*authhttp.MemoryStore)(nil)); got != "MemoryStore|MemoryStore" {
			t.Errorf("got %s, want MemoryStore|MemoryStore", got)
		}
	})
}

func FuzzDecodeStored(f *testing.F) {
	good := stored.Encode("ann").Reveal()
	for _, content := range []string{
		good, good[:len(good)-1], good + " ", "", "null", "{}", `{"version":1}`, strings.Replace(good, "1", "2", 1),
		strings.Replace(good, "-a", `\r\n`, 1), strings.Replace(good, "{", `{"access_token":"A",`, 1),
	} {
		f.Add("ann", content)
	}
	f.Add("\xff", stored.Encode("\xff").Reveal())
	f.Fuzz(func(t *testing.T, account, content string) {
		got, err := authhttp.DecodeStored(account, authhttp.Secret(content))
		if err != nil {
			if !errors.Is(err, authhttp.ErrUnusable) || got != (authhttp.Stored{}) {
				t.Errorf("got %+v, %v, want nothing and ErrUnusable", got, err)
			}
			return
		}
		if again := got.Encode(account).Reveal(); again != content {
			t.Errorf("encoded again: got %q, want %q", again, content)
		}
		if got.Pair.Access == "" || got.Pair.Life < 0 || len(content) > maxStored {
			t.Errorf("got %+v from %d bytes, want an error", got, len(content))
		}
	})
}

func FuzzStoredEncode(f *testing.F) {
	f.Add("ann", plain, plain, int64(time.Hour), now.Unix(), int64(0))
	f.Add("\xff", "a\xff", "\xff", int64(-1), int64(1)<<60, int64(1)<<62)
	f.Fuzz(func(t *testing.T, account, access, refresh string, life, received, clock int64) {
		want := authhttp.Stored{
			Pair:     authhttp.Pair{Access: authhttp.Secret(access), Refresh: authhttp.Secret(refresh), Life: time.Duration(life)},
			Received: time.Unix(received, 0).UTC(),
			Clock:    time.Duration(clock),
		}
		if year := want.Received.Year(); year < 0 || year > 9999 {
			want.Received = time.Time{}
		}
		got, err := authhttp.DecodeStored(account, want.Encode(account))
		if !errors.Is(err, authhttp.ErrUnusable) && (err != nil || got != want) {
			t.Errorf("got %+v, %v, want %+v or ErrUnusable", got, err, want)
		}
	})
}
