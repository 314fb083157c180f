package collection

import "math"

// chiSquareTail returns the chance that a χ² variable of k degrees of freedom is
// at least x: Q(k/2, x/2), the upper regularised incomplete gamma function.
//
//   - x ≥ 0, k ≥ 1; accurate to about 1e-12.
//   - Source: Abramowitz and Stegun 6.5.29 (series) and 6.5.31 (continued fraction).
func chiSquareTail(x float64, k int) float64 {
	a, z := float64(k)/2, x/2
	if z <= 0 {
		return 1
	}
	lg, _ := math.Lgamma(a)
	scale := math.Exp(a*math.Log(z) - z - lg)
	if z < a+1 { // the series of the lower function converges fast
		term := 1 / a
		sum := term
		for n := 1; n < 1000 && term > sum*1e-15; n++ {
			term *= z / (a + float64(n))
			sum += term
		}
		return math.Max(0, 1-scale*sum)
	}
	// Lentz's method on the continued fraction of the upper function.
	b := z + 1 - a
	c, d := 1e300, 1/b
	h := d
	for n := 1; n < 1000; n++ {
		an := -float64(n) * (float64(n) - a)
		b += 2
		d = 1 / (an*d + b)
		c = b + an/c
		h *= d * c
		if math.Abs(d*c-1) < 1e-15 {
			break
		}
	}
	return scale * h
}

// binomialTail returns the chance of k or more successes in n trials of chance p,
// summed term by term in logarithms: n ≥ 0, 0 < p < 1.
func binomialTail(n, k int, p float64) float64 {
	if k <= 0 {
		return 1
	}
	choose := func(n, k int) float64 {
		a, _ := math.Lgamma(float64(n + 1))
		b, _ := math.Lgamma(float64(k + 1))
		c, _ := math.Lgamma(float64(n - k + 1))
		return a - b - c
	}
	sum := 0.0
	for i := n; i >= k; i-- { // small terms first
		sum += math.Exp(choose(n, i) + float64(i)*math.Log(p) + float64(n-i)*math.Log1p(-p))
	}
	return math.Min(1, sum)
}
