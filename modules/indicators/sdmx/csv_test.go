package sdmx

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// naMain is the structure that the examples of the SDMX-CSV field guide suppose.
func naMain() Structure {
	list := Identity{"ESTAT", "CL", "1.0"}
	return Structure{
		Identity:   Identity{"ESTAT", "DSD", "1.0"},
		Dimensions: []Component{{ID: "DIM_1", Codelist: list}, {ID: "DIM_2", Codelist: list}, {ID: "DIM_3"}},
		Measures:   []Component{{ID: "OBS_VALUE", Type: "Double"}},
		Attributes: []Component{
			{ID: "ATTR_1", Level: LevelObs, Codelist: list},
			{ID: "ATTR_2", Level: LevelObs, Codelist: list, Multi: true},
			{ID: "ATTR_3", Level: LevelObs, Localised: true},
		},
	}
}

// Rows as in the examples of the SDMX-CSV 2.1 field guide, by their numbers there.
func TestScanCSV(t *testing.T) {
	flow := Identity{"ESTAT", "NA_MAIN", "1.6.0"}
	row := func(line int, a Action, key string, v Value, attrs ...Value) Row {
		parts := strings.Split(key, ".")
		return Row{
			Line: line, Context: "dataflow", Flow: flow, Action: a, Key: parts, Values: []Value{v}, Attrs: pad(attrs, 3),
			Partial: slices.Contains(parts, "") || slices.Contains(parts, "~"),
		}
	}
	for name, c := range map[string]struct {
		in   string
		want []Row
	}{
		"1 ordinary, with a column of its own": {
			"STRUCTURE,STRUCTURE_ID,ACTION,DIM_1,DIM_2,DIM_3,OBS_VALUE,ATTR_1,UPDATED\n" +
				"dataflow,ESTAT:NA_MAIN(1.6.0),M,A,B,2014-01,12.4,N,2021-01-22T13:15:41Z\n",
			[]Row{row(2, Merge, "A.B.2014-01", Value{"12.4"}, Value{"N"})},
		},
		"2 any order, several values": {
			"STRUCTURE[;],STRUCTURE_ID,ACTION,OBS_VALUE,ATTR_2[],DIM_2,DIM_1,DIM_3\r\n" +
				"dataflow,ESTAT:NA_MAIN(1.6.0),R,12.4,X;Y,B,A,2014-01\r\n",
			[]Row{row(2, Replace, "A.B.2014-01", Value{"12.4"}, nil, Value{"X", "Y"})},
		},
		"4 semicolons, decimal comma, labels both, keys": {
			"STRUCTURE[|];STRUCTURE_ID;ACTION;SERIES_KEY;OBS_KEY;DIM_1: Dimension 1;DIM_2: Dimension 2;DIM_3: Dimension 3;OBS_VALUE: Observation value;ATTR_2[]: Attribut 2\n" +
				"dataflow;ESTAT:NA_MAIN(1.6.0): Principaux: agrégats;M;A.B;A.B.2014-01;A: Value A;B: Value B;2014-01;12,4;Y: Oui|N: Non\n",
			[]Row{row(2, Merge, "A.B.2014-01", Value{"12.4"}, nil, Value{"Y", "N"})},
		},
		"6 labels name": {
			"STRUCTURE,STRUCTURE_ID,STRUCTURE_NAME,ACTION,DIM_1,Dimension 1,DIM_2,OBS_VALUE,DIM_3,Dimension 3,OBS_VALUE,Observation value,ATTR_1,Attribute 1\n" +
				"dataflow,ESTAT:NA_MAIN(1.6.0),National Accounts,M,A,Value A,B,Value B,2014-01,2014-01,12.4,,N,No\n",
			[]Row{row(2, Merge, "A.B.2014-01", Value{"12.4"}, Value{"N"})},
		},
		"8 several languages": {
			"STRUCTURE[;],STRUCTURE_ID,ACTION,DIM_1,DIM_2,DIM_3,OBS_VALUE,ATTR_3[en;fr]\n" +
				"dataflow,ESTAT:NA_MAIN(1.6.0),M,A,B,2014-01,10.8,\"en:Value \"\"X\"\";fr:Valeur\"\n" +
				"dataflow,ESTAT:NA_MAIN(1.6.0),M,A,B,2014-02,NaN,\"\"\"en:a;b\"\";fr:\"\n",
			[]Row{
				row(2, Merge, "A.B.2014-01", Value{"10.8"}, nil, nil, Value{`en:Value "X"`, "fr:Valeur"}),
				row(3, Merge, "A.B.2014-02", Value{"NaN"}, nil, nil, Value{"en:a;b", "fr:"}),
			},
		},
		"13 attributes of a partial key": {
			"STRUCTURE,STRUCTURE_ID,ACTION,DIM_1,DIM_2,DIM_3,OBS_VALUE,ATTR_1\n" +
				"dataflow,ESTAT:NA_MAIN(1.6.0),M,,B,~,,Y\n",
			[]Row{row(2, Merge, ".B.~", nil, Value{"Y"})},
		},
		"15 line break in a value": {
			"STRUCTURE,STRUCTURE_ID,ACTION,DIM_1,DIM_2,DIM_3,OBS_VALUE,ATTR_1\n" +
				"dataflow,ESTAT:NA_MAIN(1.6.0),M,A,B,2014-01,12.4,\"<p>a \"\"b\"\" \nc</p>\"\n" +
				"dataflow,ESTAT:NA_MAIN(1.6.0),M,A,B,2014-02,1,\n",
			[]Row{row(2, Merge, "A.B.2014-01", Value{"12.4"}, Value{"<p>a \"b\" \nc</p>"}), row(4, Merge, "A.B.2014-02", Value{"1"})},
		},
		"16 deleting a value": {
			"STRUCTURE,STRUCTURE_ID,ACTION,DIM_1,DIM_2,DIM_3,OBS_VALUE\ndataflow,ESTAT:NA_MAIN(1.6.0),D,A,B,2014-01,-\n",
			[]Row{row(2, Delete, "A.B.2014-01", Value{"-"})},
		},
		"19 deleting all, byte order mark": {
			"\ufeffSTRUCTURE,STRUCTURE_ID,ACTION\ndataflow,ESTAT:NA_MAIN(1.6.0),D\n",
			[]Row{row(2, Delete, "..", nil)},
		},
		"no action is merge": {
			"STRUCTURE,STRUCTURE_ID,DIM_1,DIM_2,DIM_3,OBS_VALUE\ndataflow,ESTAT:NA_MAIN(1.6.0),A,B,2014,1\n",
			[]Row{row(2, Merge, "A.B.2014", Value{"1"})},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []Row
			if err := ScanCSV(strings.NewReader(c.in), naMain(), func(r Row) error { got = append(got, r); return nil }); err != nil {
				t.Fatal(err)
			}
			equal(t, c.want, got)
		})
	}
}

func TestScanCSVRefuses(t *testing.T) {
	const head = "STRUCTURE[;],STRUCTURE_ID,ACTION,DIM_1,DIM_2,DIM_3,OBS_VALUE,ATTR_2[]\n"
	const start = head + "dataflow,ESTAT:NA_MAIN(1.6.0),"
	for name, c := range map[string]struct{ in, want string }{
		"empty":            {"", "begins with"},
		"not SDMX":         {"a,b,c\n", "not with STRUCTURE"},
		"only a word":      {"STRUCTURE", "not with STRUCTURE and"},
		"second column":    {"STRUCTURE,ID\n", `second column is "ID", not STRUCTURE_ID`},
		"column twice":     {"STRUCTURE,STRUCTURE_ID,DIM_1,DIM_1\n", "column DIM_1 stands twice"},
		"no sub-separator": {"STRUCTURE,STRUCTURE_ID,ATTR_2[]\n", "column ATTR_2[] has several values"},
		"action":           {start + "X,A,B,2014,1,\n", `line 2: ACTION "X" is not I, A, M, R or D`},
		"number":           {start + "M,A,B,2014,1,\n" + "dataflow,ESTAT:NA_MAIN(1.6.0),M,A,B,2015,one,\n", `line 3: OBS_VALUE "one" is not a decimal number`},
		"thousands":        {start + "M,A,B,2014,\"1,300\",\n", `OBS_VALUE "1,300" is not a decimal number`},
		"artefact":         {head + "dataflow,NA_MAIN,M,A,B,2014,1,\n", `line 2: artefact "NA_MAIN"`},
		"structure":        {head + "table,ESTAT:NA_MAIN(1.6.0),M,A,B,2014,1,\n", `STRUCTURE "table"`},
		"too few cells":    {start + "M,A\n", "line 2"},
		"open quote":       {start + "M,A,B,2014,1,\"\n", "line"},
		"open sub-quote":   {start + "M,A,B,2014,1,\"\"\"a;b\"\n", "ATTR_2 \"\\\"a;b\" has an open quote"},
	} {
		t.Run(name, func(t *testing.T) {
			refused(t, ScanCSV(strings.NewReader(c.in), naMain(), func(Row) error { return nil }), c.want)
		})
	}
	stop := errors.New("stop")
	if err := ScanCSV(strings.NewReader(start+"M,A,B,2014,1,\n"), naMain(), func(Row) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("error %v, want the one of the callback", err)
	}
	two := start + "M,A,B,2014,1,\n" + "dataflow,ESTAT:OTHER(1.6.0),M,A,B,2015,1,\n"
	refused(t, ReadCSV(strings.NewReader(two), &Message{Structure: naMain()}), "line 3 is about ESTAT:OTHER(1.6.0)")
}

func FuzzScanCSV(f *testing.F) {
	for _, accept := range []string{"text/csv", "text/csv;labels=both;keys=both", "text/csv;labels=name"} {
		m, err := Negotiate("data", accept, "")
		if err != nil {
			f.Fatal(err)
		}
		var out bytes.Buffer
		if err := Write(&out, sampleMessage(), Options{Media: m}); err != nil {
			f.Fatal(err)
		}
		f.Add(out.Bytes())
	}
	f.Add([]byte("STRUCTURE[|];STRUCTURE_ID;ACTION;INDICATOR: x;OBS_VALUE\ndataflow;A:B(1.0);M;A: b;12,4\n"))
	csv := offers("data")[1]
	f.Fuzz(func(t *testing.T, b []byte) {
		msg := &Message{Structure: sampleStructure(), Header: sampleHeader()}
		if ReadCSV(bytes.NewReader(b), msg) != nil {
			return
		}
		var out bytes.Buffer
		if Write(&out, msg, Options{Media: csv}) != nil {
			return // such as a period twice
		}
		again := &Message{Structure: sampleStructure(), Header: sampleHeader()}
		if err := ReadCSV(bytes.NewReader(out.Bytes()), again); err != nil {
			t.Fatalf("what was written cannot be read: %v\n%s", err, out.Bytes())
		}
	})
}

// A table of n observations in series of 120 months.
func manySeries(n int) *Message {
	msg := sampleMessage()
	msg.Datasets = nil
	status, source := Value{"A"}, Value{"yearbook"}
	for i := range n / 120 {
		s := Series{Key: []string{"st@hte", strconv.Itoa(500000 + i), "M"}, Attrs: []Value{{"FIRM"}, {"0"}}}
		for m := range 120 {
			s.Obs = append(s.Obs, Obs{
				Period: fmt.Sprintf("%d-%02d", 2013+m/12, m%12+1),
				Values: []Value{{fmt.Sprintf("%d.%02d", i*m, m%100)}}, Attrs: []Value{status, nil, source},
			})
		}
		if msg.Datasets == nil {
			msg.Datasets = []Dataset{{Action: Replace}}
		}
		msg.Datasets[0].Series = append(msg.Datasets[0].Series, s)
	}
	return msg
}

// counter counts bytes and drops them.
type counter int64

func (c *counter) Write(b []byte) (int, error) { *c += counter(len(b)); return len(b), nil }

func BenchmarkWrite(b *testing.B) {
	const n = 1_000_080
	msg := manySeries(n)
	for _, m := range offers("data")[:2] {
		for _, layout := range []string{"", AllDimensions} {
			b.Run(m.Format+layout, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					var out counter
					if err := Write(&out, msg, Options{Media: m, ObsDim: layout}); err != nil {
						b.Fatal(err)
					}
					b.SetBytes(int64(out))
				}
				b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mobs/s")
			})
		}
	}
}

func BenchmarkRead(b *testing.B) {
	const n = 120_000
	for _, m := range offers("data")[:2] {
		b.Run(m.Format, func(b *testing.B) {
			var out bytes.Buffer
			if err := Write(&out, manySeries(n), Options{Media: m}); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(out.Len()))
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if m.Format == "json" {
					_, err = ReadJSON(bytes.NewReader(out.Bytes()))
				} else {
					err = ReadCSV(bytes.NewReader(out.Bytes()), &Message{Structure: sampleStructure()})
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(n*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mobs/s")
		})
	}
}
