package e2e

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const bundles = "../engine/proof/verify/testdata/bundles"

// python runs verify.py and returns its exit status and what it says.
func python(t *testing.T, bundle, policy string) (status int, says string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "python3", "../docs/verify/verify.py", bundle, "--policy", policy)
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

// tools skips, or fails in CI, where there is no python3 or openssl.
func tools(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"python3", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(tool + " is not here: the second verifier is not tried")
		}
	}
}

// policyOf returns the policy of a golden bundle.
func policyOf(bundle string) string {
	name, _, _ := strings.Cut(bundle, ".bundle")
	return name + ".policy"
}

// TestSecondVerifier runs docs/verify/verify.py on the bundles that the first verifier is
// tested with: both must say the same.
func TestSecondVerifier(t *testing.T) {
	tools(t)
	files, err := filepath.Glob(bundles + "/*.bundle*")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d bundles in %s, %v", len(files), bundles, err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			want := 0
			if strings.Contains(name, ".broken") {
				want = 1
			}
			got, says := python(t, name, policyOf(name))
			if got != want || strings.Contains(says, "Traceback") || strings.Count(says, "\n") > 2 {
				t.Errorf("exit %d, want %d: %s", got, want, says)
			}
		})
	}
}

// TestSecondVerifierMutations: random changes are refused by the second verifier too, in a sentence.
func TestSecondVerifierMutations(t *testing.T) {
	tools(t)
	whole, err := os.ReadFile(bundles + "/derived.bundle")
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	name := filepath.Join(t.TempDir(), "changed.bundle")
	for i := range 40 {
		changed := bytes.Clone(whole)
		changed[r.IntN(len(changed))] ^= 1 << r.IntN(8)
		if err := os.WriteFile(name, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, says := python(t, name, bundles+"/derived.policy"); got != 1 || strings.Contains(says, "Traceback") {
			t.Fatalf("seed %d, change %d: exit %d: %s", seed, i, got, says)
		}
	}
}
