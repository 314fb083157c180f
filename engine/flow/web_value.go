package flow

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"yuzhou/engine/flow/procedure"
	"yuzhou/kernel/pack"
)

// size prints a number of bytes.
func size(n int64) string {
	const k = 1024
	switch {
	case n >= k*k:
		return fmt.Sprintf("%.1f MB", float64(n)/k/k)
	case n >= k:
		return fmt.Sprintf("%.0f KB", float64(n)/k)
	}
	return fmt.Sprintf("%d B", n)
}

// value prints a value of a case for people.
func (rd reader) value(kind procedure.Type, v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		if kind == procedure.UnitField && x != "" {
			return rd.unit(x)
		}
		return x
	case bool:
		if x {
			return rd.sh.In(pack.Text{ZH: "是", EN: "yes"})
		}
		return rd.sh.In(pack.Text{ZH: "否", EN: "no"})
	case int64:
		return strconv.FormatInt(x, 10)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case time.Time:
		return rd.minute(x)
	case []any:
		each := procedure.TextField
		if kind == procedure.UnitsField {
			each = procedure.UnitField
		}
		var out []string
		for _, e := range x {
			out = append(out, rd.value(each, e))
		}
		return strings.Join(out, rd.sh.In(pack.Text{ZH: "、", EN: ", "}))
	}
	b, err := json.Marshal(exact(v))
	if err != nil {
		return ""
	}
	return string(b)
}
