package authhttp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/custom-app/interlock/authhttp/internal/wire"
)

// Call is one request of a [JSON], as its Shape gets it: filled in with what is
// sent without a Shape, and with the readers of the answer.
//
// The tokens in hand, and the credentials of a login, are in it. They go where
// Shape sends them, and into what it prints of Body and Header. The Call itself
// prints as its Op.
type Call[U any] struct {
	// Op, Pair and ID are to be read: what Shape makes of them changes nothing.
	Op   string // login, refresh, resume, login as, logout or logout everywhere
	Pair Pair   // the tokens in hand; zero in a login
	ID   any    // whom a login as is for; nil in other calls

	Method string
	URL    string // at first that of the field of JSON for this Op
	// Header goes before JSON.Header, Accept, Content-Type and the token's header. A
	// name with no values keeps that header from being sent. It is empty at first,
	// never nil. Host and Content-Length are left to net/http.
	Header http.Header
	// Body is encoded as JSON, or as a form when it is a [url.Values]; nil: there is
	// none. At first it is what the method of JSON sends: the credentials as they
	// are, the map of a refresh, what AsBody made. A [Secret] in it would be sent
	// redacted.
	Body any

	// Tokens and User read the answer; nil: it is not read for that. At first
	// they are the readers of JSON that this Op needs, a logout none. In a logout
	// only their errors count, and so does that of User in a refresh. The rules of
	// JSON.Tokens and JSON.User hold. A resume takes tokens that it finds.
	Tokens func(body []byte) (Pair, error)
	User   func(body []byte) (U, error)
}

// Format writes Op, whatever the verb and its flags.
func (c Call[U]) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.Op) }

// FieldError is a fault whose text is printed as it is by the errors of this
// package. All else that a Shape or a reader of answers returns can quote a
// secret, and is kept for [errors.As] but not printed. Whoever makes a FieldError
// puts names into it, and no values out of an answer, of credentials or of tokens.
type FieldError struct {
	Field  string // where the fault is, such as "expires_in" or "/data/token"; empty: Detail says it
	Detail string // what is wrong
}

// Error returns Field and Detail.
func (f *FieldError) Error() string {
	switch {
	case f == nil:
		return "a nil *FieldError"
	case f.Field == "":
		return f.Detail
	}
	return f.Field + ": " + f.Detail
}

// shape has Shape change a call, and checks what is new in it.
func (j *JSON[C, U]) shape(c *call[U]) error {
	if j.Shape == nil {
		return nil
	}
	shaped := c.Call
	shaped.Header = http.Header{}
	if err := j.Shape(&shaped); err != nil {
		text := "Shape: gave an error"
		if field, ok := errors.AsType[*FieldError](err); ok {
			text = field.Error()
		}
		return wire.Guard(text, err)
	}
	if shaped.URL != c.URL {
		c.field = "the URL that Shape leaves"
	}
	c.what = "the body that Shape leaves"
	shaped.Op, shaped.Pair, shaped.ID = c.Op, c.Pair, c.ID
	c.Call = shaped
	switch {
	case !isFieldName(shaped.Method): // the grammar of methods too (RFC 9110 section 9.1)
		return errors.New("the Method that Shape leaves: not the name of a method")
	case shaped.Header == nil:
		return errors.New("the Header that Shape leaves: nil")
	}
	return checkHeader("the Header that Shape leaves", shaped.Header)
}

// encode makes the body of a request and its content type; both empty: none.
func encode(what string, body any) (payload []byte, kind string, err error) {
	switch body := body.(type) {
	case nil:
		return nil, "", nil
	case url.Values:
		return []byte(body.Encode()), "application/x-www-form-urlencoded", nil
	}
	if payload, err = json.Marshal(body); err != nil {
		return nil, "", wire.Guard(what+" cannot be encoded as JSON", err)
	}
	return payload, "application/json", nil
}
