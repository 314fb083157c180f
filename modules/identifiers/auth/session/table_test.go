package session_test

import (
	"crypto/rand"
	"testing"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/auth/session"
	"yuzhou/modules/identifiers/handle"
)

// TestTable: sessions end when they are idle too long, at the latest when the client said;
// a full table gives up nobody's sessions and keeps proven ones.
func TestTable(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	table := &session.Table{Most: 3, Idle: time.Hour}
	open := func(lasts uint32) *session.Session {
		t.Helper()
		s, err := table.Open(rand.Reader, now, session.Keys{}, lasts)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	prove := func(s *session.Session) {
		t.Helper()
		if err := s.Prove(handle.Reference{Name: "88.1/x", Index: 300}); err != nil {
			t.Fatal(err)
		}
		table.Used(now, s)
	}
	proven, short := open(0), open(60)
	if proven.ID>>30 != 1 || proven.ID == short.ID {
		t.Errorf("numbers %x, %x", proven.ID, short.ID)
	}
	prove(proven)
	now = now.Add(time.Minute)
	if table.Get(now, short.ID) != nil || table.Get(now, proven.ID) != proven || table.Get(now, 10001) != nil {
		t.Error("after a minute")
	}
	first, second := open(0), open(0)
	table.Used(now, first) // now the second is silent longer
	open(0)
	if table.Get(now, second.ID) != nil || table.Get(now, first.ID) != first || table.Get(now, proven.ID) != proven || table.Len() != 3 {
		t.Error("the one that was silent longest does not give way")
	}
	now = now.Add(59 * time.Minute)
	table.Used(now, first)
	now = now.Add(time.Minute)
	if table.Get(now, first.ID) != first || table.Get(now, proven.ID) != nil || table.Len() != 1 {
		t.Errorf("after an hour: %d", table.Len())
	}
	prove(first)
	prove(open(0))
	prove(open(0))
	if _, err := table.Open(rand.Reader, now, session.Keys{}, 0); fault.KindOf(err) != fault.Busy {
		t.Errorf("full of proven ones: %v", err)
	}
	table.Close(first)
	table.Close(first)
	if table.Len() != 2 {
		t.Error(table.Len())
	}
	table.Used(now, first) // it has ended, and does not come back
	if table.Get(now, first.ID) != nil {
		t.Error("it comes back")
	}
}
