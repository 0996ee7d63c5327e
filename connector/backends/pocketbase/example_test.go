package pocketbase_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/url"
	"os"
	"time"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/backends/pocketbase"
)

// login is what a record logs in with, and record what PocketBase says of it; frame
// is what the application's socket speaks.
type (
	login struct {
		Identity string `json:"identity"`
		Password string `json:"password"`
	}
	record struct {
		ID    string `json:"id"`
		Email string `json:"email"`
	}
	frame struct {
		ID    uint64 `json:"id,omitempty"`
		Auth  *token `json:"auth,omitempty"`
		Echo  *text  `json:"echo,omitempty"`
		Push  *text  `json:"push,omitempty"`
		Error *fault `json:"error,omitempty"`
	}
	token struct {
		Token string `json:"token,omitempty"`
	}
	text struct {
		Text string `json:"text"`
	}
	fault struct {
		Code string `json:"code"`
		Text string `json:"text"`
	}
)

func (f *fault) Error() string { return f.Code + ": " + f.Text }

// answer is what PocketBase says to a login, a refresh and an impersonation.
type answer struct {
	Token  authhttp.Secret
	Record record
}

// renewable reads the token, which is its own refresh token.
func renewable(body []byte) (authhttp.Pair, error) {
	var a answer
	err := json.Unmarshal(body, &a)
	return authhttp.Pair{Access: a.Token, Refresh: a.Token}, err
}

// fixed reads the token of an impersonation, which ends when it ends.
func fixed(body []byte) (authhttp.Pair, error) {
	var a answer
	err := json.Unmarshal(body, &a)
	return authhttp.Pair{Access: a.Token}, err
}

// whose reads the record.
func whose(body []byte) (record, error) {
	var a answer
	err := json.Unmarshal(body, &a)
	return a.Record, err
}

// bare is the value of Authorization, without Bearer.
func bare(access string) string { return access }

// auth is PocketBase at base, for records of a collection. A superuser becomes
// another user for a time.
func auth(base, collection string, visit time.Duration) *authhttp.JSON[login, record] {
	own := base + "/api/collections/" + collection
	return &authhttp.JSON[login, record]{
		LoginURL:    own + "/auth-with-password",
		RefreshURL:  own + "/auth-refresh",
		UserURL:     own + "/auth-refresh", // which tells whose the token is, too
		LoginAsURL:  base + "/api/collections/users/impersonate/",
		TokenFormat: bare,
		Tokens:      renewable,
		User:        whose,
		Shape: func(c *authhttp.Call[record]) error {
			switch c.Op {
			case "refresh":
				c.Header.Set("Authorization", c.Pair.Refresh.Reveal())
				c.Body = nil
			case "resume":
				c.Method, c.Tokens, c.User = "POST", renewable, whose
			case "login as":
				c.URL += url.PathEscape(fmt.Sprint(c.ID))
				c.Body = map[string]int{"duration": int(visit / time.Second)}
				c.Tokens = fixed
			}
			return nil
		},
	}
}

// socket is the application's, which takes the tokens of PocketBase.
func socket() connector.AnySocket[record] {
	type step = connector.Step[record, frame, frame]
	say := &step{Build: func(_ context.Context, known connector.Known[record, frame]) (frame, error) {
		return frame{Auth: &token{known.Token.Access.Reveal()}}, nil
	}}
	return connector.SocketConfig[record, frame, frame]{
		ID: "app", URL: "/ws", Auth: say, Renew: say,
		SetID: func(f *frame, id uint64) { f.ID = id },
		GetID: func(f frame) (uint64, bool) { return f.ID, f.ID != 0 },
		IsError: func(f frame) error {
			if f.Error == nil {
				return nil
			}
			return f.Error
		},
	}
}

// config is the whole of it.
func config(base, collection string) connector.Config[login, record] {
	return connector.Config[login, record]{
		Base:    base,
		Auth:    auth(base, collection, time.Hour),
		HTTP:    authhttp.Transport{Format: bare, Origins: []string{base}},
		Sockets: []connector.AnySocket[record]{socket()},
	}
}

// A superuser becomes a user, over HTTP and on the socket, and is itself again.
func Example() {
	dir, err := os.MkdirTemp("", "pocketbase")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	server, err := pocketbase.Start(dir, 0) // in the place of yours
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	ann, err := server.ID(pocketbase.Ann)
	if err != nil {
		log.Fatal(err)
	}

	client, err := connector.New(config(server.URL(), "_superusers"))
	if err != nil {
		log.Fatal(err)
	}
	session, ctx := client.NewSession(), context.Background()
	if err := session.Login(ctx, login{pocketbase.Root, pocketbase.Password}); err != nil { // the socket is ready too
		log.Fatal(err)
	}
	who := func() {
		user, _ := session.User()
		fmt.Println("logged in:", user.Email)
	}
	who()

	fmt.Println("login as:", session.LoginAs(ctx, ann))
	who()
	answer, err := session.HTTP().Get(server.URL() + "/api/collections/users/records/" + ann)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	var own record
	if err := json.NewDecoder(answer.Body).Decode(&own); err != nil {
		log.Fatal(err)
	}
	fmt.Println("her record:", answer.Status, own.Email)
	app, err := connector.On[frame, frame](session, "app")
	if err != nil {
		log.Fatal(err)
	}
	echo, err := app.Request(ctx, frame{Echo: &text{"hello"}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("her socket:", echo.Echo.Text)

	fmt.Println("logout:", session.Logout(ctx))
	who()
	fmt.Println("logout:", session.Logout(ctx))
	// Output:
	// logged in: root@example.com
	// login as: <nil>
	// logged in: ann@example.com
	// her record: 200 OK ann@example.com
	// her socket: hello
	// logout: <nil>
	// logged in: root@example.com
	// logout: <nil>
}
