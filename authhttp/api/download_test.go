package api_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/custom-app/interlock/authhttp/api"
	"github.com/custom-app/interlock/authhttp/errcode"
)

func TestDownload(t *testing.T) {
	long := strings.Repeat("x", 1<<20) + "end"
	failed := `{"error":{"code":"no_beds"}}`
	for _, c := range []struct {
		name                    string
		status                  int
		kind, disposition, body string
		file                    string       // the name
		code                    errcode.Code // of the error; "": a file
	}{
		{"E4 file", 200, "text/csv", `attachment; filename="beds.csv"`, "a,b", "beds.csv", ""},
		{"E4 file without a name", 200, "text/csv", "", "a,b", "file", ""},
		{"E4 file without a type", 200, "", "attachment", "a,b", "file", ""},
		{"E4 longer than MaxBody", 200, "text/csv", "", long, "file", ""},
		{"E4 empty", 204, "", "", "", "file", ""},
		{"E4 HTML is a file too", 200, "text/html", "", "<html>", "file", ""},
		{"E4 file in the format of answers", 200, jsonType, "", `{"id":7}`, "file", ""},
		{"E4 long file in the format of answers", 200, jsonType, "", long, "file", ""},
		{"E4 file that looks like an error", 200, jsonType, "attachment", failed, "file", ""},
		{"E4 text that looks like an error", 200, "text/plain", "", failed, "file", ""},
		{"E4 error in place of a file", 200, jsonType, "", failed, "", "no_beds"},
		{"E4 error", 400, jsonType, "", failed, "", "no_beds"},
		{"E4 error with the headers of a file", 404, "text/csv", "attachment", "a,b", "", errcode.NotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				if c.disposition != "" {
					w.Header().Set("Content-Disposition", c.disposition)
				}
				reply(w, c.status, c.kind, c.body)
			})
			file, err := api.Download(t.Context(), a, http.MethodGet, "/beds?key="+hidden, api.None{})
			if c.code != "" {
				if f := fault(t, err); f.Code != c.code || !f.Peer || f.Status != c.status || f.Op != "GET /beds" || file != nil {
					t.Errorf("got %v, Peer %t, %v, want %q by the peer", err, f.Peer, file, c.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = file.Body.Close() }()
			body, err := io.ReadAll(file.Body)
			if err != nil || string(body) != c.body {
				t.Errorf("got %d bytes, %v, want the %d sent", len(body), err, len(c.body))
			}
			if file.Name != c.file || file.ContentType != c.kind {
				t.Errorf("got %q of type %q, want %q of %q", file.Name, file.ContentType, c.file, c.kind)
			}
			if file.Size != -1 && file.Size != int64(len(c.body)) {
				t.Errorf("got size %d, want %d or -1", file.Size, len(c.body))
			}
		})
	}
	t.Run("E4 sizes", func(t *testing.T) {
		for body, want := range map[string]int64{"known": 5, "unknown": -1} {
			a := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, body)
				if want < 0 {
					w.(http.Flusher).Flush()
				}
			})
			file, err := api.Download(t.Context(), a, http.MethodGet, "/beds", api.None{})
			if err != nil {
				t.Fatal(err)
			}
			_ = file.Body.Close()
			if file.Size != want {
				t.Errorf("%s: got %d, want %d", body, file.Size, want)
			}
		}
	})
	t.Run("E4 a request with a body", func(t *testing.T) {
		a := serve(t, func(w http.ResponseWriter, req *http.Request) {
			body, _ := io.ReadAll(req.Body)
			_, _ = io.WriteString(w, req.Method+" "+req.Header.Get("Accept")+" "+string(body))
		})
		file, err := api.Download(t.Context(), a, http.MethodPost, "/beds", change{"Ann"})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Body.Close() }()
		got, _ := io.ReadAll(file.Body)
		if want := `POST */* {"name":"Ann"}`; string(got) != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestDownloadClosesOnError(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   io.Reader
		want   errcode.Code
	}{
		{"E4 refused", 404, strings.NewReader(""), errcode.NotFound},
		{"E4 error in place of a file", 200, strings.NewReader(`{"error":"no_beds"}`), "no_beds"},
		{"E4 cut short", 200, errReader{io.ErrUnexpectedEOF}, errcode.NoConnection},
	} {
		t.Run(c.name, func(t *testing.T) {
			body := &closing{Reader: c.body}
			a := &api.API{Base: "https://a.test", Client: &http.Client{Transport: tripFunc(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: c.status, Header: http.Header{"Content-Type": {jsonType}}, Body: body}, nil
			})}}
			_, err := api.Download(t.Context(), a, http.MethodGet, "/beds", api.None{})
			if errcode.Of(err) != c.want || body.closed != 1 {
				t.Errorf("got %v, closed %d times, want %q, once", err, body.closed, c.want)
			}
		})
	}
}

// closing counts how often it is closed.
type closing struct {
	io.Reader
	closed int
}

func (c *closing) Close() error {
	c.closed++
	return nil
}

func TestFileNames(t *testing.T) {
	for _, c := range []struct{ name, disposition, want string }{
		{"E4 plain", `attachment; filename=beds.csv`, "beds.csv"},
		{"E4 inline", `inline; filename="beds.csv"`, "beds.csv"},
		{"E4 spaces", `attachment; filename="my beds.csv"`, "my beds.csv"},
		{"E4 encoded", `attachment; filename*=UTF-8''%D0%BE%D1%82%D1%87%D1%91%D1%82.csv`, "отчёт.csv"},
		{"E4 both forms", `attachment; filename="report.csv"; filename*=UTF-8''%D0%BE%D1%82%D1%87%D1%91%D1%82.csv`, "отчёт.csv"},
		{"E4 both forms, the other way round", `attachment; filename*=UTF-8''%D0%BE%D1%82%D1%87%D1%91%D1%82.csv; filename="report.csv"`, "отчёт.csv"},
		{"E4 raw UTF-8", `attachment; filename="отчёт.csv"`, "отчёт.csv"},
		{"E4 not UTF-8", "attachment; filename=\"a\xff.csv\"", "a_.csv"},
		{"E4 path", `attachment; filename="../../etc/passwd"`, "passwd"},
		{"E4 path of Windows", `attachment; filename*=UTF-8''C%3A%5Cx%5Cbeds.csv`, "beds.csv"},
		{"E4 path, encoded", `attachment; filename*=UTF-8''..%2F..%2Fpasswd`, "passwd"},
		{"E4 path of a directory", `attachment; filename="beds/"`, "file"},
		{"E4 dots", `attachment; filename=".."`, "file"},
		{"E4 leading dot", `attachment; filename=".bashrc"`, "bashrc"},
		{"E4 trailing dots and spaces", `attachment; filename="beds.exe. . "`, "beds.exe"},
		{"E4 control characters", `attachment; filename*=UTF-8''a%00b%0D%0A%7Fc.csv`, "abc.csv"},
		{"E4 text written backwards", `attachment; filename*=UTF-8''a%E2%80%AEvsc.exe`, "avsc.exe"},
		{"E4 characters that Windows reserves", `attachment; filename*=UTF-8''a%3Ab%7C%3F.csv`, "a_b__.csv"},
		{"E4 empty", `attachment; filename=""`, "file"},
		{"E4 no name", `attachment`, "file"},
		{"E4 malformed", `attachment; filename="beds`, "file"},
		{"E4 no header", ``, "file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &api.API{Base: "https://a.test", Client: &http.Client{Transport: tripFunc(func(*http.Request) (*http.Response, error) {
				header := http.Header{"Content-Disposition": {c.disposition}}
				return &http.Response{StatusCode: 200, Header: header, Body: http.NoBody}, nil
			})}}
			file, err := api.Download(t.Context(), a, http.MethodGet, "/beds", api.None{})
			if err != nil {
				t.Fatal(err)
			}
			if file.Name != c.want {
				t.Errorf("got %q, want %q", file.Name, c.want)
			}
		})
	}
}
