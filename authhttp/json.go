package authhttp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
)

const defaultMaxBody = 1 << 20

// JSON is a [Service] for backends that take and give JSON over HTTP. It is a
// [Resumer], an [Impersonator] and [Everywhere] too, as far as its URLs go. Its
// fields are not changed once it is in use; it may then be used by many
// goroutines at once.
//
// A backend that takes other requests, or gives other answers, than the methods
// say is reached with Shape.
//
// A 2xx answer that can be read is success. The other outcomes are:
//
//   - [ErrRejected]: a login by any 4xx but 408, 425 and 429; a login as another
//     user likewise, but 401; a refresh or a logout, everywhere or not, by 400, 401
//     and 403. Also a fault that Validate finds in a URL or a header, and any of
//     Shape, before anything is sent.
//   - [ErrTokenRefused]: a login as another user by 401; a resume by 401 and 403,
//     and with ByToken by 400. Also, for these, a token that is missing or fits
//     no header; a logout is then rejected.
//   - [ErrUnavailable]: all else. No answer, a redirect, which is never followed,
//     an answer that cannot be read, is longer than MaxBody or has an access
//     token larger than 64 KiB, and every other status.
type JSON[C, U any] struct {
	LoginURL   string // required, unless NoLogin
	RefreshURL string // empty: the backend has no refresh; refresh tokens are left out of grants, and every Refresh is rejected
	LogoutURL  string // empty: the backend wants no logout, so every Logout is nil

	UserURL             string // tells whose an access token is, for Resume; empty: see ByToken
	LoginAsURL          string // empty: the backend has no login as another user
	LogoutEverywhereURL string // empty: the backend has no logout everywhere

	// NoLogin says that there is no login, as for tokens that come from elsewhere
	// and are adopted: LoginURL is empty, and every Login is [ErrNotSupported].
	NoLogin bool

	// Client makes the calls, bounded by their contexts. Its redirect policy is
	// replaced, in a copy. nil: a client of its own on http.DefaultTransport.
	// When it has a Transport of this package, a Login carries the current
	// token; the other calls never ask for one.
	Client *http.Client

	// ByToken makes credentials of tokens, for a backend that resumes by a login
	// with them. They hold the revealed tokens, since a [Secret] would be sent
	// redacted. nil: Resume asks UserURL. Only one of the two is set.
	ByToken func(Pair) C

	// AsBody makes the body of a LoginAs, encoded as JSON, from the other user's
	// id. nil: {"user_id": id}.
	AsBody func(id any) any

	// Shape changes each call before it is made: its method, URL, header and
	// body, and how its answer is read. The tokens are in its hands, and go where
	// it sends them; that URL is checked as LoginURL is. The URLs of this JSON
	// still say which calls there are. Its error ends the call as ErrRejected, and
	// is printed if it is a [FieldError]. It may be called by many goroutines at
	// once. nil: calls are as the methods say.
	Shape func(*Call[U]) error

	// Tokens reads the tokens out of the answer to a login or a refresh; the
	// zero Pair means that there are none. It may set Date; else the answer's
	// header does. A backend that refreshes with the access token has it for both
	// of the Pair. An error that is ErrRejected or ErrTokenRefused gives the call
	// that outcome, or the one of the two that it can have, for backends that say
	// no with a 200; that of a [FieldError] is printed. nil: access_token,
	// refresh_token and expires_in, in seconds (RFC 6749 section 5.1).
	Tokens func(body []byte) (Pair, error)

	// User reads the user out of the answer to a login. nil: the field "user",
	// decoded as JSON into U; U is zero when the field is absent. Its error
	// counts as one of Tokens.
	User func(body []byte) (U, error)

	// UserInfo reads the user out of the answer of UserURL. nil: the whole of it,
	// decoded as JSON into U; null is ErrTokenRefused. Its error counts as one of
	// Tokens.
	UserInfo func(body []byte) (U, error)

	// Verify, when set, checks every access token that an answer brings, at
	// the answer's Date. If that fails, a login is rejected, while a refresh or a
	// resume is unavailable, so that the session stays.
	Verify *Verify

	TokenHeader string                     // carries the token; empty: Authorization
	TokenFormat func(access string) string // makes that header's value; nil: "Bearer " and the token (RFC 6750 section 2.1)

	Header     http.Header // more headers on each call
	AllowPlain bool        // send secrets over plain http to hosts other than loopback
	MaxBody    int64       // the longest answer that is read, in bytes; 0: 1 MiB
}

// Validate returns all faults of the fields, joined, or nil.
func (j *JSON[C, U]) Validate() error {
	var faults []error
	for _, target := range []struct{ field, text string }{
		{"LoginURL", j.LoginURL}, {"RefreshURL", j.RefreshURL}, {"LogoutURL", j.LogoutURL},
		{"UserURL", j.UserURL}, {"LoginAsURL", j.LoginAsURL}, {"LogoutEverywhereURL", j.LogoutEverywhereURL},
	} {
		if target.text == "" && (target.field != "LoginURL" || j.NoLogin) {
			continue
		}
		if err := checkURL(target.field, target.text, j.AllowPlain); err != nil {
			faults = append(faults, fmt.Errorf("interlock: json: %w", err))
		}
	}
	if j.NoLogin && (j.LoginURL != "" || j.ByToken != nil) {
		faults = append(faults, errors.New("interlock: json: NoLogin: set beside LoginURL or ByToken, which log in"))
	}
	if j.UserURL != "" && j.ByToken != nil {
		faults = append(faults, fmt.Errorf("interlock: json: %w", errTwoResumes))
	}
	if j.Verify != nil {
		if err := j.Verify.Validate(); err != nil {
			faults = append(faults, err)
		}
	}
	for _, err := range []error{j.checkTokenHeader(), checkHeader("Header", j.Header)} {
		if err != nil {
			faults = append(faults, fmt.Errorf("interlock: json: %w", err))
		}
	}
	if j.MaxBody < 0 {
		faults = append(faults, fmt.Errorf("interlock: json: MaxBody: %d is negative", j.MaxBody))
	}
	return errors.Join(faults...)
}

// Login posts the credentials, encoded as JSON, to LoginURL. A [Secret] among
// them would be sent redacted: credentials hold plain strings. A [url.Values] is
// sent as a form. An answer without tokens gives a Grant with a zero Pair. The
// error is an [*Error].
func (j *JSON[C, U]) Login(ctx context.Context, credentials C) (Grant[U], error) {
	if j.NoLogin {
		return Grant[U]{}, &Error{Op: opLogin, Err: ErrNotSupported}
	}
	return j.login(ctx, call[U]{
		Call:  Call[U]{Op: opLogin, URL: j.LoginURL, Body: credentials},
		field: "LoginURL", what: "the credentials", verdict: onLogin, no: ErrRejected, forged: ErrRejected,
	})
}

// login posts a body and reads the answer to a login.
func (j *JSON[C, U]) login(ctx context.Context, c call[U]) (Grant[U], error) {
	c.Method, c.Tokens, c.User = http.MethodPost, j.tokensReader(), j.userReader()
	return j.do(ctx, c)
}

// Refresh posts {"refresh_token": ...} to RefreshURL. When the answer has no
// refresh token the old one stays (RFC 6749 section 6). A pair without a
// refresh token is rejected without a request. The error is an [*Error].
func (j *JSON[C, U]) Refresh(ctx context.Context, pair Pair) (Pair, error) {
	if j.RefreshURL == "" {
		return Pair{}, &Error{Op: opRefresh, Err: rejected(errors.New("RefreshURL is empty: the backend has no refresh"))}
	}
	if pair.Refresh == "" {
		return Pair{}, &Error{Op: opRefresh, Err: rejected(errors.New("the pair has no refresh token"))}
	}
	// A source that refreshes while it is asked for a token would wait for itself.
	grant, err := j.do(WithoutToken(ctx), call[U]{
		Call: Call[U]{
			Op: opRefresh, Method: http.MethodPost, URL: j.RefreshURL, Pair: pair, Tokens: j.tokensReader(),
			Body: map[string]string{"refresh_token": pair.Refresh.Reveal()},
		},
		field: "RefreshURL", renews: true, verdict: onRefresh, no: ErrRejected, forged: ErrUnavailable,
	})
	if err != nil {
		return Pair{}, err
	}
	grant.Pair.Refresh = cmp.Or(grant.Pair.Refresh, pair.Refresh)
	return grant.Pair, nil
}

// Logout posts an empty body to LogoutURL with the access token in TokenHeader.
// Without LogoutURL or an access token there is nothing to tell, and it
// returns nil. The error is an [*Error].
func (j *JSON[C, U]) Logout(ctx context.Context, pair Pair) error {
	if j.LogoutURL == "" || pair.Access == "" {
		return nil
	}
	_, err := j.do(WithoutToken(ctx), call[U]{
		Call:  Call[U]{Op: opLogout, Method: http.MethodPost, URL: j.LogoutURL, Pair: pair},
		field: "LogoutURL", bearer: true, verdict: onLogout, forged: ErrUnavailable,
	})
	return err
}
