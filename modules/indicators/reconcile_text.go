package indicators

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/period"
)

// Patterns of Chinese newspaper text. Both forms of punctuation are taken, since
// pages come with the wide one (\uff0c) and with the narrow one.
var (
	// A date that numbers after it are of.
	dated = regexp.MustCompile(`截至[^,\x{ff0c};\x{ff1b}。]+|(?:\d{4}年|去年|今年)(?:[上下]半年|底|末|\d+月(?:底|末|\d+日)?)?|\d+月(?:底|末|\d+日)|目前`)
	// What ends the reach of a date.
	stop = regexp.MustCompile(`[;\x{ff1b}。]`)
	// A title with its last character doubled, a word that splits a title, function words doubled.
	misprint = regexp.MustCompile(`[局部市处院会校厅委区县镇乡书]长长|部分副?部长|主任任|书记记|[^的]的的[^的确]|了了[^,\x{ff0c}。]|为为`)
	// The end of a sentence, quotation marks and brackets included.
	complete = regexp.MustCompile(`(?:[。!?:;\x{ff01}\x{ff1f}\x{ff1a}\x{ff1b}…]|——)[”」》)\x{ff09}]?$`)
	// What running text has and headings have not.
	comma = regexp.MustCompile(`[,\x{ff0c}。;\x{ff1b}]`)
	// The head of a line that no paragraph goes on over.
	marker = regexp.MustCompile(`^(?:- |□|■|●|\d+[.、])`)
)

// inheritedDates finds numbers of a day whose own clause gives none: the date
// stands in an earlier clause of the line and may or may not cover them, or a
// document gives the number for a year in one place and for a day in another.
func inheritedDates(in *reconciliation) []pack.Finding {
	type clause struct{ document, words string }
	owed := map[string]clause{}
	for _, o := range in.numbers {
		if words, ok := in.inherits(o); ok {
			owed[o.Source.Figure] = clause{fmt.Sprintf("%s:%d", o.Source.Document, first(o.Source.Lines)), words}
		}
	}
	var out []pack.Finding
	inherited := func(o observation.Observation) bool { return owed[o.Source.Figure].document != "" }
	for _, all := range grouped(in, inherited, func(o observation.Observation) clause { return owed[o.Source.Figure] }) {
		words, x := owed[all[0].Source.Figure].words, cite(all[0])
		out = append(out, in.find(pack.Note, all, pack.Text{
			ZH: fmt.Sprintf("第%d行的%d个数(如%s)所在分句没有日期,取自前面分句的“%s”:是否也管到这里,原文没有写明。", first(all[0].Source.Lines), len(all), x.ZH, words),
			EN: fmt.Sprintf("Line %d: the clause of %s gives no date; %q stands in a clause before it, and the text does not say that it covers %s.",
				first(all[0].Source.Lines), x.EN, words, more(len(all), "this number", "this and %d more numbers")),
		}))
	}
	return append(out, in.twoDates()...)
}

// inherits returns the words that a number of a day takes its date from, and
// whether they are beyond its own clause. It is false where the text is not held.
func (in *reconciliation) inherits(o observation.Observation) (words string, ok bool) {
	text := in.documents[o.Source.Document].Lines
	if !stated(o) || o.Period.Freq() != period.Day || len(o.Source.Lines) != 1 || o.Source.Lines[0] > len(text) {
		return "", false
	}
	line := text[o.Source.Lines[0]-1]
	at := strings.Index(line, o.Source.Quote)
	if at < 0 || dated.MatchString(o.Source.Quote) {
		return "", false
	}
	before := dated.FindAllStringIndex(line[:at], -1)
	if len(before) == 0 {
		return "", false
	}
	last := before[len(before)-1]
	return line[last[0]:last[1]], stop.MatchString(line[last[1]:at])
}

// twoDates finds a stock that one document gives for a year and for a day of it,
// so that the two must be one number and one date is only understood.
func (in *reconciliation) twoDates() []pack.Finding {
	var out []pack.Finding
	standing := func(o observation.Observation) bool {
		return stated(o) && in.definitions[o.Indicator].Nature == observation.Stock
	}
	for _, all := range grouped(in, standing, printedIn) {
		pairs(all, func(a, b observation.Observation) {
			if a.Period == b.Period || !a.Period.Last().Equal(b.Period.Last()) || !sameNumber(a.Quantity, b.Quantity) {
				return
			}
			name, x, y := in.name(a.Indicator), cite(a), cite(b)
			out = append(out, in.find(pack.Note, []observation.Observation{a, b}, pack.Text{
				ZH: fmt.Sprintf("%s:%s与%s一处说年份,一处说日期,按同一时点读。", name.ZH, x.ZH, y.ZH),
				EN: fmt.Sprintf("%s: %s and %s, once under a year and once under a day, are read as of one date.", name.EN, x.EN, y.EN),
			}))
		})
	}
	return out
}

// misprints finds misprints in the lines of documents, and numbers whose unit is a
// letter alone.
func misprints(in *reconciliation) []pack.Finding {
	var out []pack.Finding
	for _, id := range in.texts() {
		for n, line := range in.documents[id].Lines {
			for _, at := range misprint.FindAllStringIndex(line, -1) {
				said := pack.Text{
					ZH: fmt.Sprintf("第%d行“%s”疑为误植。", n+1, line[at[0]:at[1]]),
					EN: fmt.Sprintf("Line %d: %q looks like a misprint.", n+1, line[at[0]:at[1]]),
				}
				out = append(out, in.findLine(pack.Warning, id, n+1, said))
			}
		}
	}
	for _, o := range in.numbers {
		if stated(o) && unitSymbol(o.Quantity.Unit) {
			out = append(out, in.find(pack.Warning, []observation.Observation{o}, pack.Text{
				ZH: fmt.Sprintf("“%s”的单位只有一个字母:没有写明数的是什么。", o.Printed),
				EN: fmt.Sprintf("The unit of %q is a letter alone: what it measures is not said.", o.Printed),
			}))
		}
	}
	return out
}

// texts lists the documents whose text is held and that numbers are from, in the
// order of the numbers.
func (in *reconciliation) texts() []string {
	var out []string
	for _, o := range in.numbers {
		if id := o.Source.Document; len(in.documents[id].Lines) > 0 && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}

// findLine makes a finding about a line of a document.
func (in *reconciliation) findLine(s pack.Severity, document string, line int, said pack.Text) pack.Finding {
	pos := in.lineAt(document, line)
	f := pack.Finding{Severity: s, Text: said.EN, ZH: said.ZH, File: pos.File, Line: pos.Line}
	for _, o := range in.numbers {
		if o.Source.Document == document && slices.Contains(o.Source.Lines, line) {
			f.Figures = append(f.Figures, o.Source.Figure)
		}
	}
	return f
}

// headline is the most characters that a heading has; a longer line without a
// full stop is running text.
const headline = 25

// cutParagraphs finds paragraphs that the layout has cut: running text that does
// not end as a sentence does, and after blank lines and headings, in the same
// article, a line that goes on and does.
func cutParagraphs(in *reconciliation) []pack.Finding {
	var out []pack.Finding
	for _, id := range in.texts() {
		d := in.documents[id]
		for n, line := range d.Lines {
			next := d.rest(n)
			if !running(line) || complete.MatchString(line) || next < 0 {
				continue
			}
			said := pack.Text{
				ZH: fmt.Sprintf("第%d行的自然段被版面切断,接第%d行:“…%s|%s…”。", n+1, next+1, tail(line), head(d.Lines[next])),
				EN: fmt.Sprintf("The layout has cut the paragraph of line %d, which goes on in line %d: %q.", n+1, next+1, "…"+tail(line)+"|"+head(d.Lines[next])+"…"),
			}
			out = append(out, in.findLine(pack.Note, id, n+1, said))
		}
	}
	return out
}

// running reports whether a line is running text, not a heading or an item of a list.
func running(line string) bool {
	return !marker.MatchString(line) && !strings.HasPrefix(line, "——") && !strings.Contains(line, " ") &&
		(comma.MatchString(line) || len([]rune(line)) > headline) ||
		strings.HasPrefix(line, "本报讯")
}

// rest returns the line (from 0) on which the cut line n goes on, or -1: the next
// that ends as a sentence does, over headings of the same article alone.
func (d Document) rest(n int) int {
	article, ok := d.ArticleAt(n + 1)
	for next := n + 1; next < len(d.Lines); next++ {
		line := d.Lines[next]
		if a, in := d.ArticleAt(next + 1); in != ok || a.ID != article.ID || marker.MatchString(line) {
			return -1
		}
		if line == "" || strings.HasPrefix(line, "——") || !comma.MatchString(line) && len([]rune(line)) <= headline && !complete.MatchString(line) {
			continue
		}
		if next == n+1 || !complete.MatchString(line) {
			return -1
		}
		return next
	}
	return -1
}

// tail and head are the characters of a line next to a cut.
func tail(line string) string {
	r := []rune(line)
	return string(r[max(0, len(r)-6):])
}

func head(line string) string {
	r := []rune(line)
	return string(r[:min(len(r), 6)])
}

// bundles finds values that one quotation lists for several names (分别, or value
// after value): which belongs to which is by their order alone. Two lists of the
// same subjects in opposite order are a warning.
func bundles(in *reconciliation) []pack.Finding {
	type quoted struct {
		document, quote string
		line            int
	}
	listed := func(o observation.Observation) bool {
		n := in.definitions[o.Indicator].Nature
		return o.Status != observation.Derived && o.Source.Quote != "" && n != observation.Rated && n != observation.Tier
	}
	var out []pack.Finding
	var lists [][]observation.Observation
	for _, all := range grouped(in, listed, func(o observation.Observation) quoted {
		return quoted{o.Source.Document, o.Source.Quote, first(o.Source.Lines)}
	}) {
		if len(all) < 2 || !lined(all) {
			continue
		}
		lists = append(lists, all)
		x := citeAll(all)
		out = append(out, in.find(pack.Note, all, pack.Text{
			ZH: fmt.Sprintf("“%s”并列了%s:哪个数属于哪个名称,只凭次序。", all[0].Source.Quote, x.ZH),
			EN: fmt.Sprintf("%q lists %s: which value belongs to which name follows from the order alone.", all[0].Source.Quote, x.EN),
		}))
	}
	return append(out, in.swapped(lists)...)
}

// lined reports whether the values of a quotation stand side by side, or after 分别.
func lined(all []observation.Observation) bool {
	quote := all[0].Source.Quote
	if strings.Contains(quote, "分别") {
		return true
	}
	for n := 1; n < len(all); n++ {
		a, b := all[n-1].Printed, all[n].Printed
		if !strings.Contains(quote, a+"、"+b) && !strings.Contains(quote, a+"和"+b) {
			return false
		}
	}
	return true
}

// swapped finds two lists that name the same subjects in opposite order.
func (in *reconciliation) swapped(lists [][]observation.Observation) []pack.Finding {
	subjects := func(all []observation.Observation) []string {
		ids := make([]string, len(all))
		for i, o := range all {
			ids[i] = o.Indicator
		}
		return ids
	}
	var out []pack.Finding
	for n, a := range lists {
		for _, b := range lists[n+1:] {
			back := subjects(b)
			slices.Reverse(back)
			if !slices.Equal(subjects(a), back) {
				continue
			}
			out = append(out, in.find(pack.Warning, append(slices.Clone(a), b...), pack.Text{
				ZH: fmt.Sprintf("“%s”与“%s”把同样的名称按相反的次序列出。", a[0].Source.Quote, b[0].Source.Quote),
				EN: fmt.Sprintf("%q and %q list the same names in opposite order.", a[0].Source.Quote, b[0].Source.Quote),
			}))
		}
	}
	return out
}
