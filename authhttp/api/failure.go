package api

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/custom-app/interlock/authhttp/errcode"
)

// ReadError finds the error in the body of an answer, in any of these shapes:
//
//	{"error": {"code": ..., "text" or "message": ...}}
//	{"error": ..., "error_description": ...}              RFC 6749 section 5.2
//	{"code": ..., "text" or "message": ...}
//	{"type": ..., "title": ..., "detail": ...}            RFC 9457 section 3.1
//
// The code is read with [errcode.Parse], or with [errcode.FromStatus] when it
// is a number that is an HTTP status of an error; of a type that is a URI its
// last segment counts. An "error" that is a sentence is the text.
//
// With a 2xx only an object whose field "error" is there, and not null, false,
// 0 or "", is an error. Otherwise it returns nil when the body has no details.
// The result has only Code and Text.
func ReadError(status int, body []byte) *Error {
	var answer object
	if (JSON{}).Unmarshal(body, &answer) != nil {
		return nil
	}
	present := !slices.Contains([]string{"", "null", "false", "0", `""`}, string(answer["error"]))
	if !present && status >= 200 && status <= 299 {
		return nil
	}
	fault := &Error{}
	if present {
		readErrorField(answer, status, fault)
	}
	fault.Code = cmp.Or(fault.Code, answer.code("code"), answer.problem())
	fault.Text = cmp.Or(fault.Text, answer.text("error_description", "text", "message", "detail", "title"))
	if !present && fault.Code == "" && fault.Text == "" {
		return nil
	}
	return fault
}

// readErrorField reads the field "error", an object or a string.
func readErrorField(answer object, status int, fault *Error) {
	var inner object
	if json.Unmarshal(answer["error"], &inner) == nil {
		fault.Code, fault.Text = inner.code("code"), inner.text("text", "message")
		return
	}
	text := answer.text("error")
	if strings.EqualFold(text, http.StatusText(status)) {
		return // the name of the status says no more than the status
	}
	if fault.Code = answer.code("error"); fault.Code == "" {
		fault.Text = text
	}
}

// object is a JSON object whose fields may be of any type.
type object map[string]json.RawMessage

// text returns the first of the fields that is a string and not empty.
func (o object) text(names ...string) string {
	for _, name := range names {
		var text string
		if json.Unmarshal(o[name], &text) == nil && text != "" {
			return text
		}
	}
	return ""
}

// code reads a code that is a string or an integer.
func (o object) code(name string) errcode.Code {
	if text := o.text(name); text != "" {
		return errcode.Parse(text)
	}
	number, err := strconv.Atoi(string(o[name]))
	switch {
	case err != nil || number == 0:
		return ""
	case number >= 400 && number <= 599:
		return errcode.FromStatus(number)
	}
	return errcode.Code(strconv.Itoa(number))
}

// problem reads the type of RFC 9457 section 3.1.1; about:blank says nothing,
// and a bare word is no type of that RFC.
func (o object) problem() errcode.Code {
	kind := o.text("type")
	end := strings.LastIndexAny(kind, "/:#")
	if end < 0 || kind == "about:blank" {
		return ""
	}
	return errcode.Parse(kind[end+1:])
}
