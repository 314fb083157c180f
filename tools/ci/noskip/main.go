// Command noskip reads what go test -json prints and shows it as plain go test
// would, and fails when a test failed or was skipped: in continuous integration a
// skip is a failure. Its last line is "N passed, N failed, N skipped", where a
// subtest counts as a test.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "noskip:", err)
		os.Exit(1)
	}
}

// run copies the report of the tests from in to out. Its error says why the run
// does not count as passed.
func run(in io.Reader, out io.Writer) error {
	r := newReport(out)
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			r.line(line)
		}
		if err == io.EOF {
			return r.end()
		}
		if err != nil {
			return err
		}
	}
}
