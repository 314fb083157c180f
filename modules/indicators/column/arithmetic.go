package column

import "math"

// Binary computes dst[i] = a[i] op b[i] for one of + - * / ^ < <= > >= = != min
// max default (b where a is missing). Comparisons give 1, 0 or missing. All have
// the length of dst; dst may be a or b. An op that there is not is not computed.
func Binary(op string, dst, a, b []float64) {
	a, b = a[:len(dst)], b[:len(dst)]
	switch op {
	case "+":
		for i := range dst {
			dst[i] = a[i] + b[i]
		}
	case "-":
		for i := range dst {
			dst[i] = a[i] - b[i]
		}
	case "*":
		for i := range dst {
			dst[i] = a[i] * b[i]
		}
	case "/":
		divide(dst, a, b)
	case "^":
		raise(dst, a, b)
	case "min":
		for i := range dst {
			dst[i] = min(a[i], b[i])
		}
	case "max":
		for i := range dst {
			dst[i] = max(a[i], b[i])
		}
	case "default":
		otherwise(dst, a, b)
	default:
		compare(op, dst, a, b)
	}
}

// otherwise takes b where a is missing.
func otherwise(dst, a, b []float64) {
	for i := range dst {
		v := a[i]
		if v != v {
			v = b[i]
		}
		dst[i] = v
	}
}

func divide(dst, a, b []float64) {
	nan := math.NaN()
	for i := range dst {
		d := b[i]
		if d == 0 {
			d = nan
		}
		dst[i] = a[i] / d
	}
}

// raise is missing where the power is not a finite number.
func raise(dst, a, b []float64) {
	for i := range dst {
		x, y := a[i], b[i]
		switch {
		case x != x || y != y:
			dst[i] = math.NaN()
			continue
		case y == 2:
			x *= x
		case y == 0.5:
			x = math.Sqrt(x)
		default:
			x = math.Pow(x, y)
		}
		if math.IsInf(x, 0) {
			x = math.NaN()
		}
		dst[i] = x
	}
}

func compare(op string, dst, a, b []float64) {
	switch op {
	case "<":
		for i := range dst {
			dst[i] = verdict(a[i] < b[i], a[i], b[i])
		}
	case "<=":
		for i := range dst {
			dst[i] = verdict(a[i] <= b[i], a[i], b[i])
		}
	case ">":
		for i := range dst {
			dst[i] = verdict(a[i] > b[i], a[i], b[i])
		}
	case ">=":
		for i := range dst {
			dst[i] = verdict(a[i] >= b[i], a[i], b[i])
		}
	case "=":
		for i := range dst {
			dst[i] = verdict(a[i] == b[i], a[i], b[i])
		}
	case "!=":
		for i := range dst {
			dst[i] = verdict(a[i] != b[i], a[i], b[i])
		}
	}
}

// verdict is 1 or 0, or missing when a side is. The compiler puts it into the loop.
func verdict(holds bool, a, b float64) float64 {
	switch {
	case a != a || b != b:
		return math.NaN()
	case holds:
		return 1
	}
	return 0
}

// Unary computes dst[i] from a[i] by one of neg, abs, missing (1 or 0), zero (0
// where it is missing), scale (times 10^n) and round (to n digits after the point,
// half to even). dst may be a. An op that there is not is not computed.
func Unary(op string, dst, a []float64, n int) {
	a = a[:len(dst)]
	switch op {
	case "neg":
		for i := range dst {
			dst[i] = -a[i]
		}
	case "abs":
		for i := range dst {
			dst[i] = math.Abs(a[i])
		}
	case "missing":
		isMissing(dst, a)
	case "zero":
		zero(dst, a)
	case "scale":
		scale(dst, a, n)
	case "round":
		unit := math.Pow10(n)
		for i := range dst {
			dst[i] = math.RoundToEven(a[i]*unit) / unit
		}
	}
}

func isMissing(dst, a []float64) {
	for i, v := range a {
		if v != v {
			dst[i] = 1
		} else {
			dst[i] = 0
		}
	}
}

func zero(dst, a []float64) {
	for i, v := range a {
		if v != v {
			v = 0
		}
		dst[i] = v
	}
}

// Select computes dst[i] = a[i] where c[i] is not 0, b[i] where it is, and missing
// where c[i] is. dst may be any of them.
func Select(dst, c, a, b []float64) {
	c, a, b = c[:len(dst)], a[:len(dst)], b[:len(dst)]
	for i := range dst {
		switch v := c[i]; {
		case v != v:
			dst[i] = v
		case v != 0:
			dst[i] = a[i]
		default:
			dst[i] = b[i]
		}
	}
}

// scale computes a[i]·10^n. Dividing by a whole power of ten is exact where
// multiplying by its inverse is not.
func scale(dst, a []float64, n int) {
	a = a[:len(dst)]
	if n < 0 {
		by := math.Pow10(-n)
		for i := range dst {
			dst[i] = a[i] / by
		}
		return
	}
	by := math.Pow10(n)
	for i := range dst {
		dst[i] = a[i] * by
	}
}

// Fill sets every cell to x.
func Fill(dst []float64, x float64) {
	for i := range dst {
		dst[i] = x
	}
}
