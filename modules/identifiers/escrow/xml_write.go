package escrow

import (
	"encoding/base64"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"yuzhou/modules/identifiers/handle"
)

const xmlHead = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// appendStart appends the beginning of a volume.
func appendStart(dst []byte, d Deposit, volume int) []byte {
	dst = append(dst, xmlHead+"<deposit"...)
	dst = appendAttr(dst, "type", string(d.Type))
	dst = appendAttr(dst, "id", d.ID)
	dst = appendAttr(dst, "volume", strconv.Itoa(volume))
	dst = appendAttr(dst, "prefix", d.Prefix)
	dst = appendAttr(dst, "watermark", d.Watermark.UTC().Format(time.RFC3339))
	return append(dst, ">\n"...)
}

const xmlEnd = "</deposit>\n"

// appendChange appends one change.
func appendChange(dst []byte, c Change) []byte {
	if c.Deleted {
		dst = append(dst, "<deleted"...)
		dst = appendAttr(dst, "name", string(c.Record.Name))
		return append(dst, "/>\n"...)
	}
	dst = append(dst, "<record"...)
	dst = appendAttr(dst, "name", string(c.Record.Name))
	dst = append(dst, '>')
	for _, v := range c.Record.Values {
		dst = appendValue(dst, v)
	}
	return append(dst, "</record>\n"...)
}

func appendValue(dst []byte, v handle.Value) []byte {
	dst = append(dst, "<value"...)
	dst = appendNumber(dst, "index", v.Index)
	dst = appendAttr(dst, "type", v.Type)
	if v.TTL.Absolute {
		dst = appendNumber(dst, "expires", v.TTL.Seconds)
	} else {
		dst = appendNumber(dst, "ttl", v.TTL.Seconds)
	}
	dst = appendNumber(dst, "permissions", uint32(v.Perm))
	dst = appendNumber(dst, "changed", v.Timestamp)
	dst = append(dst, '>')
	if len(v.Data) > 0 {
		dst = appendData(dst, v.Data)
	}
	for _, r := range v.References {
		dst = append(dst, "<reference"...)
		dst = appendAttr(dst, "name", string(r.Name))
		dst = appendNumber(dst, "index", r.Index)
		dst = append(dst, "/>"...)
	}
	return append(dst, "</value>"...)
}

func appendData(dst, data []byte) []byte {
	if s := string(data); plainText(s) {
		dst = append(dst, "<data>"...)
		dst = appendText(dst, s)
		return append(dst, "</data>"...)
	}
	dst = append(dst, "<data64>"...)
	dst = base64.StdEncoding.AppendEncode(dst, data)
	return append(dst, "</data64>"...)
}

func appendNumber(dst []byte, name string, n uint32) []byte {
	dst = append(dst, ' ')
	dst = append(dst, name...)
	dst = append(dst, `="`...)
	dst = strconv.AppendUint(dst, uint64(n), 10)
	return append(dst, '"')
}

// appendAttr appends an attribute, as NAME64 in base64 when XML has no way to write it.
func appendAttr(dst []byte, name, value string) []byte {
	dst = append(dst, ' ')
	dst = append(dst, name...)
	if !plainText(value) {
		dst = append(dst, `64="`...)
		dst = base64.StdEncoding.AppendEncode(dst, []byte(value))
		return append(dst, '"')
	}
	dst = append(dst, `="`...)
	dst = appendText(dst, value)
	return append(dst, '"')
}

// appendText appends text so that it stands in an element and in an attribute alike,
// and no reader changes its white space.
func appendText(dst []byte, s string) []byte {
	for i := range len(s) {
		switch s[i] {
		case '&':
			dst = append(dst, "&amp;"...)
		case '<':
			dst = append(dst, "&lt;"...)
		case '>':
			dst = append(dst, "&gt;"...)
		case '"':
			dst = append(dst, "&#34;"...)
		case '\t', '\n', '\r':
			dst = append(dst, "&#"...)
			dst = strconv.AppendUint(dst, uint64(s[i]), 10)
			dst = append(dst, ';')
		default:
			dst = append(dst, s[i])
		}
	}
	return dst
}

// plainText reports whether s is text that XML 1.0 §2.2 can write.
func plainText(s string) bool {
	if !utf8.ValidString(s) {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
	})
}
