package configfile

import (
	"bytes"
	"encoding/json"
)

// find returns the text of what is at the pointer, in a valid JSON text without space
// around its parts; false: nothing is. It decodes nothing but names with escapes, so
// that looking at a few places costs less than a tree.
func (p pointer) find(text []byte) ([]byte, bool) {
	for _, token := range p {
		var there bool
		switch text[0] {
		case '{':
			text, there = memberOf(text, token)
		case '[':
			text, there = elementOf(text, token)
		}
		if !there {
			return nil, false
		}
	}
	return text, true
}

// memberOf returns the value of the last member of this name.
func memberOf(object []byte, name string) (found []byte, there bool) {
	for at := 1; object[at] != '}'; {
		if object[at] == ',' {
			at++
		}
		colon := end(object, at)
		stop := end(object, colon+1)
		if isName(object[at:colon], name) {
			found, there = object[colon+1:stop], true
		}
		at = stop
	}
	return found, there
}

// isName tells whether a JSON string is the text name.
func isName(quoted []byte, name string) bool {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return string(quoted[1:len(quoted)-1]) == name
	}
	var text string
	return json.Unmarshal(quoted, &text) == nil && text == name
}

// elementOf returns the element of this index.
func elementOf(array []byte, token string) ([]byte, bool) {
	wanted, ok := index(token)
	for at := 1; ok && array[at] != ']'; wanted-- {
		if array[at] == ',' {
			at++
		}
		stop := end(array, at)
		if wanted == 0 {
			return array[at:stop], true
		}
		at = stop
	}
	return nil, false
}

// end returns where the value that begins at start ends.
func end(text []byte, start int) int {
	depth := 0
	for i := start; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
			if depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i // of what surrounds a number or a literal
			}
			if depth--; depth == 0 {
				return i + 1
			}
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(text)
}
