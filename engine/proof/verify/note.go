package verify

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"yuzhou/engine/proof/statement"
	"yuzhou/kernel/fault"
)

// Checkpoint is the tree that a log vouches for. Source: C2SP tlog-checkpoint.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   tlog.Hash
}

// Cosignature is a witness's word that it has seen a checkpoint follow from all before.
type Cosignature struct {
	Witness string    `json:"witness"`
	Time    time.Time `json:"time"`
}

// Opened is a checkpoint that its log has signed.
type Opened struct {
	Checkpoint

	Text string        // what was signed
	By   []Cosignature // of the policy's witnesses
}

// cosigner verifies Ed25519 cosignatures. Source: C2SP tlog-cosignature.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

// algCosignature is the type of an Ed25519 key that cosigns, in a vkey.
const algCosignature = 4

// parseCosigner reads the key of a witness: name+hash+base64 of 0x04 and the key.
func parseCosigner(vkey string) (cosigner, error) {
	bad := fmt.Errorf("%.200q is not the key of a witness, such as witness.example.org+a1b2c3d4+BA…", vkey)
	name, rest, _ := strings.Cut(vkey, "+")
	digits, text, _ := strings.Cut(rest, "+")
	hash, err := strconv.ParseUint(digits, 16, 32)
	raw, err2 := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || err2 != nil || name == "" || len(digits) != 8 || len(raw) != 1+ed25519.PublicKeySize || raw[0] != algCosignature {
		return cosigner{}, bad
	}
	sum := sha256.Sum256([]byte(name + "\n" + string(raw)))
	if uint32(hash) != binary.BigEndian.Uint32(sum[:]) {
		return cosigner{}, bad
	}
	return cosigner{name, uint32(hash), raw[1:]}, nil
}

// Name implements note.Verifier.
func (c cosigner) Name() string { return c.name }

// KeyHash implements note.Verifier.
func (c cosigner) KeyHash() uint32 { return c.hash }

// Verify implements note.Verifier.
func (c cosigner) Verify(text, signature []byte) bool {
	if len(signature) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(signature)
	message := append([]byte("cosignature/v1\ntime "+strconv.FormatUint(at, 10)+"\n"), text...)
	return at < 1<<40 && ed25519.Verify(c.key, message, signature[8:])
}

// Met reports whether as many witnesses have cosigned as the policy asks for.
func (p *Policy) Met(by []Cosignature) bool {
	signed := map[string]bool{}
	for _, c := range by {
		signed[c.Witness] = true
	}
	return p.quorum == "" || p.met(p.quorum, signed)
}

// Root returns a root of the register by name; the zero Key when the policy has none.
func (p *Policy) Root(method string) statement.Key { return p.roots[method] }

// Open reads a checkpoint that the policy's log has signed.
//
//   - Result: whether those who have cosigned are enough, Met says.
//   - Errors: fault.Invalid.
func (p *Policy) Open(signed []byte) (o Opened, err error) {
	if p.log == nil {
		return o, fault.New(fault.Invalid, "the policy names no log")
	}
	if err := strictNote(signed); err != nil {
		return o, err
	}
	verifiers := []note.Verifier{p.log}
	names := map[string]string{}
	for name, w := range p.witnesses {
		verifiers = append(verifiers, w)
		names[fmt.Sprintf("%s+%08x", w.name, w.hash)] = name
	}
	n, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return o, fault.New(fault.Invalid, "the checkpoint is not signed by the log %s that the policy names, or a signature on it does not hold", p.log.Name())
	}
	own := false
	for _, s := range n.Sigs {
		if s.Name == p.log.Name() && s.Hash == p.log.KeyHash() {
			own = true
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(s.Base64)
		if err != nil || len(raw) < 12 {
			continue // note.Open has verified it: it is not so
		}
		at := time.Unix(int64(binary.BigEndian.Uint64(raw[4:12])), 0).UTC() //nolint:gosec // below 1<<40
		o.By = append(o.By, Cosignature{names[fmt.Sprintf("%s+%08x", s.Name, s.Hash)], at})
	}
	if !own {
		return o, fault.New(fault.Invalid, "the checkpoint is not signed by the log %s that the policy names", p.log.Name())
	}
	o.Text = n.Text
	o.Checkpoint, err = parseCheckpoint(n.Text)
	if err == nil && o.Origin != p.log.Name() {
		err = fault.New(fault.Invalid, "the checkpoint is of the log %.100q, the policy names %s", o.Origin, p.log.Name())
	}
	return o, err
}

// strictNote refuses a second way to write the same signed note: base64 with bits that
// are ignored, a signature line twice.
func strictNote(signed []byte) error {
	at := bytes.LastIndex(signed, []byte("\n\n"))
	if at < 0 {
		return fault.New(fault.Invalid, "the checkpoint is no signed note")
	}
	seen := map[string]bool{}
	for line := range bytes.Lines(signed[at+2:]) {
		name, text, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(string(line), "— "), "\n"), " ")
		raw, err := base64.StdEncoding.Strict().DecodeString(text)
		if !ok || err != nil || len(raw) < 5 || base64.StdEncoding.EncodeToString(raw) != text {
			return fault.New(fault.Invalid, "a signature line of the checkpoint is not \"— NAME BASE64\"")
		}
		key := name + "+" + hex.EncodeToString(raw[:4])
		if seen[key] {
			return fault.New(fault.Invalid, "the checkpoint has two signatures of %.100q", name)
		}
		seen[key] = true
	}
	return nil
}

// parseCheckpoint reads the text of a checkpoint: origin, size, root, and lines that the
// log may add.
func parseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 {
		return Checkpoint{}, fault.New(fault.Invalid, "the checkpoint has %d lines; it has origin, size and root", len(lines)-1)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	root, err2 := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || err2 != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] || len(root) != tlog.HashSize {
		return Checkpoint{}, fault.New(fault.Invalid, "the size or the root of the checkpoint is not a number and 32 bytes of base64")
	}
	return Checkpoint{lines[0], size, tlog.Hash(root)}, nil
}

// logProof is a C2SP tlog-proof taken apart.
type logProof struct {
	index  int64
	hashes tlog.RecordProof
	note   []byte
}

const proofHeader = "c2sp.org/tlog-proof@v1\n"

// maxHashes is how many hashes the proof of a record has at most.
const maxHashes = 63

// parseLogProof reads the proof that an entry stands in a log. The optional line "extra"
// is not taken: a bundle has nothing to say there.
func parseLogProof(text []byte) (p logProof, err error) {
	rest, ok := bytes.CutPrefix(text, []byte(proofHeader))
	if !ok {
		return p, fault.New(fault.Invalid, "the log proof does not begin with the line %q", strings.TrimSpace(proofHeader))
	}
	head, signed, ok := bytes.Cut(rest, []byte("\n\n"))
	if !ok {
		return p, fault.New(fault.Invalid, "the log proof has no checkpoint after an empty line")
	}
	p.note = signed
	lines := strings.Split(string(head), "\n")
	digits, ok := strings.CutPrefix(lines[0], "index ")
	p.index, err = strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || p.index < 0 || strconv.FormatInt(p.index, 10) != digits || len(lines) > 1+maxHashes {
		return p, fault.New(fault.Invalid, "the log proof has no line \"index N\", or more than %d hashes", maxHashes)
	}
	for _, line := range lines[1:] {
		raw, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(raw) != tlog.HashSize || base64.StdEncoding.EncodeToString(raw) != line {
			return p, fault.New(fault.Invalid, "a hash of the log proof is not 32 bytes of base64")
		}
		p.hashes = append(p.hashes, tlog.Hash(raw))
	}
	return p, nil
}
