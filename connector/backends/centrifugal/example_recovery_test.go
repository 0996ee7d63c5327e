package centrifugal_test

import (
	"context"
	"fmt"
	"log"
	"sync"
	"time"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/backends/centrifugal"
)

// position is how far a client has come in the history of its channel.
type position struct {
	mu     sync.Mutex
	epoch  string
	offset uint64
}

// pass notes what a frame says of the position, and returns the news that it brings:
// those of a push, or those that an answer to subscribe makes up for.
func (p *position) pass(f frame) (all []*news) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var came []*news
	switch {
	case f.Subscribe != nil:
		p.epoch, came = f.Subscribe.Epoch, f.Subscribe.Publications
	case f.Push != nil && f.Push.Pub != nil:
		came = []*news{f.Push.Pub}
	}
	for _, one := range came {
		if one.Offset > p.offset { // else it has come before
			p.offset, all = one.Offset, append(all, one)
		}
	}
	if f.Subscribe != nil {
		p.offset = f.Subscribe.Offset
	}
	return all
}

// subscribe is the subscription that goes on from the position.
func (p *position) subscribe() connector.Step[user, frame, frame] {
	return connector.Step[user, frame, frame]{
		Build: func(context.Context, connector.Known[user, frame]) (frame, error) {
			p.mu.Lock()
			defer p.mu.Unlock()
			return frame{Subscribe: &place{Channel: "news", Recover: p.epoch != "", Epoch: p.epoch, Offset: p.offset}}, nil
		},
		Recovered: func(answer frame) bool { return answer.Subscribe.Recovered },
	}
}

// A subscription that recovers what is published while the connection is down.
func Example_recovery() {
	server, err := centrifugal.Start(centrifugal.Config{}) // in the place of yours
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close()
	whole, at := config(server.URL(), server.WebSocketURL()), new(position)
	socket := whole.Sockets[0].(connector.SocketConfig[user, frame, frame])
	socket.Subscribe = []connector.Step[user, frame, frame]{at.subscribe()}
	whole.Sockets[0] = socket
	client, err := connector.New(whole)
	if err != nil {
		log.Fatal(err)
	}
	session := client.NewSession()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	node, err := connector.On[frame, frame](session, "node")
	if err != nil {
		log.Fatal(err)
	}
	everything, readies := node.All(0), node.Readies(0)
	if err := session.Login(ctx, login{"ann", "secret"}); err != nil {
		log.Fatal(err)
	}
	readies.Next(ctx)
	for subscribed := false; !subscribed; { // from here on, at knows where to go on from
		inbound, ok := everything.Next(ctx)
		if !ok {
			log.Fatal(ctx.Err())
		}
		at.pass(inbound.Message)
		subscribed = inbound.Message.Subscribe != nil
	}
	for i := range 3 {
		if err := server.Push(ctx, fmt.Sprint("news ", i)); err != nil {
			log.Fatal(err)
		}
		if i == 0 {
			_ = server.Cut() // the others are published while the connection is down, or not
		}
	}
	for got := 0; got < 3; {
		inbound, ok := everything.Next(ctx)
		if !ok {
			log.Fatal(ctx.Err())
		}
		for _, one := range at.pass(inbound.Message) {
			fmt.Println(one.Data.Text)
			got++
		}
	}
	again, ok := readies.Next(ctx)
	if !ok {
		log.Fatal(ctx.Err())
	}
	fmt.Println("missed:", again.Missed)
	_ = session.Logout(ctx)
	// Output:
	// news 0
	// news 1
	// news 2
	// missed: false
}
