package connectortest

import (
	"encoding/json"
	"net/http"
	"strings"
)

// CloseLoggedOut is the close code of sockets whose user has logged out
// everywhere, with the reason "logged out". It is one of those left to
// applications (RFC 6455 section 7.4.2).
const CloseLoggedOut = 4401

func (b *Backend) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /login", b.logIn)
	mux.HandleFunc("POST /login-as", b.logInAs)
	mux.HandleFunc("POST /refresh", b.refresh)
	mux.HandleFunc("POST /logout", b.logOut)
	mux.HandleFunc("POST /logout-everywhere", b.logOutEverywhere)
	mux.HandleFunc("GET /me", b.me)
	mux.HandleFunc("POST /echo", b.echo)
	mux.HandleFunc("GET /ws", b.upgrade)
	mux.HandleFunc("GET /public", b.upgradePublic)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// net/http would write a date of its own.
		w.Header().Set("Date", b.accounts.clock.now().UTC().Format(http.TimeFormat))
		if !b.enter() {
			fail(w, http.StatusServiceUnavailable, failure{"unavailable", "the backend is closed"})
			return
		}
		defer b.running.Done()
		mux.ServeHTTP(w, r)
	})
}

func (b *Backend) logIn(w http.ResponseWriter, r *http.Request) {
	var request struct {
		credentials
		Token *string `json:"token"`
	}
	if !b.receive(w, r, atLogin, &request) {
		return
	}
	if request.Token != nil {
		b.logInByToken(w, *request.Token)
		return
	}
	_, pair, err := b.accounts.logIn(request.Name, request.Password)
	answerTokens(w, pair, err)
}

func (b *Backend) logInByToken(w http.ResponseWriter, token string) {
	login, err := b.accounts.check(token)
	if err != nil {
		deny(w, err)
		return
	}
	answer(w, http.StatusOK, map[string]User{"user": login.user})
}

func (b *Backend) logInAs(w http.ResponseWriter, r *http.Request) {
	var request struct {
		UserID int `json:"user_id"`
	}
	if !b.receive(w, r, atLoginAs, &request) {
		return
	}
	pair, err := b.accounts.logInAs(bearer(r), request.UserID)
	answerTokens(w, pair, err)
}

func (b *Backend) refresh(w http.ResponseWriter, r *http.Request) {
	var request struct {
		RefreshToken string `json:"refresh_token"`
	}
	if !b.receive(w, r, atRefresh, &request) {
		return
	}
	pair, err := b.accounts.rotate(request.RefreshToken)
	answerTokens(w, pair, err)
}

func (b *Backend) logOut(w http.ResponseWriter, r *http.Request) {
	if _, ok := b.arrive(w, r, atLogout); !ok {
		return
	}
	if err := b.accounts.logOut(bearer(r)); err != nil {
		deny(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (b *Backend) logOutEverywhere(w http.ResponseWriter, r *http.Request) {
	if _, ok := b.arrive(w, r, atLogoutEverywhere); !ok {
		return
	}
	user, err := b.accounts.logOutEverywhere(bearer(r))
	if err != nil {
		deny(w, err)
		return
	}
	b.room.closeUser(user, CloseLoggedOut, "logged out")
	w.WriteHeader(http.StatusNoContent)
}

func (b *Backend) me(w http.ResponseWriter, r *http.Request) {
	if _, ok := b.arrive(w, r, atMe); !ok {
		return
	}
	login, err := b.accounts.check(bearer(r))
	if err != nil {
		deny(w, err)
		return
	}
	answer(w, http.StatusOK, login.user)
}

func (b *Backend) echo(w http.ResponseWriter, r *http.Request) {
	if _, err := b.accounts.check(bearer(r)); err != nil {
		deny(w, err)
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
	body, ok := b.arrive(w, r, at)
	if !ok {
		return false
	}
	if err := json.Unmarshal(body, into); err != nil {
		fail(w, http.StatusBadRequest, failure{"bad_message", "the body is not the expected JSON"})
		return false
	}
	return true
}

// arrive reads the body of r and counts its arrival. When it is false the
// request is dealt with.
func (b *Backend) arrive(w http.ResponseWriter, r *http.Request, at step) ([]byte, bool) {
	// Only once the body is read does net/http notice that the client left,
	// which a held request waits for.
	body, ok := readBody(w, r)
	return body, ok && !b.meetFault(w, r, at)
}

// bearer returns the token of r, or "" (RFC 6750 section 2.1).
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}
