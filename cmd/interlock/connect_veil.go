package main

import (
	"cmp"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/custom-app/interlock/connector/configfile"
)

// veil is the names of the variables that a config file has read, by their values,
// which may be secret.
type veil map[string]string

// environment is that of the process, which notes what is asked of it.
func (v veil) environment(name string) (value string, set bool) {
	if value, set = os.LookupEnv(name); value != "" {
		v[value] = name
	}
	return value, set
}

// veiled puts the names of variables for their values.
func (v veil) veiled(text string) string {
	longestFirst := func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) }
	for _, value := range slices.SortedFunc(maps.Keys(v), longestFirst) {
		if text == value || len(value) > 3 {
			text = strings.ReplaceAll(text, value, "${"+v[value]+"}")
		}
	}
	return text
}

// address is an absolute URL, without what may be secret in it: its query, its user, and
// variables in its path.
func (v veil) address(text string) string {
	text, _, hasQuery := strings.Cut(text, "?")
	scheme, rest, _ := strings.Cut(text, "://")
	host, path, _ := strings.Cut(rest, "/")
	if i := strings.LastIndex(host, "@"); i >= 0 {
		host = "…" + host[i:]
	}
	if path = v.veiled(path); hasQuery {
		path += "?…"
	}
	return scheme + "://" + host + "/" + path
}

// socketURL is where a socket dials.
func socketURL(file *configfile.File, s configfile.Socket) string {
	text := file.URL(s.URL)
	if rest, ok := strings.CutPrefix(text, "http"); ok {
		text = "ws" + rest
	}
	return text
}
