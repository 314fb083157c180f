package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/quantity"
)

var chongqing1900 = time.Date(1899, 12, 30, 0, 0, 0, 0, time.UTC)

// rows returns n different observations, by unit and month.
func rows(tb testing.TB, n int) []observation.Observation {
	tb.Helper()
	first := parsePeriod(tb, "1990-01")
	out := make([]observation.Observation, 0, n)
	for i := range n {
		q := quantity.Quantity{Value: quantity.Int(int64(i)), Cmp: quantity.Equal, Unit: quantity.MustUnit("家")}
		out = append(out, observation.Observation{
			Indicator: "st.hte", Unit: strconv.Itoa(500000 + i/360), Period: first.Add(i % 360), Quantity: q, Printed: q.Chinese(),
			Status: observation.Reported, Known: time.Date(2023, 7, 10, 16, 0, 0, 0, time.UTC), Source: observation.Source{Document: "upload"}, Vintage: 1,
		})
	}
	return out
}

const million = 1_000_000

// plainCSV is what a department sends: five columns.
func plainCSV(tb testing.TB, n int) []byte {
	tb.Helper()
	var b bytes.Buffer
	b.WriteString("indicator,unit,period,value,status\n")
	for _, o := range rows(tb, n) {
		fmt.Fprintf(&b, "%s,%s,%s,%s,%s\n", o.Indicator, o.Unit, o.Period, o.Quantity.Value, o.Status)
	}
	return b.Bytes()
}

func BenchmarkReadCSV(b *testing.B) {
	var full bytes.Buffer
	if err := WriteCSV(&full, slices.Values(rows(b, million)), export()); err != nil {
		b.Fatal(err)
	}
	plain := plainCSV(b, million)
	for _, bb := range []struct {
		name string
		text []byte
	}{{"5 columns", plain}, {"15 columns", full.Bytes()}} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(bb.text)))
			for b.Loop() {
				r := Read(bytes.NewReader(bb.text), CSV, options())
				n := 0
				for {
					_, v, ok := r.Next()
					if !ok {
						break
					}
					if n++; !v.OK {
						b.Fatal(v)
					}
				}
				if r.Err() != nil || n != million {
					b.Fatal(n, r.Err())
				}
			}
			b.ReportMetric(float64(million*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
	b.Run("encoding_csv alone", func(b *testing.B) { // the peer: cells without any check
		b.SetBytes(int64(len(plain)))
		for b.Loop() {
			r := csv.NewReader(bytes.NewReader(plain))
			r.ReuseRecord = true
			for {
				if _, err := r.Read(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(million*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}

func BenchmarkWrite(b *testing.B) {
	all := rows(b, million)
	for _, bb := range []struct {
		name  string
		n     int
		write write
	}{{"CSV", million, WriteCSV}, {"XLSX", million / 10, WriteXLSX}} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				if err := bb.write(io.Discard, slices.Values(all[:bb.n]), export()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(bb.n*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkReadXLSX(b *testing.B) {
	const n = million / 10
	var file bytes.Buffer
	if err := WriteXLSX(&file, slices.Values(rows(b, n)), export()); err != nil {
		b.Fatal(err)
	}
	b.Run("checked", func(b *testing.B) {
		for b.Loop() {
			ok, _, err := drain(Read(bytes.NewReader(file.Bytes()), XLSX, options()))
			if err != nil || len(ok) != n {
				b.Fatal(len(ok), err)
			}
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("excelize alone", func(b *testing.B) { // the peer: cells without any check
		for b.Loop() {
			f, err := excelize.OpenReader(bytes.NewReader(file.Bytes()))
			if err != nil {
				b.Fatal(err)
			}
			rows, err := f.Rows(dataSheet)
			if err != nil {
				b.Fatal(err)
			}
			for rows.Next() {
				if _, err := rows.Columns(excelize.Options{RawCellValue: true}); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "rows/s")
	})
}
