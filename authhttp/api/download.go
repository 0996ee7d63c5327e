package api

import (
	"bytes"
	"context"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode"

	"github.com/custom-app/interlock/authhttp/internal/wire"
)

// File is a file on its way from the backend.
type File struct {
	// Name is a plain file name without a path, fit for any file system: what
	// the backend suggests, made harmless, or "file".
	Name        string
	ContentType string        // as the backend gives it; may be empty
	Size        int64         // in bytes; -1: unknown
	Body        io.ReadCloser // of any length, bounded by the context of Download; the caller closes it
}

// Download makes one request, as [Do] does, and returns the file that the
// answer is. An answer other than 2xx is an error, and so is an error in the
// place of a file: an answer of the Codec's content type, without
// Content-Disposition and shorter than MaxBody, that ReadError finds an error
// in. The error is an [*Error]; with an error there is nothing to close.
func Download[Req any](ctx context.Context, a *API, method, path string, req Req) (*File, error) {
	c := &call{api: a}
	resp, fault := c.send(ctx, method, path, payload(req), "*/*")
	if fault != nil {
		return nil, c.end(ctx, fault)
	}
	if fault = c.notFile(ctx, resp); fault != nil {
		wire.Drain(resp.Body)
		return nil, c.end(ctx, fault)
	}
	return &File{
		Name:        fileName(resp.Header.Get("Content-Disposition")),
		ContentType: resp.Header.Get("Content-Type"),
		Size:        resp.ContentLength,
		Body:        resp.Body,
	}, nil
}

// notFile returns the error that comes instead of a file, if one does.
func (c *call) notFile(ctx context.Context, resp *http.Response) *Error {
	if fault := c.refusal(resp); fault != nil {
		return fault
	}
	if resp.Header.Get("Content-Disposition") != "" || checkType(resp.Header, c.api.codec().ContentType()) != nil {
		return nil
	}
	head, err := io.ReadAll(io.LimitReader(resp.Body, c.api.maxBody()))
	if err != nil {
		return cutShort(ctx, resp, err)
	}
	if int64(len(head)) < c.api.maxBody() {
		if fault := c.api.readError(resp.StatusCode, head); fault != nil {
			return refused(resp, fault)
		}
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), resp.Body), resp.Body}
	return nil
}

const noName = "file"

// fileName reads the file name of a Content-Disposition, of which filename*
// wins over filename (RFC 6266 section 4.3). The name is a stranger's, so it
// keeps no path, no leading dots, nothing that file systems take for more than
// a name, and nothing that shows it other than it is.
func fileName(disposition string) string {
	_, params, err := mime.ParseMediaType(disposition)
	if err != nil {
		return noName
	}
	name := strings.ToValidUTF8(params["filename"], "_")
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Trim(strings.Map(harmless, name), ". ")
	if name == "" {
		return noName
	}
	return name
}

func harmless(r rune) rune {
	switch {
	case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
		return -1
	case strings.ContainsRune(`<>:"|?*`, r):
		return '_'
	}
	return r
}
