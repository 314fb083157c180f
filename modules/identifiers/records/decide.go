package records

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"yuzhou/modules/identifiers/handle"
)

// Decide returns what an item makes of the newest version of its name, which has no Seq
// when there never was one. The version it returns has neither Seq nor At and is to be
// written when the verdict is Done.
func Decide(before Version, item Item) (Version, Outcome) {
	if _, err := handle.Parse(string(item.Record.Name)); err != nil {
		return Version{}, Outcome{Invalid, 0, err.Error()}
	}
	if item.IfSeq != 0 && item.IfSeq != before.Seq {
		return Version{}, Outcome{Conflict, before.Seq, fmt.Sprintf("identifier %q is at version %d, not %d", item.Record.Name, before.Seq, item.IfSeq)}
	}
	there := before.stands()
	switch item.Op {
	case Create, Put:
		return write(before, item)
	case Delete, Add, Set, Modify, Remove:
		if !there {
			return Version{}, Outcome{Missing, 0, fmt.Sprintf("there is no identifier %q", item.Record.Name)}
		}
	default:
		return Version{}, Outcome{Invalid, 0, fmt.Sprintf("operation %q is none of create, put, delete, add-values, set-values, modify-values, remove-values", item.Op)}
	}
	if item.Op == Delete {
		return Version{Record: handle.Record{Name: before.Record.Name}, Deleted: true}, Outcome{Verdict: Done}
	}
	return edit(before, item)
}

// write replaces a record as a whole.
func write(before Version, item Item) (Version, Outcome) {
	there := before.stands()
	if err := item.Record.Check(); err != nil {
		return Version{}, Outcome{Invalid, 0, err.Error()}
	}
	if there && before.Record.Name == item.Record.Name && slices.EqualFunc(before.Record.Values, item.Record.Values, equal) {
		return Version{}, Outcome{Verdict: Unchanged, Seq: before.Seq}
	}
	if there && item.Op == Create {
		return Version{}, Outcome{Conflict, before.Seq, fmt.Sprintf("identifier %q is there already, with other values", item.Record.Name)}
	}
	return Version{Record: item.Record}, Outcome{Verdict: Done}
}

// edit changes single values of a record that is there.
func edit(before Version, item Item) (Version, Outcome) {
	values := slices.Clone(before.Record.Values)
	for _, v := range item.Record.Values {
		at, found := slices.BinarySearchFunc(values, v.Index, func(v handle.Value, i uint32) int { return cmp.Compare(v.Index, i) })
		switch {
		case item.Op == Add && found:
			return Version{}, Outcome{Conflict, before.Seq, fmt.Sprintf("identifier %q has a value of index %d already", item.Record.Name, v.Index)}
		case !found && item.Op != Add && item.Op != Set:
			return Version{}, Outcome{Missing, before.Seq, fmt.Sprintf("identifier %q has no value of index %d", item.Record.Name, v.Index)}
		case !found:
			values = slices.Insert(values, at, v)
		case item.Op == Remove:
			values = slices.Delete(values, at, at+1)
		default:
			values[at] = v
		}
	}
	r := handle.Record{Name: before.Record.Name, Values: values}
	if err := r.Check(); err != nil {
		return Version{}, Outcome{Invalid, before.Seq, err.Error()}
	}
	if slices.EqualFunc(before.Record.Values, values, equal) {
		return Version{}, Outcome{Verdict: Unchanged, Seq: before.Seq}
	}
	return Version{Record: r}, Outcome{Verdict: Done}
}

// equal leaves the timestamps out: what is sent again later says the same.
func equal(a, b handle.Value) bool {
	return a.Index == b.Index && a.Type == b.Type && bytes.Equal(a.Data, b.Data) && a.TTL == b.TTL &&
		a.Perm == b.Perm && slices.Equal(a.References, b.References)
}

// stands reports whether there is a record.
func (v Version) stands() bool { return v.Seq != 0 && !v.Deleted }
