package canon

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"

	"yuzhou/kernel/fault"
)

// scanner walks over a document and refuses what I-JSON does not allow. It stands
// before jcs, which reads numbers as doubles and does not say where it stumbled.
type scanner struct {
	doc   []byte
	at    int    // the byte that is looked at
	depth int    // arrays and objects that are open
	text  []byte // the last string, unescaped; used again by the next
	loose bool   // something stands otherwise than in canonical form
}

func refuse(at int, format string, args ...any) error {
	return fault.New(fault.Invalid, "byte %d: "+format, append([]any{at}, args...)...)
}

func (s *scanner) document() error {
	if bytes.HasPrefix(s.doc, []byte("\xef\xbb\xbf")) {
		return refuse(0, "the document begins with a byte order mark; leave it out")
	}
	if err := s.value(); err != nil {
		return err
	}
	if s.space(); s.at < len(s.doc) {
		return refuse(s.at, "there is more after the end of the document; give one JSON value")
	}
	return nil
}

func (s *scanner) space() {
	for s.at < len(s.doc) {
		switch s.doc[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
			s.loose = true
		default:
			return
		}
	}
}

// next skips white space and returns the byte that follows, 0 at the end. A zero byte
// itself begins nothing in JSON, so the two need no distinction.
func (s *scanner) next() byte {
	s.space()
	if s.at == len(s.doc) {
		return 0
	}
	return s.doc[s.at]
}

func (s *scanner) value() error {
	switch c := s.next(); {
	case c == '{':
		return s.nested(s.object)
	case c == '[':
		return s.nested(s.array)
	case c == '"':
		return s.string()
	case c == '-' || '0' <= c && c <= '9':
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	}
	return s.unexpected("a value")
}

// unexpected says what stands where want should.
func (s *scanner) unexpected(want string) error {
	if s.at >= len(s.doc) {
		return refuse(s.at, "the document ends where %s should stand", want)
	}
	return refuse(s.at, "%q stands where %s should", s.doc[s.at:min(s.at+1, len(s.doc))], want)
}

func (s *scanner) literal(word string) error {
	if !bytes.HasPrefix(s.doc[s.at:], []byte(word)) {
		return s.unexpected("true, false or null")
	}
	s.at += len(word)
	return nil
}

func (s *scanner) nested(inner func() error) error {
	if s.depth == MaxDepth {
		return refuse(s.at, "more than %d arrays and objects stand in one another; make the document flatter", MaxDepth)
	}
	s.depth++
	s.at++
	err := inner()
	s.depth--
	return err
}

// array reads on after '['.
func (s *scanner) array() error {
	if s.next() == ']' {
		s.at++
		return nil
	}
	for {
		if err := s.value(); err != nil {
			return err
		}
		if done, err := s.separator(']'); done || err != nil {
			return err
		}
	}
}

// separator reads the comma, or the end, which it reports.
func (s *scanner) separator(end byte) (bool, error) {
	switch s.next() {
	case end:
		s.at++
		return true, nil
	case ',':
		s.at++
		return false, nil
	}
	return false, s.unexpected("a comma or '" + string(end) + "'")
}

// object reads on after '{'.
func (s *scanner) object() error {
	if s.next() == '}' {
		s.at++
		return nil
	}
	var k keys
	for {
		if err := s.key(&k); err != nil {
			return err
		}
		if err := s.value(); err != nil {
			return err
		}
		if done, err := s.separator('}'); done || err != nil {
			return err
		}
	}
}

// key reads a key and the colon. Keys are compared unescaped: "a" and "\u0061" are one.
func (s *scanner) key(k *keys) error {
	if s.next() != '"' {
		return s.unexpected("a key in quotes")
	}
	at := s.at
	if err := s.string(); err != nil {
		return err
	}
	if !k.add(string(s.text)) {
		return refuse(at, "key %q is there a second time; readers differ in which they take", s.text[:min(len(s.text), 64)])
	}
	s.loose = s.loose || k.seen != nil
	if s.next() != ':' {
		return s.unexpected("a colon")
	}
	s.at++
	return nil
}

// string reads a string and leaves what it says in s.text.
func (s *scanner) string() error {
	start := s.at
	s.at++
	s.text = s.text[:0]
	for s.at < len(s.doc) {
		c := s.doc[s.at]
		switch {
		case c == '"':
			s.at++
			return nil
		case c < 0x20:
			return refuse(s.at, "a control character stands in a string; write it escaped, as \\u%04x", c)
		case c < utf8.RuneSelf && c != '\\':
			s.text = append(s.text, c)
			s.at++
		default:
			if err := s.character(); err != nil {
				return err
			}
		}
	}
	return refuse(start, "the string that begins here does not end")
}

// character reads an escape or a character beyond ASCII.
func (s *scanner) character() error {
	at := s.at
	var r rune
	if s.doc[at] == '\\' {
		var err error
		if r, err = s.escape(); err != nil {
			return err
		}
		s.loose = s.loose || string(s.doc[at:s.at]) != short(r)
	} else {
		var size int
		if r, size = utf8.DecodeRune(s.doc[at:]); size == 1 {
			return refuse(at, "byte %#02x is not UTF-8; give the document in UTF-8", s.doc[at])
		}
		s.at += size
	}
	// RFC 7493 §2.1; U+FFFE and U+FFFF of every plane and a block of 32.
	if r&0xfffe == 0xfffe || 0xfdd0 <= r && r <= 0xfdef {
		return refuse(at, "%U is not a character and has no place in I-JSON", r)
	}
	s.text = utf8.AppendRune(s.text, r)
	return nil
}

// escape reads an escape, or the two of a surrogate pair.
func (s *scanner) escape() (rune, error) {
	at := s.at
	if at+1 >= len(s.doc) {
		return 0, refuse(at, "the document ends in an escape")
	}
	s.at += 2
	switch c := s.doc[at+1]; c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return s.unit(at)
	}
	return 0, refuse(at, "\\ begins no escape of JSON here; write a backslash as \\\\")
}

// unit reads the digits of \uXXXX, and of the second half of a pair.
func (s *scanner) unit(at int) (rune, error) {
	r, ok := s.hex()
	if !ok {
		return 0, refuse(at, "\\u is not followed by four hexadecimal digits")
	}
	if !utf16.IsSurrogate(r) {
		return r, nil
	}
	if bytes.HasPrefix(s.doc[s.at:], []byte(`\u`)) {
		s.at += 2
		if low, ok := s.hex(); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, nil
			}
		}
	}
	return 0, refuse(at, "\\u%04x is half of a surrogate pair and its other half does not stand beside it", r)
}

func (s *scanner) hex() (rune, bool) {
	if s.at+4 > len(s.doc) {
		return 0, false
	}
	var r rune
	for _, c := range s.doc[s.at : s.at+4] {
		switch {
		case '0' <= c && c <= '9':
			r = r<<4 | rune(c-'0')
		case 'a' <= c && c <= 'f':
			r = r<<4 | rune(c-'a'+10)
		case 'A' <= c && c <= 'F':
			r = r<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	s.at += 4
	return r, true
}
