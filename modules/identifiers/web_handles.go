package identifiers

import (
	"net/http"
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi"
	"yuzhou/modules/identifiers/jsonapi/session"
	"yuzhou/modules/identifiers/node"
	"yuzhou/modules/identifiers/wire"
	"yuzhou/modules/identifiers/wire/body"
)

// exchange is a request of the JSON API of the Handle System and its answer.
type exchange struct {
	*http.Request
	w        http.ResponseWriter
	q        jsonapi.Request
	below    string           // the path behind that of the resource, decoded
	who      handle.Reference // that is proven to ask; the zero value for nobody
	insecure bool             // it came over a channel where nobody may say who they are
	asking   session.Session  // that a refusal asks to answer; none: a new one
}

// jsonAPI returns what answers a resource of the API.
//
//   - do: answers a request of who has said who they are, or of nobody. Its errors are
//     answered in the API's way.
func (s *Service) jsonAPI(path string, do func(*exchange) error) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		x := &exchange{Request: r, w: w, below: strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, path), "/"), insecure: !web.Private(r)}
		if x.admit() {
			return nil
		}
		var err error
		if x.q, err = jsonapi.ParseRequest(r.URL.Query()); err != nil {
			return x.refuse(err)
		}
		if err := s.ready(r.Context()); err != nil {
			return x.refuse(err)
		}
		if s.identify(x) {
			err = do(x)
		} else {
			err = s.refused(x, jsonapi.Answer{Code: wire.ChallengeNeeded, Message: x.asking.Error})
		}
		if fault.KindOf(err) != "" {
			return x.refuse(err)
		}
		return err
	}
}

// The headers of CORS (Fetch standard §3.2): pages of all sites may ask, since no cookie
// counts here.
const (
	corsMethods = "GET,POST,HEAD,PUT,DELETE"
	corsHeaders = "X-Requested-With,Authorization,Origin,Accept,Content-Type"
	corsAge     = "86400" // seconds
)

// admit lets pages of other sites ask, and reports whether they only asked whether they may.
func (x *exchange) admit() bool {
	h := x.w.Header()
	if origin := x.Header.Get("Origin"); origin != "" {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", "Content-Length")
		h.Set("Vary", "Origin")
	}
	if x.Method != http.MethodOptions {
		return false
	}
	h.Set("Access-Control-Max-Age", corsAge)
	h.Set("Access-Control-Allow-Methods", corsMethods)
	h.Set("Access-Control-Allow-Headers", corsHeaders)
	x.w.WriteHeader(http.StatusOK)
	return true
}

// reading reports whether a request asks for something; a POST does as well as a GET.
func (x *exchange) reading() bool {
	return x.Method == http.MethodGet || x.Method == http.MethodHead || x.Method == http.MethodPost
}

// send answers with a document.
func (x *exchange) send(doc []byte, status int) error {
	doc, media := x.q.Dress(doc)
	x.w.Header().Set("Content-Type", media)
	x.w.WriteHeader(status)
	_, err := x.w.Write(doc)
	return err
}

// refuse answers what is wrong with a request, or that it cannot be answered now.
func (x *exchange) refuse(err error) error {
	a := jsonapi.Answer{Code: wire.ProtocolError, Message: web.Text(err)}
	switch fault.KindOf(err) {
	case fault.NotFound:
		a.Code = wire.NotFound
	case fault.Forbidden:
		a.Code = wire.AccessDenied
	case fault.Busy:
		a.Code = wire.ServerBusy
	case fault.Conflict:
		a.Code = wire.AlreadyExists
	case fault.Invalid:
	default:
		return err
	}
	return x.send(a.Append(nil), jsonapi.Outcome{Code: a.Code}.Status())
}

// method refuses a method that a resource does not have.
func (x *exchange) method() error {
	a := jsonapi.Answer{Code: wire.ProtocolError, Message: "Unknown method " + x.Method + "; the methods are " + strings.ReplaceAll(corsMethods, ",", ", ")}
	return x.send(a.Append(nil), http.StatusNotImplemented)
}

// handles answers /api/handles: a record, or the names below a prefix.
func (s *Service) handles(x *exchange) error {
	switch {
	case x.below == "" && x.q.Prefix != "" && x.reading():
		return s.listNames(x)
	case x.below == "":
		a := jsonapi.Answer{Code: wire.InvalidName, Message: "the path names no identifier, as /api/handles/88.118/1 does; for a list give prefix"}
		return x.send(a.Append(nil), http.StatusBadRequest)
	case x.reading():
		return s.getHandle(x)
	case x.Method == http.MethodPut:
		return s.putHandle(x)
	case x.Method == http.MethodDelete:
		return s.deleteHandle(x)
	default:
		return x.method()
	}
}

// getHandle answers with a record, as servers of the Handle System do.
func (s *Service) getHandle(x *exchange) error {
	flags := wire.PublicOnly
	if x.q.PublicOnly == jsonapi.No || x.q.PublicOnly == jsonapi.Unsaid && x.who.Name != "" {
		flags = 0
	}
	if x.q.Authoritative {
		flags |= wire.Authoritative
	}
	name := handle.Name(x.below)
	asked := body.AppendResolve(nil, body.Resolve{Name: []byte(name), Query: x.q.Query})
	done := s.timing(x.RemoteAddr, name)
	code, content := s.answering().Do(x.Context(), x.who, node.Request(wire.OpResolve, flags, asked))
	done(code)
	answer, err := answerFrom(name, code, content)
	if err != nil {
		return err
	}
	return s.finish(x, answer, jsonapi.Outcome{Resolving: true})
}

// finish answers with how a request went, and asks who is there when that matters.
func (s *Service) finish(x *exchange, a jsonapi.Answer, o jsonapi.Outcome) error {
	if a.Code == wire.ChallengeNeeded {
		return s.refused(x, a)
	}
	o.Code = a.Code
	return x.send(a.Append(nil), o.Status())
}

// answerFrom writes what the protocol answers as the API's answer.
func answerFrom(name handle.Name, code wire.Code, content []byte) (jsonapi.Answer, error) {
	out := jsonapi.Answer{Code: code, Name: name}
	switch code { //nolint:exhaustive // the rest is an error with a text
	case wire.Success:
		rec, err := body.ParseRecord(content)
		if err != nil {
			return out, err
		}
		out.Name, out.Values = rec.Name, rec.Values
		if out.Values == nil {
			out.Values = []handle.Value{}
		}
	case wire.ServiceReferral, wire.PrefixReferral:
		ref, err := body.ParseReferral(content)
		if err != nil {
			return out, err
		}
		out.Referral, out.Values = ref.To, ref.Values
	case wire.ValueNotFound:
		out.Values = []handle.Value{}
	default:
		said, err := body.ParseErrorAnswer(content)
		if err != nil {
			return out, err
		}
		out.Message = said.Text
	}
	return out, nil
}

// siteAPI answers /api/site: how this node is reached by the protocol.
func (s *Service) siteAPI(x *exchange) error {
	if !x.reading() {
		return x.method()
	}
	own, _ := s.siteNow()
	return x.send(jsonapi.AppendSite(nil, own), http.StatusOK)
}

// maxListed is how many names a list has that is not asked for by the page.
const maxListed = 100_000

// listNames answers with the names below a prefix, for who may list them.
func (s *Service) listNames(x *exchange) error {
	out := jsonapi.Listing{Prefix: x.q.Prefix, Paged: x.q.Paged, Page: x.q.Page, Size: x.q.Size}
	from := int64(x.q.Page) * int64(x.q.Size)
	to := from + int64(x.q.Size)
	if !x.q.Paged {
		from, to = 0, maxListed
	} else if x.q.Size > maxListed {
		return fault.New(fault.Invalid, "parameter pageSize is %d, at most %d names are listed at once", x.q.Size, maxListed)
	}
	code, content := s.answering().Names(x.Context(), x.who, node.Request(wire.OpList, 0, body.AppendName(nil, handle.Name(x.q.Prefix))), func(n handle.Name) error {
		if out.Total >= from && out.Total < to {
			out.Names = append(out.Names, n)
		}
		if out.Total++; !x.q.Paged && out.Total > maxListed {
			return fault.New(fault.Invalid, "more than %d identifiers are below %s; ask for them by page and pageSize", maxListed, x.q.Prefix)
		}
		return nil
	})
	if code != wire.Success {
		return s.failed(x, handle.Name(x.q.Prefix), code, content)
	}
	return x.send(out.Append(nil), http.StatusOK)
}

// failed answers what the protocol answers to what was not done.
func (s *Service) failed(x *exchange, name handle.Name, code wire.Code, content []byte) error {
	said, err := body.ParseErrorAnswer(content)
	if err != nil {
		return err
	}
	return s.finish(x, jsonapi.Answer{Code: code, Message: said.Text, Name: name}, jsonapi.Outcome{})
}

// prefixesAPI answers /api/prefixes: those that this node has, and whether it has one; by PUT
// and DELETE one is taken in, or let go, as far as the protocol does that here.
func (s *Service) prefixesAPI(x *exchange) error {
	name := handle.Name(x.below)
	if _, describes := name.DescribedPrefix(); !describes {
		name = handle.Authority(x.below)
	}
	switch {
	case x.below == "" && x.reading():
		return s.listPrefixes(x)
	case x.below == "":
		return fault.New(fault.Invalid, "the path names no prefix, as /api/prefixes/0.NA/88.118 does")
	case x.reading():
		prefix, _ := name.DescribedPrefix()
		if s.place(handle.Fold(prefix)).Standing != node.Hosted {
			return s.finish(x, jsonapi.Answer{Code: wire.NotFound, Message: "the prefix is not of this node", Name: name}, jsonapi.Outcome{})
		}
		return s.finish(x, jsonapi.Answer{Code: wire.Success, Name: name}, jsonapi.Outcome{})
	case x.Method == http.MethodPut:
		return s.write(x, name, node.Request(wire.OpHome, 0, body.AppendName(nil, name)), jsonapi.Outcome{})
	case x.Method == http.MethodDelete:
		return s.write(x, name, node.Request(wire.OpUnhome, 0, body.AppendName(nil, name)), jsonapi.Outcome{})
	default:
		return x.method()
	}
}

func (s *Service) listPrefixes(x *exchange) error {
	all := jsonapi.Prefixes{}
	code, content := s.answering().Names(x.Context(), x.who, node.Request(wire.OpListHomed, 0, nil), func(n handle.Name) error {
		all = append(all, n)
		return nil
	})
	if code != wire.Success {
		return s.failed(x, "", code, content)
	}
	return x.send(all.Append(nil), http.StatusOK)
}
