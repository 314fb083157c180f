package qr

import (
	"encoding/xml"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/testkit"
)

const bundle = "https://data.cq.example/api/v1/proof/bundles/88.500.1/st.hte/500101/2023-06-30@2"

// blocks are the data codewords of each block at level M and the codewords of error
// correction that each has, by version (ISO/IEC 18004 table 9). Versions 1 to 10.
var blocks = map[int]struct {
	data []int
	ec   int
}{
	1: {[]int{16}, 10}, 2: {[]int{28}, 16}, 3: {[]int{44}, 26}, 4: {[]int{32, 32}, 18}, 5: {[]int{43, 43}, 24},
	6: {[]int{27, 27, 27, 27}, 16}, 7: {[]int{31, 31, 31, 31}, 18}, 8: {[]int{38, 38, 39, 39}, 22},
	9: {[]int{36, 36, 36, 37, 37}, 22}, 10: {[]int{43, 43, 43, 43, 44}, 26},
}

// centres of alignment patterns by version (annex E).
var centres = map[int][]int{
	1: nil, 2: {6, 18}, 3: {6, 22}, 4: {6, 26}, 5: {6, 30}, 6: {6, 34}, 7: {6, 22, 38}, 8: {6, 24, 42}, 9: {6, 26, 46}, 10: {6, 28, 50},
}

// function reports whether a module bears no data.
func function(version, x, y int) bool {
	n := 17 + 4*version
	switch {
	case x == 6 || y == 6, x < 9 && y < 9, x >= n-8 && y < 9, x < 9 && y >= n-8:
		return true
	case version >= 7 && (x >= n-11 && y < 6 || y >= n-11 && x < 6):
		return true
	}
	c := centres[version]
	for i, cy := range c {
		for j, cx := range c {
			corner := i == 0 && (j == 0 || j == len(c)-1) || j == 0 && i == len(c)-1
			if !corner && max(x-cx, cx-x) <= 2 && max(y-cy, cy-y) <= 2 {
				return true
			}
		}
	}
	return false
}

// masks are the conditions under which a module is turned (table 10).
var masks = []func(x, y int) bool{
	func(x, y int) bool { return (x+y)%2 == 0 },
	func(_, y int) bool { return y%2 == 0 },
	func(x, _ int) bool { return x%3 == 0 },
	func(x, y int) bool { return (x+y)%3 == 0 },
	func(x, y int) bool { return (x/3+y/2)%2 == 0 },
	func(x, y int) bool { return x*y%2+x*y%3 == 0 },
	func(x, y int) bool { return (x*y%2+x*y%3)%2 == 0 },
	func(x, y int) bool { return ((x+y)%2+x*y%3)%2 == 0 },
}

// format reads the format information at both its places: level and mask.
func format(c Code) (level, mask int, err error) {
	n := len(c)
	var one, two int
	for i := range 15 { // from the most significant bit on
		x, y := []int{0, 1, 2, 3, 4, 5, 7, 8, 8, 8, 8, 8, 8, 8, 8}[i], []int{8, 8, 8, 8, 8, 8, 8, 8, 7, 5, 4, 3, 2, 1, 0}[i]
		one = one<<1 | bit(c[y][x])
		if i < 7 {
			x, y = 8, n-1-i
		} else {
			x, y = n-15+i, 8
		}
		two = two<<1 | bit(c[y][x])
	}
	rest := one ^ 0x5412
	for i := 14; i >= 10; i-- {
		if rest>>i&1 == 1 {
			rest ^= 0x537 << (i - 10)
		}
	}
	if one != two || rest != 0 || !c[n-8][8] {
		return 0, 0, fmt.Errorf("format %015b and %015b, remainder %b", one, two, rest)
	}
	return (one ^ 0x5412) >> 13, (one ^ 0x5412) >> 10 & 7, nil
}

func bit(dark bool) int {
	if dark {
		return 1
	}
	return 0
}

// multiply is the product in GF(256) over x⁸+x⁴+x³+x²+1, bit by bit.
func multiply(a, b int) (p int) {
	for ; b > 0; b >>= 1 {
		if b&1 == 1 {
			p ^= a
		}
		if a <<= 1; a > 255 {
			a ^= 0x11d
		}
	}
	return p
}

// read is a plain reading of a code without errors: what a camera's software does once
// it has the modules.
func read(c Code) (string, error) {
	n := len(c)
	version := (n - 17) / 4
	b, ok := blocks[version]
	if !ok || n != 17+4*version {
		return "", fmt.Errorf("%d modules", n)
	}
	level, mask, err := format(c)
	if err != nil || level != 0 { // 00 is M
		return "", fmt.Errorf("level %b: %w", level, err)
	}
	var words []int
	bits, word := 0, 0
	for right := n - 1; right > 0; right -= 2 {
		if right == 6 {
			right--
		}
		for i := range n {
			y := i
			if (right+1)&2 == 0 { // up in the first pair of columns, down in the next
				y = n - 1 - i
			}
			for x := right; x > right-2; x-- {
				if function(version, x, y) {
					continue
				}
				word = word<<1 | bit(c[y][x] != masks[mask](x, y))
				if bits++; bits%8 == 0 {
					words, word = append(words, word), 0
				}
			}
		}
	}
	return decode(words, b.data, b.ec)
}

// decode puts the blocks together, checks their error correction and reads the text.
func decode(words, sizes []int, ec int) (string, error) {
	parts := make([][]int, len(sizes))
	at := 0
	for i := range sizes[len(sizes)-1] {
		for k := range sizes {
			if i < sizes[k] {
				parts[k] = append(parts[k], words[at])
				at++
			}
		}
	}
	var data []int
	for k := range parts {
		data = append(data, parts[k]...)
	}
	for range ec {
		for k := range parts {
			parts[k] = append(parts[k], words[at])
			at++
		}
	}
	if at != len(words) {
		return "", fmt.Errorf("%d of %d codewords", at, len(words))
	}
	for k, p := range parts {
		for root, i := 1, 0; i < ec; root, i = multiply(root, 2), i+1 {
			sum := 0
			for _, w := range p {
				sum = multiply(sum, root) ^ w
			}
			if sum != 0 {
				return "", fmt.Errorf("block %d: syndrome %d is %d", k, i, sum)
			}
		}
	}
	return segment(data, len(words))
}

// segment reads one segment in byte mode, and what stands after it.
func segment(data []int, all int) (string, error) {
	at := 0
	take := func(n int) (v int) {
		for range n {
			v = v<<1 | data[at/8]>>(7-at%8)&1
			at++
		}
		return v
	}
	if mode := take(4); mode != 4 {
		return "", fmt.Errorf("mode %04b", mode)
	}
	width := 8
	if all >= 346 { // version 10
		width = 16
	}
	text := make([]byte, take(width))
	for i := range text {
		text[i] = byte(take(8))
	}
	if len(data)*8-at >= 4 {
		if end := take(4); end != 0 {
			return "", fmt.Errorf("terminator %04b", end)
		}
	}
	for i, pad := (at+7)/8, 0; i < len(data); i, pad = i+1, 1-pad {
		if data[i] != []int{0xec, 0x11}[pad] {
			return "", fmt.Errorf("pad codeword %d is %02x", i, data[i])
		}
	}
	return string(text), nil
}

func TestEncode(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, text := range []string{"a", bundle, "https://渝州.example/数字/" + strings.Repeat("x", 40)} {
		for len(text) <= 210 { // what a code of version 10 holds at level M, less a few
			c, err := Encode(text)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := read(c); err != nil || got != text {
				t.Fatalf("%d modules of %q read as %q, %v", len(c), text, got, err)
			}
			text += string(rune('a' + r.IntN(26)))
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	for _, tt := range []struct{ name, text string }{
		{"nothing", ""}, {"no UTF-8", "\xff"}, {"too long", strings.Repeat("x", 2332)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := Encode(tt.text); fault.KindOf(err) != fault.Invalid {
				t.Errorf("Encode = %v, want invalid", err)
			}
		})
	}
	if c, err := Encode(strings.Repeat("x", 2331)); err != nil || len(c) != 177 {
		t.Errorf("the longest text: %d modules, %v", len(c), err)
	}
}

// TestReadNotices turns single modules: the plain reader must see each in data.
func TestReadNotices(t *testing.T) {
	c, err := Encode(bundle)
	if err != nil {
		t.Fatal(err)
	}
	version := (len(c) - 17) / 4
	for y := range c {
		for x := range c {
			if function(version, x, y) {
				continue
			}
			c[y][x] = !c[y][x]
			if got, err := read(c); err == nil && got != bundle {
				t.Errorf("module %d,%d turned: read %q", x, y, got)
			} else if err == nil && !spare(version, x, y) {
				t.Errorf("module %d,%d turned: not noticed", x, y)
			}
			c[y][x] = !c[y][x]
		}
	}
}

// spare are the last modules of versions 2 to 6, which bear no codeword.
func spare(version, x, y int) bool {
	n := 17 + 4*version
	return version >= 2 && version <= 6 && x < 2 && y >= n-11-1 && y < n-8
}

func TestSVG(t *testing.T) {
	c, err := Encode(bundle)
	if err != nil {
		t.Fatal(err)
	}
	out := c.SVG(`证明 "5650" <家> & more`)
	testkit.Golden(t, "bundle.svg", []byte(out+"\n"))
	var title struct {
		Title string `xml:"title"`
	}
	if err := xml.Unmarshal([]byte(out), &title); err != nil || title.Title != `证明 "5650" <家> & more` {
		t.Errorf("title %q, %v", title.Title, err)
	}
	// The path painted again gives the modules.
	painted := make([][]bool, len(c))
	for i := range painted {
		painted[i] = make([]bool, len(c))
	}
	for rect := range strings.SplitSeq(strings.TrimSuffix(c.Path(), "z"), "z") {
		var x, y, w, back int
		if _, err := fmt.Fscanf(strings.NewReader(rect), "M%d %dh%dv1h-%d", &x, &y, &w, &back); err != nil || w != back {
			t.Fatalf("%q: %v", rect, err)
		}
		for i := range w {
			painted[y-Quiet][x-Quiet+i] = true
		}
	}
	for y := range c {
		for x := range c {
			if painted[y][x] != c[y][x] {
				t.Errorf("module %d,%d is painted %v", x, y, painted[y][x])
			}
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	for b.Loop() {
		c, err := Encode(bundle)
		if err != nil {
			b.Fatal(err)
		}
		_ = c.SVG("")
	}
}
