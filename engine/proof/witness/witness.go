// Package witness cosigns the checkpoints of other nodes' logs (C2SP tlog-witness): it
// gives its word that each follows from all that it has cosigned before.
//
// What must hold: of one log it never cosigns two trees of which one is not the other's
// beginning, whatever happens between two requests; what it has cosigned is on disk before
// the cosignature leaves; the time in a cosignature is never before the last one's.
package witness

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"yuzhou/kernel/fault"
)

// The bounds of a request.
const (
	maxBody   = 32 << 10 // bytes
	maxHashes = 63
)

// Head is a tree that was cosigned.
type Head struct {
	Size int64
	Root tlog.Hash
	At   time.Time // of the cosignature, whole seconds
}

// Store keeps the newest head of each log.
type Store interface {
	// Advance calls next with the newest head of a log, the zero Head before the first,
	// and keeps what it returns, durably, before Advance returns nil. Calls of one log
	// stand in line. When next or the store fails, that error is returned, and what is
	// kept may be either.
	Advance(ctx context.Context, origin string, next func(last Head) (Head, error)) error
}

// Witness cosigns. The fields are set before the first call and then left alone.
type Witness struct {
	Name  string             // of its cosignatures
	Key   ed25519.PrivateKey //
	Logs  []note.Verifier    // whose checkpoints it cosigns; a log's name is its origin
	Store Store
	Now   func() time.Time
}

// VKey returns the text by which policies name a witness. Source: C2SP tlog-cosignature.
func VKey(name string, public ed25519.PublicKey) string {
	raw := append([]byte{algCosignature}, public...)
	return fmt.Sprintf("%s+%08x+%s", name, keyHash(name, raw), base64.StdEncoding.EncodeToString(raw))
}

// algCosignature is the type of an Ed25519 key that cosigns.
const algCosignature = 4

func keyHash(name string, raw []byte) uint32 {
	sum := sha256.Sum256([]byte(name + "\n" + string(raw)))
	return binary.BigEndian.Uint32(sum[:])
}

// refusal is an answer that is no cosignature.
type refusal struct {
	status int
	text   string
	kind   string // Content-Type; "" for plain text
}

// Error implements error.
func (r *refusal) Error() string { return r.text }

func refuse(status int, format string, args ...any) error {
	return &refusal{status: status, text: fmt.Sprintf(format, args...)}
}

// ServeHTTP answers POST add-checkpoint.
func (w *Witness) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(out, r.Body, maxBody))
	if err != nil {
		http.Error(out, "the request is cut off or longer than 32 KiB", http.StatusRequestEntityTooLarge)
		return
	}
	line, err := w.Add(r.Context(), body)
	var no *refusal
	switch {
	case err == nil:
		out.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = out.Write(line) // who asked has gone; it is cosigned all the same
	case errors.As(err, &no) && no.kind != "":
		out.Header().Set("Content-Type", no.kind)
		out.WriteHeader(no.status)
		_, _ = io.WriteString(out, no.text)
	case errors.As(err, &no):
		http.Error(out, no.text, no.status)
	case fault.KindOf(err) == fault.Busy:
		http.Error(out, "the witness cannot keep it now; ask again", http.StatusServiceUnavailable)
	default:
		http.Error(out, "internal error", http.StatusInternalServerError)
	}
}

// request is add-checkpoint taken apart.
type request struct {
	old        int64
	proof      tlog.TreeProof
	note       []byte
	origin     string
	size       int64
	root       tlog.Hash
	text       string
	unverified string // origin as it stands in the note, before anything is verified
}

// Add answers the body of an add-checkpoint request with the line of a cosignature.
//
// Errors: what ServeHTTP turns into 400, 403, 404, 409 and 422; those of the store.
func (w *Witness) Add(ctx context.Context, body []byte) ([]byte, error) {
	q, err := parse(body)
	if err != nil {
		return nil, err
	}
	if err := w.verify(q); err != nil {
		return nil, err
	}
	var at time.Time
	err = w.Store.Advance(ctx, q.origin, func(last Head) (Head, error) {
		if err := q.follows(last); err != nil {
			return Head{}, err
		}
		at = w.Now().UTC().Truncate(time.Second)
		if at.Before(last.At) {
			at = last.At // the clock was set back
		}
		return Head{q.size, q.root, at}, nil
	})
	if err != nil {
		return nil, err
	}
	return w.sign(q.text, at), nil
}

// parse reads a request.
func parse(body []byte) (*request, error) {
	head, signed, ok := bytes.Cut(body, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	digits, old := strings.CutPrefix(lines[0], "old ")
	n, err := strconv.ParseInt(digits, 10, 64)
	if !ok || !old || err != nil || n < 0 || strconv.FormatInt(n, 10) != digits {
		return nil, refuse(http.StatusBadRequest, "the request does not begin with a line \"old SIZE\", hashes and an empty line")
	}
	if len(lines)-1 > maxHashes {
		return nil, refuse(http.StatusBadRequest, "%d hashes, at most %d are taken", len(lines)-1, maxHashes)
	}
	q := &request{old: n, note: signed}
	for _, line := range lines[1:] {
		h, err := tlog.ParseHash(line)
		if err != nil || h.String() != line {
			return nil, refuse(http.StatusBadRequest, "%.60q is not the base64 of 32 bytes", line)
		}
		q.proof = append(q.proof, h)
	}
	q.unverified, _, _ = strings.Cut(string(signed), "\n")
	return q, nil
}

// keysOf returns the keys of a log; there is more than one while a key is replaced.
func (w *Witness) keysOf(origin string) []note.Verifier {
	var keys []note.Verifier
	for _, l := range w.Logs {
		if l.Name() == origin {
			keys = append(keys, l)
		}
	}
	return keys
}

// verify checks that the checkpoint is signed by a log that is known.
func (w *Witness) verify(q *request) error {
	keys := w.keysOf(q.unverified)
	if len(keys) == 0 {
		return refuse(http.StatusNotFound, "this witness does not know a log %.100q", q.unverified)
	}
	n, err := note.Open(q.note, note.VerifierList(keys...))
	if err != nil {
		if _, ok := errors.AsType[*note.UnverifiedNoteError](err); !ok {
			if _, ok := errors.AsType[*note.InvalidSignatureError](err); !ok {
				return refuse(http.StatusBadRequest, "what follows the empty line is no signed note")
			}
		}
		return refuse(http.StatusForbidden, "the checkpoint is not signed by the key that this witness knows of the log")
	}
	lines := strings.SplitN(n.Text, "\n", 4)
	if len(lines) < 4 {
		return refuse(http.StatusBadRequest, "the checkpoint has no origin, size and root")
	}
	root, err := tlog.ParseHash(lines[2])
	size, err2 := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || err2 != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] || lines[0] != q.unverified {
		return refuse(http.StatusBadRequest, "the size or the root of the checkpoint is not a number and 32 bytes of base64")
	}
	if q.old > size {
		return refuse(http.StatusBadRequest, "the old size %d is more than the checkpoint's %d", q.old, size)
	}
	if size == 0 && root != tlog.Hash(sha256.Sum256(nil)) {
		return refuse(http.StatusUnprocessableEntity, "the root of the checkpoint is not that of an empty tree")
	}
	q.origin, q.size, q.root, q.text = lines[0], size, root, n.Text
	return nil
}

// follows checks that the checkpoint follows from the last that was cosigned.
func (q *request) follows(last Head) error {
	if q.old != last.Size {
		return &refusal{http.StatusConflict, strconv.FormatInt(last.Size, 10) + "\n", "text/x.tlog.size"}
	}
	switch {
	case q.old == q.size && q.size > 0 && q.root != last.Root:
		return &refusal{http.StatusConflict, strconv.FormatInt(last.Size, 10) + "\n", "text/x.tlog.size"}
	case q.old == 0 || q.old == q.size:
		if len(q.proof) > 0 {
			return refuse(http.StatusUnprocessableEntity, "from %d to %d nothing is to be proved, and the proof has %d hashes", q.old, q.size, len(q.proof))
		}
		return nil
	}
	if tlog.CheckTree(q.proof, q.size, q.root, last.Size, last.Root) != nil {
		return refuse(http.StatusUnprocessableEntity, "the proof does not lead from the tree of %d entries that was cosigned to the one of %d", last.Size, q.size)
	}
	return nil
}

// sign returns the line of a cosignature. Source: C2SP tlog-cosignature, cosignature/v1.
func (w *Witness) sign(text string, at time.Time) []byte {
	message := "cosignature/v1\ntime " + strconv.FormatInt(at.Unix(), 10) + "\n" + text
	public, _ := w.Key.Public().(ed25519.PublicKey) // an Ed25519 key has one
	raw := binary.BigEndian.AppendUint32(nil, keyHash(w.Name, append([]byte{algCosignature}, public...)))
	raw = binary.BigEndian.AppendUint64(raw, uint64(at.Unix())) //nolint:gosec // after 1970
	raw = append(raw, ed25519.Sign(w.Key, []byte(message))...)
	return []byte("— " + w.Name + " " + base64.StdEncoding.EncodeToString(raw) + "\n")
}
