package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// TestScripts runs the command line as testdata/script/*.txtar say. $ROOT is the
// repository, $MADE holds the files of unwritable; each script has a folder of its own.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	made := t.TempDir()
	for name, content := range unwritable(t) {
		if err := os.WriteFile(filepath.Join(made, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_GOLDEN") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("ROOT", root)
			e.Setenv("MADE", made)
			return nil
		},
	})
}

// unwritable returns files that a script cannot hold: in another encoding, or huge.
func unwritable(t *testing.T) map[string]string {
	t.Helper()
	const (
		heads = "indicator,unit,period,value,measure,status,source\n"
		row   = "st.hte,500000,2024-06-30,"
	)
	gbk := func(text string) string {
		out, err := simplifiedchinese.GBK.NewEncoder().String(text)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	return map[string]string{
		"gbk.csv":      gbk("指标,地区,时期,数值,计量单位\nst.hte,500000,2024-06-30,七千,家\n"),
		"gbk-good.csv": gbk("指标,地区,时期,数值,计量单位\nst.hte,500000,2024-05-31,6900,家\n"),
		"cell.csv":     heads + row + "7000,家,reported,\"" + strings.Repeat("x", 10<<20) + "\"\n",
		"number.csv":   heads + row + strings.Repeat("9", 10<<20) + ",家,reported,\n",
		"broken.xlsx":  "PK\x03\x04\x00\x00 and no more",
	}
}
