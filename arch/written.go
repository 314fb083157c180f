package arch

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// headings are the parts of a module's README, in this order.
func headings() []string {
	return []string{"Purpose", "Tables", "Routes", "Verbs", "Protocols", "Examples"}
}

var tableNew = regexp.MustCompile(`(?m)^CREATE TABLE (\w+)`)

// Readmes finds modules and engines whose README.md is missing, lacks a heading,
// or does not name one of their tables or routes.
func Readmes(h *House) ([]string, error) {
	var out []string
	for _, dir := range h.roots() {
		src, err := fs.ReadFile(h.Root, dir+"/README.md")
		if errors.Is(err, fs.ErrNotExist) {
			out = append(out, dir+" has no README.md")
			continue
		}
		if err != nil {
			return nil, err
		}
		names, err := h.public(dir)
		if err != nil {
			return nil, err
		}
		for _, lack := range lacks(string(src), names) {
			out = append(out, dir+"/README.md "+lack)
		}
	}
	return out, nil
}

// lacks says what is missing from a README that should name these tables and routes.
func lacks(readme string, names []string) []string {
	var out []string
	at := -1
	for _, want := range headings() {
		i := strings.Index(readme, "\n## "+want+"\n")
		if i <= at {
			out = append(out, fmt.Sprintf("lacks the heading %q in its place", want))
			continue
		}
		at = i
	}
	for _, name := range names {
		if !strings.Contains(readme, "`"+name+"`") && !strings.Contains(readme, " "+name+"`") {
			out = append(out, fmt.Sprintf("does not name `%s`", name))
		}
	}
	return out
}

// roots returns the folders of all modules and engines.
func (h *House) roots() []string {
	dirs := map[string]bool{}
	for _, f := range h.Files {
		if isRoot(f.Dir) {
			dirs[f.Dir] = true
		}
	}
	return slices.Sorted(maps.Keys(dirs))
}

// public returns the tables that a module makes and the routes that it mounts.
func (h *House) public(dir string) ([]string, error) {
	names := map[string]bool{}
	for _, f := range h.Files {
		if f.Dir != dir || f.Test() {
			continue
		}
		for _, mt := range f.mounts() {
			if m := routeText.FindStringSubmatch(mt.pattern); m != nil {
				names[strings.TrimSuffix(m[1], "{$}")] = true
			}
		}
	}
	sql, err := fs.Glob(h.Root, dir+"/migrations/*.sql")
	if err != nil {
		return nil, err
	}
	for _, p := range sql {
		src, err := fs.ReadFile(h.Root, p)
		if err != nil {
			return nil, err
		}
		for _, m := range tableNew.FindAllStringSubmatch(string(src), -1) {
			names[m[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}

var mdLink = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// Links finds links of Markdown pages that lead to no file.
func Links(h *House) ([]string, error) {
	var out []string
	err := walk(h.Root, func(p string) error {
		if path.Ext(p) != ".md" {
			return nil
		}
		src, err := fs.ReadFile(h.Root, p)
		if err != nil {
			return err
		}
		for _, m := range mdLink.FindAllStringSubmatch(string(src), -1) {
			target, _, _ := strings.Cut(m[1], "#")
			if target == "" || strings.Contains(target, ":") {
				continue // within the page, or on another host
			}
			if _, err := fs.Stat(h.Root, path.Join(path.Dir(p), target)); err != nil {
				out = append(out, fmt.Sprintf("%s links to %s, which does not exist", p, target))
			}
		}
		return nil
	})
	return out, err
}
