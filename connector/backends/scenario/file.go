package scenario

import (
	"os"
	"strings"
	"testing"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/configfile"
)

// FileConfig returns the config of the file cmd/interlock/testdata/backends/NAME.yaml,
// for the account of a server that runs. These parts of its text are left out.
func FileConfig(t *testing.T, name string, server Server, without ...string) connector.Config[configfile.Credentials, configfile.User] {
	t.Helper()
	text, err := os.ReadFile(configFile(name))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range without {
		before, after, found := strings.Cut(string(text), part)
		if !found {
			t.Fatalf("%s.yaml has no %q", name, part)
		}
		text = []byte(before + after)
	}
	variables := variablesOf(server, server.Account())
	variable := func(name string) (string, bool) { value, ok := variables[name]; return value, ok }
	file, err := configfile.Parse(name+".yaml", text, configfile.Options{Env: variable})
	if err != nil {
		t.Fatalf("got %v, want a file that is right", err)
	}
	config, err := file.Config()
	if err != nil {
		t.Fatalf("got %v, want a config", err)
	}
	return config
}
