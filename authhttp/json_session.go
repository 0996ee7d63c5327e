package authhttp

import (
	"cmp"
	"context"
	"errors"
	"net/http"
)

var errTwoResumes = errors.New("ByToken: set beside UserURL, but Resume needs one of them")

// Supports says which of the features the fields provide for.
func (j *JSON[C, U]) Supports(feature Feature) bool {
	switch feature {
	case FeatureResume:
		return j.UserURL != "" || j.ByToken != nil
	case FeatureLoginAs:
		return j.LoginAsURL != ""
	case FeatureLogoutEverywhere:
		return j.LogoutEverywhereURL != ""
	}
	return false
}

// Resume asks whose the tokens are. With UserURL it gets that with the access
// token in TokenHeader, and the Grant has a zero Pair. With ByToken it posts the
// credentials made of the pair to LoginURL and reads the answer as a login's; as
// in a refresh, the old refresh token stays when the answer has only an access
// token. With neither it is [ErrNotSupported]. The error is an [*Error].
func (j *JSON[C, U]) Resume(ctx context.Context, pair Pair) (Grant[U], error) {
	switch {
	case !j.Supports(FeatureResume):
		return Grant[U]{}, &Error{Op: opResume, Err: ErrNotSupported}
	case j.UserURL != "" && j.ByToken != nil:
		return Grant[U]{}, &Error{Op: opResume, Err: rejected(errTwoResumes)}
	case j.UserURL != "":
		return j.resumeByUser(ctx, pair)
	}
	return j.resumeByLogin(ctx, pair)
}

func (j *JSON[C, U]) resumeByUser(ctx context.Context, pair Pair) (Grant[U], error) {
	grant, err := j.do(WithoutToken(ctx), call[U]{
		Call:  Call[U]{Op: opResume, Method: http.MethodGet, URL: j.UserURL, Pair: pair, User: j.userInfoReader()},
		field: "UserURL", bearer: true, verdict: onUser, forged: ErrUnavailable,
	})
	return j.kept(grant, pair), err
}

func (j *JSON[C, U]) resumeByLogin(ctx context.Context, pair Pair) (Grant[U], error) {
	grant, err := j.login(WithoutToken(ctx), call[U]{
		Call:  Call[U]{Op: opResume, URL: j.LoginURL, Pair: pair, Body: j.ByToken(pair)},
		field: "LoginURL", what: "the credentials of ByToken", verdict: onLoginByToken, no: ErrTokenRefused, forged: ErrUnavailable,
	})
	return j.kept(grant, pair), err
}

// kept completes the newer pair of a resume, if there is one, with the refresh
// token of the older.
func (j *JSON[C, U]) kept(grant Grant[U], older Pair) Grant[U] {
	if grant.Pair.Access != "" && j.RefreshURL != "" {
		grant.Pair.Refresh = cmp.Or(grant.Pair.Refresh, older.Refresh)
	}
	return grant
}

// LoginAs posts the body that AsBody makes of id to LoginAsURL, with the access
// token in TokenHeader, and reads the answer as a login's. An answer without
// tokens gives a Grant with a zero Pair. Without LoginAsURL it is
// [ErrNotSupported]. The error is an [*Error].
func (j *JSON[C, U]) LoginAs(ctx context.Context, pair Pair, id any) (Grant[U], error) {
	if !j.Supports(FeatureLoginAs) {
		return Grant[U]{}, &Error{Op: opLoginAs, Err: ErrNotSupported}
	}
	var body any = map[string]any{"user_id": id}
	if j.AsBody != nil {
		body = j.AsBody(id)
	}
	return j.login(WithoutToken(ctx), call[U]{
		Call:  Call[U]{Op: opLoginAs, URL: j.LoginAsURL, Pair: pair, ID: id, Body: body},
		field: "LoginAsURL", what: "the user's id", bearer: true, verdict: onLoginAs, forged: ErrRejected,
	})
}

// LogoutEverywhere posts an empty body to LogoutEverywhereURL with the access
// token in TokenHeader. Without LogoutEverywhereURL it is [ErrNotSupported], and
// without an access token it is rejected: to return nil, as Logout does, would
// say that the other devices are logged out. The error is an [*Error].
func (j *JSON[C, U]) LogoutEverywhere(ctx context.Context, pair Pair) error {
	if !j.Supports(FeatureLogoutEverywhere) {
		return &Error{Op: opLogoutEverywhere, Err: ErrNotSupported}
	}
	_, err := j.do(WithoutToken(ctx), call[U]{
		Call:  Call[U]{Op: opLogoutEverywhere, Method: http.MethodPost, URL: j.LogoutEverywhereURL, Pair: pair},
		field: "LogoutEverywhereURL", bearer: true, verdict: onLogout, forged: ErrUnavailable,
	})
	return err
}
