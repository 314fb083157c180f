package web

import (
	"path"
	"reflect"
	"regexp"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// schemaName names a type in the OpenAPI description. What belongs to a module
// carries its name, so that two modules may each have a Source; types of the
// kernel, shared by all, go by their own.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() == "" || !strings.HasPrefix(t.PkgPath(), "yuzhou/") {
		return huma.DefaultSchemaNamer(t, hint)
	}
	// A generic's name holds its arguments with their paths: List[yuzhou/engine/flow.Case].
	name := regexp.MustCompile(`[\w./-]+/(\w+)\.(\w+)`).ReplaceAllStringFunc(t.Name(), func(arg string) string {
		pkg, name, _ := strings.Cut(path.Base(arg), ".")
		return owned(path.Dir(arg), pkg) + name
	})
	name = regexp.MustCompile(`\W+`).ReplaceAllString(name, "")
	return owned(path.Dir(t.PkgPath()), path.Base(t.PkgPath())) + capital(name)
}

// owned is what the names of a package's types begin with.
func owned(dir, pkg string) string {
	if strings.HasPrefix(dir, "yuzhou/kernel") {
		return ""
	}
	return capital(pkg)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
