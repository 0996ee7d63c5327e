// Package api makes typed requests over net/http: a value goes out, a value or
// an [*Error] with a code of package errcode comes back.
//
// An [API] says where the backend is and how it writes; [Get], [Post], [Put],
// [Delete] and [Do] make requests, [Download] fetches a file. JSON is built
// in; package protobuf, below this one, has the [Codec] of Protocol Buffers.
// An http.Client with a Transport of package authhttp puts a fresh token on
// each request and repeats it once after a 401.
//
// Its one invariant: a nil error means that the backend answered in its own
// format and that the answer is no error, so a page of a proxy never passes for
// an empty result. No error made here quotes a query, a token or a body.
//
// It does not log in, keeps no token, repeats no request, caches nothing and
// starts no goroutines.
package api
