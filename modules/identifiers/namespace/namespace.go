// Package namespace computes records from templates (HS_NAMESPACE): one base record
// stands for any number of identifiers base@extension.
//
// What must hold: what Append prints Parse reads as the same; resolving is a function
// of the record and the name alone; its work, its output and its depth are bounded
// whatever a template says, so that nobody slows a node down by what they register.
// The package knows no network: what a template refers to is fetched by its caller.
//
// Source: Handle.Net 9 technical manual, chapter 11; what it leaves open is as
// Handle.Net 9.2.0 was seen to do. Regular expressions are RE2, which takes time in
// proportion to the text: lookarounds, back references, possessive quantifiers, atomic
// groups and operations on classes of Java are refused when the template is read.
package namespace

import (
	"strings"

	"yuzhou/kernel/fault"
	"yuzhou/modules/identifiers/handle"
	"yuzhou/modules/identifiers/namespace/tree"
)

// Namespace is the data of HS_NAMESPACE. The zero value has no template.
type Namespace struct {
	root      *tree.Node
	templates []template
}

// template is one <template>.
type template struct {
	delimiter string
	ref       *handle.Reference // where the template stands instead
	steps     []step
}

// Parse reads the data of HS_NAMESPACE, or of a value that a template refers to, whose
// element may be <template> too.
//
// Errors: fault.Invalid with the line and what is wrong there. More is refused than
// servers refuse that leave out what they cannot use: attributes that are not known, an
// <else> without its <if>, a <value> that has no type or data to take.
func Parse(data []byte) (Namespace, error) {
	root, err := tree.Parse(data)
	if err != nil {
		return Namespace{}, err
	}
	n := Namespace{root: root}
	r := &reader{}
	switch root.Name {
	case "template":
		n.templates = append(n.templates, r.template(root))
	case "namespace":
		r.known(root, "no_nslocs")
		for _, e := range r.elements(root) {
			switch e.Name {
			case "template":
				n.templates = append(n.templates, r.template(e))
			case "contact", "status", "statusmsg", "locs": // of a prefix; resolving does not need them
			default:
				r.fail(e, "<%s> is not known; <namespace> holds template, contact, status, statusmsg, locs", e.Name)
			}
		}
	default:
		r.fail(root, "the element is <%s>, want <namespace>", root.Name)
	}
	if r.err != nil {
		return Namespace{}, r.err
	}
	return n, nil
}

// Of returns the namespace of a record: that of its first value HS_NAMESPACE. It
// reports false when the record has none.
func Of(values []handle.Value) (Namespace, bool, error) {
	for _, v := range values {
		if !handle.EqualFold(v.Type, handle.TypeNamespace) {
			continue
		}
		n, err := Parse(v.Data)
		if err != nil {
			return Namespace{}, false, &fault.Fault{Kind: fault.Invalid, Text: "HS_NAMESPACE cannot be read", Err: err}
		}
		return n, true, nil
	}
	return Namespace{}, false, nil
}

// Append prints the namespace in its one form.
func (n Namespace) Append(dst []byte) []byte {
	if n.root == nil {
		return append(dst, "<namespace/>"...)
	}
	return n.root.Append(dst)
}

// Split parts a name at the namespace's delimiter: 88.118.2/film@7 into 88.118.2/film
// and 7. With the delimiter "/" the base is the prefix. It reports false when there is
// no delimiter or the name does not have it.
func (n Namespace) Split(name handle.Name) (base handle.Name, extension string, ok bool) {
	for _, t := range n.templates {
		if t.delimiter == "" {
			continue
		}
		prefix := len(name.Prefix())
		before, after, found := strings.Cut(string(name[prefix:]), t.delimiter)
		if !found {
			return "", "", false
		}
		return name[:prefix+len(before)], after, true
	}
	return "", "", false
}
