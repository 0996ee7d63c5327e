package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/custom-app/interlock/connector/connectortest"
)

// serveCommand runs the backend.
type serveCommand struct {
	Addr       string        `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Where to listen; port 0 takes a free one. Default: ${default}."`
	AccessLife time.Duration `default:"60s" placeholder:"DURATION" help:"How long an access token is valid, such as 5s. Default: ${default}."`
	JSON       bool          `name:"json" help:"One JSON object a line for each endpoint and each user."`
}

// Validate refuses what can be told from the arguments alone.
func (c *serveCommand) Validate() error {
	_, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return fmt.Errorf("--addr: %q is not HOST:PORT", c.Addr)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("--addr: port %q is not a number of 0 to 65535", port)
	}
	if c.AccessLife < time.Millisecond {
		return fmt.Errorf("--access-life: %v is shorter than 1ms", c.AccessLife)
	}
	return nil
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context, out *console) error {
	arrivals := slog.New(slog.NewTextHandler(out.stderr, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: withoutEmpty}))
	backend, err := connectortest.New(connectortest.Config{AccessLife: c.AccessLife, Log: arrivals})
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("serve: --addr: %w; 127.0.0.1:0 takes a free port", err)
	}
	address := listener.Addr()
	if isExposed(address) {
		_, _ = fmt.Fprintf(out.stderr, "interlock: serve: warning: %v can be reached from other machines, and the passwords here are known to all; 127.0.0.1 keeps it to this one\n", address)
	}
	served := make(chan error, 1)
	go func() { served <- backend.Serve(listener) }()
	if err := c.introduce(out.stdout, address.String()); err != nil {
		return errors.Join(fmt.Errorf("serve: standard output: %w", err), backend.Close())
	}
	select {
	case err := <-served:
		return errors.Join(err, backend.Close())
	case <-ctx.Done():
	}
	err = backend.Close()
	_, _ = fmt.Fprintln(out.stderr, "interlock: serve: stopped, everything is closed")
	return err
}

// isExposed tells whether other machines can reach an address.
func isExposed(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && !tcp.IP.IsLoopback()
}

// withoutEmpty leaves empty attributes out of a log.
func withoutEmpty(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindString && a.Value.String() == "" {
		return slog.Attr{}
	}
	return a
}

// endpoint is one thing that the backend serves.
type endpoint struct {
	Name   string `json:"endpoint"`
	Method string `json:"method"`
	URL    string `json:"url"`
	about  string
}

func endpointsAt(address string) []endpoint {
	web, sockets := "http://"+address, "ws://"+address
	return []endpoint{
		{"login", http.MethodPost, web + "/login", "name and password give an access and a refresh token"},
		{"login-as", http.MethodPost, web + "/login-as", "user_id gives tokens of that user, if the present one may"},
		{"refresh", http.MethodPost, web + "/refresh", "a refresh token gives a new pair, once"},
		{"logout", http.MethodPost, web + "/logout", "revokes the tokens of the login"},
		{"logout-everywhere", http.MethodPost, web + "/logout-everywhere", "revokes all tokens of the user, and closes the sockets"},
		{"me", http.MethodGet, web + "/me", "who the access token belongs to"},
		{"echo", http.MethodPost, web + "/echo", "gives the body back"},
		{"ws", http.MethodGet, sockets + "/ws", "WebSocket: auth or login, sub, unsub, echo, menuAdd, menuDelete, ping, logout"},
		{"public", http.MethodGet, sockets + "/public", "WebSocket that needs no token: sub, unsub, echo, ping"},
	}
}

// spoken are some of the messages that the sockets know.
var spoken = []struct{ text, about string }{
	{`{"id":1,"auth":{"token":"..."}}`, "an access token; again at any time, with another one of the same user"},
	{`{"id":2,"sub":{"kind":"categories"}}`, "the menu, and its changes by menuAdd and menuDelete"},
	{`{"id":3,"sub":{"kind":"room-1"}}`, "one of nine rooms, up to room-9; nobody speaks in them here"},
	{`{"id":4,"sub":{"kind":"news"}}`, "the only kind that /public has; here there are none"},
	{`{"id":5,"unsub":{"kind":"room-1"}}`, "no more of that"},
	{`{"id":6,"menuAdd":{"name":"Tea"}}`, "everybody who is subscribed to categories hears of it"},
	{`{"id":7,"ping":{}}`, "answered; so are the ping frames of WebSocket"},
}

// introduce prints what can be reached, and how.
func (c *serveCommand) introduce(to io.Writer, address string) error {
	endpoints, users := endpointsAt(address), connectortest.DefaultUsers()
	if c.JSON {
		lines := json.NewEncoder(to)
		for _, e := range endpoints {
			if err := lines.Encode(e); err != nil {
				return err
			}
		}
		for _, u := range users {
			if err := lines.Encode(map[string]connectortest.User{"user": u}); err != nil {
				return err
			}
		}
		return nil
	}
	widest := 0
	for _, e := range endpoints {
		widest = max(widest, len(e.URL))
	}
	out := written{to: to}
	out.printf("The backend is up, until Ctrl-C. Access tokens live %v.\n\n", c.AccessLife)
	for _, e := range endpoints {
		out.printf("  %-4s  %-*s  %s\n", e.Method, widest, e.URL, e.about)
	}
	out.printf("\nA message on a WebSocket is one JSON object, and has an id, which its answer has too:\n\n")
	for _, m := range spoken {
		out.printf("  %-36s  %s\n", m.text, m.about)
	}
	out.printf("\nUsers, made up and with passwords known to all:\n\n")
	for _, u := range users {
		may := ""
		if u.MayLoginAs {
			may = ", may log in as another"
		}
		out.printf("  %s, id %d, password %s%s\n", u.Name, u.ID, u.Password, may)
	}
	out.printf("\nTry it, the second line with the access_token that the first one gives:\n\n")
	out.printf("  curl -s %s -d '{\"name\":%q,\"password\":%q}'\n", endpoints[0].URL, users[0].Name, users[0].Password)
	out.printf("  curl -s %s -H \"Authorization: Bearer $TOKEN\"\n\n", endpoints[5].URL)
	return out.err
}
