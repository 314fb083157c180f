package identifiers

import (
	"context"
	"strconv"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/records"
)

// usage is how far a prefix is used.
type usage struct {
	Registered int64
	Quota      int64 // 0: no limit
}

// nearly is the share of a quota, in percent, from which on somebody has to see to it.
const nearly = 90

// Percent is how much of the quota is used; 0 without a limit.
func (u usage) Percent() int64 {
	if u.Quota == 0 {
		return 0
	}
	return 100 * u.Registered / u.Quota
}

// Share is Percent as people read it: what is used a little is not 0%.
func (u usage) Share() string {
	if n := u.Percent(); n > 0 || u.Registered == 0 {
		return strconv.FormatInt(n, 10) + "%"
	}
	return "< 1%"
}

// Nearly reports whether the quota is about to be used up.
func (u usage) Nearly() bool { return u.Quota > 0 && u.Percent() >= nearly }

// Full reports whether nothing more can be registered.
func (u usage) Full() bool { return u.Quota > 0 && u.Registered >= u.Quota }

// usage counts what is registered below a prefix of this node.
func (s *Service) usage(ctx context.Context, p Prefix) (usage, error) {
	out := usage{Quota: p.Quota}
	st, err := s.open(ctx)
	if err != nil {
		return out, err
	}
	n, err := st.Count(ctx, records.Range{Prefix: p.Prefix})
	out.Registered = int64(n)
	return out, err
}

// latestSpan is how many of the newest changes of the node are looked through for those
// of some prefixes.
const latestSpan = 5000

// latest returns the newest versions, the newest first: below some prefixes, or with nil
// of all names.
func (s *Service) latest(ctx context.Context, below map[string]bool, most int) ([]records.Version, error) {
	st, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	from := uint64(1)
	if seq := st.Seq(); seq > latestSpan {
		from = seq - latestSpan + 1
	}
	ring := make([]records.Version, 0, most)
	err = st.Changes(ctx, from, func(v records.Version) error {
		if below != nil && !below[handle.Fold(v.Record.Name.Prefix())] {
			return nil
		}
		if len(ring) == most {
			ring = append(ring[:0], ring[1:]...)
		}
		ring = append(ring, v)
		return nil
	})
	if fault.KindOf(err) == fault.NotFound {
		err = nil // the log has been shortened since; nothing is known of what came before
	}
	for i, k := 0, len(ring)-1; i < k; i, k = i+1, k-1 {
		ring[i], ring[k] = ring[k], ring[i]
	}
	return ring, err
}
