package org

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"yuzhou/kernel/fault"
)

// cost is what one hash takes. Source: OWASP Password Storage Cheat Sheet, the
// second of its equivalent argon2id settings: 19 MiB, 2 passes, 1 lane.
type cost struct {
	memory, time uint32 // KiB, passes
	lanes        uint8
}

func usual() cost { return cost{19 * 1024, 2, 1} }

const (
	saltSize, keySize = 16, 32
	minPassword       = 10  // characters
	maxPassword       = 256 // bytes: more only costs time
)

// hashed is a password as it is stored.
type hashed struct {
	cost
	salt, key []byte
}

// String returns the PHC form, $argon2id$v=19$m=19456,t=2,p=1$salt$key, both in
// base64 without padding.
func (h hashed) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		h.memory, h.time, h.lanes, b64.EncodeToString(h.salt), b64.EncodeToString(h.key))
}

// parseHashed is the inverse of String. It refuses costs that a damaged row
// could stop the program with: more than 1 GiB or 16 passes.
func parseHashed(text string) (h hashed, err error) {
	bad := fault.New(fault.Invalid, "a stored password is not argon2id in PHC form")
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return h, bad
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &h.memory, &h.time, &h.lanes); err != nil {
		return h, bad
	}
	b64 := base64.RawStdEncoding.Strict()
	var saltErr, keyErr error
	h.salt, saltErr = b64.DecodeString(parts[4])
	h.key, keyErr = b64.DecodeString(parts[5])
	switch {
	case saltErr != nil || keyErr != nil || len(h.salt) < 8 || len(h.key) < 16 || len(h.salt)+len(h.key) > 1024:
		return h, bad
	case h.memory < 8 || h.memory > 1<<20 || h.time < 1 || h.time > 16 || h.lanes < 1:
		return h, bad
	case h.String() != text:
		return h, bad // leading zeros, signs, trailing text
	}
	return h, nil
}

// gate lets two passwords be hashed at once: more would only take memory from
// each other. Those who wait are counted, so that a flood is turned away.
type gate struct {
	slots   chan struct{}
	waiting *atomic.Int32
}

const (
	atOnce    = 2
	maxQueued = 64 // about 2 s of hashing
)

func newGate() gate { return gate{make(chan struct{}, atOnce), new(atomic.Int32)} }

// enter waits for a slot; leave gives it back. It returns false when the queue
// is full or ctx ends.
func (g gate) enter(ctx context.Context) bool {
	if g.waiting.Add(1) > maxQueued {
		g.waiting.Add(-1)
		return false
	}
	defer g.waiting.Add(-1)
	select {
	case g.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (g gate) leave() { <-g.slots }

// hash returns the password as it is to be stored.
func (s *Service) hash(ctx context.Context, password string) (string, error) {
	if !s.gate.enter(ctx) {
		return "", s.refuse(busy, "signin.busy")
	}
	defer s.gate.leave()
	h := hashed{cost: usual(), salt: make([]byte, saltSize)}
	_, _ = rand.Read(h.salt) // never fails since Go 1.24
	h.key = argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.lanes, keySize)
	return h.String(), nil
}

// verify reports whether the password is the stored one. A stored "" fits
// nothing but costs as much, so that the time taken does not tell who exists.
func (s *Service) verify(ctx context.Context, stored, password string) (bool, error) {
	if !s.gate.enter(ctx) {
		return false, s.refuse(busy, "signin.busy")
	}
	defer s.gate.leave()
	h := hashed{cost: usual(), salt: make([]byte, saltSize), key: make([]byte, keySize)}
	if stored != "" {
		var err error
		if h, err = parseHashed(stored); err != nil {
			return false, err
		}
	}
	tooLong := len(password) > maxPassword // no stored one is
	if tooLong {
		password = password[:maxPassword]
	}
	key := argon2.IDKey([]byte(password), h.salt, h.time, h.memory, h.lanes, uint32(len(h.key))) //nolint:gosec // at most 1024
	return subtle.ConstantTimeCompare(key, h.key) == 1 && stored != "" && !tooLong, nil
}

// checkPassword says what is wrong with a new password. Length counts, not
// kinds of characters. Source: NIST SP 800-63B §3.1.1.
func (s *Service) checkPassword(login, password string) error {
	switch {
	case !utf8.ValidString(password):
		return s.refuse(invalid, "password.text")
	case utf8.RuneCountInString(password) < minPassword:
		return s.refuse(invalid, "password.short", minPassword)
	case len(password) > maxPassword:
		return s.refuse(invalid, "password.long", maxPassword)
	case strings.EqualFold(password, login) || strings.Trim(password, string([]rune(password)[:1])) == "":
		return s.refuse(invalid, "password.plain")
	}
	return nil
}

// readablePassword returns a random password of 80 bits that can be read aloud:
// four groups of four from an alphabet without look-alikes.
func readablePassword() string {
	const alphabet = "23456789abcdefghjkmnpqrstuvwxyz3" // 32 signs; 3 twice costs 0.06 bit
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails since Go 1.24
	var b strings.Builder
	for i, r := range raw {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(alphabet[r%32])
	}
	return b.String()
}
