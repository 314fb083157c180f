package org

import (
	"context"
	"strings"
	"testing"
)

func TestVerify(t *testing.T) {
	s := testService()
	stored, err := s.hash(t.Context(), "correct horse")
	must(t, err)
	long := strings.Repeat("x", maxPassword)
	storedLong, err := s.hash(t.Context(), long)
	must(t, err)
	for _, tt := range []struct {
		name, stored, password string
		want                   bool
	}{
		{"right", stored, "correct horse", true},
		{"wrong", stored, "correct horsf", false},
		{"empty", stored, "", false},
		{"nobody", "", "correct horse", false},
		{"nobody, empty", "", "", false},
		{"longest", storedLong, long, true},
		{"longer than the longest", storedLong, long + "x", false},
		// Source: RFC 9106 does not give a vector without secret and data; this one is of the reference implementation's test.c.
		{"of the reference implementation", "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "password", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := s.verify(t.Context(), tt.stored, tt.password)
			must(t, err)
			if got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
	again, err := s.hash(t.Context(), "correct horse")
	must(t, err)
	if again == stored {
		t.Error("two hashes of one password are equal: there is no salt")
	}
}

// testService is the engine without a database.
func testService() *Service { return newBare() }

func TestStoredPasswordForm(t *testing.T) {
	good := "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	if _, err := parseHashed(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"another function":     {"argon2id", "argon2i"},
		"another version":      {"v=19", "v=16"},
		"too much memory":      {"m=19456", "m=4294967295"},
		"too little memory":    {"m=19456", "m=1"},
		"no passes":            {"t=2", "t=0"},
		"too many passes":      {"t=2", "t=17"},
		"no lanes":             {"p=1", "p=0"},
		"a leading zero":       {"t=2", "t=02"},
		"a sign":               {"t=2", "t=+2"},
		"padding":              {"AAAAAA$", "AAAAAA==$"},
		"a salt too short":     {"$AAAAAAAAAAAAAAAAAAAAAA$", "$AAAA$"},
		"one part too many":    {"p=1$", "p=1$$"},
		"something at the end": {"p=1", "p=1,x=1"},
	} {
		text := strings.Replace(good, change[0], change[1], 1)
		if text == good {
			t.Fatalf("%s: nothing was changed", name)
		}
		if _, err := parseHashed(text); err == nil {
			t.Errorf("%s: %s was read", name, text)
		}
	}
}

func FuzzParseHashed(f *testing.F) {
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$argon2id$v=19$m=8,t=1,p=255$$")
	f.Fuzz(func(t *testing.T, text string) {
		if h, err := parseHashed(text); err == nil && h.String() != text {
			t.Errorf("%q prints as %q", text, h)
		}
	})
}

func TestGateTurnsAwayAFlood(t *testing.T) {
	g := newGate()
	for range atOnce {
		if !g.enter(t.Context()) {
			t.Fatal("an empty gate is closed")
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan bool)
	for range maxQueued {
		go func() { got <- g.enter(ctx) }()
	}
	for g.waiting.Load() < maxQueued { // each waits: none has a slot
	}
	if g.enter(t.Context()) {
		t.Error("one more than the queue holds was let in")
	}
	cancel()
	for range maxQueued {
		if <-got {
			t.Error("a caller that went away has a slot")
		}
	}
	g.leave()
	if !g.enter(t.Context()) {
		t.Error("a slot that was given back is not free")
	}
}

func TestReadablePassword(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		p := readablePassword()
		if seen[p] || len(p) != 19 || strings.ContainsAny(p, "01ilo") || strings.Count(p, "-") != 3 {
			t.Errorf("password %q", p)
		}
		seen[p] = true
		if err := testService().checkPassword("owner", p); err != nil {
			t.Error(err)
		}
	}
}

func TestCheckPassword(t *testing.T) {
	for _, tt := range []struct {
		name, password string
		ok             bool
	}{
		{"long enough", "0123456789", true},
		{"Chinese", "一二三四五六七八九十", true},
		{"nine characters", "012345678", false},
		{"empty", "", false},
		{"the name", "Somebody.Long", false},
		{"one character", "aaaaaaaaaaaa", false},
		{"one Chinese character", strings.Repeat("一", 12), false},
		{"too long", strings.Repeat("ab", 200), false},
		{"not text", "0123456789\xff", false},
	} {
		if err := testService().checkPassword("somebody.long", tt.password); (err == nil) != tt.ok {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	s := testService()
	for b.Loop() {
		if _, err := s.hash(b.Context(), "correct horse"); err != nil {
			b.Fatal(err)
		}
	}
}
