package configfile

import "time"

// Pointers are JSON Pointers (RFC 6901), of which the first that is there counts. In
// a file they are one text or a list; the text none stands for no place at all.
type Pointers struct {
	None bool
	At   []string
}

// Duration is a length of time, in a file as time.ParseDuration reads it.
type Duration time.Duration

// Range is a number, or all from one to another, both included: 4401, 3500-3999.
type Range struct{ From, To int }

// Saying is the code of a message: a number, a range of them, or a text.
type Saying struct {
	Range Range
	Text  string
}
