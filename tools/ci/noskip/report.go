package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// event is one line of go test -json. Source: go doc test2json.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// report gathers events by package: a package's tests speak when it ends, and only
// those that did not pass.
type report struct {
	out                     io.Writer
	pending                 map[string][]event // output by package
	state                   map[string]string  // last action by package + " " + test
	passed, failed, skipped int
	skips                   []string
}

func newReport(out io.Writer) *report {
	return &report{out: out, pending: map[string][]event{}, state: map[string]string{}}
}

// line takes one line of input. What is no event is shown as it is.
func (r *report) line(line []byte) {
	var e event
	if err := json.Unmarshal(line, &e); err != nil || e.Action == "" {
		_, _ = r.out.Write(line)
		return
	}
	switch e.Action {
	case "build-output":
		r.print(e.Output)
	case "output":
		r.pending[e.Package] = append(r.pending[e.Package], e)
	case "pass", "fail", "skip":
		if e.Test == "" {
			r.pack(e)
			return
		}
		r.state[e.Package+" "+e.Test] = e.Action
		r.count(e)
	}
}

func (r *report) count(e event) {
	switch e.Action {
	case "pass":
		r.passed++
	case "fail":
		r.failed++
	case "skip":
		r.skipped++
		r.skips = append(r.skips, e.Package+" "+e.Test)
	}
}

// pack shows what a package that has ended left to say. A package that failed
// without a failing test (it did not build, panicked or ran out of time) counts as
// one failure.
func (r *report) pack(e event) {
	loud := false
	for _, o := range r.pending[e.Package] {
		state := r.state[o.Package+" "+o.Test]
		loud = loud || state == "fail"
		switch {
		case o.Test != "" && (state == "pass" || state == "skip"):
		case strings.HasPrefix(o.Output, "=== ") || o.Output == "PASS\n":
		default:
			r.print(o.Output)
		}
	}
	if e.Action == "fail" && !loud {
		r.failed++
	}
	delete(r.pending, e.Package)
}

// end shows the skipped tests and the sum.
func (r *report) end() error {
	for pkg := range r.pending { // the run was cut off
		r.pack(event{Action: "fail", Package: pkg})
	}
	for _, s := range r.skips {
		r.print("SKIPPED " + s + "\n")
	}
	r.print(fmt.Sprintf("%d passed, %d failed, %d skipped\n", r.passed, r.failed, r.skipped))
	switch {
	case r.failed > 0:
		return errors.New("tests failed")
	case r.skipped > 0:
		return errors.New("tests were skipped, and here a skip is a failure")
	case r.passed == 0:
		return errors.New("no test ran")
	}
	return nil
}

// print writes to the report's reader, who has nobody to complain to.
func (r *report) print(s string) { _, _ = io.WriteString(r.out, s) }
