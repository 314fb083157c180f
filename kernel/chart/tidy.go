package chart

import (
	"encoding/xml"
	"fmt"
	"html"
	"regexp"
	"strings"
)

var (
	styleSheet = regexp.MustCompile(`(?s)<style.*?</style>\s*|<defs>\s*</defs>\s*`)
	classAttr  = regexp.MustCompile(` class="[^"]*"| pointer-events="[^"]*"| xmlns:xlink="[^"]*"`)
	styleAttr  = regexp.MustCompile(` style="([^"]*)"`)
	shorthand  = regexp.MustCompile(`^(?:(normal|italic|oblique) )?(?:(normal|bold|bolder|lighter|\d+) )?([\d.]+px) (.+)$`)
	fraction   = regexp.MustCompile(`(\.\d)\d+`)
	drawing    = regexp.MustCompile(` d="[^"]*"`)
	root       = regexp.MustCompile(`^<svg width="(\d+)" height="(\d+)"`)
)

// tidy makes ECharts' SVG fit for a page: inline styles become attributes (the
// page's policy forbids the former), hover classes go, and the picture gets its
// title and description for those who do not see it.
func tidy(svg string, c Chart) ([]byte, error) {
	svg = styleSheet.ReplaceAllString(svg, "")
	svg = classAttr.ReplaceAllString(svg, "")
	svg = styleAttr.ReplaceAllStringFunc(svg, func(attr string) string {
		return attributes(html.UnescapeString(styleAttr.FindStringSubmatch(attr)[1]))
	})
	// A tenth of a pixel is finer than any screen; a map shrinks to a half.
	svg = drawing.ReplaceAllStringFunc(svg, func(d string) string { return fraction.ReplaceAllString(d, "$1") })
	head := `<svg role="img" width="$1" height="$2"`
	svg = root.ReplaceAllString(svg, head)
	end := strings.IndexByte(svg, '>')
	if end < 0 || !strings.HasPrefix(svg, "<svg role") {
		return nil, fmt.Errorf("the drawing is not an SVG: %.40q", svg)
	}
	words := "<title>" + html.EscapeString(c.Title) + "</title>"
	if c.Desc != "" {
		words += "<desc>" + html.EscapeString(c.Desc) + "</desc>"
	}
	svg = svg[:end+1] + words + svg[end+1:]
	if err := wellFormed(svg); err != nil {
		return nil, err
	}
	return []byte(svg), nil
}

// attributes turns CSS declarations into presentation attributes. Source: SVG 2
// §6.6; the font shorthand is not among them and is taken apart.
func attributes(style string) string {
	var b strings.Builder
	set := func(name, value string) { fmt.Fprintf(&b, ` %s="%s"`, name, html.EscapeString(value)) }
	for decl := range strings.SplitSeq(style, ";") {
		name, value, _ := strings.Cut(decl, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch name {
		case "font":
			if m := shorthand.FindStringSubmatch(value); m != nil {
				if m[2] != "" && m[2] != "normal" {
					set("font-weight", m[2])
				}
				set("font-size", m[3])
				set("font-family", m[4])
			}
		case "font-size", "font-family", "font-weight", "font-style", "fill", "fill-opacity", "stroke", "stroke-width", "opacity", "text-anchor":
			set(name, value)
		}
	}
	return b.String()
}

func wellFormed(svg string) error {
	d := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := d.Token(); err != nil {
			if err.Error() == "EOF" {
				return nil
			}
			return fmt.Errorf("the drawing is not well-formed: %w", err)
		}
	}
}
