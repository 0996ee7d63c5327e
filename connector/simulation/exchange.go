package simulation

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// exchange is how the client's HTTP requests go out. It reads along, and judges
// what it sees.
type exchange struct {
	world *world
	base  http.RoundTripper
}

// asking is the header in which the application's own requests have their number.
const asking = "X-Request"

// RoundTrip implements [http.RoundTripper].
func (x *exchange) RoundTrip(r *http.Request) (*http.Response, error) {
	w := x.world
	body, err := x.read(r)
	if err != nil {
		return nil, err
	}
	w.seesToken(r)
	end := w.begins(r)
	defer end()
	if r.URL.Path == "/refresh" {
		w.spends(refreshToken(body))
	}
	answer, err := x.base.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if err != nil {
		answer.Body = io.NopCloser(io.MultiReader(bytes.NewReader(text), failing{err}))
		return answer, nil
	}
	answer.Body = io.NopCloser(bytes.NewReader(text))
	w.learns(r, answer, body, text)
	return answer, nil
}

// read returns the body of a request, which stays as it was.
func (x *exchange) read(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	body, err := io.ReadAll(r.Body)
	_ = r.Body.Close()
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body, err
}

// failing is a body that fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func refreshToken(body []byte) string {
	var sent struct {
		Token string `json:"refresh_token"`
	}
	if json.Unmarshal(body, &sent) != nil {
		return ""
	}
	return sent.Token
}

// seesToken judges the token of a request.
func (w *world) seesToken(r *http.Request) {
	access, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if r.URL.Host != apiAddress && access != "" {
		w.violation(4, "a token went to %s", r.URL.Host)
	}
	if secret([]byte(r.URL.String())) != "" {
		w.violation(4, "the URL of a request to %s holds a token", r.URL.Path)
	}
	number, of := r.Header.Get(asking), holder(access)
	if number == "" || of == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if before := w.carriers[number]; before != 0 && before != of {
		w.note(3, "a request of user %d went out again with a token of user %d", before, of)
	}
	w.carriers[number] = of
}

// begins notes that a request is in flight, and returns what notes its end. One that
// is given up is not in flight any more.
func (w *world) begins(r *http.Request) (end func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.figures.HTTP++
	path, ctx := r.URL.Path, r.Context()
	w.flying[path] = append(w.flying[path], ctx)
	waited := 0
	for _, other := range w.flying[path] {
		if other.Err() == nil {
			waited++
		}
	}
	if waited > 1 && (path == "/login" || path == "/refresh") {
		w.note(5, "%d requests to %s are in flight at once", waited, path)
	}
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		i := slices.Index(w.flying[path], ctx)
		w.flying[path] = slices.Delete(w.flying[path], i, i+1)
	}
}

// mostRefreshes is how many refreshes there may be in a minute: RefreshFloor has
// room for twelve, and commands may ask for some more.
const mostRefreshes = 16

// spends judges the use of a refresh token.
func (w *world) spends(token string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.figures.Refreshes++
	w.refreshes = append(recent(w.refreshes, now), now)
	w.hurries = recent(w.hurries, now)
	if n := len(w.refreshes); n > mostRefreshes+2*len(w.hurries) {
		w.note(26, "%d refreshes in a minute, after %d commands", n, len(w.hurries))
	}
	known := w.refresh[token]
	switch {
	case known == nil:
		w.note(6, "a refresh was sent with a token that was never issued")
	case known.used:
		w.note(6, "a refresh token was used again after its successor had come")
	case now.Before(known.least) && w.commands == 0 && w.commanded.Before(known.asked):
		w.note(24, "a refresh was sent %v before the time that the server had asked for", known.least.Sub(now))
	}
}

// learns notes what an answer has brought.
func (w *world) learns(r *http.Request, answer *http.Response, body, text []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	old := w.refresh[refreshToken(body)]
	if r.URL.Path == "/refresh" && old != nil {
		if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil {
			old.asked = time.Now()
			old.least = old.asked.Add(time.Duration(seconds) * time.Second)
		}
		switch answer.StatusCode {
		case http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden:
			w.refused = time.Now()
		}
	}
	var granted struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if answer.StatusCode != http.StatusOK || json.Unmarshal(text, &granted) != nil || granted.Access == "" {
		return
	}
	of := holder(granted.Access)
	w.refresh[granted.Refresh] = &pass{user: of}
	if old == nil {
		return
	}
	old.used = true
	if old.user != of {
		w.note(3, "the refresh token of user %d was answered with a token of user %d", old.user, of)
	}
}
