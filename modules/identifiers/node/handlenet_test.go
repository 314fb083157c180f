package node_test

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/access"
	"yuzhou/modules/identifiers/wire/body"
	"yuzhou/modules/identifiers/wire/packet"
)

const vectors = "../wire/testdata/handlenet/"

// exchanged reads a message that was exchanged with Handle.Net, in one packet or more.
func exchanged(t *testing.T, file string) []byte {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	a := packet.NewAssembler(packet.Limits{})
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		b, err := hex.DecodeString(strings.TrimSpace(lines.Text()))
		if err != nil {
			t.Fatal(file, err)
		}
		if e, err := wire.ParseEnvelope(b); err != nil || !e.Truncated {
			return b
		}
		if whole, err := a.Add(time.Unix(0, 0), netip.AddrPort{}, b); err != nil || whole != nil {
			return whole
		}
	}
	t.Fatal(file + " holds no message")
	return nil
}

// TestAsHandleNet asks this node what Handle.Net 9.2.0 was asked, with the records that
// it had, and compares the answers: the code, and the body byte for byte.
func TestAsHandleNet(t *testing.T) {
	files, err := filepath.Glob(vectors + "resolve-*.req.hex")
	if err != nil || len(files) < 30 {
		t.Fatal(len(files), err)
	}
	different := map[string]string{
		"resolve-below-delegated":           "Handle.Net knows nothing of a prefix that is not homed; this node allocates what lies below its own, and knows that there is none",
		"resolve-noperm-public-only":        "the record was never read by anybody, so that it is not here",
		"resolve-template-nobase":           "likewise",
		"resolve-template-plainbase":        "likewise",
		"resolve-private-index-public-only": "likewise",
	}
	h := start(t, map[string]node.Place{"88.709.911": {Standing: node.Hosted}})
	theirs := map[string]wire.Message{}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".req.hex")
		m, err := wire.Parse(exchanged(t, strings.Replace(f, ".req.", ".resp.", 1)))
		if err != nil {
			continue // what was encrypted or broken on purpose
		}
		theirs[name] = m
		_, content, err := access.Content(m)
		if err != nil || m.Code != wire.Success {
			continue
		}
		if r, err := body.ParseRecord(content); err == nil && len(r.Values) > len(h.records[r.Name.Fold()].Values) {
			h.records[r.Name.Fold()] = r
		}
	}
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".req.hex")
		want, ok := theirs[name]
		if !ok || different[name] != "" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			out, err := h.Message(t.Context(), nil, exchanged(t, f), nil)
			if err != nil {
				t.Fatal(err)
			}
			got, err := wire.Parse(out)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(summary(want), summary(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// summary is what of an answer has to be the same.
func summary(m wire.Message) map[string]any {
	d, content, err := access.Content(m)
	out := map[string]any{"code": m.Code.String(), "op": m.Op.String(), "digest": d.Sum, "version": m.Version, "error": err}
	if m.Code.IsError() {
		return out // the words are everybody's own
	}
	if r, err := body.ParseRecord(content); err == nil {
		out["name"], out["values"] = string(r.Name), r.Values
	} else {
		out["body"] = bytes.Clone(content)
	}
	return out
}

// TestVerifiesAsHandleNet judges the answers that Handle.Net was asked to judge.
func TestVerifiesAsHandleNet(t *testing.T) {
	text, err := os.ReadFile(vectors + "key-secret.hex")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	h := start(t, map[string]node.Place{"88.709.911": {Standing: node.Hosted}})
	h.records["88.709.911/ADMIN"] = handle.Record{Name: "88.709.911/ADMIN", Values: []handle.Value{value(301, handle.TypeSecretKey, string(secret))}}
	for _, name := range []string{"verify-right", "verify-wrong", "verify-no-handle"} {
		out, err := h.Message(t.Context(), nil, exchanged(t, vectors+name+".req.hex"), nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := wire.Parse(out)
		if err != nil {
			t.Fatal(err)
		}
		theirs, err := wire.Parse(exchanged(t, vectors+name+".resp.hex"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(summary(theirs), summary(got)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
