package wire_test

import (
	"bytes"
	"cmp"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/testkit"
	"yuzhou/modules/identifiers/typed"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
	"yuzhou/modules/identifiers/wire/body"
	"yuzhou/modules/identifiers/wire/packet"
)

// TestVectors reads every message that was exchanged with Handle.Net (testdata/handlenet,
// see its vectors.tsv) and compares what is read with a golden file. What can be read is
// written again and must be the same bytes, but for what the golden file says.
func TestVectors(t *testing.T) {
	files, err := filepath.Glob("testdata/handlenet/*.re[qs]*.hex")
	made, err2 := filepath.Glob("testdata/handlenet/made/*.re[qs]*.hex") // by its encoder, never sent
	if files = append(files, made...); err != nil || err2 != nil || len(files) < 600 {
		t.Fatalf("%d files, %v, %v", len(files), err, err2)
	}
	slices.SortFunc(files, func(a, b string) int {
		return cmp.Compare(strings.TrimSuffix(a, ".hex"), strings.TrimSuffix(b, ".hex"))
	})
	var out strings.Builder
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%s\n", strings.TrimSuffix(filepath.Base(f), ".hex"))
		for _, said := range read(t, strings.Fields(string(text))) {
			fmt.Fprintf(&out, "\t%s\n", said)
		}
	}
	testkit.Golden(t, "handlenet.golden", []byte(out.String()))
}

// read says what the packets of one side are.
func read(t *testing.T, lines []string) []string {
	t.Helper()
	a := packet.NewAssembler(packet.Limits{})
	var out []string
	for _, line := range lines {
		b, err := hex.DecodeString(line)
		if err != nil {
			t.Fatal(err)
		}
		e, err := wire.ParseEnvelope(b)
		if err == nil && e.Fragment(len(b)) {
			if b, err = a.Add(time.Time{}, netip.AddrPort{}, b); b == nil && err == nil {
				continue
			}
		}
		for err == nil && len(b) > 0 {
			n := min(wire.EnvelopeSize+int(e.Length), len(b))
			out = append(out, describe(b[:n]))
			b = b[n:]
			if len(b) > 0 {
				if e, err = wire.ParseEnvelope(b); err != nil {
					out = append(out, fmt.Sprintf("%d bytes of a stream", len(b)))
					err, b = nil, nil
				}
			}
		}
		if err != nil {
			out = append(out, "refused: "+err.Error())
		}
	}
	if n, _ := a.Pending(); n > 0 {
		out = append(out, "packets are missing")
	}
	return out
}

// describe says what a message is.
func describe(b []byte) string {
	m, err := wire.Parse(b)
	if e, broken := wire.ParseEnvelope(b); broken == nil && e.Encrypted {
		return fmt.Sprintf("encrypted: refused %t", err != nil)
	}
	if err != nil {
		return "refused: " + err.Error()
	}
	said := fmt.Sprintf("%d.%d %v %v %v", m.Version.Major, m.Version.Minor, m.Op, m.Code, m.Flags)
	if m.Session != 0 {
		said += " session"
	}
	if !bytes.Equal(wire.Append(nil, m), b) {
		said += ", written otherwise"
	}
	d, rest, err := access.Content(m)
	switch {
	case err != nil:
		return said + ", digest refused: " + err.Error()
	case d.Sum != nil:
		said += ", " + d.Algorithm.String() + " digest"
	}
	if len(m.Credential) > 0 {
		c, err := access.ParseCredential(m.Credential)
		said += fmt.Sprintf(", %s %s", c.Type, strings.TrimSpace(c.Algorithm))
		if err != nil {
			said += " refused: " + err.Error()
		} else if !bytes.Equal(access.AppendCredential(nil, c), m.Credential) {
			said += " written otherwise"
		}
	}
	what, written, err := bodyOf(m, rest)
	switch {
	case err != nil:
		return said + ": " + what + " refused: " + err.Error()
	case !bytes.Equal(written, rest):
		return said + fmt.Sprintf(": %s, of %d bytes %d", what, len(rest), len(written))
	default:
		return said + ": " + what
	}
}

// bodyOf reads a body by its operation and code and writes it again.
func bodyOf(m wire.Message, b []byte) (string, []byte, error) {
	switch {
	case m.Code == wire.Request:
		return requestOf(m, b)
	case m.Code == wire.ChallengeNeeded:
		x, err := access.ParseChallenge(m)
		written := access.AppendChallenge(nil, x, m.Version)
		return fmt.Sprintf("challenge of %d bytes", len(x.Nonce)), written[len(written)-len(b):], err
	case m.Code == wire.ServiceReferral || m.Code == wire.PrefixReferral:
		x, err := body.ParseReferral(b)
		return fmt.Sprintf("to %q, %d values", x.To, len(x.Values)), body.AppendReferral(nil, x), err
	case m.Code.IsError():
		x, err := body.ParseErrorAnswer(b)
		return fmt.Sprintf("%q %v", x.Text, x.Indexes), body.AppendErrorAnswer(nil, x), err
	}
	return answerOf(m, b)
}

func requestOf(m wire.Message, b []byte) (string, []byte, error) {
	switch m.Op {
	case wire.OpResolve:
		x, err := body.ParseResolve(b)
		return fmt.Sprintf("%.40q %.3v %q", x.Name, x.Query.Indexes, x.Query.Types), body.AppendResolve(nil, x), err
	case wire.OpCreate, wire.OpAddValues, wire.OpModifyValues:
		x, err := body.ParseRecord(b)
		return fmt.Sprintf("%q, %d values", x.Name, len(x.Values)), body.AppendRecord(nil, x), err
	case wire.OpRemoveValues:
		x, err := body.ParseRemoval(b)
		return fmt.Sprint(x), body.AppendRemoval(nil, x), err
	case wire.OpAnswerChallenge:
		x, err := access.ParseChallengeAnswer(b)
		return fmt.Sprintf("%s %v", x.Type, x.Identity), access.AppendChallengeAnswer(nil, x), err
	case wire.OpVerifyAnswer:
		x, err := access.ParseVerification(b)
		return fmt.Sprintf("%v, %d %d %d", x.Key, len(x.Nonce), len(x.Digest.Sum), len(x.Answer)), access.AppendVerification(nil, x), err
	case wire.OpSetUpSession:
		x, err := access.ParseSessionSetUp(b)
		return fmt.Sprintf("%v, %d s, %q, %q", x.Mode, x.Timeout, x.Identity.Name, x.NamedKey.Name), access.AppendSessionSetUp(nil, x), err
	case wire.OpExchangeKey:
		x, err := access.ParseExchangedKey(b)
		return fmt.Sprintf("%d bytes", len(x)), access.AppendExchangedKey(nil, x), err
	case wire.OpTransactions:
		x, err := body.ParseTransactions(b, m.Version)
		return fmt.Sprintf("from %d, %+v", x.Last, x.Share), body.AppendTransactions(nil, x, m.Version), err
	case wire.OpDump:
		x, err := body.ParseDump(b)
		return fmt.Sprintf("%q %d %+v", x.Begin, x.Kind, x.Share), body.AppendDump(nil, x), err
	case wire.OpLogin:
		x, err := body.ParseLogin(b)
		return fmt.Sprint(x), body.AppendLogin(nil, x), err
	default:
		x, err := body.ParseName(b)
		return fmt.Sprintf("%q", x), body.AppendName(nil, x), err
	}
}

func answerOf(m wire.Message, b []byte) (string, []byte, error) {
	switch m.Op {
	case wire.OpResolve:
		x, err := body.ParseRecord(b)
		return fmt.Sprintf("%q, %d values", x.Name, len(x.Values)), body.AppendRecord(nil, x), err
	case wire.OpSiteInfo:
		x, err := typed.ParseSite(b)
		return fmt.Sprintf("site of %d servers", len(x.Servers)), typed.AppendSite(nil, x), err
	case wire.OpCreate:
		x, err := body.ParseName(b)
		return fmt.Sprintf("%q", x), body.AppendName(nil, x), err
	case wire.OpList, wire.OpListHomed, wire.OpListPrefixes:
		x, err := body.ParseNames(b)
		return fmt.Sprintf("%d names", len(x)), body.AppendNames(nil, x), err
	case wire.OpVerifyAnswer:
		x, err := access.ParseVerdict(b)
		return strconv.FormatBool(x), access.AppendVerdict(nil, x), err
	case wire.OpSetUpSession:
		x, err := access.ParseSessionAnswer(b)
		return fmt.Sprintf("%v, %d bytes", x.Mode, len(x.Key)), access.AppendSessionAnswer(nil, x), err
	case wire.OpNextTransaction:
		x, err := body.ParseTransaction(b)
		return strconv.FormatInt(x, 10), body.AppendTransaction(nil, x), err
	default:
		return fmt.Sprintf("%d bytes", len(b)), b, nil
	}
}

// TestReplyLikeHandleNet compares the header of each answer of Handle.Net with that of
// Reply. Left out are answers to what it could not read, to answers to challenges, which
// are answers to the request that was challenged, and flags that mean nothing in answers.
func TestReplyLikeHandleNet(t *testing.T) {
	files, err := filepath.Glob("testdata/handlenet/*.req.hex")
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, f := range files {
		q, ok := first(t, f)
		a, answered := first(t, strings.Replace(f, ".req", ".resp", 1))
		if !ok || !answered || a.Op == 0 || q.Op == wire.OpAnswerChallenge {
			continue
		}
		want := wire.Reply(q, a.Code, wire.Newest(), a.Expiration)
		want.Flags |= wire.Authoritative
		if a.Code == wire.ChallengeNeeded && !a.Version.Before(wire.Version{Major: 2, Minor: 1}) {
			want.Flags |= wire.RequestDigest
		}
		if a.Code == wire.ChallengeNeeded || a.Op == wire.OpSetUpSession {
			want.Session = a.Session
		}
		want.Length, want.Serial = a.Length, 1 // what the caller sets
		a.Flags &^= wire.Overwrite | wire.MintSuffix
		compared++
		if a.Envelope != want.Envelope || a.Header != want.Header {
			t.Errorf("%s\n%+v %+v\n%+v %+v", filepath.Base(f), a.Envelope, a.Header, want.Envelope, want.Header)
		}
	}
	if compared < 130 {
		t.Errorf("%d pairs were compared", compared)
	}
}

// TestDigestLikeHandleNet recomputes the digests of requests that answers of Handle.Net
// have, challenges above all, from what Digested says is digested.
func TestDigestLikeHandleNet(t *testing.T) {
	files, err := filepath.Glob("testdata/handlenet/*.req.hex")
	if err != nil {
		t.Fatal(err)
	}
	compared := map[access.Algorithm]int{}
	for _, f := range files {
		q, ok := first(t, f)
		a, answered := first(t, strings.Replace(f, ".req", ".resp", 1))
		if !ok || !answered {
			continue
		}
		d, _, err := access.Content(a)
		if a.Code == wire.ChallengeNeeded {
			c, e := access.ParseChallenge(a)
			d, err = c.Digest, e
		}
		if err != nil {
			t.Fatal(f, err)
		}
		if d.Sum == nil {
			continue
		}
		digested, err := wire.Digested(wire.Append(nil, q))
		if err != nil {
			t.Fatal(f, err)
		}
		if d.Algorithm != access.DigestOf(a.Version) || !bytes.Equal(d.Sum, hashed(d.Algorithm, digested)) {
			t.Errorf("%s: %v %x, want %x", filepath.Base(f), d.Algorithm, d.Sum, hashed(d.Algorithm, digested))
		}
		compared[d.Algorithm]++
	}
	if compared[access.OldMD5] < 2 || compared[access.SHA1] < 3 || compared[access.SHA256] < 40 {
		t.Error(compared)
	}
}

func hashed(a access.Algorithm, b []byte) []byte {
	switch a {
	case access.SHA1:
		sum := sha1.Sum(b)
		return sum[:]
	case access.SHA256:
		sum := sha256.Sum256(b)
		return sum[:]
	default:
		sum := md5.Sum(b)
		return sum[:]
	}
}

// first reads the first message of a file, when it stands in one packet and can be read.
func first(t *testing.T, file string) (wire.Message, bool) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	b, err := hex.DecodeString(line)
	if err != nil {
		t.Fatal(err)
	}
	m, err := wire.Parse(b)
	return m, err == nil
}
