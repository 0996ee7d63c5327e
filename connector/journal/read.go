package journal

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"
)

// lines reads lines of bounded length.
type lines struct {
	from   *bufio.Reader
	long   []byte // holds a line that is longer than the reader's buffer
	number uint64 // of the last line
	cut    bool   // there is a line after it that has no end
}

// errLong is the error of a line that is longer than it may be.
var errLong = fmt.Errorf("is longer than %d bytes", LineLimit)

// next returns the next line without its end. It is valid until the next call. At
// the end, also of a line that was cut off, the error is io.EOF.
func (l *lines) next() ([]byte, error) {
	l.long = l.long[:0]
	for {
		part, err := l.from.ReadSlice('\n')
		switch {
		case err == nil && len(l.long) == 0:
			l.number++
			return part[:len(part)-1], nil
		case len(l.long)+len(part) > LineLimit:
			l.number++
			return nil, errLong
		}
		l.long = append(l.long, part...)
		switch {
		case err == nil:
			l.number++
			return l.long[:len(l.long)-1], nil
		case errors.Is(err, io.EOF):
			l.cut = len(l.long) > 0
			return nil, io.EOF
		case !errors.Is(err, bufio.ErrBufferFull):
			l.number++
			return nil, err
		}
	}
}

// The kinds of lines, by their first field.
const (
	headerBegins = `{"journal":`
	eventBegins  = `{"record":`
	addedBegins  = `{"added":`
	delayBegins  = `{"delay":`
)

// unseal takes the sum off a line, and returns its object and the sum.
func unseal(line []byte) (object []byte, sum uint32, err error) {
	at := len(line) - sumLength
	if at < 1 || !bytes.HasPrefix(line[at:], []byte(sumBegins)) || !bytes.HasSuffix(line, []byte(sumEnds)) {
		return nil, 0, errors.New("has no sum at its end")
	}
	digits := line[at+len(sumBegins) : len(line)-len(sumEnds)]
	n, err := strconv.ParseUint(string(digits), 16, 32)
	if err != nil || fmt.Sprintf("%08x", n) != string(digits) {
		return nil, 0, errors.New("sum: is not of eight hexadecimal digits, in small letters")
	}
	line[at] = '}'
	return line[:at+1], uint32(n), nil
}

// sumOf returns the sum of an object, given that of the lines before it.
func sumOf(object []byte, before uint32) uint32 {
	return crc32.Update(before, castagnoli, object[:len(object)-1])
}

// decode reads an object that has the fields of a line and no others.
func decode(object []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(object))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return readable(err)
	}
	if decoder.InputOffset() != int64(len(object)) {
		return errors.New("goes on after its object")
	}
	return nil
}

// readable puts an error of encoding/json into fewer words, and bounds them.
func readable(err error) error {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%.80s: must not be a %.40s", wrong.Field, wrong.Value)
	}
	return fmt.Errorf("cannot be read: %.120s", err)
}
