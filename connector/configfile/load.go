package configfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"reflect"
	"unicode/utf8"
)

// mostBytes is how long a config file may be.
const mostBytes = 1 << 20

// Options say how a file is read. The zero value reads it with the variables of the
// process and refuses secrets that others can read.
type Options struct {
	// Env looks up a variable that the file names; false: it is not set.
	// nil: os.LookupEnv.
	Env func(name string) (value string, set bool)
	// Insecure allows secrets to stand in a file whose mode lets group or others
	// read it. Of use to Load.
	Insecure bool
}

// Load reads the config file of a path, of at most 1 MiB. Its error joins all faults,
// each with the line, the field, and what to write instead. Secrets that stand in the
// file itself are a fault when its mode lets group or others read it, unless the
// options say otherwise; where files have no such modes, as on Windows, they are none.
func Load(path string, o Options) (*File, error) {
	text, info, err := read(path)
	if err != nil {
		return nil, fault{file: path, text: err.Error()}
	}
	return parse(path, text, o, !o.Insecure && othersRead(info))
}

// Parse is [Load] of a file that has been read. Its faults name the file name.
func Parse(name string, text []byte, o Options) (*File, error) {
	return parse(name, text, o, false)
}

// read returns what a regular file, a pipe or a device holds, up to one byte more
// than it may.
func read(path string) ([]byte, fs.FileInfo, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, reason(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, nil, reason(err)
	}
	if info.IsDir() {
		return nil, nil, errors.New("is a directory; name a file in it")
	}
	text, err := io.ReadAll(io.LimitReader(file, mostBytes+1))
	return text, info, reason(err)
}

// reason takes the path off an error, since a fault begins with it.
func reason(err error) error {
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no such file; look at the path")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("may not be read; look at its owner and mode")
	case errors.As(err, &path):
		return path.Err
	}
	return err
}

// parse reads a file; exposed says that others can read it.
func parse(name string, text []byte, o Options, exposed bool) (*File, error) {
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	r := newReader(name, o.Env)
	file := &File{}
	if root := r.plain(text); root != nil {
		r.decode(root, reflect.ValueOf(file).Elem(), "", "")
		if exposed {
			r.checkSecrets(root)
		}
		r.check(file)
	}
	if err := inOrder(r.faults); err != nil {
		return nil, err
	}
	file.places = r.places
	return file, nil
}

// legible tells whether a text can be read as YAML at all.
func (r *reader) legible(text []byte) bool {
	switch {
	case len(text) > mostBytes:
		r.add(0, "", "is longer than 1 MiB; a config file is far shorter")
	case !utf8.Valid(text):
		r.add(firstInvalid(text), "", "is not UTF-8; save it as UTF-8")
	case len(bytes.TrimSpace(text)) == 0:
		r.add(0, "", "is empty; write at least %s", least)
	default:
		return true
	}
	return false
}

// firstInvalid returns the line of the first byte that is not UTF-8.
func firstInvalid(text []byte) int {
	line := 1
	for len(text) > 0 {
		char, size := utf8.DecodeRune(text)
		if char == utf8.RuneError && size == 1 {
			break
		}
		if char == '\n' {
			line++
		}
		text = text[size:]
	}
	return line
}
