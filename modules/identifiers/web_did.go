package identifiers

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/store"
	"yuzhou/modules/identifiers/did"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/typed"
)

// resolveDID answers as the HTTP binding of DID Resolution has it. A DID URL with a path
// leads to the identifier that it names.
func (s *Service) resolveDID(w http.ResponseWriter, r *http.Request) error {
	u, err := did.Parse(r.PathValue("did"))
	if err == nil && u.Query == nil && r.URL.RawQuery != "" {
		u.Query = r.URL.Query() // versionTime and the like may stand in the request's own query
	}
	if err == nil && u.Identifier() != "" {
		http.Redirect(w, r, "/id/"+escapeName(handle.Name(u.Identifier())), http.StatusSeeOther) //nolint:gosec // a path of this site
		return nil
	}
	media := did.Media(r.Header.Get("Accept"))
	if media == "" {
		media = did.MediaResult // an answer that was not asked for is better than none
	}
	var subject did.Subject
	if err == nil {
		subject, err = s.subject(r.Context(), u)
	}
	result, status := did.Answer(subject, err)
	var answer any = result
	if media == did.MediaDocument && result.Document != nil {
		answer = result.Document
	}
	b, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Vary", "Accept")
	h.Set("Access-Control-Allow-Origin", "*")
	w.WriteHeader(status)
	_, err = w.Write(b)
	return err
}

// subject is what is known of the holder of a prefix, now or at an instant.
func (s *Service) subject(ctx context.Context, u did.URL) (did.Subject, error) {
	at, err := u.At()
	if err != nil {
		return did.Subject{}, err
	}
	past := !at.IsZero()
	if !past {
		at = s.now()
	}
	var all []Version
	err = s.db.Read(ctx, func(tx store.Tx) error {
		all, err = versionsOf(ctx, tx, u.Prefix)
		return err
	})
	if err != nil {
		return did.Subject{}, err
	}
	now, ok := versionAt(all, at)
	if len(all) == 0 && !past {
		return s.subjectElsewhere(ctx, u.Prefix)
	}
	if !ok {
		return did.Subject{}, fault.New(fault.NotFound, "prefix %s was not allocated by %s", u.Prefix, at.UTC().Format(time.RFC3339))
	}
	out := did.Subject{
		Prefix: u.Prefix, Also: []string{"hdl:" + string(handle.Authority(u.Prefix))}, Version: now.Version,
		Created: all[len(all)-1].Since, Updated: now.Since, Ended: now.State == Reclaimed,
	}
	for i, server := range now.Route {
		port, scheme := server.TCP, "hdl"
		if port == 0 {
			port = server.UDP
		}
		if port == 0 {
			port, scheme = server.HTTP, "http"
		}
		out.Services = append(out.Services, did.Service{ID: fmt.Sprintf("site-%d", i+1), Type: "HandleService", Endpoint: fmt.Sprintf("%s://%s:%d", scheme, server.Address, port)})
	}
	return out, nil
}

// subjectElsewhere is what the record of a prefix says of it that another node has allocated.
// Its past is known there alone.
func (s *Service) subjectElsewhere(ctx context.Context, prefix string) (did.Subject, error) {
	missing := fault.New(fault.NotFound, "prefix %s was not allocated", prefix)
	n := handle.Authority(prefix)
	if err := s.ready(ctx); err != nil {
		return did.Subject{}, err
	}
	if s.hosts(n) {
		return did.Subject{}, missing
	}
	a, err := s.find(ctx, n)
	if fault.KindOf(err) == fault.NotFound {
		err = missing
	}
	if err != nil {
		return did.Subject{}, err
	}
	out := did.Subject{Prefix: prefix, Also: []string{"hdl:" + string(n)}, Version: 1}
	for _, v := range a.Record.Values {
		at := time.Unix(int64(v.Timestamp), 0).UTC()
		if out.Created.IsZero() || at.Before(out.Created) {
			out.Created = at
		}
		if at.After(out.Updated) {
			out.Updated = at
		}
		out.Services = append(out.Services, servicesOf(v)...)
	}
	for i := range out.Services {
		out.Services[i].ID = fmt.Sprintf("site-%d", i+1)
	}
	return out, nil
}

// servicesOf are the servers of a value of type HS_SITE; none of other values.
func servicesOf(v handle.Value) (out []did.Service) {
	st, err := typed.ParseSite(v.Data)
	if v.Type != handle.TypeSite || err != nil {
		return nil // a site that cannot be read serves nobody
	}
	for _, server := range st.Servers {
		for _, i := range server.Interfaces {
			scheme, ok := map[typed.Transport]string{typed.TCP: "hdl", typed.HTTP: "http"}[i.Transport]
			if ok {
				out = append(out, did.Service{Type: "HandleService", Endpoint: scheme + "://" + netip.AddrPortFrom(server.Address, i.Port).String()})
			}
		}
	}
	return out
}

// versionAt returns the version, of all newest first, that was in force at an instant.
func versionAt(all []Version, at time.Time) (Version, bool) {
	for _, v := range all {
		if !v.Since.After(at) {
			return v, true
		}
	}
	return Version{}, false
}
