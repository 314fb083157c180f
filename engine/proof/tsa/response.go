package tsa

import (
	encoding "encoding/asn1"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"yuzhou/kernel/fault"
)

// Failure is a PKIFailureInfo: the bit an authority sets to say why it refused.
type Failure int

// The failures of RFC 3161 §2.4.2. NoFailure is ours: no bit is set.
const (
	NoFailure           Failure = -1
	BadAlgorithm        Failure = 0
	BadRequest          Failure = 2
	BadDataFormat       Failure = 5
	TimeNotAvailable    Failure = 14
	UnacceptedPolicy    Failure = 15
	UnacceptedExtension Failure = 16
	AddInfoNotAvailable Failure = 17
	SystemFailure       Failure = 25
)

// String names the failure as RFC 3161 does.
func (f Failure) String() string {
	switch f {
	case NoFailure:
		return "no reason given"
	case BadAlgorithm:
		return "badAlg"
	case BadRequest:
		return "badRequest"
	case BadDataFormat:
		return "badDataFormat"
	case TimeNotAvailable:
		return "timeNotAvailable"
	case UnacceptedPolicy:
		return "unacceptedPolicy"
	case UnacceptedExtension:
		return "unacceptedExtension"
	case AddInfoNotAvailable:
		return "addInfoNotAvailable"
	case SystemFailure:
		return "systemFailure"
	}
	return "unknown failure"
}

// The states of a PKIStatus that are told apart here.
const (
	granted   = 0
	withMods  = 1
	rejection = 2
	waiting   = 3
	lastState = 5
)

// Response is a TimeStampResp, RFC 3161 §2.4.2. Nothing in it is signed but the token.
type Response struct {
	Status  int      // PKIStatus: 0 granted, 1 with modifications, 2 rejection, 3 waiting, 4 and 5 revocation
	Text    []string // what the authority says about it
	Failure Failure  // NoFailure when it set no bit known here
	Token   []byte   // DER; present exactly when Status is 0 or 1
}

// ParseResponse reads a TimeStampResp.
//
//   - der: at most MaxResponse bytes of DER.
//   - Result: not checked beyond its form; the token not at all. See Granted and Verify.
//   - Errors: fault.Invalid when it is not one, or a token and a refusal come together.
func ParseResponse(der []byte) (Response, error) {
	if len(der) > MaxResponse {
		return Response{}, fault.New(fault.Invalid, "time stamp response: %d bytes are more than %d", len(der), MaxResponse)
	}
	bad := fault.New(fault.Invalid, "time stamp response: the bytes are not a TimeStampResp in DER (RFC 3161 §2.4.2)")
	var in, info, token cryptobyte.String
	rest := cryptobyte.String(der)
	if !rest.ReadASN1(&in, asn1.SEQUENCE) || !rest.Empty() || !in.ReadASN1(&info, asn1.SEQUENCE) {
		return Response{}, bad
	}
	r := Response{Failure: NoFailure}
	if !readStatus(&r, &info) {
		return Response{}, bad
	}
	if !in.Empty() && (!in.ReadASN1Element(&token, asn1.SEQUENCE) || !in.Empty()) {
		return Response{}, bad
	}
	r.Token = token
	if given := r.Status <= withMods; given != (token != nil) || given && r.Failure != NoFailure {
		return Response{}, fault.New(fault.Invalid, "time stamp response: its status %d and what it carries do not agree", r.Status)
	}
	return r, nil
}

// readStatus reads a PKIStatusInfo.
func readStatus(r *Response, in *cryptobyte.String) bool {
	if !in.ReadASN1Integer(&r.Status) || r.Status < granted || r.Status > lastState {
		return false
	}
	if in.PeekASN1Tag(asn1.SEQUENCE) && !readText(r, in) {
		return false
	}
	if in.Empty() {
		return true
	}
	var bits encoding.BitString
	if !in.ReadASN1BitString(&bits) || !in.Empty() {
		return false
	}
	for _, f := range []Failure{
		BadAlgorithm, BadRequest, BadDataFormat, TimeNotAvailable,
		UnacceptedPolicy, UnacceptedExtension, AddInfoNotAvailable, SystemFailure,
	} {
		if bits.At(int(f)) == 1 {
			r.Failure = f
			return true
		}
	}
	return true
}

func readText(r *Response, in *cryptobyte.String) bool {
	var texts, text cryptobyte.String
	if !in.ReadASN1(&texts, asn1.SEQUENCE) {
		return false
	}
	for !texts.Empty() {
		if len(r.Text) == maxStatus || !texts.ReadASN1(&text, asn1.UTF8String) || !utf8.Valid(text) {
			return false
		}
		r.Text = append(r.Text, string(text))
	}
	return true
}

// Granted returns nil when the authority gave what was asked.
//
//   - Errors: fault.Busy when it cannot for now (no time, no system, waiting); otherwise
//     fault.Invalid. "Granted with modifications" is refused: what was asked is already
//     the least, so a changed answer is an answer to something else.
func (r Response) Granted() error {
	said := clip(strings.Join(r.Text, "; "))
	switch {
	case r.Status == granted:
		return nil
	case r.Status == withMods:
		return fault.New(fault.Invalid, "time stamp response: the authority changed what was asked and says %q", said)
	case r.Status == waiting, r.Failure == TimeNotAvailable, r.Failure == SystemFailure:
		return fault.New(fault.Busy, "time stamp response: the authority cannot stamp now (%v) and says %q", r.Failure, said)
	}
	return fault.New(fault.Invalid, "time stamp response: the authority refused (%v) and says %q", r.Failure, said)
}

// Marshal returns r as DER; the inverse of ParseResponse.
func (r Response) Marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(int64(r.Status))
			r.addText(b)
			r.Failure.add(b)
		})
		b.AddBytes(r.Token)
	})
	return b.Bytes()
}

func (r Response) addText(b *cryptobyte.Builder) {
	if len(r.Text) == 0 {
		return
	}
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, t := range r.Text {
			b.AddASN1(asn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(t)) })
		}
	})
}

// add writes the named bit list of one bit: DER leaves no zero bits after it.
func (f Failure) add(b *cryptobyte.Builder) {
	if f < 0 || f > SystemFailure {
		return
	}
	b.AddASN1(asn1.BIT_STRING, func(b *cryptobyte.Builder) {
		bits := make([]byte, f/8+1)
		bits[f/8] = 0x80 >> (f % 8)
		b.AddUint8(uint8(7 - f%8))
		b.AddBytes(bits)
	})
}

// clip keeps a foreign text short enough to be repeated to a person.
func clip(s string) string {
	if len(s) <= maxSentence {
		return s
	}
	return strings.ToValidUTF8(s[:maxSentence], "") + "…"
}
