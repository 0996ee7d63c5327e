package configfile

import (
	"maps"
	"slices"
	"strings"
)

// Outline returns the template as decoded JSON to be shown: placeholders as they are
// written, and "…" for literal texts and numbers under names of secrets. What a
// variable stood for is literal too.
func (t Template) Outline() any { return outline(t.value, false) }

func outline(tree any, secret bool) any {
	switch v := tree.(type) {
	case phrase:
		return v.outline(secret)
	case string:
		return phrase{{literal: v}}.outline(secret)
	case []any:
		array := make([]any, len(v))
		for i, one := range v {
			array[i] = outline(one, secret)
		}
		return array
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, one := range v {
			object[name] = outline(one, secret || isSecretName(name))
		}
		return object
	case nil, bool:
		return v
	}
	if secret {
		return veil
	}
	return tree
}

// URL returns what a URL of the file stands for: the absolute one, its placeholders as
// they are written. One that is relative where there is no base stays so.
func (f *File) URL(text string) string { return f.HTTP.resolve(text) }

// veil stands for what is not shown.
const veil = "…"

func (t phrase) outline(secret bool) string {
	var out strings.Builder
	for _, p := range t {
		switch {
		case p.of != nil:
			out.WriteString(p.of.String())
		case secret && p.literal != "":
			out.WriteString(veil)
		default:
			out.WriteString(p.literal)
		}
	}
	return out.String()
}

// Credentials returns the names that the login request takes from the [Credentials] of
// a Go program, as they stand in {{credentials/NAME}}, in their order.
func (f *File) Credentials() []string {
	var names []string
	each := func(p *placeholder) {
		if p.root == ofCredentials && len(p.at) > 0 {
			names = append(names, p.at[0])
		}
	}
	login := f.HTTP.Login
	if login == nil {
		return nil
	}
	for _, source := range append(slices.Collect(maps.Values(login.Headers)), login.URL) {
		t, _ := parsePhrase(source)
		t.placeholders(each)
	}
	if login.Body != nil {
		login.Body.placeholders(each)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
