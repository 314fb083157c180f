package proof

import (
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"yuzhou/engine/proof/lineage"
	"yuzhou/engine/proof/lineage/openlineage"
	"yuzhou/engine/proof/lineage/prov"
	"yuzhou/kernel/actor"
	"yuzhou/kernel/fault"
	"yuzhou/kernel/web"
)

// bundleType is the media type of a bundle.
const bundleType = "text/plain; charset=utf-8"

// schemaPath is where the schema of our facet of OpenLineage is.
const schemaPath = "/api/v1/proof/evidence.schema.json"

// files mounts what is no JSON: bundles, the policy, the log's tiles, time stamps.
func (s *Service) files(rt *web.Router) {
	rt.Page("GET /api/v1/proof/bundles/{name...}", actor.Read, s.sendBundle)
	rt.Page("GET /api/v1/proof/lineage/{name...}", actor.Read, s.sendLineage)
	rt.Page("GET /api/v1/proof/evidence.schema.json", actor.Read, func(w http.ResponseWriter, _ *http.Request) error {
		return send(w, "application/schema+json", func() ([]byte, error) { return openlineage.Schema(), nil })
	})
	rt.Page("GET /api/v1/proof/policy", actor.Read, s.sendPolicy)
	rt.Page("GET /log/{path...}", actor.Read, s.sendLog)
	rt.Page("POST /proof/tsa", actor.Read, s.stampTime)
	rt.Page("POST /proof/witness/add-checkpoint", actor.Read, s.cosign)
}

func (s *Service) sendBundle(w http.ResponseWriter, r *http.Request) error {
	ref, err := s.ParseRef(r.PathValue("name"))
	if err != nil {
		return err
	}
	file, err := s.Bundle(r.Context(), ref, r.URL.Query().Get("deep") == "true")
	if err != nil {
		return err
	}
	name := strings.NewReplacer("/", "_", "#", "_").Replace(ref.Name) + ".bundle"
	w.Header().Set("Content-Type", bundleType)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
	w.Header().Set("Access-Control-Allow-Origin", "*") // public: any page may check it
	_, err = w.Write(file)
	return err
}

// sendLineage gives what a statement rests on, as our own JSON, as PROV-JSON or as an
// OpenLineage event.
func (s *Service) sendLineage(w http.ResponseWriter, r *http.Request) error {
	ref, err := s.ParseRef(r.PathValue("name"))
	if err != nil {
		return err
	}
	depth := lineage.MaxDepth
	if text := r.URL.Query().Get("depth"); text != "" {
		if depth, err = strconv.Atoi(text); err != nil {
			return fault.Say(fault.Invalid, "depth %q 不是整数。", "depth %q is not a whole number", text)
		}
	}
	g, err := s.Lineage(r.Context(), ref, depth)
	if err != nil {
		return err
	}
	switch format := r.URL.Query().Get("format"); format {
	case "":
		return web.JSON(w, http.StatusOK, g)
	case "prov":
		return send(w, prov.MediaType, func() ([]byte, error) { return prov.Append(nil, g, addressOf(r)+"/proof/") })
	case "openlineage":
		site := openlineage.Site{Namespace: "yuzhou://" + s.site.Prefix, Producer: addressOf(r) + "/proof", Schema: addressOf(r) + schemaPath}
		return send(w, openlineage.MediaType, func() ([]byte, error) { return openlineage.Append(nil, g, site) })
	default:
		return fault.Say(fault.Invalid, "格式 %q 不认识，请给 prov 或 openlineage。", "format %q is not known; give prov or openlineage", format)
	}
}

// send answers with what a codec writes.
func send(w http.ResponseWriter, kind string, write func() ([]byte, error)) error {
	text, err := write()
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	_, err = w.Write(text)
	return err
}

// addressOf returns the address of this site as its visitor sees it, without a path.
func addressOf(r *http.Request) string {
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (s *Service) sendPolicy(w http.ResponseWriter, r *http.Request) error {
	text, err := s.VerifierPolicy(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", bundleType)
	w.Header().Set("Access-Control-Allow-Origin", "*")
	_, err = io.WriteString(w, text)
	return err
}

// sendLog serves the log as C2SP tlog-tiles has it: tiles never change, the checkpoint
// always may.
func (s *Service) sendLog(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("path")
	f, err := s.Read(name)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was read
	kind, keep := "application/octet-stream", "public, max-age=31536000, immutable"
	if name == "checkpoint" {
		kind, keep = "text/plain; charset=utf-8", "no-cache"
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", keep)
	w.Header().Set("Access-Control-Allow-Origin", "*")
	_, err = io.Copy(w, f)
	return err
}

// cosign answers other nodes' logs (C2SP tlog-witness).
func (s *Service) cosign(w http.ResponseWriter, r *http.Request) error {
	wit, err := s.witness(r.Context())
	if err != nil {
		return err
	}
	wit.ServeHTTP(w, r)
	return nil
}

// stampTime answers RFC 3161 queries (§3.4).
func (s *Service) stampTime(w http.ResponseWriter, r *http.Request) error {
	a, err := s.authority(r.Context())
	if err != nil {
		return err
	}
	a.ServeHTTP(w, r)
	return nil
}
