package chart

import (
	"math"
	"strconv"
	"strings"
)

// detailed is the number of points from which a path is an outline of a map.
const detailed = 60

// outline rounds the coordinates of a path to a tenth of a pixel and writes them
// as steps from point to point. A path of many points is the outline of a place:
// it is set on a raster of half a pixel and loses the points that fall together.
// What one place loses its neighbour loses too, so they still touch, and a map
// shrinks to a quarter. A path of other commands than M, L and Z is returned as
// it is.
func outline(d string) string {
	if strings.Trim(d, "MLZ0123456789 .-") != "" {
		return d
	}
	raster := 10.0
	if strings.Count(d, "L") >= detailed {
		raster = 2
	}
	var p path
	for rest := d; rest != ""; {
		end := strings.IndexAny(rest[1:], "MLZ") + 1
		if end == 0 {
			end = len(rest)
		}
		if !p.add(rest[0], rest[1:end], raster) {
			return d
		}
		rest = rest[end:]
	}
	return p.write(raster)
}

// dot is a place on a raster, in its units.
type dot struct{ x, y int64 }

// path is rings of points, each closed or not.
type path struct {
	rings  [][]dot
	closed []bool
}

// add takes one command and its numbers in; false when it is not what ECharts writes.
func (p *path) add(command byte, numbers string, raster float64) bool {
	last := len(p.rings) - 1
	if command == 'Z' {
		if last < 0 || strings.TrimSpace(numbers) != "" {
			return false
		}
		p.closed[last] = true
		return true
	}
	f := strings.Fields(numbers)
	if len(f) != 2 || command == 'L' && (last < 0 || p.closed[last]) {
		return false
	}
	x, errX := strconv.ParseFloat(f[0], 64)
	y, errY := strconv.ParseFloat(f[1], 64)
	if errX != nil || errY != nil || math.Abs(x) > 1e9 || math.Abs(y) > 1e9 {
		return false
	}
	at := dot{int64(math.Round(x * raster)), int64(math.Round(y * raster))}
	if command == 'M' {
		p.rings, p.closed = append(p.rings, []dot{at}), append(p.closed, false)
		return true
	}
	p.rings[last] = step(p.rings[last], at)
	return true
}

// step adds a point to a ring. One that repeats the last is left out, and so is
// one between two others on a straight line.
func step(ring []dot, at dot) []dot {
	n := len(ring)
	a := ring[n-1]
	if at == a && n > 1 {
		return ring
	}
	if n > 1 {
		b := ring[n-2]
		ux, uy, vx, vy := a.x-b.x, a.y-b.y, at.x-a.x, at.y-a.y
		if ux*vy == uy*vx && ux*vx+uy*vy > 0 {
			ring[n-1] = at
			return ring
		}
	}
	return append(ring, at)
}

func (p *path) write(raster float64) string {
	var b []byte
	number := func(n int64) {
		s := strconv.FormatFloat(float64(n)/raster, 'f', -1, 64)
		if s[0] != '-' && b[len(b)-1] != 'M' && b[len(b)-1] != 'l' {
			b = append(b, ' ')
		}
		if sign, fraction, found := strings.Cut(s, "0."); found && (sign == "" || sign == "-") {
			s = sign + "." + fraction
		}
		b = append(b, s...)
	}
	for i, ring := range p.rings {
		b = append(b, 'M')
		number(ring[0].x)
		number(ring[0].y)
		for j := 1; j < len(ring); j++ {
			if j == 1 {
				b = append(b, 'l')
			}
			number(ring[j].x - ring[j-1].x)
			number(ring[j].y - ring[j-1].y)
		}
		if p.closed[i] {
			b = append(b, 'Z')
		}
	}
	return string(b)
}
