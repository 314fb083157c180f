package sheet

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese" //nolint:depguard // a codec is where a third party belongs
	"golang.org/x/text/encoding/unicode"           //nolint:depguard // a codec is where a third party belongs
	"golang.org/x/text/transform"                  //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
)

// sampleSize is how much text from the first character beyond ASCII on decides
// about the encoding.
const sampleSize = 256 << 10

// decoder turns a file of any encoding into UTF-8. A file without a byte order mark
// is ASCII until its first other byte; only then its encoding is decided, so that
// Chinese words in the last line are read as well as those in the first.
type decoder struct {
	src  *bufio.Reader
	out  io.Reader // set once the encoding is known
	note func(string)
}

// decode returns the text of r as UTF-8 without a byte order mark. Bytes that do
// not belong to the encoding come as they are (UTF-8) or as U+FFFD.
//
//   - Errors: fault.Invalid when the file is no text, at once, or when its encoding
//     is neither UTF-8, UTF-16 with a mark nor GB18030, at the first such byte.
func decode(r io.Reader, note func(string)) (io.Reader, error) {
	d := &decoder{src: bufio.NewReaderSize(r, sampleSize), note: note}
	head, err := d.src.Peek(512)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, err := d.src.Discard(3)
		d.out = d.src
		return d.out, err
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		note("the file is in UTF-16; it was converted to UTF-8")
		return transform.NewReader(d.src, unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()), nil
	case bytes.IndexByte(head, 0) >= 0:
		return nil, fault.New(fault.Invalid, "the file is not text; save it as CSV in UTF-8, or as .xlsx")
	}
	return d, nil
}

// Read implements io.Reader.
func (d *decoder) Read(p []byte) (int, error) {
	if d.out != nil {
		return d.out.Read(p)
	}
	if _, err := d.src.Peek(1); err != nil {
		return 0, err
	}
	buffered, err := d.src.Peek(min(d.src.Buffered(), len(p)))
	if err != nil {
		return 0, err
	}
	if n := ascii(buffered); n > 0 {
		return d.src.Read(p[:n])
	}
	if err := d.decide(); err != nil {
		return 0, err
	}
	return d.out.Read(p)
}

// decide chooses the encoding of a text that begins with a byte beyond ASCII.
func (d *decoder) decide() error {
	sample, err := d.src.Peek(sampleSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	whole := err != nil
	good, bad := countUTF8(sample, whole)
	const damage = 4 // good characters to a bad byte: GBK text is never that much like UTF-8
	switch {
	case bad == 0:
		d.out = d.src
	case good >= damage*bad:
		d.note("the file is UTF-8 with damaged characters; the cells that hold them are refused")
		d.out = d.src
	case isGB18030(sample, whole):
		d.note("the file is not UTF-8; it was read as GB18030 (GBK)")
		d.out = transform.NewReader(d.src, simplifiedchinese.GB18030.NewDecoder())
	default:
		return fault.New(fault.Invalid, "the file is neither UTF-8 nor GB18030 (GBK) text; save it as CSV in UTF-8")
	}
	return nil
}

// ascii counts the ASCII bytes that b begins with.
func ascii(b []byte) int {
	for i, c := range b {
		if c >= utf8.RuneSelf {
			return i
		}
	}
	return len(b)
}

// countUTF8 counts the characters beyond ASCII and the bytes that belong to none.
// Unless b is the whole rest, a character cut off at its end is not counted.
func countUTF8(b []byte, whole bool) (good, bad int) {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n == 1 && !whole && !utf8.FullRune(b):
			return good, bad
		case r == utf8.RuneError && n == 1:
			bad++
		case n > 1:
			good++
		}
		b = b[n:]
	}
	return good, bad
}

// isGB18030 reports whether every byte of b is part of a character of GB18030.
func isGB18030(b []byte, whole bool) bool {
	out := make([]byte, 3*len(b)+utf8.UTFMax)
	n, _, err := simplifiedchinese.GB18030.NewDecoder().Transform(out, b, whole)
	if err != nil && !errors.Is(err, transform.ErrShortSrc) {
		return false
	}
	return !bytes.ContainsRune(out[:n], utf8.RuneError)
}
