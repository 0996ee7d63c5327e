module github.com/custom-app/interlock/connector/backends

go 1.26.0

require (
	github.com/custom-app/interlock v0.0.0
	github.com/golang-jwt/jwt/v5 v5.3.1
)

require (
	github.com/cenkalti/backoff/v4 v4.3.0 // indirect
	github.com/gorilla/websocket v1.5.3 // indirect
	github.com/looplab/fsm v1.0.3 // indirect
)

replace github.com/custom-app/interlock => ../..
