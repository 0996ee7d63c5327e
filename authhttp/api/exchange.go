package api

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/custom-app/interlock/authhttp"
	"github.com/custom-app/interlock/authhttp/errcode"
	"github.com/custom-app/interlock/authhttp/internal/wire"
)

// call is one request on its way. op and target are what errors and reports
// say about it; they are filled in as far as they are known.
type call struct {
	api        *API
	op, target string
}

// exchange sends payload, unless it is nil, and reads the answer into the
// value that into points to, unless it is nil. Its error is an *Error.
func (a *API) exchange(ctx context.Context, method, path string, payload, into any) error {
	c := &call{api: a}
	resp, fault := c.send(ctx, method, path, payload, a.codec().ContentType())
	if fault == nil {
		defer wire.Drain(resp.Body)
		fault = c.receive(ctx, resp, into)
	}
	return c.end(ctx, fault)
}

// end completes and reports the fault, if there is one.
func (c *call) end(ctx context.Context, fault *Error) error {
	if fault == nil {
		return nil
	}
	fault.Op = c.op
	c.api.Reporter.Tell(authhttp.WithoutToken(context.WithoutCancel(ctx)), errcode.Report{
		Code: fault.Code, Peer: fault.Peer, Op: fault.Op, URL: c.target, Err: fault,
	})
	return fault
}

func (c *call) send(ctx context.Context, method, path string, payload any, accept string) (*http.Response, *Error) {
	req, err := c.request(ctx, method, path, payload, accept)
	if err != nil {
		return nil, &Error{Code: errcode.Unhandled, Err: err}
	}
	resp, err := c.api.client().Do(req)
	if err != nil {
		err = wire.Fault(ctx, err)
		return nil, &Error{Code: errcode.Of(err), Peer: errcode.SaidByPeer(err), Err: err}
	}
	return resp, nil
}

// request makes the request. Its body can be replayed, as a Transport's retry
// needs, because it is a bytes.Reader.
func (c *call) request(ctx context.Context, method, path string, payload any, accept string) (*http.Request, error) {
	target, err := c.api.resolve(path)
	if err != nil {
		return nil, err
	}
	path, _, _ = strings.Cut(path, "?")
	c.op, c.target = method+" /"+strings.TrimLeft(path, "/"), target.String()
	var body io.Reader
	if payload != nil {
		data, err := c.api.codec().Marshal(payload)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.target, body)
	if err != nil {
		return nil, wire.Guard("method: not one of HTTP", err)
	}
	req.Header.Set("Accept", accept)
	if payload != nil {
		req.Header.Set("Content-Type", c.api.codec().ContentType())
	}
	for name, values := range c.api.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	return req, nil
}

// receive reads an answer into the value that into points to.
func (c *call) receive(ctx context.Context, resp *http.Response, into any) *Error {
	if fault := c.refusal(resp); fault != nil {
		return fault
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, resp.Body, c.api.maxBody()))
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return unreadable(resp, fmt.Errorf("the answer is longer than MaxBody, %d bytes", c.api.maxBody()))
	}
	if err != nil {
		return cutShort(ctx, resp, err)
	}
	if fault := c.api.readError(resp.StatusCode, body); fault != nil {
		return refused(resp, fault)
	}
	if into == nil && len(body) == 0 {
		return nil
	}
	if err := checkType(resp.Header, c.api.codec().ContentType()); err != nil {
		return unreadable(resp, err)
	}
	if into == nil {
		return nil
	}
	if err := c.api.codec().Unmarshal(body, into); err != nil {
		return unreadable(resp, fmt.Errorf("the answer cannot be read: %w", err))
	}
	return nil
}

// refusal returns the error that a status other than 2xx is. A body that
// cannot be read whole leaves it without details.
func (c *call) refusal(resp *http.Response) *Error {
	if resp.StatusCode >= 200 && resp.StatusCode <= 299 {
		return nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, resp.Body, c.api.maxBody()))
	if err != nil {
		return refused(resp, nil)
	}
	return refused(resp, c.api.readError(resp.StatusCode, body))
}

// refused makes the error of an answer that says no.
func refused(resp *http.Response, details *Error) *Error {
	fault := &Error{Status: resp.StatusCode, RetryAfter: wire.RetryAfter(resp.Header), Peer: resp.StatusCode >= 400}
	if details != nil {
		fault.Code, fault.Text, fault.Err, fault.Peer = details.Code, details.Text, details.Err, true
	}
	fault.Code = cmp.Or(fault.Code, errcode.FromStatus(resp.StatusCode), errcode.Unhandled)
	return fault
}

func unreadable(resp *http.Response, err error) *Error {
	return &Error{Status: resp.StatusCode, Code: errcode.BadAnswer, Err: err}
}

// cutShort makes the error of a body that does not come to its end.
func cutShort(ctx context.Context, resp *http.Response, err error) *Error {
	fault := unreadable(resp, wire.Fault(ctx, err))
	if code := errcode.Of(fault.Err); code != errcode.Unhandled {
		fault.Code = code
	}
	return fault
}

// checkType compares media types. "application/vnd.x+json" is JSON too
// (RFC 6838 section 4.2.8), and an "x-" says nothing (RFC 6648).
func checkType(header http.Header, want string) error {
	text := header.Get("Content-Type")
	if text == "" {
		return errors.New("the answer has no content type")
	}
	got, _, err := mime.ParseMediaType(text)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return errors.New("the answer has a malformed content type")
	}
	plain := strings.NewReplacer("/x-", "/")
	_, subtype, _ := strings.Cut(plain.Replace(want), "/")
	if plain.Replace(got) != plain.Replace(want) && !strings.HasSuffix(got, "+"+subtype) {
		return fmt.Errorf("the answer is %.80q, not %s", got, want)
	}
	return nil
}
