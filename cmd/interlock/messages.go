package main

import (
	"fmt"
	"io"
	"strings"
)

// What the backend's sockets speak: one JSON object a message, with one field
// beside the id.

// credentials are what a user logs in with.
type credentials struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

// Format keeps the password out of every printed form.
func (c credentials) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.Name) }

// user is what the backend says about who logged in.
type user struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// category is an entry of the menu.
type category struct {
	ID   int    `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// request is a message to the backend.
type request struct {
	ID         uint64       `json:"id"`
	Auth       *authRequest `json:"auth,omitempty"`
	Sub        *subscribe   `json:"sub,omitempty"`
	Echo       *echo        `json:"echo,omitempty"`
	MenuAdd    *category    `json:"menuAdd,omitempty"`
	MenuDelete *category    `json:"menuDelete,omitempty"`
}

type authRequest struct {
	Token string `json:"token"`
}

type subscribe struct {
	Kind string `json:"kind"`
}

type echo struct {
	Text string `json:"text"`
}

// response is a message from the backend: the answer to the request with its id,
// or a push, which has none.
type response struct {
	ID         uint64       `json:"id,omitempty"`
	Error      *serverError `json:"error,omitempty"`
	Auth       *user        `json:"auth,omitempty"`
	Sub        *subscribe   `json:"sub,omitempty"`
	Echo       *echo        `json:"echo,omitempty"`
	MenuAdd    *category    `json:"menuAdd,omitempty"`
	MenuDelete *category    `json:"menuDelete,omitempty"`
	Push       *push        `json:"push,omitempty"`
}

type serverError struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

func (e *serverError) Error() string { return e.Code + ": " + e.Text }

// push is what a subscribed socket hears of: the whole menu first, then changes of
// it; or what is said in a room.
type push struct {
	Categories     []category `json:"categories,omitempty"`
	CategoryUpdate *category  `json:"categoryUpdate,omitempty"`
	CategoryDelete *category  `json:"categoryDelete,omitempty"`
	Kind           string     `json:"kind,omitempty"` // of the room
	Message        string     `json:"message,omitempty"`
}

// String describes a request of the application in a few words.
func (r request) String() string {
	switch {
	case r.Echo != nil:
		return fmt.Sprintf("echo %q", r.Echo.Text)
	case r.MenuAdd != nil:
		return fmt.Sprintf("menuAdd %q", r.MenuAdd.Name)
	case r.MenuDelete != nil:
		return fmt.Sprintf("menuDelete %d", r.MenuDelete.ID)
	}
	return "message"
}

// String describes a message of the backend in a few words.
func (r response) String() string {
	switch {
	case r.Error != nil:
		return "error " + r.Error.Error()
	case r.Echo != nil:
		return fmt.Sprintf("echo %q", r.Echo.Text)
	case r.MenuAdd != nil:
		return fmt.Sprintf("menuAdd: %v is on the menu", *r.MenuAdd)
	case r.MenuDelete != nil:
		return fmt.Sprintf("menuDelete: %d is off the menu", r.MenuDelete.ID)
	case r.Push != nil:
		return r.Push.String()
	}
	return "message"
}

// String describes a push in a few words.
func (p push) String() string {
	switch {
	case p.CategoryUpdate != nil:
		return fmt.Sprintf("update: %v", *p.CategoryUpdate)
	case p.CategoryDelete != nil:
		return fmt.Sprintf("delete: %d", p.CategoryDelete.ID)
	case p.Kind != "":
		return fmt.Sprintf("%s: %q", p.Kind, p.Message)
	}
	var names []string
	for _, c := range p.Categories {
		names = append(names, c.String())
	}
	return "list: " + strings.Join(names, ", ")
}

// String names a category as the menu does.
func (c category) String() string { return fmt.Sprintf("%d %s", c.ID, c.Name) }
