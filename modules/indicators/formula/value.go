package formula

import (
	"math"
	"strconv"

	"yuzhou/kernel/quantity"
)

// Value is one number on its way through a formula, with what is known of the
// true one: it lies between Lo and Hi. NaN in Float is a missing number.
type Value struct {
	Float  float64
	Lo, Hi float64 // ±Inf when that side is open
	Cmp    quantity.Comparator
	Type   Type   // of what Float counts
	Origin string // of an input: what it was read from, for those who explain it

	loOut, hiOut bool // the end itself is not possible: > and <
	about        bool // an approximate number is among its inputs
}

// NewValue returns the value of a printed number. A comparator makes it a bound:
// ">2600万" is every number above.
func NewValue(q quantity.Quantity) Value {
	x := q.Value.Float()
	v := Value{Float: x, Lo: x, Hi: x, Cmp: q.Cmp, Type: typeOf(q.Unit)}
	switch q.Cmp {
	case quantity.Over:
		v.Hi, v.loOut = math.Inf(1), true
	case quantity.AtLeast:
		v.Hi = math.Inf(1)
	case quantity.Under:
		v.Lo, v.hiOut = math.Inf(-1), true
	case quantity.Near:
		v.Lo, v.hiOut, v.about = math.Inf(-1), true, true
	case quantity.AtMost:
		v.Lo = math.Inf(-1)
	case quantity.About:
		v.about = true
	case quantity.Equal:
	}
	return v
}

// Rounded returns the value of a printed number that was rounded to the digits it
// shows: 82.8 is any number from 82.75 to 82.85. Bounds are as in NewValue.
func Rounded(q quantity.Quantity) Value {
	v := NewValue(q)
	if q.Cmp == quantity.Equal {
		half := math.Pow10(-q.Value.Places()) / 2
		v.Lo, v.Hi = v.Float-half, v.Float+half
	}
	return v
}

// missing returns the value that is not there.
func missing() Value { return exact(math.NaN(), Type{Kind: Number}) }

// Missing reports whether there is no number.
func (v Value) Missing() bool { return math.IsNaN(v.Float) }

// FromBounds reports whether the number rests on bounds, ranges or approximate
// numbers, so that Float is not the true number but what Cmp says of it.
func (v Value) FromBounds() bool { return v.about || v.Lo != v.Hi }

// Indicative reports whether not even a direction is known: "over" divided by
// "over" may be more or less.
func (v Value) Indicative() bool { return v.FromBounds() && v.Cmp == quantity.About }

// String prints the value for people: ">= 10 件/人", "missing".
func (v Value) String() string {
	if v.Missing() {
		return "missing"
	}
	s := strconv.FormatFloat(v.Float, 'g', 12, 64)
	if !v.Type.pure() || v.Type.Exp != 0 {
		s += " " + v.Type.String()
	}
	if v.Cmp != quantity.Equal && v.Cmp != "" {
		s = string(v.Cmp) + " " + s
	}
	return s
}

func exact(x float64, t Type) Value {
	return Value{Float: x, Lo: x, Hi: x, Cmp: quantity.Equal, Type: t}
}

// settle finds the comparator of a computed value from its interval.
func (v Value) settle() Value {
	switch {
	case math.IsNaN(v.Float):
		return exact(v.Float, v.Type)
	case v.about:
		v.Cmp = quantity.About
	case v.Lo == v.Hi:
		v.Cmp = quantity.Equal
	case v.Lo == v.Float && v.loOut:
		v.Cmp = quantity.Over
	case v.Lo == v.Float:
		v.Cmp = quantity.AtLeast
	case v.Hi == v.Float && v.hiOut:
		v.Cmp = quantity.Under
	case v.Hi == v.Float:
		v.Cmp = quantity.AtMost
	default:
		v.Cmp = quantity.About
	}
	return v
}

// in returns the value in another unit of the same thing.
func (v Value) in(t Type) Value {
	if v.Type.zero || v.Type.Exp == t.Exp {
		v.Type = t
		return v
	}
	return v.rising(t, func(x float64) float64 { return scale(x, v.Type.Exp-t.Exp) })
}

// rising applies a function that never falls, such as a change of scale.
func (v Value) rising(t Type, f func(float64) float64) Value {
	v.Float, v.Lo, v.Hi, v.Type = f(v.Float), f(v.Lo), f(v.Hi), t
	return v.settle()
}

func (v Value) negative() Value {
	v.Float, v.Lo, v.Hi, v.loOut, v.hiOut = -v.Float, -v.Hi, -v.Lo, v.hiOut, v.loOut
	return v.settle()
}

func (v Value) plus(w Value) Value {
	v.Float, v.Lo, v.Hi = v.Float+w.Float, v.Lo+w.Lo, v.Hi+w.Hi
	v.loOut, v.hiOut, v.about = v.loOut || w.loOut, v.hiOut || w.hiOut, v.about || w.about
	return v.settle()
}

func (v Value) minus(w Value) Value {
	v.Float, v.Lo, v.Hi = v.Float-w.Float, v.Lo-w.Hi, v.Hi-w.Lo
	v.loOut, v.hiOut, v.about = v.loOut || w.hiOut, v.hiOut || w.loOut, v.about || w.about
	return v.settle()
}

// corners spans the interval over what op makes of the ends of both.
func (v Value) corners(w Value, op func(a, b float64) float64) Value {
	out := Value{Float: op(v.Float, w.Float), Lo: math.Inf(1), Hi: math.Inf(-1), Type: v.Type, about: v.about || w.about}
	for _, a := range v.ends() {
		for _, b := range w.ends() {
			c := op(a.at, b.at)
			if math.IsNaN(c) { // 0·∞ and ∞/∞: what the other ends say holds
				c = 0
			}
			out = out.reach(end{c, a.out || b.out})
		}
	}
	return out.settle()
}

// end is one end of an interval; out says that the end itself is not possible.
type end struct {
	at  float64
	out bool
}

func (v Value) ends() [2]end { return [2]end{{v.Lo, v.loOut}, {v.Hi, v.hiOut}} }

// reach widens the interval to an end.
func (v Value) reach(e end) Value {
	if e.at < v.Lo || e.at == v.Lo && !e.out {
		v.Lo, v.loOut = e.at, e.out
	}
	if e.at > v.Hi || e.at == v.Hi && !e.out {
		v.Hi, v.hiOut = e.at, e.out
	}
	return v
}

func (v Value) by(w Value) Value {
	return v.corners(w, func(a, b float64) float64 { return a * b })
}

// over divides; a division by zero is missing.
func (v Value) over(w Value) Value {
	if w.Float == 0 {
		return exact(math.NaN(), v.Type)
	}
	out := v.corners(w, func(a, b float64) float64 { return a / b })
	if w.Lo < 0 && w.Hi > 0 || w.Lo == 0 && !w.loOut || w.Hi == 0 && !w.hiOut {
		out.Lo, out.Hi = math.Inf(-1), math.Inf(1)
	}
	return out.settle()
}

// loose marks a value of which no bound follows from those of its inputs.
func (v Value) loose(from ...Value) Value {
	for _, f := range from {
		v.about = v.about || f.FromBounds()
	}
	return v.settle()
}
