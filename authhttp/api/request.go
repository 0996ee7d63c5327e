package api

import (
	"context"
	"net/http"
)

// None is a request or a result without a body.
type None struct{}

// Do makes one request and reads its answer. The method is one of net/http;
// the path is joined to Base and may have a query. req is encoded by the
// Codec, unless it is None; an [authhttp.Secret] in it would be sent redacted.
//
// An answer other than 2xx is an error, and so is one that ReadError finds an
// error in, that is longer than MaxBody, is of another content type than the
// Codec's, or cannot be read. A result of None takes an answer without a body,
// or one of the Codec's content type, which it does not look into. The error
// is an [*Error].
//
// Req is inferred: Do[User](ctx, a, http.MethodPatch, "/me", change).
func Do[Res, Req any](ctx context.Context, a *API, method, path string, req Req) (Res, error) {
	var res, zero Res
	into := any(&res)
	if _, none := into.(*None); none {
		into = nil
	}
	if err := a.exchange(ctx, method, path, payload(req), into); err != nil {
		return zero, err
	}
	return res, nil
}

// Get is [Do] with GET, which has no body.
func Get[Res any](ctx context.Context, a *API, path string) (Res, error) {
	return Do[Res](ctx, a, http.MethodGet, path, None{})
}

// Post is [Do] with POST.
func Post[Res, Req any](ctx context.Context, a *API, path string, req Req) (Res, error) {
	return Do[Res](ctx, a, http.MethodPost, path, req)
}

// Put is [Do] with PUT.
func Put[Res, Req any](ctx context.Context, a *API, path string, req Req) (Res, error) {
	return Do[Res](ctx, a, http.MethodPut, path, req)
}

// Delete is [Do] with DELETE, which has no body.
func Delete[Res any](ctx context.Context, a *API, path string) (Res, error) {
	return Do[Res](ctx, a, http.MethodDelete, path, None{})
}

// payload returns what is to be encoded, nil when nothing is.
func payload(req any) any {
	if _, none := req.(None); none {
		return nil
	}
	return req
}
