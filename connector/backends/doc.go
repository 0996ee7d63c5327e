// Package backends drives the connector against real servers that nobody on this
// project wrote. They are in a module of their own, so that whoever embeds the
// connector carries none of them.
//
//   - [scenario] has what every backend must show, written once: login, requests,
//     pushes, a restart, expiry, a wrong password, a revoked user, logout.
//   - [centrifugal] is a node of centrifugal/centrifuge beside a login endpoint.
//   - [graphql] is a service of gqlgen, with the protocol graphql-transport-ws.
//   - [peer] is a server in JavaScript, on npm's ws, with habits met in the wild.
//   - [pocketbase] is PocketBase, whose users and tokens an application's socket takes.
//     It brings a whole database, and is in a module of its own.
//
// Every scenario is played twice: by a session of a Go program, whose whole config is
// the Example of the server's package, and by the program interlock connect with the
// file cmd/interlock/testdata/backends/NAME.yaml. Run them in this directory, and in that
// of pocketbase:
//
//	go test ./...
//
// Without Node.js there are no tests to run in peer, as go test says, and go test -v says
// why and what to install.
//
// [scenario]: https://pkg.go.dev/github.com/custom-app/interlock/connector/backends/scenario
// [centrifugal]: https://pkg.go.dev/github.com/custom-app/interlock/connector/backends/centrifugal
// [graphql]: https://pkg.go.dev/github.com/custom-app/interlock/connector/backends/graphql
// [pocketbase]: https://pkg.go.dev/github.com/custom-app/interlock/connector/backends/pocketbase
// [peer]: https://pkg.go.dev/github.com/custom-app/interlock/connector/backends/peer
package backends
