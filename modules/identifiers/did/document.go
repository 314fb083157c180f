package did

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"yuzhou/kernel/fault"
)

// Media types that a resolver answers in.
const (
	MediaResult   = "application/did-resolution" // document with metadata
	MediaDocument = "application/did"            // the document alone
	mediaOld      = "application/did+ld+json"    // what clients of DID Core 1.0 ask for
	mediaOldJSON  = "application/did+json"
)

// Key is a public key of a subject.
type Key struct {
	ID  string          // fragment: "key-300"
	JWK json.RawMessage // public, RFC 7517
}

// Service is where a subject is reached.
type Service struct {
	ID       string // fragment
	Type     string // LinkedDomains, HandleService
	Endpoint string
}

// Subject is what is known of the holder of a prefix.
type Subject struct {
	Prefix   string
	Also     []string // other names of it
	Keys     []Key
	Services []Service
	Created  time.Time
	Updated  time.Time
	Version  int
	Ended    bool // the prefix was reclaimed
}

// Document is a DID document.
type Document struct {
	Context         []string             `json:"@context"`
	ID              string               `json:"id"`
	AlsoKnownAs     []string             `json:"alsoKnownAs,omitempty"`
	Methods         []VerificationMethod `json:"verificationMethod,omitempty"`
	Authentication  []string             `json:"authentication,omitempty"`
	AssertionMethod []string             `json:"assertionMethod,omitempty"`
	Service         []Endpoint           `json:"service,omitempty"`
}

// VerificationMethod is a key in a document.
type VerificationMethod struct {
	ID         string          `json:"id"`
	Type       string          `json:"type"`
	Controller string          `json:"controller"`
	JWK        json.RawMessage `json:"publicKeyJwk"`
}

// Endpoint is a service in a document.
type Endpoint struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Endpoint string `json:"serviceEndpoint"`
}

// Document returns the DID document of a subject. One that has ended has a document
// without keys and services.
func (s Subject) Document() Document {
	id := DID(s.Prefix)
	d := Document{Context: []string{"https://www.w3.org/ns/did/v1"}, ID: id}
	if s.Ended {
		return d
	}
	d.AlsoKnownAs = s.Also
	if len(s.Keys) > 0 {
		d.Context = append(d.Context, "https://w3id.org/security/jwk/v1")
	}
	for _, k := range s.Keys {
		method := id + "#" + k.ID
		d.Methods = append(d.Methods, VerificationMethod{ID: method, Type: "JsonWebKey", Controller: id, JWK: k.JWK})
		d.Authentication = append(d.Authentication, method)
		d.AssertionMethod = append(d.AssertionMethod, method)
	}
	for _, v := range s.Services {
		d.Service = append(d.Service, Endpoint{ID: id + "#" + v.ID, Type: v.Type, Endpoint: v.Endpoint})
	}
	return d
}

// Result is what a resolver answers.
type Result struct {
	Document   *Document  `json:"didDocument"`
	Resolution Resolution `json:"didResolutionMetadata"`
	Metadata   Metadata   `json:"didDocumentMetadata"`
}

// Resolution says how the resolution went.
type Resolution struct {
	ContentType string   `json:"contentType,omitempty"`
	Error       *Problem `json:"error,omitempty"`
}

// Problem is an error as RFC 9457 has it.
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// Metadata says of the document when and whether it holds.
type Metadata struct {
	Created     string `json:"created,omitempty"`
	Updated     string `json:"updated,omitempty"`
	VersionID   string `json:"versionId,omitempty"`
	Deactivated bool   `json:"deactivated,omitempty"`
}

const problems = "https://www.w3.org/ns/did#"

// Answer returns what a resolver answers, and its HTTP status.
//
//   - err: nil, or why there is no document: fault.Invalid for a DID that is none,
//     fault.NotFound.
func Answer(s Subject, err error) (Result, int) {
	if err != nil {
		return failure(err)
	}
	d := s.Document()
	r := Result{Document: &d, Resolution: Resolution{ContentType: MediaDocument}}
	r.Metadata = Metadata{Created: instant(s.Created), Updated: instant(s.Updated), Deactivated: s.Ended}
	if s.Version > 0 {
		r.Metadata.VersionID = strconv.Itoa(s.Version)
	}
	if s.Ended {
		return r, http.StatusGone
	}
	return r, http.StatusOK
}

func failure(err error) (Result, int) {
	word, status := "INTERNAL_ERROR", http.StatusInternalServerError
	switch fault.KindOf(err) {
	case fault.Invalid:
		word, status = "INVALID_DID", http.StatusBadRequest
	case fault.NotFound:
		word, status = "NOT_FOUND", http.StatusNotFound
	case fault.Busy:
		status = http.StatusServiceUnavailable
	case fault.Conflict, fault.Forbidden:
	}
	p := Problem{Type: problems + word, Title: strings.ToLower(strings.ReplaceAll(word, "_", " "))}
	if status < http.StatusInternalServerError {
		p.Detail = err.Error()
	}
	return Result{Resolution: Resolution{Error: &p}}, status
}

func instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// Media returns in which media type to answer an Accept header, "" when none of those
// that it names is known here.
func Media(accept string) string {
	if strings.TrimSpace(accept) == "" {
		return MediaResult
	}
	for part := range strings.SplitSeq(accept, ",") {
		name, parameters, _ := strings.Cut(part, ";")
		if strings.ReplaceAll(parameters, " ", "") == "q=0" {
			continue
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case MediaDocument, mediaOld, mediaOldJSON:
			return MediaDocument
		case MediaResult, "*/*", "application/*", "application/json":
			return MediaResult
		}
	}
	return ""
}
