package seal

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"golang.org/x/crypto/argon2"

	"yuzhou/kernel/fault"
)

// Costs of Argon2id: what is used when none is set, and the bounds of what is read. The
// defaults are the second recommended option of RFC 9106 §4.
const (
	defaultMemory = 64 << 10  // KiB
	minMemory     = 19 << 10  // KiB; less is a mistake or an attack
	maxMemory     = 256 << 10 // KiB; an altered envelope must not take the machine's memory
	defaultPasses = 3
	minPasses     = 2
	maxPasses     = 8
	defaultLanes  = 4
	maxLanes      = 8

	// MinPassphrase is the length of the shortest passphrase that seals, in bytes.
	MinPassphrase = 12
)

// hkdfScheme is the scheme of Key, RFC 5869.
const hkdfScheme = "hkdf-sha256"

// Passphrase is a KEK that a person knows; Argon2id (RFC 9106) makes guessing dear. Its
// zero costs are the defaults, 64 MiB and 3 passes on 4 lanes.
type Passphrase struct {
	Secret []byte // UTF-8, taken byte for byte: compose accents the same way each time
	Memory uint32 // KiB, 19,456 to 262,144
	Passes uint32 // 2 to 8
	Lanes  uint8  // 1 to 8
}

// Scheme implements KEK.
func (p Passphrase) Scheme() string { return p.cost().String() }

// cost is what stands in the envelope.
type cost struct {
	memory, passes uint32
	lanes          uint8
}

// String is the inverse of parseCost.
func (c cost) String() string {
	return fmt.Sprintf("argon2id,v=%d,m=%d,t=%d,p=%d", argon2.Version, c.memory, c.passes, c.lanes)
}

func (p Passphrase) cost() cost {
	c := cost{defaultMemory, defaultPasses, defaultLanes}
	if p.Memory != 0 {
		c.memory = p.Memory
	}
	if p.Passes != 0 {
		c.passes = p.Passes
	}
	if p.Lanes != 0 {
		c.lanes = p.Lanes
	}
	return c
}

// Derive implements KEK. The cost is the envelope's, within the bounds above.
func (p Passphrase) Derive(ctx context.Context, scheme string, salt []byte) ([]byte, error) {
	if len(p.Secret) < MinPassphrase {
		return nil, fault.New(fault.Invalid, "seal: the passphrase has %d bytes, it must have %d or more", len(p.Secret), MinPassphrase)
	}
	c, err := parseCost(scheme)
	if err != nil {
		return nil, err
	}
	if err = ctx.Err(); err != nil {
		return nil, err // the work cannot be broken off once it has begun
	}
	return argon2.IDKey(p.Secret, salt, c.passes, c.memory, c.lanes, keySize), nil
}

func parseCost(scheme string) (cost, error) {
	var c cost
	_, err := fmt.Sscanf(scheme, fmt.Sprintf("argon2id,v=%d,m=%%d,t=%%d,p=%%d", argon2.Version), &c.memory, &c.passes, &c.lanes)
	if err != nil || c.String() != scheme {
		return cost{}, fault.New(fault.Invalid, "seal: a passphrase opens envelopes of the scheme argon2id, this one has another")
	}
	if c.memory < minMemory || c.memory > maxMemory || c.passes < minPasses || c.passes > maxPasses || c.lanes < 1 || c.lanes > maxLanes {
		return cost{}, fault.New(fault.Invalid, "seal: the cost of argon2id must be %d to %d KiB, %d to %d passes and 1 to %d lanes",
			minMemory, maxMemory, minPasses, maxPasses, maxLanes)
	}
	return c, nil
}

// Key is a KEK of 32 random bytes, as from a file the operator mounts. HKDF-SHA-256 makes
// the key of each envelope from it.
type Key []byte

// Scheme implements KEK.
func (Key) Scheme() string { return hkdfScheme }

// Derive implements KEK.
func (k Key) Derive(_ context.Context, scheme string, salt []byte) ([]byte, error) {
	if len(k) != keySize {
		return nil, fault.New(fault.Invalid, "seal: the key has %d bytes, it must have %d", len(k), keySize)
	}
	if scheme != hkdfScheme {
		return nil, fault.New(fault.Invalid, "seal: a key opens envelopes of the scheme %s, this one has another", hkdfScheme)
	}
	return hkdf.Key(sha256.New, k, salt, magic, keySize)
}
