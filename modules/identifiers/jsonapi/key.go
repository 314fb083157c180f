package jsonapi

import (
	"bytes"
	"encoding/base64"
	"slices"

	"yuzhou/modules/identifiers/jsonapi/strict"
	"yuzhou/modules/identifiers/octets"
)

// keyKind says how a kind of public key stands in HS_PUBKEY and in a document.
//
// HS_PUBKEY is the kind's name, two bytes that are 0, and big-endian numbers, each
// behind its length in four bytes; a number whose first bit is set has a 0 before it.
type keyKind struct {
	name   string
	kty    string   // RFC 7517
	stored []string // the numbers in HS_PUBKEY, by their names of RFC 7518
	shown  []string // the same in the order of documents
	tail   string   // what stands behind the numbers
}

func keyKinds() []keyKind {
	return []keyKind{
		{"RSA_PUB_KEY", "RSA", []string{"e", "n"}, []string{"n", "e"}, "\x00\x00\x00\x00"},
		{"DSA_PUB_KEY", "DSA", []string{"q", "p", "g", "y"}, []string{"y", "p", "q", "g"}, ""},
	}
}

// appendKey appends a public key as a JSON Web Key, and reports whether data is one
// that ParseValues would read as the same bytes.
func appendKey(dst, data []byte) ([]byte, bool) {
	r := octets.Reader{Rest: data}
	name := string(r.Bytes("kind of a key"))
	i := slices.IndexFunc(keyKinds(), func(k keyKind) bool { return k.name == name })
	if i < 0 {
		return dst, false
	}
	kind := keyKinds()[i]
	r.Uint16("flags of a key")
	numbers := map[string][]byte{}
	for _, n := range kind.stored {
		numbers[n] = bytes.TrimLeft(r.Bytes("number of a key"), "\x00")
	}
	if r.Err != nil || !bytes.Equal(kind.encode(numbers), data) {
		return dst, false
	}
	dst = append(append(append(dst, `{"kty":"`...), kind.kty...), '"')
	for _, n := range kind.shown {
		dst = append(append(append(dst, `,"`...), n...), `":"`...)
		dst = append(base64.RawURLEncoding.AppendEncode(dst, numbers[n]), '"')
	}
	return append(dst, '}'), true
}

// encode returns the key as HS_PUBKEY has it.
func (k keyKind) encode(numbers map[string][]byte) []byte {
	out := append(octets.AppendBytes(nil, k.name), 0, 0)
	for _, n := range k.stored {
		number := bytes.TrimLeft(numbers[n], "\x00")
		if len(number) == 0 || number[0] >= 0x80 {
			number = append([]byte{0}, number...)
		}
		out = octets.AppendBytes(out, number)
	}
	return append(out, k.tail...)
}

// maxNumber is how many bytes a number of a key may have (RSA of 16,384 bits).
const maxNumber = 2048

// readKey reads a JSON Web Key. Fields that RFC 7517 §4 has beside the numbers are
// let through: HS_PUBKEY has no room for them.
func readKey(v strict.Value) []byte {
	o := v.Object()
	kty := o.Field("kty").Text()
	i := slices.IndexFunc(keyKinds(), func(k keyKind) bool { return k.kty == kty })
	if i < 0 {
		o.Field("kty").Fail("RSA or DSA; give other keys as base64")
		return nil
	}
	kind := keyKinds()[i]
	numbers := map[string][]byte{}
	for _, n := range kind.stored {
		b, err := base64.RawURLEncoding.Strict().DecodeString(o.Field(n).Text())
		if err != nil || len(b) == 0 || len(b) > maxNumber {
			o.Field(n).Fail("a number in base64url without padding (RFC 7518 §2)")
			return nil
		}
		numbers[n] = b
	}
	return kind.encode(numbers)
}
