// Package peer is a server that is not of Go: server.mjs, on npm's ws 8.23.0 and Node.js.
// It does what backends in the wild do and what no other server here does:
//
//   - The tokens of a login are nested in its answer, their life is in milliseconds, and
//     no is said with status 200. A refresh has no newer refresh token in its answer; each
//     of several at once is answered, but only the newest access token works. A logout
//     ends neither the token nor the socket.
//   - /ws: ids are numbers, and come back as texts, or as they were. Errors have no id. A
//     refused token, another first message and none in time are one and the same error,
//     and then a close without a code, which is 1005. A subscription has no
//     acknowledgement, and is another one beside those with other ids. An event comes
//     before the answer to the request that has caused it, in one frame with it, which is
//     an array. A token that ends is told of, with some seconds for another auth on the
//     same connection. Protocol pings are not answered, messages that ping are; those that
//     the server sends are to be answered.
//   - /ordered: there are no ids at all, and answers come in the order of their requests.
//
// [Install] needs Node.js 18.2 or newer, npm, and the package ws from npm's cache or
// registry. Without them there are no tests to run, as go test says, and why and what to
// install, as go test -v does.
package peer
