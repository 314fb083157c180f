package flow

import (
	"net/url"
	"strings"
	"testing"
)

// TestPausedClock: a pause is a stretch of the bar and a line with its reason; a
// remark sent again is one remark, another one from the same page is another.
func TestPausedClock(t *testing.T) {
	t.Parallel()
	eachCounter(t, func(t *testing.T, c counter) {
		t.Helper()
		page := "/flow/cases/" + c.permit(t).ID
		steps := []struct{ at, event, reason string }{
			{"2026-02-10T10:00:00+08:00", "accept", ""}, {"2026-02-12T10:00:00+08:00", "hold", "hearing"}, {"2026-02-25T10:00:00+08:00", "resume", ""},
		}
		for _, s := range steps {
			c.turn(t, s.at)
			form := hidden(t, c.get("clerk", page).body, s.event)
			form.Set("reason", s.reason)
			if got := c.post("clerk", page+"/events", form); got.status != 303 {
				t.Fatalf("%s: %d", s.event, got.status)
			}
			body := c.get("clerk", page).body
			if paused := strings.Contains(body, "‖ 暂停"); paused != (s.event == "hold") {
				t.Errorf("after %s the page says paused: %v", s.event, paused)
			}
		}
		c.turn(t, "2026-02-27T10:00:00+08:00")
		body := c.get("clerk", page).body
		for _, want := range []string{`<rect class="ran ran-green" x="0.00"`, `<rect class="paused"`, `<rect class="rests"`, "2026-02-12 10:00 – 2026-02-25 10:00 听证"} {
			if !strings.Contains(body, want) {
				t.Errorf("the bar lacks %q", want)
			}
		}
		for _, text := range []string{"甲", "乙"} {
			for range 2 {
				if got := c.post("clerk", page+"/notes", url.Values{"text": {text}, "key": {"same"}}); got.status != 303 {
					t.Fatalf("a remark: %d", got.status)
				}
			}
		}
		if is := c.standing(t, strings.TrimPrefix(page, "/flow/cases/")); is.Events != 6 {
			t.Errorf("%d events, want 6: opened, three steps, two remarks", is.Events)
		}
	})
}
