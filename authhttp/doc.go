// Package authhttp is authentication over net/http: it logs in, resumes,
// refreshes and logs out, keeps tokens, and puts a fresh one on each outgoing
// request.
//
//   - [Service] is the small interface a backend is reached through; [Resumer],
//     [Impersonator] and [Everywhere] are what not every backend can do. [JSON]
//     implements them for backends that speak JSON, and its Shape for those that
//     take other calls ([Call]).
//   - [Transport] is an [http.RoundTripper] that takes tokens from a [Source] and
//     adds the version of the application.
//   - [Pair] is what a server hands out: how long it lives and how far the
//     server's clock is ahead. [Verify] checks tokens, where there is a key.
//   - [Store] keeps tokens from one start of a program to the next.
//   - [Secret] is a token that prints as "[secret]".
//
// Package api, below this one, makes typed requests, and package errcode gives
// failures their codes and texts.
//
// Its one invariant: a token goes where the caller sends it and nowhere else. It
// is never sent in clear beyond this machine unless AllowPlain says so, never
// follows a redirect to another origin, and never appears in the text of an
// error or a log line made here. Transport.Origins bounds where the caller can.
//
// It does not decide when to refresh, resume or store anything, does not retry
// beyond the one retry after a 401, verifies no signature without a key and
// starts no goroutines.
package authhttp
