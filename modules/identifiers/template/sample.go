package template

// Sample returns a text that fits the item's type, for people to see how it is written.
func (i Item) Sample() string {
	switch i.Type {
	case Choice:
		return i.Choices[0]
	case Text:
		return cut("RV-40", i.Length)
	case Integer:
		return "4"
	case Decimal:
		return "4.5"
	case Date:
		return "2026-01-31"
	case Instant:
		return "2026-01-31T08:00:00+08:00"
	case URL:
		return "https://example.cn/1"
	case Email:
		return "name@example.cn"
	case Identifier:
		return "88.118.2/gb-1"
	case Truth:
		return "true"
	case Binary:
		return "AA=="
	}
	return ""
}

// cut returns the beginning of an ASCII text that has room in a length; 0 has no limit.
func cut(s string, length int) string {
	if length > 0 && length < len(s) {
		return s[:length]
	}
	return s
}
