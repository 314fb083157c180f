package app

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"yuzhou/kernel/fault"
)

// TestFill: a flag wins over the environment, which wins over the file, which
// wins over the default.
func TestFill(t *testing.T) {
	file := filepath.Join(t.TempDir(), "yuzhou.yaml")
	if err := os.WriteFile(file, []byte("addr: file:1\ndata: file\nlog-level: error\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := func(name string) string { return map[string]string{"YUZHOU_DATA": "env", "YUZHOU_ADDR": "env:1"}[name] }
	c := config{Addr: "flag:1", File: file}
	if err := c.fill(env); err != nil {
		t.Fatal(err)
	}
	if c.Addr != "flag:1" || c.Data != "env" || c.Log != "error" || c.Database != "" {
		t.Errorf("%+v", c)
	}
	var bare config
	if err := bare.fill(func(string) string { return "" }); err != nil || bare.Addr != "127.0.0.1:1458" || bare.Data != "data" {
		t.Errorf("%+v, %v", bare, err)
	}
}

func TestFillSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	for name, tt := range map[string]struct{ text, says string }{
		"unknown.yaml": {"adr: x\n", `setting "adr" is not known`},
		"nested.yaml":  {"addr: [x]\n", "not a flat table"},
	} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		c := config{File: file}
		if err := c.fill(func(string) string { return "" }); !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", name, err, tt.says)
		}
	}
	missing := config{File: filepath.Join(dir, "none.yaml")}
	if err := missing.fill(func(string) string { return "" }); !errors.Is(err, fault.Invalid) {
		t.Errorf("a missing file: %v", err)
	}
}

// TestParse: flags are read wherever they stand.
func TestParse(t *testing.T) {
	flags := flag.NewFlagSet("x", flag.ContinueOnError)
	unit := flags.String("unit", "", "")
	rest, err := parse(flags, []string{"st.hte", "--unit", "500000", "more"})
	if err != nil || *unit != "500000" || !slices.Equal(rest, []string{"st.hte", "more"}) {
		t.Errorf("%v, %q, %v", rest, *unit, err)
	}
}
