package configfile_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/custom-app/interlock/connector/configfile"
)

// defaults are those of the fields of the structs in a file of Go, as their comments
// have them: "0: 15 s".
func defaults(t *testing.T, path string) map[string]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	form, found := regexp.MustCompile(`(?:0|empty): ([^;.\n]+)`), make(map[string]string)
	ast.Inspect(file, func(n ast.Node) bool {
		if field, ok := n.(*ast.Field); ok && len(field.Names) == 1 {
			if m := form.FindStringSubmatch(field.Doc.Text() + field.Comment.Text()); m != nil {
				found[field.Names[0].Name] = m[1]
			}
		}
		return true
	})
	return found
}

func TestDefaults(t *testing.T) {
	socket, config, json := defaults(t, "../socketconfig.go"), defaults(t, "../config.go"), defaults(t, "../../authhttp/json.go")
	for _, c := range []struct {
		of    any
		names map[string]string // of fields of the file: as the field is named that it stands for
		in    map[string]string
	}{
		{configfile.Timeouts{}, map[string]string{
			"Open": "OpenTimeout", "Auth": "AuthTimeout", "Subscribe": "SubscribeTimeout", "Attempt": "AttemptTimeout", "Request": "RequestTimeout",
			"PingAfter": "PingAfter", "Ping": "PingTimeout", "Stable": "StablePeriod",
		}, socket},
		{configfile.Buffer{}, map[string]string{"Count": "Count", "Bytes": "Bytes"}, socket},
		{configfile.Socket{}, map[string]string{"ReadLimit": "ReadLimit"}, socket},
		{configfile.Retry{}, map[string]string{"Floor": "RetryFloor", "Cap": "RetryCap", "PerMinute": "AttemptsPerMinute"}, config},
		{configfile.TokenHeader{}, map[string]string{"Header": "TokenHeader"}, json},
	} {
		for name, other := range c.names {
			t.Run("X4 "+name, func(t *testing.T) {
				field, _ := reflect.TypeOf(c.of).FieldByName(name)
				_, got, _ := strings.Cut(field.Tag.Get("jsonschema"), "default: ")
				want := c.in[other]
				if d, err := time.ParseDuration(strings.ReplaceAll(want, " ", "")); err == nil {
					want = d.String()
				}
				want = strings.ReplaceAll(want, "1 MiB", "1048576")
				if want == "" || got != want {
					t.Errorf("got default %q, want %q as %s has", got, want, other)
				}
			})
		}
	}
}
