package connectortest

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
)

const bodyLimit = 64 << 10 // bytes of an HTTP request body

// failure is the error of an HTTP answer and of a socket message.
type failure struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

func (b *Backend) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", b.logIn)
	mux.HandleFunc("POST /refresh", b.refresh)
	mux.HandleFunc("POST /logout", b.logOut)
	mux.HandleFunc("GET /me", b.me)
	mux.HandleFunc("POST /echo", b.echo)
	mux.HandleFunc("GET /ws", b.upgrade)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !b.enter() {
			fail(w, http.StatusServiceUnavailable, "unavailable", "the backend is closed")
			return
		}
		defer b.running.Done()
		mux.ServeHTTP(w, r)
	})
}

func (b *Backend) logIn(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Name     string `json:"name"`
		Password string `json:"password"`
	}
	if !b.receive(w, r, atLogin, &request) {
		return
	}
	pair, err := b.accounts.logIn(request.Name, request.Password)
	answerTokens(w, atLogin, pair, err)
}

func (b *Backend) refresh(w http.ResponseWriter, r *http.Request) {
	var request struct {
		RefreshToken string `json:"refresh_token"`
	}
	if !b.receive(w, r, atRefresh, &request) {
		return
	}
	pair, err := b.accounts.rotate(request.RefreshToken)
	answerTokens(w, atRefresh, pair, err)
}

func (b *Backend) logOut(w http.ResponseWriter, r *http.Request) {
	b.script.arrive(atLogout)
	if err := b.accounts.logOut(bearer(r)); err != nil {
		denyToken(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (b *Backend) me(w http.ResponseWriter, r *http.Request) {
	login, err := b.accounts.check(bearer(r))
	if err != nil {
		denyToken(w, err)
		return
	}
	answer(w, http.StatusOK, login.user)
}

func (b *Backend) echo(w http.ResponseWriter, r *http.Request) {
	if _, err := b.accounts.check(bearer(r)); err != nil {
		denyToken(w, err)
		return
	}
	body, ok := readBody(w, r)
	if !ok {
		return
	}
	kind := r.Header.Get("Content-Type")
	if kind == "" {
		kind = "application/octet-stream"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(body)
}

// receive decodes the JSON body of r, unless a fault comes first. When it is
// false the request is dealt with.
func (b *Backend) receive(w http.ResponseWriter, r *http.Request, at step, into any) bool {
	// Only once the body is read does net/http notice that the client left,
	// which a held request waits for.
	body, ok := readBody(w, r)
	if !ok || b.meetFault(w, r, at) {
		return false
	}
	if err := json.Unmarshal(body, into); err != nil {
		fail(w, http.StatusBadRequest, "bad_message", "the body is not the expected JSON")
		return false
	}
	return true
}

// meetFault counts the arrival of r and tells whether a fault dealt with it.
func (b *Backend) meetFault(w http.ResponseWriter, r *http.Request, at step) bool {
	f := b.script.arrive(at)
	switch f.action {
	case refuse:
		if f.retryAfter > 0 {
			seconds := math.Ceil(f.retryAfter.Seconds())
			w.Header().Set("Retry-After", strconv.FormatFloat(seconds, 'f', 0, 64))
		}
		fail(w, f.status, refusalCode(at, f.status), "refused")
	case hold:
		select {
		case <-r.Context().Done():
		case <-b.done:
		}
		fail(w, http.StatusServiceUnavailable, "unavailable", "the backend is closed")
	default:
		return false
	}
	return true
}

// refusalCode makes a scripted 401 look like a genuine one.
func refusalCode(at step, status int) string {
	switch {
	case status != http.StatusUnauthorized:
		return "unavailable"
	case at == atLogin:
		return "failed_auth"
	default:
		return "invalid_token"
	}
}

func answerTokens(w http.ResponseWriter, at step, pair tokenPair, err error) {
	switch {
	case errors.Is(err, errFailedAuth), errors.Is(err, errInvalidToken):
		fail(w, http.StatusUnauthorized, refusalCode(at, http.StatusUnauthorized), err.Error())
	case err != nil:
		fail(w, http.StatusInternalServerError, "unavailable", "no token could be issued")
	default:
		w.Header().Set("Cache-Control", "no-store") // RFC 6749 section 5.1
		answer(w, http.StatusOK, pair)
	}
}

func denyToken(w http.ResponseWriter, err error) {
	w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`) // RFC 6750 section 3
	fail(w, http.StatusUnauthorized, "invalid_token", err.Error())
}

func fail(w http.ResponseWriter, status int, code, text string) {
	answer(w, status, struct {
		Error failure `json:"error"`
	}{failure{Code: code, Text: text}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// A failed write means that the client left, which nobody needs to hear.
	json.NewEncoder(w).Encode(body)
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		fail(w, http.StatusRequestEntityTooLarge, "bad_message", "the body is too large")
	case err != nil:
		fail(w, http.StatusBadRequest, "bad_message", "the body cannot be read")
	}
	return body, err == nil
}

// bearer returns the token of r, or "" (RFC 6750 section 2.1).
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}
