package centrifugal_test

import (
	"context"
	"fmt"
	"log"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/backends/centrifugal"
)

// login is what a user logs in with, and user what the login answers.
type (
	login struct {
		Name     string `json:"name"`
		Password string `json:"password"`
	}
	user struct {
		Name string `json:"name"`
	}
)

// frame is one command, reply or push of the protocol; the empty one is a ping, and
// the answer to it.
type frame struct {
	ID        uint64 `json:"id,omitempty"`
	Connect   *token `json:"connect,omitempty"`
	Refresh   *token `json:"refresh,omitempty"`
	Subscribe *place `json:"subscribe,omitempty"`
	Publish   *news  `json:"publish,omitempty"`
	RPC       *call  `json:"rpc,omitempty"`
	Push      *push  `json:"push,omitempty"`
	Error     *fault `json:"error,omitempty"`
}

type (
	token struct {
		Token string `json:"token,omitempty"`
	}
	place struct {
		Channel      string  `json:"channel,omitempty"`
		Recover      bool    `json:"recover,omitempty"` // this and the others: see Example_recovery
		Epoch        string  `json:"epoch,omitempty"`
		Offset       uint64  `json:"offset,omitempty"`
		Recovered    bool    `json:"recovered,omitempty"`
		Publications []*news `json:"publications,omitempty"`
	}
	news struct {
		Channel string `json:"channel,omitempty"`
		Data    *text  `json:"data,omitempty"`
		Offset  uint64 `json:"offset,omitempty"`
	}
	call struct {
		Method string `json:"method,omitempty"`
		Data   *text  `json:"data,omitempty"`
	}
	push struct {
		Channel string `json:"channel"`
		Pub     *news  `json:"pub"`
	}
	text struct {
		Text string `json:"text"`
	}
	fault struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
)

func (f *fault) Error() string { return fmt.Sprintf("%d %s", f.Code, f.Message) }

// config is that of a node at one URL, with the login of an API at another.
func config(api, node string) connector.Config[login, user] {
	type step = connector.Step[user, frame, frame]
	type known = connector.Known[user, frame]
	return connector.Config[login, user]{
		Auth: &authhttp.JSON[login, user]{
			LoginURL: api + "/login", RefreshURL: api + "/refresh", LogoutURL: api + "/logout",
		},
		Sockets: []connector.AnySocket[user]{connector.SocketConfig[user, frame, frame]{
			ID: "node", URL: node,
			Auth: &step{Build: func(_ context.Context, k known) (frame, error) {
				return frame{Connect: &token{k.Token.Access.Reveal()}}, nil
			}},
			Renew: &step{Build: func(_ context.Context, k known) (frame, error) {
				return frame{Refresh: &token{k.Token.Access.Reveal()}}, nil
			}},
			Subscribe: []step{{Build: func(context.Context, known) (frame, error) {
				return frame{Subscribe: &place{Channel: "news"}}, nil
			}}},
			SetID: func(f *frame, id uint64) { f.ID = id },
			GetID: func(f frame) (uint64, bool) { return f.ID, f.ID != 0 },
			IsError: func(f frame) error {
				if f.Error == nil {
					return nil
				}
				return f.Error
			},
			Code: func(f frame) (connector.Code, bool) {
				if f.Error == nil {
					return connector.Code{}, false
				}
				return connector.Code{Number: f.Error.Code, Text: f.Error.Message}, true
			},
			Heartbeat: connector.Heartbeat[frame, frame]{
				Reply: func(f frame) (frame, bool) { return frame{}, f == frame{} },
			},
			Common: connector.Common{Rules: []connector.Rule{
				{Source: connector.OfMessage, From: 109, Class: connector.ClassExpired}, // token expired
				{Source: connector.OfClose, From: 3005, Class: connector.ClassExpired},  // connection expired
				{Source: connector.OfClose, From: 3014, Class: connector.ClassExpired},  // state invalidated
				{Source: connector.OfClose, From: 3500, To: 3999, Class: connector.ClassRejected},
				{Source: connector.OfClose, From: 4500, To: 4999, Class: connector.ClassRejected},
				{Source: connector.OfClose, From: 4000, To: 4499, Class: connector.ClassNetwork}, // whatever they mean elsewhere
			}},
		}},
	}
}

// A whole client of a Centrifuge node: the config above is all that it needs.
func Example() {
	server, err := centrifugal.Start(centrifugal.Config{}) // in the place of yours
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	client, err := connector.New(config(server.URL(), server.WebSocketURL()))
	if err != nil {
		log.Fatal(err)
	}
	session, ctx := client.NewSession(), context.Background()
	if err := session.Login(ctx, login{"ann", "secret"}); err != nil { // connected and subscribed
		log.Fatal(err)
	}
	node, err := connector.On[frame, frame](session, "node")
	if err != nil {
		log.Fatal(err)
	}
	pushes := node.Messages(0)
	defer pushes.Close()

	answer, err := node.Request(ctx, frame{RPC: &call{Method: "echo", Data: &text{"hello"}}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("answer:", answer.RPC.Data.Text)
	if _, err := node.Request(ctx, frame{Publish: &news{Channel: "news", Data: &text{"tea is back"}}}); err != nil {
		log.Fatal(err)
	}
	if next, ok := pushes.Next(ctx); ok {
		fmt.Println("push:", next.Push.Pub.Data.Text)
	}
	_, err = node.Request(ctx, frame{RPC: &call{Method: "nothing"}})
	fmt.Println("error:", err)
	fmt.Println("logout:", session.Logout(ctx))
	// Output:
	// answer: hello
	// push: tea is back
	// error: interlock: request: node: the peer answered: 104 method not found
	// logout: <nil>
}
