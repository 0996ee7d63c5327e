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
	var grant Grant[U]
	err := j.do(WithoutToken(ctx), call{
		op: opResume, method: http.MethodGet, field: "UserURL", target: j.UserURL, access: &pair.Access, verdict: onUser,
	}, func(got reply) (err error) {
		grant.User, err = j.readUserInfo(got.body)
		return err
	})
	if err != nil {
		return Grant[U]{}, err
	}
	return grant, nil
}

func (j *JSON[C, U]) resumeByLogin(ctx context.Context, pair Pair) (Grant[U], error) {
	c := call{
		op: opResume, method: http.MethodPost, field: "LoginURL", target: j.LoginURL,
		verdict: onLoginByToken, no: ErrTokenRefused, forged: ErrUnavailable,
	}
	grant, err := j.login(WithoutToken(ctx), c, "the credentials of ByToken", j.ByToken(pair))
	if err == nil && grant.Pair.Access != "" && j.RefreshURL != "" {
		grant.Pair.Refresh = cmp.Or(grant.Pair.Refresh, pair.Refresh)
	}
	return grant, err
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
	c := call{
		op: opLoginAs, method: http.MethodPost, field: "LoginAsURL", target: j.LoginAsURL, access: &pair.Access,
		verdict: onLoginAs, forged: ErrRejected,
	}
	return j.login(WithoutToken(ctx), c, "the user's id", body)
}

// LogoutEverywhere posts an empty body to LogoutEverywhereURL with the access
// token in TokenHeader. Without LogoutEverywhereURL it is [ErrNotSupported], and
// without an access token it is rejected: to return nil, as Logout does, would
// say that the other devices are logged out. The error is an [*Error].
func (j *JSON[C, U]) LogoutEverywhere(ctx context.Context, pair Pair) error {
	if !j.Supports(FeatureLogoutEverywhere) {
		return &Error{Op: opLogoutEverywhere, Err: ErrNotSupported}
	}
	return j.do(WithoutToken(ctx), call{
		op: opLogoutEverywhere, method: http.MethodPost, field: "LogoutEverywhereURL", target: j.LogoutEverywhereURL,
		access: &pair.Access, verdict: onLogout,
	}, nil)
}
