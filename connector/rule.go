package connector

import (
	"cmp"
	"fmt"
	"net/http"

	"github.com/custom-app/interlock/transitions"
)

// Class is what the end of a connection, or a message that ends it, means for the
// socket.
type Class uint8

// The classes.
const (
	ClassNetwork  Class = iota // the connection is lost: try again, with backoff
	ClassExpired               // the token is no good: refresh it, and try again
	ClassRejected              // never to come back: the socket has failed
	ClassReplaced              // another connection has taken the place of this one: the socket has failed
	ClassBusy                  // to come back later: try again slowly, with the same token
	classes
)

var classNames = [...]string{"network", "expired", "rejected", "replaced", "busy"}

// String returns the class's name.
func (c Class) String() string { return classNames[min(c, classes-1)] }

// Source says where a code comes from.
type Source uint8

// The sources.
const (
	OfStatus  Source = iota // the HTTP status of an upgrade that was refused
	OfClose                 // the code of a close frame (RFC 6455 section 7.4)
	OfMessage               // what SocketConfig.Code reads from a message, where there is one
	sources
)

// Code is what a server says no with: a number, a text, or both. The text of a
// close frame is its reason.
type Code struct {
	Number int
	Text   string
}

// Rule says what a code means: those of a socket come first, then those of
// Config.Common, then those that are built in. The first that fits counts.
type Rule struct {
	Source   Source
	From, To int    // the numbers that it is for, To included; To 0: From alone; both 0: any
	Text     string // the text that it is for; empty: any
	Class    Class
}

func (r Rule) validate() error {
	fault := func(field, what string) error { return fmt.Errorf("%s: %s", field, what) }
	switch {
	case r.Source >= sources:
		return fault("Source", "is not declared")
	case r.Class >= classes:
		return fault("Class", "is not declared")
	case r.To != 0 && r.To < r.From:
		return fault("To", "is less than From")
	case r.Source == OfStatus && r.Text != "":
		return fault("Text", "a status has none")
	case r.Source != OfMessage && (r.From < 0 || max(r.From, r.To) > 1<<16-1):
		return fault("From", "is no status or close code, or To is none")
	}
	return nil
}

func (r Rule) fits(source Source, code Code) bool {
	number := r.From == 0 && r.To == 0 || code.Number >= r.From && code.Number <= cmp.Or(r.To, r.From)
	return r.Source == source && number && (r.Text == "" || r.Text == code.Text)
}

// builtIn are the rules after those of the application. What none of them is for
// is [ClassNetwork], the orderly closes 1000, 1001 and 1005 included. Codes from
// 4000 are the application's (RFC 6455 section 7.4.2); those here follow the HTTP
// status of the same digits, as is usual.
var builtIn = []Rule{
	{Source: OfStatus, From: http.StatusUnauthorized, Class: ClassExpired},
	{Source: OfStatus, From: http.StatusForbidden, Class: ClassRejected},
	{Source: OfStatus, From: http.StatusRequestTimeout, Class: ClassNetwork},
	{Source: OfStatus, From: http.StatusConflict, Class: ClassReplaced},
	{Source: OfStatus, From: http.StatusGone, Class: ClassRejected},
	{Source: OfStatus, From: http.StatusUpgradeRequired, Class: ClassRejected},
	{Source: OfStatus, From: 400, To: 499, Class: ClassBusy},
	{Source: OfStatus, From: http.StatusServiceUnavailable, Class: ClassBusy},

	{Source: OfClose, From: 1002, To: 1003, Class: ClassBusy}, // what has led to it would lead to it again
	{Source: OfClose, From: 1007, To: 1010, Class: ClassBusy},
	{Source: OfClose, From: 1013, Class: ClassBusy}, // try again later
	{Source: OfClose, From: 4401, Class: ClassExpired},
	{Source: OfClose, From: 4403, Class: ClassRejected},
	{Source: OfClose, From: 4409, Class: ClassReplaced},
	{Source: OfClose, From: 4429, Class: ClassBusy},
}

// class returns what a code means, by the rules given and those built in; false:
// no rule is for it.
func class(rules []Rule, source Source, code Code) (Class, bool) {
	for _, all := range [][]Rule{rules, builtIn} {
		for _, rule := range all {
			if rule.fits(source, code) {
				return rule.Class, true
			}
		}
	}
	return ClassNetwork, false
}

// ends are the events of classes when a connection has ended, or could not be made.
var ends = [classes]transitions.SocketEvent{
	ClassNetwork: transitions.SocketDropped, ClassExpired: transitions.SocketExpired, ClassRejected: transitions.SocketRejected,
	ClassReplaced: transitions.SocketReplaced, ClassBusy: transitions.SocketBusy,
}

// said are the events of classes when a message says so.
var said = [classes]transitions.SocketEvent{
	ClassNetwork: transitions.SocketDropped, ClassExpired: transitions.SocketTokenRefused, ClassRejected: transitions.SocketRejected,
	ClassReplaced: transitions.SocketReplaced, ClassBusy: transitions.SocketBusy,
}

// BlameOldest takes an error without an id for the answer to the oldest request on
// the wire, as is right for servers that answer in order.
func BlameOldest[Res any](_ Res, pending []uint64) (id uint64, ok bool) {
	if len(pending) == 0 {
		return 0, false
	}
	return pending[0], true
}
