package main

import (
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	const good = `{"Action":"start","Package":"a"}
{"Action":"run","Package":"a","Test":"TestX"}
{"Action":"output","Package":"a","Test":"TestX","Output":"=== RUN   TestX\n"}
{"Action":"output","Package":"a","Test":"TestX","Output":"--- PASS: TestX (0.00s)\n"}
{"Action":"pass","Package":"a","Test":"TestX"}
{"Action":"output","Package":"a","Output":"PASS\n"}
{"Action":"output","Package":"a","Output":"ok  \ta\t0.1s\n"}
{"Action":"pass","Package":"a"}
`
	tests := []struct{ name, in, out, err string }{
		{"all pass", good, "ok  \ta\t0.1s\n1 passed, 0 failed, 0 skipped\n", ""},
		{"no test files", good + `{"Action":"output","Package":"b","Output":"?   \tb\t[no test files]\n"}
{"Action":"skip","Package":"b"}
`, "ok  \ta\t0.1s\n?   \tb\t[no test files]\n1 passed, 0 failed, 0 skipped\n", ""},
		{"a skip", good + `{"Action":"output","Package":"b","Test":"TestY/postgres","Output":"    b_test.go:1: no database\n"}
{"Action":"skip","Package":"b","Test":"TestY/postgres"}
{"Action":"output","Package":"b","Output":"ok  \tb\t0.1s\n"}
{"Action":"pass","Package":"b"}
`, "ok  \ta\t0.1s\nok  \tb\t0.1s\nSKIPPED b TestY/postgres\n1 passed, 0 failed, 1 skipped\n", "skip is a failure"},
		{"a failure", `{"Action":"output","Package":"b","Test":"TestY","Output":"    b_test.go:1: want 1\n"}
{"Action":"output","Package":"b","Test":"TestY","Output":"--- FAIL: TestY (0.00s)\n"}
{"Action":"fail","Package":"b","Test":"TestY"}
{"Action":"output","Package":"b","Output":"FAIL\n"}
{"Action":"output","Package":"b","Output":"FAIL\tb\t0.1s\n"}
{"Action":"fail","Package":"b"}
`, "    b_test.go:1: want 1\n--- FAIL: TestY (0.00s)\nFAIL\nFAIL\tb\t0.1s\n0 passed, 1 failed, 0 skipped\n", "tests failed"},
		{"does not build", `{"ImportPath":"b","Action":"build-output","Output":"b.go:1:1: syntax error\n"}
{"ImportPath":"b","Action":"build-fail"}
{"Action":"output","Package":"b","Output":"FAIL\tb [build failed]\n"}
{"Action":"fail","Package":"b","FailedBuild":"b"}
`, "b.go:1:1: syntax error\nFAIL\tb [build failed]\n0 passed, 1 failed, 0 skipped\n", "tests failed"},
		{"cut off in a panic", good + `{"Action":"run","Package":"b","Test":"TestY"}
{"Action":"output","Package":"b","Test":"TestY","Output":"panic: no\n"}
`, "ok  \ta\t0.1s\npanic: no\n1 passed, 1 failed, 0 skipped\n", "tests failed"},
		{"nothing", "go: no packages\n", "go: no packages\n0 passed, 0 failed, 0 skipped\n", "no test ran"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			err := run(strings.NewReader(tt.in), &out)
			if out.String() != tt.out {
				t.Errorf("printed\n%s\nwant\n%s", out.String(), tt.out)
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("error %v, want %q", err, tt.err)
			}
		})
	}
}
