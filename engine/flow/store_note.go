package flow

import (
	"context"
	"io"
	"path"
	"slices"
	"strings"

	"yuzhou/engine/flow/machine"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
)

// maxDocument is the largest document that a case takes, in bytes.
const maxDocument = 64 << 20

// documentTypes are what a case takes, by the end of the file's name. A program
// is not among them: nobody should be able to run what a colleague has attached.
func documentTypes() map[string]string {
	return map[string]string{
		".pdf": "application/pdf", ".ofd": "application/ofd", ".txt": "text/plain; charset=utf-8", ".csv": "text/csv; charset=utf-8",
		".doc": "application/msword", ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		".xls": "application/vnd.ms-excel", ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		".ppt": "application/vnd.ms-powerpoint", ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
		".wps": "application/wps-office.wps", ".et": "application/wps-office.et",
		".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".webp": "image/webp", ".zip": "application/zip",
	}
}

// Document is a file that belongs to a case.
type Document struct {
	Case   string `json:"case"`
	N      int64  `json:"n" doc:"number of the event that brought it"`
	SHA256 string `json:"sha256"`
	Name   string `json:"name"`
	Media  string `json:"media"`
	Size   int64  `json:"size" doc:"bytes"`
}

// note is a remark or a document for a case.
type note struct {
	key, id, text string
	doc           *Document
}

// Note writes a remark into a case.
func (s *Service) Note(ctx context.Context, key, id, text string) (Case, error) {
	if strings.TrimSpace(text) == "" {
		return Case{}, fault.Say(fault.Invalid, "备注是空的。", "the remark is empty")
	}
	return s.do(ctx, &request{who: s.person(ctx), note: &note{key: key, id: id, text: text}})
}

// Attach keeps a file and adds it to a case.
//
// Errors: fault.Invalid when its kind is not taken or it is too large,
// fault.Busy when the disk does not take it.
func (s *Service) Attach(ctx context.Context, id, name string, r io.Reader) (Document, error) {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	media, ok := documentTypes()[strings.ToLower(path.Ext(name))]
	if !ok {
		var kinds []string
		for ext := range documentTypes() {
			kinds = append(kinds, ext)
		}
		slices.Sort(kinds)
		return Document{}, fault.Say(fault.Invalid, "不收 %q 这类文件；可以交：%s。", "file %q is of a kind that cases do not take; give one of %s", name, strings.Join(kinds, " "))
	}
	if _, err := s.row(ctx, id); err != nil {
		return Document{}, err
	}
	sum, size, err := s.blobs.Put(ctx, r, maxDocument)
	if err != nil {
		return Document{}, err
	}
	d := Document{Case: id, SHA256: sum, Name: name, Media: media, Size: size}
	c, err := s.do(ctx, &request{who: s.person(ctx), note: &note{id: id, doc: &d}})
	d.N = c.Events
	return d, err
}

// Documents returns the files of a case that the actor of ctx may see.
func (s *Service) Documents(ctx context.Context, id string) ([]Document, error) {
	if _, err := s.row(ctx, id); err != nil {
		return nil, err
	}
	var out []Document
	err := s.db.Read(ctx, func(tx store.Tx) (err error) {
		out, err = store.Collect(ctx, tx, `SELECT case_, n, sha256, name, media, size FROM flow_document WHERE case_ = $1 ORDER BY n`, []any{id},
			func(scan func(...any) error) (d Document, err error) {
				err = scan(&d.Case, &d.N, &d.SHA256, &d.Name, &d.Media, &d.Size)
				return d, err
			})
		return err
	})
	return out, err
}

// Document opens a file of a case that the actor of ctx may see.
func (s *Service) Document(ctx context.Context, id, sha256 string) (Document, io.ReadCloser, error) {
	all, err := s.Documents(ctx, id)
	if err != nil {
		return Document{}, nil, err
	}
	for _, d := range all {
		if d.SHA256 == sha256 {
			r, err := s.blobs.Get(ctx, sha256)
			return d, r, err
		}
	}
	return Document{}, nil, fault.Say(fault.NotFound, "办件 %s 没有材料 %s。", "case %s has no document %s", id, sha256)
}

// note adds a remark or a document to a case.
func (b *batch) note(ctx context.Context, who person, n note) (Case, error) {
	name, data := eventNote, map[string]any{"text": n.text}
	if n.doc != nil {
		name, data = eventAttach, map[string]any{"sha256": n.doc.SHA256, "name": n.doc.Name, "media": n.doc.Media, "size": n.doc.Size}
	}
	c, err := b.send(ctx, who, Command{Key: n.key, Case: n.id, Event: name, Data: data})
	if err == nil && n.doc != nil {
		d := *n.doc
		d.N = c.Events
		b.docs = append(b.docs, d)
	}
	return c, err
}

// carryOver returns what a map of states makes of ids: those that it does not
// name stay as they are.
func carryOver(to map[string]any) func(ids []string) ([]string, error) {
	return func(ids []string) ([]string, error) {
		out := make([]string, len(ids))
		for i, id := range ids {
			out[i] = id
			if m, ok := to[id].(string); ok {
				out[i] = m
			}
			if out[i] == "" {
				return nil, fault.New(fault.Invalid, "state %q is not carried over by the map", id)
			}
		}
		return out, nil
	}
}

// migrated moves a case to another version of its procedure: states by an
// explicit map, everything else as it is.
func migrated(s State, e machine.Event) (State, error) {
	to, _ := e.Data["states"].(map[string]any)
	move := carryOver(to)
	var err error
	if s.Active, err = move(s.Active); err != nil {
		return s, err
	}
	history := make(map[string][]string, len(s.History))
	for h, ids := range s.History {
		if to[h] == "" {
			continue // forgotten
		}
		name, err := move([]string{h})
		if err != nil {
			return s, err
		}
		if history[name[0]], err = move(ids); err != nil {
			return s, err
		}
	}
	s.History = history
	for i := range s.Tasks {
		at, err := move([]string{s.Tasks[i].State})
		if err != nil {
			return s, err
		}
		s.Tasks[i].State = at[0]
	}
	return s, nil
}
