package identifiers

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/client"
	"yuzhou/modules/identifiers/did"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
	"yuzhou/modules/identifiers/template"
)

// identifierView is an identifier with its values, as it is or was, and its past.
type identifierView struct {
	Name     handle.Name
	Gone     bool // it was deleted, or not registered yet, at the time that is looked at
	Template *template.Template
	Values   []valueRow
	Hidden   int // values that the reader may not read
	Versions []pastRow
	Earlier  int // versions that are not listed
	DID      string
	Go       string // where a browser is led
	API      string
	Prefix   string        // page of its prefix; "" when this node has not allocated it
	Standby  string        // until when its values are known, when it is answered for its node; "" else
	Steps    []client.Step // the nodes that were asked, when it is of another node; its past is not known here
	Grant    string        // page that grants its hidden values; "" for who may not
}

// pastRow is a version of an identifier as a line of a list.
type pastRow struct {
	N       int
	At      string
	Href    string // the page as it was then
	Deleted bool
	Shown   bool     // it is the one that is looked at
	Changed []string // the values that it changed
	Hidden  int      // how many more, which the reader may not read
}

const maxPast = 50 // versions in a list

// renderIdentifier shows an identifier as it is, or as it was at the page's date.
func (s *Service) renderIdentifier(w http.ResponseWriter, r *http.Request, n handle.Name) error {
	ctx, sh := r.Context(), web.ShellOf(r.Context())
	past, err := s.history(ctx, n)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(past, func(v records.Version) bool { return sh.AsOf != "" && v.At.After(sh.Known) })
	if at < 0 {
		at = len(past)
	}
	if len(past) == 0 {
		return fault.Say(fault.NotFound, "没有标识 %q。", "there is no identifier %q", string(n))
	}
	who, err := s.readerOf(ctx, n.Prefix())
	if err != nil {
		return err
	}
	name := past[len(past)-1].Record.Name
	v := identifierView{Name: name, Gone: at == 0 || past[at-1].Deleted, DID: did.DID(n.Prefix()), Go: "/id/" + escapeName(name), API: "/api/handles/" + escapeName(name)}
	if _, err := did.Parse(v.DID); err != nil {
		v.DID = ""
	}
	if _, err := s.Show(ctx, n.Prefix()); err == nil {
		v.Prefix = "/identifiers/prefixes/" + n.Prefix()
	}
	if !v.Gone {
		s.fillIdentifier(ctx, &v, past[at-1].Record, who)
	}
	if who.holds {
		v.Grant = "/identifiers/portal/grants?prefix=" + n.Prefix() + "&identifier=" + escapeName(name)
	}
	if b, ok := s.standby.over(n); ok {
		v.Standby = s.minute(b.Watermark)
	}
	v.Versions, v.Earlier = s.pastRows(ctx, past, at-1, who)
	if v.Gone {
		return identifierPage.RenderStatus(w, r, http.StatusNotFound, v)
	}
	return identifierPage.Render(w, r, v)
}

// history returns all versions of an identifier, with what was granted to everybody public.
func (s *Service) history(ctx context.Context, n handle.Name) ([]records.Version, error) {
	st := s.standby.of(n)
	if st == nil {
		var err error
		if st, err = s.open(ctx); err != nil {
			return nil, err
		}
	}
	past, err := st.History(ctx, n)
	if fault.KindOf(err) == fault.NotFound {
		return nil, nil
	}
	for i := range past {
		past[i].Record = s.opened(ctx, past[i].Record)
	}
	return past, err
}

func (s *Service) fillIdentifier(ctx context.Context, v *identifierView, rec handle.Record, who reader) {
	values, hidden := s.readable(ctx, rec, who)
	v.Hidden, v.Template = hidden, s.madeBy(ctx, rec)
	for _, value := range values {
		row := s.valueRow(value)
		row.Granted = value.Perm&handle.PublicRead == 0
		if v.Template != nil {
			if i := slices.IndexFunc(v.Template.Items, func(i template.Item) bool { return i.Index == value.Index }); i >= 0 {
				row.Alias = v.Template.Items[i].Alias
			}
		}
		v.Values = append(v.Values, row)
	}
}

// pastRows writes the newest versions, the newest first; shown is the one looked at.
func (s *Service) pastRows(ctx context.Context, past []records.Version, shown int, who reader) (out []pastRow, earlier int) {
	for i, v := range slices.Backward(past) {
		if len(out) == maxPast {
			return out, i + 1
		}
		row := pastRow{N: i + 1, At: v.At.In(s.site.Zone).Format("2006-01-02 15:04:05"), Deleted: v.Deleted, Shown: i == shown}
		row.Href = "/identifiers/of/" + escapeName(past[len(past)-1].Record.Name) + "?as_of=" + v.At.UTC().Format(time.RFC3339Nano)
		var before handle.Record
		if i > 0 {
			before = past[i-1].Record
		}
		if !v.Deleted {
			s.fillChanges(ctx, &row, before, v.Record, who)
		}
		out = append(out, row)
	}
	return out, 0
}

// fillChanges names the values that two versions do not have alike.
func (s *Service) fillChanges(ctx context.Context, row *pastRow, was, is handle.Record, who reader) {
	seen := map[uint32]string{}
	for _, rec := range []handle.Record{was, is} {
		values, _ := s.readable(ctx, rec, who)
		for _, v := range values {
			seen[v.Index] = strconv.FormatUint(uint64(v.Index), 10) + " " + v.Type
		}
	}
	note := func(index uint32) {
		if name := seen[index]; name != "" {
			row.Changed = append(row.Changed, name)
		} else {
			row.Hidden++
		}
	}
	for _, v := range is.Values {
		old, there := was.Value(v.Index)
		if !there || !sameValues([]handle.Value{old}, []handle.Value{v}) {
			note(v.Index)
		}
	}
	for _, old := range was.Values {
		if _, still := is.Value(old.Index); !still {
			note(old.Index)
		}
	}
}
