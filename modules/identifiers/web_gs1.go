package identifiers

import (
	"context"
	"encoding/json"
	"net/http"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/gs1"
	"yuzhou/modules/identifiers/gs1/linkset"
	"yuzhou/modules/identifiers/handle"
)

// A thing of GS1 is an identifier below this node's prefix: 88.118.2/01/06901234567892.
// Each link of it is a value of this type, whose data linkset.AppendLink has written. A
// plain URL among its values is its default link.
const typeLink = "GS1_LINK"

// resolveGS1 answers a GS1 Digital Link.
func (s *Service) resolveGS1(w http.ResponseWriter, r *http.Request) error {
	root := s.root(r) + "/gs1"
	q, err := gs1.ParseRequest(s.root(r)+r.URL.RequestURI(), r.Header.Get("Accept"), r.Header.Get("Accept-Language"))
	if err != nil {
		http.Error(w, web.Said(r, err), http.StatusBadRequest) // what the standard wants for a URI that is none
		return nil
	}
	levels, err := s.levels(r.Context(), q.URI.Identity)
	if err != nil {
		return err
	}
	d := gs1.Resolve(q, levels)
	h := w.Header()
	h.Set("Vary", gs1.Vary)
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "Link")
	h.Set("Link", linkset.Header(root+q.URI.Path()+"?linkType=linkset"))
	if d.Outcome == gs1.Redirect {
		http.Redirect(w, r, d.Target, d.Outcome.Status())
		return nil
	}
	if d.Outcome == gs1.Unknown {
		return fault.Say(fault.NotFound, "没有登记 %s。", "nothing is registered of %s", q.URI.Path())
	}
	b := linkset.AppendJSON(nil, d.Set)
	switch d.Media {
	case "application/linkset":
		b = linkset.AppendText(nil, d.Set)
	case "application/ld+json":
		b = linkset.AppendJSONLD(nil, d.Set)
	default:
		d.Media = "application/linkset+json"
	}
	h.Set("Content-Type", d.Media)
	w.WriteHeader(d.Outcome.Status())
	_, err = w.Write(b)
	return err
}

// levels reads what is kept of a thing and of what it is a part of.
func (s *Service) levels(ctx context.Context, id gs1.Identity) ([]gs1.Level, error) {
	var out []gs1.Level
	for _, one := range id.Associations() {
		r, err := s.record(ctx, handle.Name(s.site.Prefix+"/"+one.Suffix()))
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, levelOf(one, r))
	}
	return out, nil
}

// levelOf reads the links of a record.
func levelOf(id gs1.Identity, r handle.Record) gs1.Level {
	out := gs1.Level{Identity: id}
	for _, v := range r.Values {
		switch {
		case v.Perm&handle.PublicRead == 0:
		case v.Type == handle.TypeDesc:
			out.Description = string(v.Data)
		case v.Type == handle.TypeURL:
			out.Links = append(out.Links, linkset.Link{Rel: linkset.DefaultLink, Href: string(v.Data), Title: out.Description})
		case v.Type == typeLink:
			if l, err := linkset.ParseLink(v.Data); err == nil { // what is no link was not written by this node
				out.Links = append(out.Links, l)
			}
		}
	}
	return out
}

// describeGS1 says what this resolver does.
func (s *Service) describeGS1(w http.ResponseWriter, r *http.Request) error {
	b, err := json.Marshal(gs1.Describe(web.ShellOf(r.Context()).In(s.site.Name), s.root(r)+"/gs1"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	_, err = w.Write(b)
	return err
}

// root is this site as the reader has it.
func (s *Service) root(r *http.Request) string {
	scheme := "http://"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https://"
	}
	return scheme + r.Host
}
