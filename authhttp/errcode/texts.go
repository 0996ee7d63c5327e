package errcode

import (
	"cmp"
	"maps"
	"strings"
)

// Texts say codes to a user: locale → code → text. The zero Texts are the
// shipped ones, which have every code of this module in English and Russian.
// Texts are never changed, and may be used by many goroutines at once.
type Texts struct {
	own map[string]map[Code]string // by locale, as normal writes it
}

// fallback is the locale of last resort.
const fallback = "en"

// Shipped returns the texts of this module, in English ("en") and Russian
// ("ru").
func Shipped() Texts { return Texts{} }

// With returns texts that also have those of an appendix: of a backend's own
// codes, of another locale, or instead of shipped ones. The receiver stays as
// it is. An empty text counts as none.
func (t Texts) With(locale string, appendix map[Code]string) Texts {
	key := normal(locale)
	table := maps.Clone(t.own[key])
	if table == nil {
		table = make(map[Code]string, len(appendix))
	}
	maps.Copy(table, appendix)
	own := maps.Clone(t.own)
	if own == nil {
		own = make(map[string]map[Code]string, 1)
	}
	own[key] = table
	return Texts{own}
}

// Text says err to a user. A locale is a language tag such as "ru" or "ru-RU"
// (BCP 47), in any case; "ru_RU.UTF-8" will do. A code without a text in that
// locale is looked up in the shorter ones (RFC 4647 section 3.4), here "ru",
// then in "en", and at last stands for itself. The empty locale is "en". The
// text of nil is "".
func (t Texts) Text(locale string, err error) string {
	return t.CodeText(locale, Of(err))
}

// CodeText is Text for a code that is known already.
func (t Texts) CodeText(locale string, code Code) string {
	for key := normal(locale); key != ""; key = parent(key) {
		if text := t.lookup(key, code); text != "" {
			return text
		}
	}
	return cmp.Or(t.lookup(fallback, code), string(code))
}

func (t Texts) lookup(key string, code Code) string {
	if text := t.own[key][code]; text != "" {
		return text
	}
	switch key {
	case "en":
		return english(code)
	case "ru":
		return russian(code)
	}
	return ""
}

// normal writes a locale in one way: "ru_RU.UTF-8" is "ru-ru".
func normal(locale string) string {
	if end := strings.IndexAny(locale, ".@"); end >= 0 {
		locale = locale[:end]
	}
	locale = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(locale), "_", "-"))
	return cmp.Or(locale, fallback)
}

// parent takes the last subtag off.
func parent(key string) string {
	return key[:max(0, strings.LastIndexByte(key, '-'))]
}
