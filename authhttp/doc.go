// Package authhttp logs in, refreshes and logs out over net/http, and puts a
// fresh token on each outgoing request.
//
// [Service] is the small interface a backend is reached through; [JSON]
// implements it for backends that speak JSON. [Transport] is an
// [http.RoundTripper] that takes tokens from a [Source]. [Secret] is a token
// that prints as "[secret]".
//
// Its one invariant: a token goes where the caller sends it and nowhere else. It
// is never sent in clear beyond this machine unless AllowPlain says so, never
// follows a redirect to another origin, and never appears in the text of an
// error or a log line made here. Transport.Origins bounds where the caller can.
//
// It does not store tokens, does not decide when to refresh, does not retry
// beyond the one retry after a 401, does not verify signatures and starts no
// goroutines.
package authhttp
