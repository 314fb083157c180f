package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadmeExamples runs every "$ yuzhou …" of the modules' READMEs and
// compares what it prints, blanks at line ends apart.
func TestReadmeExamples(t *testing.T) {
	var files []string
	for _, floor := range []string{"engine", "modules"} {
		some, err := filepath.Glob("../" + floor + "/*/README.md")
		if err != nil || len(some) == 0 {
			t.Fatal("no READMEs in ", floor, err)
		}
		files = append(files, some...)
	}
	data := t.TempDir()
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, ex := range examples(string(text)) {
			t.Run(filepath.Base(filepath.Dir(name))+"/"+ex.command, func(t *testing.T) {
				args := append(strings.Fields(ex.command), "--data", data)
				cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "yuzhou"), args[1:]...)
				cmd.Dir = ".."
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				if got := trimmed(string(out)); got != trimmed(ex.output) {
					t.Errorf("prints\n%s\nthe README says\n%s", got, ex.output)
				}
			})
		}
	}
}

type example struct{ command, output string }

// examples reads the console blocks of a README.
func examples(text string) []example {
	var out []example
	inside := false
	for line := range strings.SplitSeq(text, "\n") {
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case inside && strings.HasPrefix(line, "$ yuzhou "):
			out = append(out, example{command: strings.TrimPrefix(line, "$ ")})
		case inside && len(out) > 0:
			out[len(out)-1].output += line + "\n"
		}
	}
	return out
}

func trimmed(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
