package sheet

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strings"
	"time"

	"yuzhou/kernel/fault"
)

// A workbook is read here and not with excelize, which writes them: a reader of
// numbers must know how a cell is shown (2.30, 2.3 %, 2023年7月), and must fail on
// a damaged sheet, where excelize gives a shorter one.

// Limits of an unpacked workbook, against archives made to fill a machine. Parts
// that are streamed may be large; those that are kept may not.
const (
	maxArchive = 256 << 20 // packed, when it must be held in memory
	maxPart    = 16 << 20  // workbook, relations, styles
	maxStrings = 256 << 20 // text table, as XML
	maxSheet   = 2 << 30   // a sheet, as XML
	maxToken   = 16 << 20  // one text or tag
)

// book is an opened workbook.
type book struct {
	files   map[string]*zip.File
	epoch   time.Time
	forms   []form   // by cell style
	strings []string // the shared ones, cut to maxCell+1 bytes
}

// The parts of the small XML files that are needed.
type (
	workbookXML struct {
		Properties struct {
			Date1904 string `xml:"date1904,attr"`
		} `xml:"workbookPr"`
		Sheets []sheetXML `xml:"sheets>sheet"`
	}
	sheetXML struct {
		Name  string `xml:"name,attr"`
		State string `xml:"state,attr"`
		ID    string `xml:"id,attr"`
	}
	relationsXML struct {
		Relations []struct {
			ID     string `xml:"Id,attr"`
			Type   string `xml:"Type,attr"`
			Target string `xml:"Target,attr"`
		} `xml:"Relationship"`
	}
	stylesXML struct {
		Formats []struct {
			ID   int    `xml:"numFmtId,attr"`
			Code string `xml:"formatCode,attr"`
		} `xml:"numFmts>numFmt"`
		Cells []struct {
			Format int `xml:"numFmtId,attr"`
		} `xml:"cellXfs>xf"`
	}
)

// openXLSX opens the first visible sheet of a workbook.
func openXLSX(r io.Reader, note func(string)) (source, error) {
	files, err := unpack(r)
	if err != nil {
		return nil, err
	}
	b := &book{files: files, epoch: time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)}
	main := b.targets("", "_rels/.rels", "/officeDocument")
	if len(main) == 0 {
		return nil, fault.New(fault.Invalid, "the file is an archive but no .xlsx workbook; save it as .xlsx, or as CSV")
	}
	var w workbookXML
	if err := b.decode(main[0].path, &w); err != nil {
		return nil, err
	}
	if w.Properties.Date1904 == "1" || w.Properties.Date1904 == "true" {
		b.epoch = time.Date(1904, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	dir, name := path.Split(main[0].path)
	rels := dir + "_rels/" + name + ".rels"
	for _, t := range b.targets(dir, rels, "/styles") {
		if err := b.readStyles(t.path); err != nil {
			return nil, err
		}
	}
	for _, t := range b.targets(dir, rels, "/sharedStrings") {
		if err := b.readStrings(t.path); err != nil {
			return nil, err
		}
	}
	return b.openSheet(w.Sheets, b.targets(dir, rels, "/worksheet"), note)
}

// unpack lists the files of a zip archive.
func unpack(r io.Reader) (map[string]*zip.File, error) {
	at, size, err := readerAt(r)
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(at, size)
	if errors.Is(err, zip.ErrFormat) {
		return nil, fault.New(fault.Invalid, "the file is no .xlsx workbook, or it is cut short; an encrypted one must be saved without its password")
	}
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, err
	}
	files := map[string]*zip.File{}
	for _, f := range z.File {
		files[strings.ReplaceAll(f.Name, `\`, "/")] = f
	}
	return files, nil
}

// readerAt gives random access to r: its own, or that of a copy in memory.
func readerAt(r io.Reader) (io.ReaderAt, int64, error) {
	at, okAt := r.(io.ReaderAt)
	seek, okSeek := r.(io.Seeker)
	if okAt && okSeek {
		size, err := seek.Seek(0, io.SeekEnd)
		return at, size, err
	}
	b, err := io.ReadAll(io.LimitReader(r, maxArchive+1))
	if err == nil && len(b) > maxArchive {
		err = fault.New(fault.Invalid, "the workbook is larger than %d MB; split it, or save it as CSV", maxArchive>>20)
	}
	return bytes.NewReader(b), int64(len(b)), err
}

type target struct{ id, path string }

// targets returns the parts that a relations file names of a type, by its ending:
// strict and transitional workbooks spell the beginning differently.
func (b *book) targets(dir, rels, ending string) (out []target) {
	var doc relationsXML
	if b.files[rels] == nil || b.decode(rels, &doc) != nil {
		return nil
	}
	for _, r := range doc.Relations {
		if strings.HasSuffix(r.Type, ending) {
			p := path.Join(dir, r.Target)
			if strings.HasPrefix(r.Target, "/") {
				p = path.Clean(r.Target[1:])
			}
			out = append(out, target{r.ID, p})
		}
	}
	return out
}

// open opens a part of the archive of at most limit bytes.
func (b *book) open(name string, limit int64) (*guard, error) {
	f := b.files[name]
	if f == nil {
		return nil, fault.New(fault.Invalid, "the workbook is damaged: it has no part %s", quote(name))
	}
	r, err := f.Open()
	if err != nil {
		return nil, damaged(name, err)
	}
	return &guard{r: r, name: name, left: limit, token: maxToken}, nil
}

// decode reads a small XML part.
func (b *book) decode(name string, v any) error {
	r, err := b.open(name, maxPart)
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // only read
	return damaged(name, xml.NewDecoder(r).Decode(v))
}

func (b *book) readStyles(name string) error {
	var doc stylesXML
	if err := b.decode(name, &doc); err != nil {
		return err
	}
	custom := map[int]form{}
	for _, f := range doc.Formats {
		custom[f.ID] = parseForm(f.Code)
	}
	for _, x := range doc.Cells {
		f, ok := custom[x.Format]
		if !ok {
			f = builtin(x.Format)
		}
		b.forms = append(b.forms, f)
	}
	return nil
}

// openSheet opens the first sheet that is not hidden, and says which are not read.
func (b *book) openSheet(sheets []sheetXML, parts []target, note func(string)) (source, error) {
	var chosen *sheetXML
	var others []string
	for i, s := range sheets {
		switch {
		case chosen == nil && s.State != "hidden" && s.State != "veryHidden":
			chosen = &sheets[i]
		case s.Name != notesSheet:
			others = append(others, s.Name)
		}
	}
	if chosen == nil {
		return nil, fault.New(fault.Invalid, "the workbook has no visible sheet")
	}
	if len(others) > 0 {
		note("only the sheet " + quote(chosen.Name) + " was read, not " + quote(strings.Join(others, ", ")))
	}
	for _, p := range parts {
		if p.id == chosen.ID {
			return b.newSheet(p.path)
		}
	}
	return nil, fault.New(fault.Invalid, "the workbook is damaged: it does not say where sheet %s is", quote(chosen.Name))
}

// damaged makes an error of a part's bytes the fault of the file.
func damaged(part string, err error) error {
	if err == nil || fault.KindOf(err) != "" {
		return err
	}
	return &fault.Fault{Kind: fault.Invalid, Text: "the workbook is damaged in its part " + part, Err: err}
}

// guard limits how much a part unpacks to, and how much of it one token may take,
// as the XML decoder holds a token in memory.
type guard struct {
	r           io.ReadCloser
	name        string
	left, token int64
}

// Read implements io.Reader.
func (g *guard) Read(p []byte) (int, error) {
	if g.left <= 0 || g.token <= 0 {
		return 0, fault.New(fault.Invalid, "the workbook's part %s is larger than is read; split the file", g.name)
	}
	n, err := g.r.Read(p[:min(int64(len(p)), g.left, g.token)])
	g.left, g.token = g.left-int64(n), g.token-int64(n)
	return n, err
}

// next says that a token is done.
func (g *guard) next() { g.token = maxToken }

// Close implements io.Closer.
func (g *guard) Close() error { return g.r.Close() }
