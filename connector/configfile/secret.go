package configfile

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// inPlace says what to do about a secret that stands in a file.
const inPlace = "others can read this file; write a variable such as ${PASSWORD}, and set it, or chmod 600 the file, or read it with --insecure-config"

// checkSecrets refuses the secrets that stand in a file as they are, rather than as a
// variable or a placeholder: in bodies and headers of calls, in headers of sockets
// and the messages that prove who connects, and in URLs.
func (r *reader) checkSecrets(root ast.Node) {
	http := fieldOf(root, "http")
	r.checkURLSecret(fieldOf(http, "base"), "http.base")
	r.secretsIn(fieldOf(http, "headers"), "http.headers", false)
	r.secretsIn(fieldOf(http, "tokens"), "http.tokens", true)
	for _, call := range []string{"login", "refresh", "loginAs", "logout", "logoutEverywhere", "user"} {
		node, path := fieldOf(http, call), "http."+call
		r.checkURLSecret(fieldOf(node, "url"), path+".url")
		for _, part := range []string{"headers", "body"} {
			r.secretsIn(fieldOf(node, part), join(path, part), false)
		}
	}
	sockets, _ := fieldOf(root, "sockets").(*ast.SequenceNode)
	if sockets == nil {
		return
	}
	for i, socket := range sockets.Values {
		path := nth("sockets", i)
		r.checkURLSecret(fieldOf(socket, "url"), path+".url")
		r.secretsIn(fieldOf(socket, "headers"), path+".headers", false)
		for _, step := range []string{"auth", "renew"} {
			r.secretsIn(fieldOf(fieldOf(socket, step), "send"), path+"."+step+".send", false)
		}
	}
}

// fieldOf returns a field of a mapping; nil: there is none.
func fieldOf(node ast.Node, name string) ast.Node {
	if n, ok := node.(*ast.MappingNode); ok {
		for _, entry := range n.Values {
			if key, _ := nameOf(entry.Key); key == name {
				return entry.Value
			}
		}
	}
	return nil
}

// secretsIn refuses the literal texts and numbers under names of secrets. under says
// that the value itself has such a name.
func (r *reader) secretsIn(node ast.Node, path string, under bool) {
	switch n := node.(type) {
	case *ast.MappingNode:
		for _, entry := range n.Values {
			name, _ := nameOf(entry.Key)
			r.secretsIn(entry.Value, join(path, name), under || isSecretName(name))
		}
	case *ast.SequenceNode:
		for i, one := range n.Values {
			r.secretsIn(one, nth(path, i), under)
		}
	case *ast.StringNode:
		if under && n.Value != "" && r.isLiteral(n) {
			r.mistake(n, path, "is a secret in clear, and %s", inPlace)
		}
	case *ast.IntegerNode, *ast.FloatNode:
		if under {
			r.mistake(n, path, "is a secret in clear, and %s", inPlace)
		}
	}
}

// checkURLSecret refuses a URL with a literal password, or one in its query.
func (r *reader) checkURLSecret(node ast.Node, path string) {
	text, ok := node.(*ast.StringNode)
	if !ok || !r.isLiteral(text) {
		return
	}
	u, err := url.Parse(text.Value)
	if err != nil {
		return // the check of URLs tells
	}
	if u.User != nil {
		r.mistake(text, path, "holds a user or a password in clear, and %s", inPlace)
	}
	query := u.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if isSecretName(name) && strings.Join(query[name], "") != "" {
			r.mistake(text, path, "has a secret in clear after %s=, and %s", name, inPlace)
		}
	}
}

// isLiteral tells whether a text holds neither a variable nor a placeholder. What a
// variable defaults to stands in the file too.
func (r *reader) isLiteral(n *ast.StringNode) bool {
	if raw, ok := r.filled[n]; ok {
		return fallback.MatchString(raw)
	}
	return !strings.Contains(n.Value, "{{")
}

var fallback = regexp.MustCompile(`\$\{\w+:-[^}]`)

// Names of secrets hold one of secretParts, or have one of secretWords as their last
// word: access_token, X-API-Key, userPin.
var (
	secretParts = []string{"password", "passwd", "passphrase", "passcode", "secret", "credential", "apikey", "authorization"}
	secretWords = []string{"pass", "pwd", "pw", "token", "pin", "key", "otp", "cookie", "cookies", "tokens", "auth"}
)

func isSecretName(name string) bool {
	words := wordsOf(name)
	joined := strings.Join(words, "")
	for _, part := range secretParts {
		if strings.Contains(joined, part) {
			return true
		}
	}
	for _, word := range secretWords {
		if joined == word || len(words) > 0 && words[len(words)-1] == word {
			return true
		}
	}
	return false
}

// wordsOf splits a name at its signs and where small letters are followed by a
// capital, into words of small letters.
func wordsOf(name string) []string {
	var spaced strings.Builder
	small := false
	for _, c := range name {
		if small && 'A' <= c && c <= 'Z' {
			spaced.WriteByte(' ')
		}
		small = 'a' <= c && c <= 'z'
		spaced.WriteRune(c)
	}
	return strings.FieldsFunc(strings.ToLower(spaced.String()), func(c rune) bool {
		return c < 'a' || 'z' < c && c < 0x80
	})
}
