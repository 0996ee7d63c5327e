package simulation

import (
	"bytes"
	"encoding/binary"
)

// wire reads what crosses a connection in one direction: the head of an HTTP
// message (RFC 9112 section 2.1), then frames (RFC 6455 section 5.2). It keeps what
// is not complete yet.
type wire struct {
	buffer   []byte
	framed   bool // the head is over, and frames follow
	unframed bool // the head is over, and something else follows
}

// frame is one frame without its mask.
type frame struct {
	op      byte
	payload []byte // until the next frame is read
}

// The opcodes that matter here; RFC 6455 section 11.8.
const (
	textFrame  = 1
	closeFrame = 8
)

// feed takes what has crossed. head is told the head, and tells whether frames
// follow.
func (s *wire) feed(p []byte, head func(string) bool, each func(frame)) {
	if s.unframed {
		return
	}
	s.buffer = append(s.buffer, p...)
	if !s.framed {
		end := bytes.Index(s.buffer, []byte("\r\n\r\n"))
		if end < 0 {
			return
		}
		s.framed = head(string(s.buffer[:end]))
		s.unframed = !s.framed
		s.buffer = s.buffer[end+4:]
	}
	for s.framed {
		f, size := cut(s.buffer)
		if size == 0 {
			return
		}
		s.buffer = s.buffer[size:]
		each(f)
	}
}

// cut returns the first frame and its size; 0: it is not complete.
func cut(b []byte) (frame, int) {
	if len(b) < 2 {
		return frame{}, 0
	}
	size, length := 2, int(b[1]&0x7f)
	switch {
	case length == 126 && len(b) >= 4:
		size, length = 4, int(binary.BigEndian.Uint16(b[2:]))
	case length == 127 && len(b) >= 10:
		size, length = 10, int(binary.BigEndian.Uint64(b[2:]))
	case length >= 126:
		return frame{}, 0
	}
	var mask []byte
	if b[1]&0x80 != 0 {
		if len(b) < size+4 {
			return frame{}, 0
		}
		mask = b[size : size+4]
		size += 4
	}
	if len(b) < size+length {
		return frame{}, 0
	}
	payload := b[size : size+length]
	if mask != nil {
		payload = bytes.Clone(payload)
		for i := range payload {
			payload[i] ^= mask[i%4]
		}
	}
	return frame{op: b[0] & 0x0f, payload: payload}, size + length
}
