package did_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/testkit"
	"yuzhou/modules/identifiers/did"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ name, in, identifier, out, wrong string }{
		{"the specification's example", "did:cn:88.100.1", "", "did:cn:88.100.1", ""},
		{"an identifier below it", "did:cn:88.118.2/gb-1", "88.118.2/gb-1", "did:cn:88.118.2/gb-1", ""},
		{"escaped", "did:cn:88.118.2/%E4%B8%80%2F%E5%8F%B7", "88.118.2/一/号", "did:cn:88.118.2/%E4%B8%80/%E5%8F%B7", ""},
		{"a version and a key", "did:cn:88.118.2?versionTime=2026-01-31T00:00:00Z#key-300", "", "did:cn:88.118.2?versionTime=2026-01-31T00%3A00%3A00Z#key-300", ""},
		{"the longest enterprise", "did:cn:88.118." + strings.Repeat("1", 128), "", "did:cn:88.118." + strings.Repeat("1", 128), ""},
		{"an enterprise that is too long", "did:cn:88.118." + strings.Repeat("1", 129), "", "", "one to 128 digits"},
		{"another method", "did:web:example.cn", "", "", "is not of this network"},
		{"capitals", "DID:CN:88.118.2", "", "", "is not of this network"},
		{"a second-level node", "did:cn:88.118", "", "", "88.118.2"},
		{"an industry of two digits", "did:cn:88.11.2", "", "", "three to five digits"},
		{"letters", "did:cn:88.118.2a", "", "", "digits"},
		{"an authority", "did:cn:88.118.2//example.cn", "", "", "none of a URL"},
		{"a broken escape", "did:cn:88.118.2/%zz", "", "", "none of a URL"},
		{"a broken query", "did:cn:88.118.2?a=%zz", "", "", "none of a URL"},
		{"without end", "did:cn:88.118.2/" + strings.Repeat("a", 2048), "", "", "2064 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			u, err := did.Parse(tt.in)
			if tt.wrong != "" {
				if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong) {
					t.Errorf("%+v, %v; want %q", u, err, tt.wrong)
				}
				return
			}
			if err != nil || u.String() != tt.out || u.Identifier() != tt.identifier {
				t.Errorf("%+v %s, %v", u, u, err)
			}
		})
	}
}

func TestAt(t *testing.T) {
	u, err := did.Parse("did:cn:88.118.2?versionTime=2022-12-31T16:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	if at, err := u.At(); err != nil || !at.Equal(time.Date(2022, 12, 31, 16, 0, 0, 0, time.UTC)) {
		t.Error(at, err)
	}
	u.Query.Set("versionTime", "yesterday")
	if _, err := u.At(); fault.KindOf(err) != fault.Invalid {
		t.Error(err)
	}
}

func TestAnswer(t *testing.T) {
	s := did.Subject{
		Prefix: "88.118.2", Also: []string{"hdl:0.NA/88.118.2"},
		Keys:     []did.Key{{ID: "key-300", JWK: json.RawMessage(`{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`)}},
		Services: []did.Service{{ID: "site-1", Type: "HandleService", Endpoint: "hdl://192.0.2.7:2641"}},
		Created:  time.Date(2026, 1, 1, 8, 0, 0, 0, time.FixedZone("", 8*3600)), Updated: time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC), Version: 3,
	}
	ended := s
	ended.Ended = true
	for _, tt := range []struct {
		name   string
		s      did.Subject
		err    error
		status int
	}{
		{"document", s, nil, http.StatusOK},
		{"ended", ended, nil, http.StatusGone},
		{"invalid", did.Subject{}, fault.New(fault.Invalid, "DID %q is not of this network", "did:web:x"), http.StatusBadRequest},
		{"not-found", did.Subject{}, fault.New(fault.NotFound, "prefix 88.118.9 was not allocated"), http.StatusNotFound},
		{"broken", did.Subject{}, errors.New("a secret of the machine"), http.StatusInternalServerError},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, status := did.Answer(tt.s, tt.err)
			if status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			b, err := json.MarshalIndent(r, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			testkit.Golden(t, tt.name+".json", append(b, '\n'))
		})
	}
}

func TestMedia(t *testing.T) {
	for accept, want := range map[string]string{
		"": did.MediaResult, "*/*": did.MediaResult, "application/did-resolution": did.MediaResult,
		"application/did": did.MediaDocument, "application/did+ld+json;q=0.9, */*": did.MediaDocument,
		"text/html": "", "text/html, application/json": did.MediaResult, "application/did;q=0": "",
	} {
		if got := did.Media(accept); got != want {
			t.Errorf("%q: %q, want %q", accept, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("did:cn:88.118.2/gb-1?versionId=2#key-300")
	f.Fuzz(func(t *testing.T, s string) {
		u, err := did.Parse(s)
		if err != nil {
			return
		}
		again, err := did.Parse(u.String())
		if err != nil && len(u.String()) <= 2048 || err == nil && again.String() != u.String() {
			t.Errorf("%q gives %q, then %q, %v", s, u, again, err)
		}
	})
}
