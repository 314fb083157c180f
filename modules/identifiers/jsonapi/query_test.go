package jsonapi_test

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/jsonapi"
	"yuzhou/modules/identifiers/wire"
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func TestParseRequest(t *testing.T) {
	for _, tt := range []struct {
		name, in string
		want     jsonapi.Request
		wrong    string
	}{
		{"nothing", "", jsonapi.Request{}, ""},
		{"what is meant", "index=3&index=8&type=URL&type=HS_SITE.", jsonapi.Request{Query: handle.Query{Indexes: []uint32{3, 8}, Types: []string{"URL", "HS_SITE."}}}, ""},
		{"flags without a value", "auth&publicOnly&pretty&mintNewSuffix", jsonapi.Request{Authoritative: true, PublicOnly: jsonapi.Yes, Pretty: true, Mint: true}, ""},
		{"flags", "auth=false&publicOnly=false&overwrite=false&pretty=true", jsonapi.Request{PublicOnly: jsonapi.No, KeepExisting: true, Pretty: true}, ""},
		{"overwrite is usual", "overwrite=true", jsonapi.Request{}, ""},
		{"various", "index=various", jsonapi.Request{Various: true}, ""},
		{"a page", "prefix=88.1&page=0&pageSize=25", jsonapi.Request{Prefix: "88.1", Paged: true, Size: 25}, ""},
		{"half a page", "page=3", jsonapi.Request{}, ""},
		{"a page below zero", "page=-1&pageSize=5", jsonapi.Request{}, ""},
		{"a callback", "callback=app.$show_1&_=1761955200", jsonapi.Request{Callback: "app.$show_1"}, ""},
		{"a callback that is more", "callback=f();alert(1)//", jsonapi.Request{}, `parameter callback is "f`},
		{"a callback of two lines", "callback=f%0a", jsonapi.Request{}, "parameter callback is"},
		{"an empty callback", "callback=", jsonapi.Request{}, "parameter callback is"},
		{"a callback too long", "callback=" + strings.Repeat("f", 129), jsonapi.Request{}, "parameter callback is"},
		{"an index in words", "index=abc", jsonapi.Request{}, `parameter index is "abc", want a whole number from 1 on, or various alone`},
		{"an index below zero", "index=-1", jsonapi.Request{}, `parameter index is "-1"`},
		{"index zero", "index=0", jsonapi.Request{}, `parameter index is "0"`},
		{"various and one", "index=various&index=1", jsonapi.Request{}, `parameter index is "various"`},
		{"too many indexes", strings.Repeat("index=1&", 2049), jsonapi.Request{}, "at most 2048"},
		{"too many types", strings.Repeat("type=a&", 2049), jsonapi.Request{}, "at most 2048"},
		{"no type", "type=", jsonapi.Request{}, `parameter type is ""`},
		{"a flag in words", "auth=maybe", jsonapi.Request{}, `parameter auth is "maybe", want true or false`},
		{"a flag twice", "auth=true&auth=false", jsonapi.Request{}, `parameter auth is "true, false", want one value`},
		{"a page in words", "page=x&pageSize=5", jsonapi.Request{}, `parameter page is "x"`},
		{"a page too far", "page=9999999999&pageSize=5", jsonapi.Request{}, `parameter page is "9999999999"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q, err := url.ParseQuery(strings.ReplaceAll(tt.in, ";", "%3B"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := jsonapi.ParseRequest(q)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if (tt.wrong == "") != (err == nil) || err != nil && (fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.wrong)) {
				t.Errorf("%v; want %q", err, tt.wrong)
			}
		})
	}
}

func FuzzParseRequest(f *testing.F) {
	f.Add("index=3&type=URL&callback=f&page=1&pageSize=2")
	f.Fuzz(func(t *testing.T, in string) {
		q, err := url.ParseQuery(in)
		if err != nil {
			return
		}
		r, err := jsonapi.ParseRequest(q)
		if err == nil && strings.ContainsAny(r.Callback, "()<>;/'\"\\ \n") {
			t.Error(r.Callback)
		}
	})
}

// The statuses are those of the answers observed at Handle.Net, and of its manual.
func TestStatus(t *testing.T) {
	bodies := observed(t)
	for _, tt := range []struct {
		name string
		in   jsonapi.Outcome
		want int
	}{
		{"get", jsonapi.Outcome{Code: wire.Success, Resolving: true}, 200},
		{"put", jsonapi.Outcome{Code: wire.Success, Created: true}, 201},
		{"put-again", jsonapi.Outcome{Code: wire.Success}, 200},
		{"get-missing", jsonapi.Outcome{Code: wire.NotFound}, 404},
		{"get-type-none", jsonapi.Outcome{Code: wire.ValueNotFound, Resolving: true}, 200},
		{"delete-index-absent", jsonapi.Outcome{Code: wire.ValueNotFound}, 400},
		{"get-empty", jsonapi.Outcome{Code: wire.InvalidName}, 400},
		{"get-foreign", jsonapi.Outcome{Code: wire.NotResponsible}, 400},
		{"get-referral", jsonapi.Outcome{Code: wire.PrefixReferral, Resolving: true}, 300},
		{"put-overwrite-false", jsonapi.Outcome{Code: wire.AlreadyExists}, 409},
		{"put-index-various-overwrite-false", jsonapi.Outcome{Code: wire.ValueExists}, 409},
		{"list-tls", jsonapi.Outcome{Code: wire.ChallengeNeeded}, 401},
		{"list", jsonapi.Outcome{Code: wire.ChallengeNeeded, Insecure: true}, 403},
		{"put-bad-json", jsonapi.Outcome{Code: wire.ProtocolError}, 400},
		{"not an administrator", jsonapi.Outcome{Code: wire.InvalidAdmin}, 403},
		{"no right", jsonapi.Outcome{Code: wire.AccessDenied}, 403},
		{"not supported", jsonapi.Outcome{Code: wire.OperationDenied}, 501},
		{"busy", jsonapi.Outcome{Code: wire.ServerBusy}, 503},
		{"used up for today", jsonapi.Outcome{Code: wire.DailyLimit}, 429},
		{"an error of the server", jsonapi.Outcome{Code: wire.Failed}, 500},
		{"a code that is none", jsonapi.Outcome{Code: 12345}, 500},
	} {
		if got := tt.in.Status(); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
		if seen, ok := bodies[tt.name+" status"]; ok && seen != strconv.Itoa(tt.want) {
			t.Errorf("%s: want %d, but Handle.Net answers %s", tt.name, tt.want, seen)
		}
	}
	for _, c := range []wire.Code{wire.Success, wire.ProtocolError, wire.ChallengeNeeded, wire.ChallengeFailed, wire.NotFound, wire.AlreadyExists, wire.ServerBusy, wire.Failed} {
		if got := jsonapi.Code((jsonapi.Outcome{Code: c}).Status()); got != c {
			t.Errorf("%v comes back as %v", c, got)
		}
	}
}
