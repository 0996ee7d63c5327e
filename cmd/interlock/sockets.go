package main

import (
	"context"
	"fmt"

	"github.com/custom-app/interlock/connector"
)

// The ids of the sockets.
const (
	menu = "menu"
	room = "room"
)

// firstGroup is the socket that every user has.
func firstGroup(url string) []connector.AnySocket[user] {
	return []connector.AnySocket[user]{socketFor(menu, url, "categories")}
}

// secondGroup is the socket of the user's own room. Which room that is, the
// backend has said on the socket of the first group.
func secondGroup(url string) connector.Group[user] {
	return connector.Group[user]{Make: func(_ context.Context, so connector.Chain[user]) ([]connector.AnySocket[user], error) {
		answer, ok := connector.AuthAnswer[response](so, menu)
		if !ok || answer.Auth == nil || *answer.Auth != so.User {
			return nil, fmt.Errorf("the socket %s is not authenticated as %v", menu, so.User)
		}
		return []connector.AnySocket[user]{socketFor(room, url, roomOf(*answer.Auth))}, nil
	}}
}

// roomOf returns the room of a user, as a kind to subscribe to. There are nine.
func roomOf(u user) string { return fmt.Sprintf("room-%d", u.ID%9+1) }

// socketFor declares a socket: authenticate with the token, then subscribe to a kind.
func socketFor(id, url, kind string) connector.SocketConfig[user, request, response] {
	type known = connector.Known[user, response]
	type step = connector.Step[user, request, response]
	return connector.SocketConfig[user, request, response]{
		ID: id, URL: url,
		Auth: &step{Build: func(_ context.Context, k known) (request, error) {
			return request{Auth: &authRequest{Token: k.Token.Access.Reveal()}}, nil
		}},
		Subscribe: []step{{Build: func(context.Context, known) (request, error) {
			return request{Sub: &subscribe{Kind: kind}}, nil
		}}},
		SetID: func(r *request, id uint64) { r.ID = id },
		GetID: func(r response) (uint64, bool) { return r.ID, r.ID != 0 },
		IsError: func(r response) error {
			if r.Error == nil {
				return nil
			}
			return r.Error
		},
	}
}
