package errcode_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/custom-app/interlock/authhttp/errcode"
)

func TestShippedTextsAreComplete(t *testing.T) {
	for _, c := range []struct {
		name, locale string
		script       *unicode.RangeTable
	}{
		{"E2 English", "en", unicode.Latin},
		{"E2 Russian", "ru", unicode.Cyrillic},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen := map[string]errcode.Code{}
			for _, code := range errcode.All() {
				text := errcode.Shipped().CodeText(c.locale, code)
				first, _ := utf8.DecodeRuneInString(text)
				if !unicode.Is(c.script, first) || !unicode.IsUpper(first) || !strings.HasSuffix(text, ".") {
					t.Errorf("%s: got %q, want sentences", code, text)
				}
				if other, ok := seen[text]; ok {
					t.Errorf("%s and %s: got the same text %q", code, other, text)
				}
				seen[text] = code
			}
		})
	}
}

func TestTexts(t *testing.T) {
	const (
		english = "The action was cancelled."
		russian = "Действие отменено."
	)
	texts := errcode.Shipped().
		With("en", map[errcode.Code]string{"no_beds": "No beds.", errcode.Busy: "Hold on."}).
		With("RU_ru", map[errcode.Code]string{"no_beds": "Мест нет."}).
		With("ru", map[errcode.Code]string{"no_beds": "Нет мест.", "no_rooms": "Нет номеров.", errcode.Busy: ""}).
		With("", map[errcode.Code]string{"no_keys": "No keys."})
	for _, c := range []struct {
		name, locale string
		code         errcode.Code
		want         string
	}{
		{"E2 exact", "ru", errcode.Cancelled, russian},
		{"E2 language of a region", "ru-RU", errcode.Cancelled, russian},
		{"E2 language of script and region", "ru-Cyrl-RU", errcode.Cancelled, russian},
		{"E2 any case", "RU-ru", errcode.Cancelled, russian},
		{"E2 POSIX", "ru_RU.UTF-8", errcode.Cancelled, russian},
		{"E2 POSIX with a modifier", "ru@petr1708", errcode.Cancelled, russian},
		{"E2 unknown language", "tlh", errcode.Cancelled, english},
		{"E2 a language that begins alike", "rue", errcode.Cancelled, english},
		{"E2 no locale", "", errcode.Cancelled, english},
		{"E2 nonsense", "---", errcode.Cancelled, english},
		{"E2 unknown code", "ru", "no_towels", "no_towels"},
		{"E2 no code", "ru", "", ""},
		{"E2 appendix, exact", "ru-RU", "no_beds", "Мест нет."},
		{"E2 appendix, language", "ru-BY", "no_beds", "Нет мест."},
		{"E2 appendix, shorter locale", "ru-RU", "no_rooms", "Нет номеров."},
		{"E2 appendix, English", "tlh", "no_beds", "No beds."},
		{"E2 appendix without that locale", "en", "no_rooms", "no_rooms"},
		{"E2 appendix instead of a shipped text", "en-GB", errcode.Busy, "Hold on."},
		{"E2 appendix with an empty text", "ru", errcode.Busy, "Предыдущее действие ещё выполняется. Дождитесь его завершения."},
		{"E2 appendix of the empty locale", "en", "no_keys", "No keys."},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := texts.CodeText(c.locale, c.code); got != c.want {
				t.Errorf("CodeText: got %q, want %q", got, c.want)
			}
			if c.code == "" {
				return
			}
			if got := texts.Text(c.locale, &errcode.Error{Code: c.code}); got != c.want {
				t.Errorf("Text: got %q, want %q", got, c.want)
			}
		})
	}
	t.Run("E2 nil", func(t *testing.T) {
		if got := texts.Text("ru", nil); got != "" {
			t.Errorf("got %q, want none", got)
		}
	})
	t.Run("E2 with leaves its receiver and its argument alone", func(t *testing.T) {
		appendix := map[errcode.Code]string{"a": "A"}
		first := errcode.Texts{}.With("en", appendix)
		second := first.With("en", map[errcode.Code]string{"a": "B", "b": "B"})
		appendix["a"] = "C"
		for _, c := range []struct {
			texts errcode.Texts
			code  errcode.Code
			want  string
		}{{first, "a", "A"}, {first, "b", "b"}, {second, "a", "B"}, {errcode.Shipped(), "a", "a"}} {
			if got := c.texts.CodeText("en", c.code); got != c.want {
				t.Errorf("%q: got %q, want %q", c.code, got, c.want)
			}
		}
	})
}
