package arch

import (
	"fmt"
	"go/ast"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// The statements of SQL that name a table, as they stand in Go and in migrations.
var (
	tableUse  = regexp.MustCompile(`(?i)\b(?:FROM|JOIN|INTO|UPDATE|TABLE(?: IF NOT EXISTS)?)\s+([a-z]+)_[a-z_]+`)
	tableMade = regexp.MustCompile(`\b(?:FROM|JOIN|INTO|UPDATE|REFERENCES|TABLE(?: IF (?:NOT )?EXISTS)?)\s+(\w+)`)
	indexMade = regexp.MustCompile(`\bINDEX(?: IF (?:NOT )?EXISTS)?\s+(\w+)(?:\s+ON\s+(\w+))?`)
	storeFile = regexp.MustCompile(`^store(_\w+)?\.go$`)
	migration = regexp.MustCompile(`^(\d{4})_[a-z0-9_]+\.sql$`)
	unsafeSQL = regexp.MustCompile(`\b(?:INTEGER|INT|SMALLINT|REAL|FLOAT|NUMERIC|DECIMAL|JSONB?|TIMESTAMP(?:TZ)?|BOOLEAN|SERIAL|BLOB|VARCHAR|AUTOINCREMENT)\b`)
)

// Tables finds SQL outside store files, and SQL that touches another's tables.
// The owner of a table is its name up to the first underscore.
func Tables(h *House) ([]string, error) {
	var out []string
	for _, f := range h.Files {
		beyond := !within(f.Dir, "modules") && !within(f.Dir, "engine")
		if floor(f.Dir) < 0 || f.Test() && beyond {
			continue
		}
		for lit, value := range f.literals() {
			for _, m := range tableUse.FindAllStringSubmatch(value, -1) {
				out = append(out, f.touches(lit, m[1])...)
			}
		}
	}
	return out, nil
}

// touches says what is wrong with SQL in f that names a table of own.
func (f File) touches(lit *ast.BasicLit, own string) []string {
	switch {
	case own != owner(f.Dir):
		return []string{fmt.Sprintf("%s touches a table of %s: ask its owner instead", f.at(lit), own)}
	case isRoot(f.Dir) && !f.Test() && !storeFile.MatchString(f.Name):
		return []string{f.at(lit) + " is SQL outside store.go or store_NAME.go"}
	}
	return nil
}

// Migrations finds migrations that are misnamed or misnumbered, that touch what
// another owns, or that use a type which SQLite and PostgreSQL keep differently.
func Migrations(h *House) ([]string, error) {
	var out []string
	next := map[string]int{}
	err := walk(h.Root, func(p string) error {
		if path.Ext(p) != ".sql" {
			return nil
		}
		dir := path.Dir(p)
		m := migration.FindStringSubmatch(path.Base(p))
		if path.Base(dir) != "migrations" || m == nil {
			out = append(out, p+" is not migrations/NNNN_name.sql")
			return nil
		}
		next[dir]++
		if n, err := strconv.Atoi(m[1]); err != nil || n != next[dir] {
			out = append(out, fmt.Sprintf("%s should be number %04d", p, next[dir]))
		}
		src, err := fs.ReadFile(h.Root, p)
		if err != nil {
			return err
		}
		out = append(out, statements(p, string(src))...)
		return nil
	})
	return out, err
}

// statements says what is wrong in one migration.
func statements(p, src string) []string {
	var out []string
	own := owner(p)
	for i, line := range strings.Split(src, "\n") {
		code, _, _ := strings.Cut(line, "--")
		for _, re := range []*regexp.Regexp{tableMade, indexMade} {
			out = append(out, foreign(fmt.Sprintf("%s:%d", p, i+1), own, re.FindAllStringSubmatch(code, -1))...)
		}
		if word := unsafeSQL.FindString(code); word != "" {
			out = append(out, fmt.Sprintf("%s:%d: %s differs between engines: use TEXT, BIGINT, DOUBLE PRECISION or BYTEA", p, i+1, word))
		}
	}
	return out
}

// foreign says which of the names found do not carry their owner's prefix.
func foreign(at, own string, found [][]string) []string {
	var out []string
	for _, m := range found {
		for _, name := range m[1:] {
			if name != "" && (own == "" || !strings.HasPrefix(name, own+"_")) {
				out = append(out, fmt.Sprintf("%s: %s does not carry its owner's prefix %s_", at, name, own))
			}
		}
	}
	return out
}
