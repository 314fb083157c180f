package column

import "math"

// Along computes a row of dst from the same row of a, for every row of a block of
// whole rows of width cells; dst and a do not overlap. The op is one of
//
//   - lag: a[t-n], missing where t < n; a negative n leads;
//   - diff: a[t] - a[t-n]; growth: (a[t]/a[t-n] - 1)·100, missing where a[t-n] is
//     not above zero;
//   - cumulate: a[0] + … + a[t]; sum: of the last n cells, missing where there are
//     not n;
//   - previous: a[t], or the last number before it when it is missing; linear:
//     missing numbers between two others lie on the straight line between them.
//
// An op that there is not is not computed.
func Along(op string, dst, a []float64, width, n int) {
	switch op {
	case "lag":
		lag(dst, a, width, n)
	case "diff":
		diff(dst, a, width, n)
	case "growth":
		growth(dst, a, width, n)
	case "cumulate":
		cumulate(dst, a, width)
	case "sum":
		window(dst, a, width, n)
	case "previous":
		previous(dst, a, width)
	case "linear":
		linear(dst, a, width)
	}
}

// lag computes dst[t] = a[t-n] in every row of the block, missing where t < n; a
// negative n leads. dst and a hold whole rows of width cells and do not overlap.
func lag(dst, a []float64, width, n int) {
	for ; len(dst) >= width; dst, a = dst[width:], a[width:] {
		d, s := dst[:width], a[:width]
		switch {
		case n >= width || -n >= width:
			Fill(d, math.NaN())
		case n >= 0:
			Fill(d[:n], math.NaN())
			copy(d[n:], s)
		default:
			copy(d, s[-n:])
			Fill(d[width+n:], math.NaN())
		}
	}
}

// diff computes dst[t] = a[t] - a[t-n], as lag does.
func diff(dst, a []float64, width, n int) {
	for ; len(dst) >= width; dst, a = dst[width:], a[width:] {
		d, s := dst[:width], a[:width]
		m := min(n, width)
		Fill(d[:m], math.NaN())
		d = d[m:]
		now, before := s[m:][:len(d)], s[:len(d)]
		for i := range d {
			d[i] = now[i] - before[i]
		}
	}
}

// growth computes dst[t] = (a[t]/a[t-n] - 1)·100, missing where a[t-n] is not
// above zero, as lag does.
func growth(dst, a []float64, width, n int) {
	nan := math.NaN()
	for ; len(dst) >= width; dst, a = dst[width:], a[width:] {
		d, s := dst[:width], a[:width]
		m := min(n, width)
		Fill(d[:m], nan)
		d = d[m:]
		now, before := s[m:][:len(d)], s[:len(d)]
		for i := range d {
			base := before[i]
			if base <= 0 {
				base = nan
			}
			d[i] = (now[i]/base - 1) * 100
		}
	}
}

// cumulate computes dst[t] = a[0] + … + a[t] in every row. After a missing number
// everything is missing. dst and a do not overlap.
func cumulate(dst, a []float64, width int) {
	for ; len(dst) >= width; dst, a = dst[width:], a[width:] {
		d, s := dst[:width], a[:width]
		sum := s[0]
		d[0] = sum
		for i := 1; i < len(d) && i < len(s); i++ {
			sum += s[i]
			d[i] = sum
		}
	}
}

// YearToDate adds from where the year begins (Axis.YearStart), missing for a year
// that begins before the axis. The row's width is len(start).
func YearToDate(dst, a []float64, start []int) {
	width := len(start)
	for ; len(dst) >= width; dst, a = dst[width:], a[width:] {
		d, s := dst[:width], a[:width]
		var sum float64
		for i, from := range start {
			switch {
			case from < 0:
				d[i] = math.NaN()
				continue
			case from == i:
				sum = s[i]
			default:
				sum += s[i]
			}
			d[i] = sum
		}
	}
}

// window computes the sum of the last n cells of a row, missing where there are not
// n. Numbers are added in order of time. dst and a do not overlap.
func window(dst, a []float64, width, n int) {
	for ; len(dst) >= width; dst, a = dst[width:], a[width:] {
		d, s := dst[:width], a[:width]
		m := min(n-1, width)
		Fill(d[:m], math.NaN())
		d = d[m:]
		copy(d, s)
		for k := 1; k < n && k < width; k++ {
			next := s[min(k, width):]
			next = next[:min(len(d), len(next))]
			e := d[:len(next)]
			for i := range e {
				e[i] += next[i]
			}
		}
	}
}

// previous replaces a missing number by the last one before it in its row. dst
// may be a.
func previous(dst, a []float64, width int) {
	for ; len(dst) >= width; dst, a = dst[width:], a[width:] {
		last := math.NaN()
		for i, v := range a[:width] {
			if v != v {
				v = last
			}
			last = v
			dst[i] = v
		}
	}
}

// linear replaces missing numbers between two others of a row by those on the
// straight line between them. dst may be a.
func linear(dst, a []float64, width int) {
	for ; len(dst) >= width; dst, a = dst[width:], a[width:] {
		d := dst[:width]
		copy(d, a[:width])
		last := -1
		for i, v := range d {
			if v != v {
				continue
			}
			if last >= 0 {
				from := d[last]
				for k := last + 1; k < i; k++ {
					d[k] = from + (v-from)*(float64(k-last)/float64(i-last))
				}
			}
			last = i
		}
	}
}
