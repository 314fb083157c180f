package app

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"

	"go.yaml.in/yaml/v3"

	"yuzhou/kernel/fault"
)

// config is every setting. Each works at zero. A flag wins over the
// environment (YUZHOU_NAME), which wins over the file.
type config struct {
	Addr     string `yaml:"addr"`      // where to listen
	Data     string `yaml:"data"`      // directory of the embedded database
	Database string `yaml:"database"`  // postgres:// URL instead of it
	Pack     string `yaml:"pack"`      // directory of another city's pack
	Log      string `yaml:"log-level"` // debug, info, warn, error
	Server   string `yaml:"server"`    // verbs: work on this running server
	Token    string `yaml:"token"`     // verbs: session token for it
	Seal     string `yaml:"seal"`      // file of the key that seals private keys
	Policy   string `yaml:"policy"`    // file: who cosigns the log
	Watched  string `yaml:"watched"`   // file: whose logs this node cosigns
	TSA      string `yaml:"tsa"`       // URL of a time stamping authority
	TSACert  string `yaml:"tsa-cert"`  // file: what its stamps lead to
	File     string `yaml:"-"`

	more []setting // of the modules
}

type setting struct {
	name, usage, fallback string
	field                 *string
}

// configuration returns the settings there are, of the program and of its modules.
func (p Product) configuration() config {
	var c config
	for _, m := range p.bare() {
		for _, s := range m.Settings {
			c.more = append(c.more, setting{s.Name, s.Usage, s.Fallback, new(string)})
		}
	}
	return c
}

// of returns what is in force of a module's setting.
func (c *config) of(name string) string {
	for _, s := range c.more {
		if s.name == name {
			return *s.field
		}
	}
	return ""
}

func (c *config) settings() []setting {
	return append([]setting{
		{"addr", "address to listen on", "127.0.0.1:1458", &c.Addr},
		{"data", "directory of the data; made when it is not there", "data", &c.Data},
		{"database", "postgres:// URL, instead of the embedded database in --data", "", &c.Database},
		{"pack", "directory of another city's data pack", "", &c.Pack},
		{"log-level", "what to log: debug, info, warn or error", "warn", &c.Log},
		{"server", "work on the server at this URL instead of on --data", "", &c.Server},
		{"token", "session token for --server (yuzhou org sign-in prints one)", "", &c.Token},
		{"seal", "file of the key that seals private keys: 64 hexadecimal digits or a passphrase (DATA/seal.key, made when it is not there)", "", &c.Seal},
		{"policy", "file of witnesses that are asked to cosign the log, and of how many have to (C2SP tlog-policy)", "", &c.Policy},
		{"watched", "file of the logs that this node cosigns (C2SP tlog-policy)", "", &c.Watched},
		{"tsa", "URL of a time stamping authority (RFC 3161), instead of our own", "", &c.TSA},
		{"tsa-cert", "PEM file of the certificates that its stamps must lead to", "", &c.TSACert},
		{"config", "YAML file of settings", "", &c.File},
	}, c.more...)
}

// bind declares the settings as flags of fs.
func (c *config) bind(flags *flag.FlagSet) {
	for _, s := range c.settings() {
		flags.StringVar(s.field, s.name, "", s.usage)
	}
}

// fill completes what flags have not set from environment, file and defaults.
func (c *config) fill(env func(string) string) error {
	if c.File == "" {
		c.File = env("YUZHOU_CONFIG")
	}
	file, err := readSettings(c.File)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, s := range c.settings() {
		known[s.name] = true
		for _, v := range []string{env("YUZHOU_" + upper(s.name)), file[s.name], s.fallback} {
			if *s.field == "" {
				*s.field = v
			}
		}
	}
	for name := range file {
		if !known[name] {
			return fault.New(fault.Invalid, "config %s: setting %q is not known; yuzhou config lists them", c.File, name)
		}
	}
	return nil
}

// readSettings reads the YAML file of settings; no name gives none.
func readSettings(name string) (map[string]string, error) {
	file := map[string]string{}
	if name == "" {
		return file, nil
	}
	text, err := os.ReadFile(name) //nolint:gosec // the file that the user names
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.Invalid, "config %q is not there", name)
	}
	if err != nil {
		return nil, err
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fault.New(fault.Invalid, "config %s is not a flat table of settings: %v", name, err)
	}
	return file, nil
}

func upper(s string) string {
	b := []byte(s)
	for i, c := range b {
		switch {
		case 'a' <= c && c <= 'z':
			b[i] = c - 'a' + 'A'
		case c == '-': // no shell takes it in a name
			b[i] = '_'
		}
	}
	return string(b)
}

// config prints the settings in force, but no secret.
func (p Product) config(proc process) error {
	c := p.configuration()
	flags := newFlags("config", proc.err)
	c.bind(flags)
	if err := flags.Parse(proc.args[1:]); err != nil {
		return errUsage
	}
	if err := c.fill(proc.env); err != nil {
		return err
	}
	width := 0
	for _, s := range c.settings() {
		width = max(width, len(s.name)+1)
	}
	for _, s := range c.settings() {
		v := *s.field
		if s.name == "token" && v != "" {
			v = "(set)"
		}
		if _, err := fmt.Fprintf(proc.out, "%-*s %-24q # %s\n", width, s.name+":", v, s.usage); err != nil {
			return err
		}
	}
	return nil
}
