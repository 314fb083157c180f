package e2e

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestChartAnswersThePointer: with script, touching a chart lays an answering
// copy over the server's drawing, without breaking the page's policy.
func TestChartAnswersThePointer(t *testing.T) {
	s := serve(t, t.TempDir())
	b := newBrowser(t, s)
	b.do(t, "open", chromedp.Navigate(s.URL+"/plan/targets/T09"))
	b.do(t, "touch", chromedp.Evaluate[chromedp.Void](`void document.querySelector(".echart").dispatchEvent(new PointerEvent("pointerenter"))`))
	b.do(t, "answer", chromedp.WaitReady(chromedp.CSS(".echart canvas")))
	for _, complaint := range b.heard() {
		t.Error(complaint)
	}
}
