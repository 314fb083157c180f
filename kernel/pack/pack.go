// Package pack reads a city's data packs strictly.
//
// A pack is a folder of YAML files. What must hold: an unknown key, a missing
// key, a wrong unit, a number without a source, a quotation that does not stand
// in its source or a reference to nothing is a Finding with file, line, the value
// and what would be right; and nothing of a pack with an error is loaded.
//
// Modules read their own files from one Pack, then all of them load in one
// transaction: see Load.
package pack

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// Pos is where in a pack something stands. A struct that a pack file is read
// into has its Pos field filled in.
type Pos struct {
	File string
	Line int // 1-based
}

// Severity is how bad a finding is.
type Severity string

// The severities. Only an Error keeps a pack from being loaded.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
	Note    Severity = "note"
)

// Finding is something the reader of a pack should know.
type Finding struct {
	Severity Severity `json:"severity"`
	Rule     string   `json:"rule"` // which check found it, such as "pack.unknown-key"
	File     string   `json:"file"`
	Line     int      `json:"line"`
	Text     string   `json:"text"` // one sentence, in English
	ZH       string   `json:"zh,omitempty"`
	Figures  []string `json:"figures,omitempty"` // ids of the figures it is about
}

// String prints the finding as compilers do: file:line: error: text [rule].
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d: %s: %s [%s]", f.File, f.Line, f.Severity, f.Text, f.Rule)
}

// Load writes what a module has read from a pack.
type Load func(ctx context.Context, tx store.Tx) error

// Pack is an opened pack. It is used by one goroutine.
type Pack struct {
	Manifest Manifest

	files    fs.FS
	sources  map[string][]string // lines of the sources that are in the pack
	findings []Finding
	defined  map[string]Pos // "kind id" -> where
	referred []reference
	figures  map[string]Figure
}

type reference struct {
	kind, id string
	pos      Pos
}

// Manifest is pack.yaml.
type Manifest struct {
	Pos
	Text
	Schema  string   `pack:"schema"`
	ID      string   `pack:"id"`
	Prefix  string   `pack:"prefix"` // of the names of everything in the pack
	Unit    string   `pack:"unit"`   // whose plan it is
	Zone    string   `pack:"zone"`   // as +08:00: in which a date begins
	Clock   string   `pack:"clock,optional"`
	Sources []Source `pack:"sources"`
}

// Demo reports whether the pack is a demonstration: its Clock then says at which
// instant (RFC 3339) the city's own time begins, and every page says what it is.
func (m Manifest) Demo() bool { return m.Clock != "" }

// Text is a wording in both languages of the product; en may be missing where
// only the Chinese is official.
type Text struct {
	ZH string `pack:"zh" json:"zh"`
	EN string `pack:"en,optional" json:"en,omitempty"`
}

// In returns the wording in the language ("en" or else Chinese).
func (t Text) In(lang string) string {
	if lang == "en" && t.EN != "" {
		return t.EN
	}
	return t.ZH
}

// Source is where numbers come from.
type Source struct {
	Pos
	Text
	ID        string    `pack:"id"`
	Kind      string    `pack:"kind"` // primary, secondary, standard
	Published string    `pack:"published,optional"`
	File      string    `pack:"file,optional"` // its text, in the pack
	SHA256    string    `pack:"sha256,optional"`
	Note      string    `pack:"note,optional"`
	Articles  []Article `pack:"articles,optional"`
}

// Article is a stretch of lines of a source with a heading of its own.
type Article struct {
	Pos
	Text
	ID     string `pack:"id"`
	First  int    `pack:"first"` // 1-based line
	Last   int    `pack:"last"`
	Byline string `pack:"byline,optional"`
	Note   string `pack:"note,optional"`
}

// Open reads the manifest and the texts of the sources. What is wrong with them
// is among the Findings.
func Open(files fs.FS) *Pack {
	p := &Pack{files: files, sources: map[string][]string{}, defined: map[string]Pos{}, figures: map[string]Figure{}}
	p.Manifest = Read[Manifest](p, "pack.yaml")
	if p.Manifest.Schema != "" && p.Manifest.Schema != "yuzhou.pack/v1" {
		p.Bad(p.Manifest.Pos, "pack.schema", "schema %q is not yuzhou.pack/v1", p.Manifest.Schema)
	}
	if _, err := time.Parse(time.RFC3339, p.Manifest.Clock); p.Manifest.Demo() && err != nil {
		p.Bad(p.Manifest.Pos, "pack.clock", "clock %q is not an instant such as 2023-07-03T09:00:00+08:00", p.Manifest.Clock)
	}
	for _, s := range p.Manifest.Sources {
		p.Define("source", s.ID, s.Pos)
		p.readSource(s)
	}
	return p
}

func (p *Pack) readSource(s Source) {
	if s.File == "" {
		return
	}
	text, err := fs.ReadFile(p.files, s.File)
	if err != nil {
		p.Bad(s.Pos, "pack.missing-file", "source %s: file %q is not in the pack", s.ID, s.File)
		return
	}
	sum := sha256.Sum256(text)
	if got := hex.EncodeToString(sum[:]); s.SHA256 != "" && got != s.SHA256 {
		p.Bad(s.Pos, "pack.source-changed", "source %s: %s has SHA-256 %s, not %s as written", s.ID, s.File, got, s.SHA256)
	}
	p.sources[s.ID] = strings.Split(string(text), "\n")
}

// Lines returns the lines of a source's text; nil when the pack does not hold it.
func (p *Pack) Lines(source string) []string { return p.sources[source] }

// Has reports whether the pack has the file.
func (p *Pack) Has(name string) bool {
	_, err := fs.Stat(p.files, name)
	return err == nil
}

// Bytes returns a file that is not YAML, such as a map; a missing one is a finding.
func (p *Pack) Bytes(name string) []byte {
	b, err := fs.ReadFile(p.files, name)
	if err != nil {
		p.Bad(Pos{name, 1}, "pack.missing-file", "file %s is not in the pack", name)
	}
	return b
}

// Define records that an id of a kind exists; a second one is an error.
func (p *Pack) Define(kind, id string, pos Pos) {
	key := kind + " " + id
	if was, ok := p.defined[key]; ok {
		p.Bad(pos, "pack.duplicate", "%s %q is defined already at %s:%d", kind, id, was.File, was.Line)
		return
	}
	p.defined[key] = pos
}

// Refer records that an id of a kind is meant; Findings reports it when no file
// defines it. An empty id means none and is ignored.
func (p *Pack) Refer(kind, id string, pos Pos) {
	if id != "" {
		p.referred = append(p.referred, reference{kind, id, pos})
	}
}

// Where returns where an id was defined.
func (p *Pack) Where(kind, id string) Pos { return p.defined[kind+" "+id] }

// Bad records an error.
func (p *Pack) Bad(pos Pos, rule, format string, args ...any) {
	p.findings = append(p.findings, Finding{Severity: Error, Rule: rule, File: pos.File, Line: pos.Line, Text: fmt.Sprintf(format, args...)})
}

// Find records a finding of a module's own checks.
func (p *Pack) Find(f Finding) { p.findings = append(p.findings, f) }

// Findings returns all findings by file and line, dangling references included.
func (p *Pack) Findings() []Finding {
	for _, r := range p.referred {
		if _, ok := p.defined[r.kind+" "+r.id]; !ok {
			p.Bad(r.pos, "pack.dangling", "%s %q is not defined in this pack%s", r.kind, r.id, p.nearest(r.kind, r.id))
		}
	}
	p.referred = nil
	slices.SortStableFunc(p.findings, func(a, b Finding) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return slices.Clone(p.findings)
}

// nearest suggests a defined id of the same kind that differs little.
func (p *Pack) nearest(kind, id string) string {
	best, least := "", 3
	for key := range p.defined {
		k, other, _ := strings.Cut(key, " ")
		if d := distance(id, other); k == kind && (d < least || d == least && other < best) {
			best, least = other, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// Err returns fault.Invalid that lists the errors, or nil when there is none.
func (p *Pack) Err() error {
	var lines []string
	for _, f := range p.Findings() {
		if f.Severity == Error {
			lines = append(lines, f.String())
		}
	}
	switch n := len(lines); {
	case n == 0:
		return nil
	case n > 20:
		lines = append(lines[:20], fmt.Sprintf("and %d more", n-20))
	}
	return fault.New(fault.Invalid, "the pack has errors and was not loaded:\n%s", strings.Join(lines, "\n"))
}

// Digest returns the SHA-256 of all files of the pack, names included, in hex.
func (p *Pack) Digest() (string, error) {
	h := sha256.New()
	err := fs.WalkDir(p.files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(p.files, name)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(h, "%s %d\n", name, len(b)); err != nil {
			return err
		}
		_, err = h.Write(b)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// distance is the Levenshtein distance, by bytes; it gives up past 64 bytes.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		prev := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := prev
			if a[i] != b[j] {
				cost++
			}
			prev = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}
