package escrow

import (
	"bytes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/binary"
	"io"

	"github.com/emmansun/gmsm/sm2" //nolint:depguard // a codec is where a third party belongs
	"github.com/emmansun/gmsm/sm3" //nolint:depguard // a codec is where a third party belongs
	"github.com/emmansun/gmsm/sm4" //nolint:depguard // a codec is where a third party belongs

	"yuzhou/kernel/fault"
)

const (
	magic     = "YZESCROW"
	version   = 1
	chunkLog  = 16
	chunkSize = 1 << chunkLog
	tagSize   = 16
	sealed    = chunkSize + tagSize

	// maxHeader bounds the header of a volume: what is fixed, an id, an envelope.
	maxHeader = 1024
)

// header is what stands in clear at the beginning of a volume.
type header struct {
	volume    int
	recipient [sm3.Size]byte // SM3 of the key that opens it
	id        string
	envelope  []byte // the key of SM4, encrypted with SM2
}

func (h header) append(dst []byte) []byte {
	be := binary.BigEndian
	dst = append(dst, magic...)
	dst = append(dst, version, chunkLog)
	dst = be.AppendUint32(dst, uint32(h.volume)) //nolint:gosec // a deposit has no 2^32 volumes
	dst = append(dst, h.recipient[:]...)
	dst = be.AppendUint16(dst, uint16(len(h.id))) //nolint:gosec // an id has at most 64 bytes
	dst = append(dst, h.id...)
	dst = be.AppendUint16(dst, uint16(len(h.envelope))) //nolint:gosec // an envelope has some 120 bytes
	return append(dst, h.envelope...)
}

// parseHeader reads a header and returns how many bytes it has.
func parseHeader(b []byte) (header, int, error) {
	var h header
	short := fault.New(fault.Invalid, "the volume ends in its header")
	const fixed = len(magic) + 2 + 4 + sm3.Size
	switch {
	case !bytes.HasPrefix(b, []byte(magic)):
		return h, 0, fault.New(fault.Invalid, "the file is no volume of a deposit: it does not begin with %s", magic)
	case len(b) < fixed:
		return h, 0, short
	case b[8] != version || b[9] != chunkLog:
		return h, 0, fault.New(fault.Invalid, "the volume has version %d and chunks of 2^%d bytes; known is version %d with 2^%d", b[8], b[9], version, chunkLog)
	}
	n := binary.BigEndian.Uint32(b[10:])
	if n == 0 || n > 1<<31-1 {
		return h, 0, fault.New(fault.Invalid, "the volume has number %d; they count from 1", n)
	}
	h.volume = int(n)
	copy(h.recipient[:], b[14:])
	id, rest, ok := counted(b[fixed:])
	if !ok {
		return h, 0, short
	}
	envelope, rest, ok := counted(rest)
	if !ok {
		return h, 0, short
	}
	h.id, h.envelope = string(id), envelope
	return h, len(b) - len(rest), nil
}

// counted cuts off what two bytes say the length of.
func counted(b []byte) (part, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if b = b[2:]; len(b) < n {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}

// fingerprint returns SM3 of a key as a point without compression.
func fingerprint(key *ecdsa.PublicKey) ([sm3.Size]byte, error) {
	point, err := sm2.PublicKeyToECDH(key)
	if err != nil {
		return [sm3.Size]byte{}, fault.New(fault.Invalid, "the key is not one of the SM2 curve")
	}
	return sm3.Sum(point.Bytes()), nil
}

// sealer writes the chunks of a volume.
type sealer struct {
	out   io.Writer
	aead  cipher.AEAD
	aad   []byte
	buf   []byte // of the chunk that is being filled
	chunk uint64
	size  int64 // bytes written so far, header included
}

// newSealer writes the header of a volume and returns a writer of what is to be
// encrypted. Close it to write the last chunk.
func newSealer(out io.Writer, to *ecdsa.PublicKey, id string, volume int) (*sealer, error) {
	key := make([]byte, sm4.BlockSize)
	if _, err := io.ReadFull(rand.Reader, key); err != nil {
		return nil, err
	}
	envelope, err := sm2.EncryptASN1(rand.Reader, to, key)
	if err != nil {
		return nil, err
	}
	mark, err := fingerprint(to)
	if err != nil {
		return nil, err
	}
	head := header{volume: volume, recipient: mark, id: id, envelope: envelope}.append(nil)
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	if _, err := out.Write(head); err != nil {
		return nil, err
	}
	aad := sm3.Sum(head)
	return &sealer{out: out, aead: aead, aad: aad[:], buf: make([]byte, 0, sealed), size: int64(len(head))}, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := sm4.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// nonce is the one of a chunk.
func nonce(chunk uint64, end byte) []byte {
	n := make([]byte, 3, 12)
	n = binary.BigEndian.AppendUint64(n, chunk)
	return append(n, end)
}

// Write implements io.Writer.
func (s *sealer) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		// A full chunk stays until there is more, for the last one is marked.
		if len(s.buf) == chunkSize {
			if err := s.flush(0); err != nil {
				return 0, err
			}
		}
		n := min(len(rest), chunkSize-len(s.buf))
		s.buf = append(s.buf, rest[:n]...)
		rest = rest[n:]
	}
	return len(p), nil
}

func (s *sealer) flush(end byte) error {
	out := s.aead.Seal(s.buf[:0], nonce(s.chunk, end), s.buf, s.aad)
	s.chunk++
	s.buf = s.buf[:0]
	s.size += int64(len(out))
	_, err := s.out.Write(out)
	return err
}

// Close writes the last chunk.
func (s *sealer) Close() error { return s.flush(1) }

// Size returns how many bytes the volume has when it is closed now.
func (s *sealer) Size() int64 { return s.size + int64(len(s.buf)) + tagSize }

// unsealer reads what was encrypted at any place. It is not for use by several
// goroutines at once.
type unsealer struct {
	in     io.ReaderAt
	aead   cipher.AEAD
	aad    []byte
	begin  int64 // of the first chunk in the file
	size   int64 // of what was encrypted
	chunks int64
	at     int64  // number of the chunk that plain is, -1 of none
	plain  []byte // shares the memory of buf
	buf    []byte
}

// newUnsealer reads the header of a volume of size bytes.
//
// Errors: fault.Invalid when the volume is not for the key, is not the one that is
// wanted, or is too short.
func newUnsealer(in io.ReaderAt, size int64, key *sm2.PrivateKey, d Deposit, volume int) (*unsealer, error) {
	head := make([]byte, min(size, maxHeader))
	if _, err := in.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, err
	}
	h, n, err := parseHeader(head)
	if err != nil {
		return nil, err
	}
	if h.id != d.ID || h.volume != volume {
		return nil, fault.New(fault.Invalid, "the header says volume %d of deposit %.64q; wanted is volume %d of %q", h.volume, h.id, volume, d.ID)
	}
	mark, err := fingerprint(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	if h.recipient != mark {
		return nil, fault.New(fault.Invalid, "the volume is encrypted for the key %x…, this key is %x…", h.recipient[:6], mark[:6])
	}
	secret, err := sm2.Decrypt(key, h.envelope)
	if err != nil || len(secret) != sm4.BlockSize {
		return nil, fault.New(fault.Invalid, "the key envelope of the volume does not open; its header was altered")
	}
	aead, err := newAEAD(secret)
	if err != nil {
		return nil, err
	}
	body := size - int64(n)
	chunks := (body + sealed - 1) / sealed
	if body < tagSize || body-(chunks-1)*sealed < tagSize {
		return nil, fault.New(fault.Invalid, "the volume is cut off: %d bytes are left of its last chunk", body)
	}
	aad := sm3.Sum(head[:n])
	return &unsealer{
		in: in, aead: aead, aad: aad[:], begin: int64(n), size: body - chunks*tagSize, chunks: chunks, at: -1, buf: make([]byte, sealed),
	}, nil
}

// ReadAt implements io.ReaderAt.
func (u *unsealer) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		if off < 0 || off >= u.size {
			return n, io.EOF
		}
		if err := u.load(off / chunkSize); err != nil {
			return n, err
		}
		m := copy(p[n:], u.plain[off%chunkSize:])
		n, off = n+m, off+int64(m)
	}
	return n, nil
}

// load decrypts a chunk.
func (u *unsealer) load(chunk int64) error {
	if u.at == chunk {
		return nil
	}
	u.at = -1
	n, err := u.in.ReadAt(u.buf, u.begin+chunk*sealed)
	if err != nil && err != io.EOF { //nolint:errorlint // io.ReaderAt returns it as it is
		return err
	}
	var end byte
	if chunk == u.chunks-1 {
		end = 1
	}
	plain, err := u.aead.Open(u.buf[:0], nonce(uint64(chunk), end), u.buf[:n], u.aad) //nolint:gosec // it counts from 0
	if err != nil {
		return fault.New(fault.Invalid, "chunk %d of the volume was altered, or the volume is cut off there", chunk)
	}
	u.at, u.plain = chunk, plain
	return nil
}
