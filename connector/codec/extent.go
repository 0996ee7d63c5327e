package codec

import "bytes"

// valueEnd returns where the JSON value that begins at start ends, and at least
// one byte unless data ends at start. If there is no valid value, neither is
// what lies between.
func valueEnd(data []byte, start int) int {
	if start == len(data) {
		return start
	}
	switch data[start] {
	case '"':
		return stringEnd(data, start)
	case '{', '[':
		return blockEnd(data, start)
	}
	length := bytes.IndexAny(data[start:], " \t\r\n,:\"{}[]")
	if length < 0 {
		return len(data)
	}
	return start + max(length, 1)
}

// blockEnd returns the end of the object or array that begins at start. It takes
// any closing bracket for any opening one.
func blockEnd(data []byte, start int) int {
	depth := 0
	for i := start; i < len(data); i++ {
		switch data[i] {
		case '"':
			i = stringEnd(data, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			depth--
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(data)
}

func stringEnd(data []byte, start int) int {
	for i := start + 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}
