// Package graphql is a GraphQL service over WebSockets by gqlgen v0.17.98, with the
// subprotocol graphql-transport-ws, beside the logins of package scenario. Its schema
// has a query, a mutation and a subscription.
//
// What it does on the wire is gqlgen's, and not all of it is in the specification of the
// protocol (github.com/enisdenjo/graphql-ws, PROTOCOL.md). Files are those of gqlgen's
// graphql/handler/transport, and each line is a test of this package:
//
//   - connection_ack has no id, and the payload that InitFunc returns (websocket.go, init).
//   - A connection_init that InitFunc refuses gets no message, since connection errors
//     have none here (websocket_graphql_transport_ws.go, fromMessage), and the close code
//     that InitFunc has put into its context, or 1000 (websocket_close_reason.go). Here
//     that is 4403 Forbidden, as of the reference implementation.
//   - Any other first message: 1002 "unexpected message", not 4401; one that is not of
//     the protocol: 1002 "decoding error", not 4400; none in time: 1002 "connection
//     initialisation timeout", not 4408; a second connection_init: 1002 "unexpected
//     message", not 4429 (websocket.go, init and run).
//   - A connection_init whose payload is no object gets neither an answer nor a close
//     (websocket.go, init).
//   - A later message that is not of the protocol: 1000 "terminated" (websocket.go, run).
//   - A context of InitFunc that ends: 1000 "terminated", whatever ended it, and no
//     complete before it (websocket.go, closeOnCancel). So a token that ends, or is
//     revoked, looks to a client like any other end of a connection, and how it is meant
//     is said by the close of the next connection_init.
//   - A query gets next, then complete. Errors of fields are in the payload of next; a
//     query that is not valid gets error, with a list, and then complete too, which the
//     protocol does not want (websocket.go, subscribe).
//   - A subscription is not acknowledged: its first message is its first event.
//   - An id that is in use begins a second operation beside the first, and is no 4409
//     (websocket.go, subscribe).
//   - A ping gets a pong with its payload (websocket.go, run).
//   - A server that pings closes with 1006 when the pong is missing for two of its
//     intervals (websocket.go, ping).
package graphql
