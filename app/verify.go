package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"yuzhou/engine/proof/verify"
	"yuzhou/kernel/fault"
)

// policyFile is where the policy is looked for when none is named: in the folder of the
// command, then in the reader's settings.
const policyFile = "yuzhou.policy"

// verify checks a bundle: no network, no data directory, nothing but two files.
func (p Product) verify(proc process) error {
	flags := newFlags("verify FILE", proc.err)
	policy := flags.String("policy", "", "file of whom you trust (yuzhou proof policy prints a city's); "+policyFile+" here or in your settings when empty")
	asJSON := flags.Bool("json", false, "print the report as JSON")
	replay := flags.Bool("replay", false, "compute derived numbers again from the bundled inputs and formula")
	stamps := flags.Int("stamps", 0, "how many time stamps the checkpoint must have")
	lang := flags.String("lang", "en", "en or zh-CN")
	args, err := parse(flags, proc.args[1:])
	if err != nil {
		return errUsage
	}
	if len(args) != 1 {
		return fault.New(fault.Invalid, "name one bundle: yuzhou verify FILE --policy POLICY")
	}
	pol, err := readPolicy(*policy, proc.env)
	if err != nil {
		return err
	}
	file, err := readBundle(args[0], proc.in)
	if err != nil {
		return err
	}
	o := verify.Options{Stamps: *stamps}
	if *replay {
		o.Replay = p.Replay
	}
	r := verify.Verify(file, pol, o)
	if *asJSON {
		e := json.NewEncoder(proc.out)
		e.SetEscapeHTML(false)
		e.SetIndent("", "  ")
		err = e.Encode(r)
	} else {
		err = printReport(proc.out, r, *lang != "en")
	}
	if err == nil && !r.OK {
		err = errFound
	}
	return err
}

// readPolicy reads the policy that was named, or else the reader's own.
func readPolicy(name string, env func(string) string) (verify.Policy, error) {
	names := []string{name}
	if name == "" {
		names = []string{policyFile}
		if home := env("XDG_CONFIG_HOME"); home != "" {
			names = append(names, filepath.Join(home, "yuzhou", policyFile))
		} else if home := env("HOME"); home != "" {
			names = append(names, filepath.Join(home, ".config", "yuzhou", policyFile))
		}
	}
	for _, n := range names {
		text, err := os.ReadFile(n) //nolint:gosec // the file that the reader names
		if errors.Is(err, fs.ErrNotExist) && name == "" {
			continue
		}
		if err != nil {
			return verify.Policy{}, &fault.Fault{Kind: fault.Invalid, Text: "the policy " + n + " cannot be read", Err: err}
		}
		return verify.ParsePolicy(text)
	}
	return verify.Policy{}, fault.New(fault.Invalid,
		"no policy says whom you trust: give --policy FILE, or keep it as %s (a city prints its own with yuzhou proof policy; get it from somewhere you trust)", strings.Join(names, " or "))
}

// readBundle reads a file, or what comes in when it is called -.
func readBundle(name string, in io.Reader) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(in)
	}
	file, err := os.ReadFile(name) //nolint:gosec // the file that the reader names
	if err != nil {
		return nil, &fault.Fault{Kind: fault.Invalid, Text: "the bundle " + name + " cannot be read", Err: err}
	}
	return file, nil
}

// printReport prints a report for people.
func printReport(out io.Writer, r verify.Report, chinese bool) error { //nolint:revive // the language
	say := func(zh, en string) string {
		if chinese {
			return zh
		}
		return en
	}
	var b strings.Builder
	for _, c := range r.Checks {
		mark := "ok    "
		if !c.OK {
			mark = "BROKEN"
		}
		fmt.Fprintf(&b, "%s  %-9s  %s  %s\n", mark, c.ID, c.Subject, say(c.ZH, c.EN))
	}
	if s := r.Statement; s != nil && r.OK {
		fmt.Fprintf(&b, "\n%s\n%s %s %s\n", r.Name, say("声明：", "says"), s.Value, s.Unit)
		fmt.Fprintf(&b, "%s %s, %s\n", say("由", "stated by"), s.Issuer, s.Issued)
		if r.FirstSeen != nil {
			fmt.Fprintf(&b, "%s %s\n", say("最早的时间戳或见证：", "first stamp or cosignature"), r.FirstSeen.Format(time.RFC3339))
		}
		zh, en := r.Witnessed()
		b.WriteString(say(zh, en) + "\n")
	}
	b.WriteString(say(r.Sentence()) + "\n")
	_, err := io.WriteString(out, b.String())
	return err
}
