package indicators

import (
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/observation"
	"yuzhou/kernel/pack"
	"yuzhou/kernel/quantity"
	"yuzhou/kernel/store"
)

// gate returns fault.Invalid when numbers that are about to be kept break a
// relation whose flows are all there is: stock(t) = stock(t-1) + in - out. A
// stock and its flows that are handed in together are looked at together.
func (c *catalog) gate(ctx context.Context, tx store.Tx, touched map[string]bool, known time.Time) error {
	for _, r := range c.relations.StockFlow {
		ids := slices.Concat([]string{r.Stock}, r.In, r.Out)
		if !r.Exact || !slices.ContainsFunc(ids, func(id string) bool { return touched[id] }) {
			continue
		}
		numbers := map[string][]observation.Observation{}
		for _, id := range ids {
			rows, err := unitRows(ctx, tx, id, known)
			if err != nil {
				return err
			}
			numbers[id] = rows
		}
		if err := c.addsUp(r, numbers); err != nil {
			return err
		}
	}
	return nil
}

// addsUp returns fault.Invalid for the first place and date at which the numbers
// of an exact relation do not add up.
func (c *catalog) addsUp(r StockFlow, numbers map[string][]observation.Observation) error {
	for _, unit := range placesOf(numbers[r.Stock]) {
		for _, b := range r.ledger(c.byID, numbers, unit).balances() {
			if !b.holds {
				return fault.New(fault.Invalid, "unit %s: %s; correct one of these numbers, or hand in the stock and its flows in one file", unit, b.text(c.byID).EN)
			}
		}
	}
	return nil
}

func placesOf(all []observation.Observation) []string {
	var out []string
	for _, o := range all {
		if !slices.Contains(out, o.Unit) {
			out = append(out, o.Unit)
		}
	}
	return out
}

// text says what does not add up.
func (b balance) text(definitions map[string]observation.Indicator) pack.Text {
	flows := make([]observation.Observation, len(b.moves))
	for i, m := range b.moves {
		flows[i] = m.Observation
	}
	to, from, moves := cite(b.to.Observation), cite(b.from.Observation), citeAll(flows)
	stock, flow := definitions[b.to.Indicator], definitions[flows[0].Indicator]
	change, off := b.to.Quantity.Base()-b.from.Quantity.Base(), math.Abs(b.off)
	return pack.Text{
		ZH: fmt.Sprintf("%s:存量由%s变为%s,净变化%.10g;同期流量“%s”为%s;相差%.10g没有交代", stock.ZH, from.ZH, to.ZH, change, flow.ZH, moves.ZH, off),
		EN: fmt.Sprintf("%s: from %s to %s the stock changed by %.10g, while the flow %q was %s; %.10g is not accounted for",
			stock.EN, from.EN, to.EN, change, flow.EN, moves.EN, off),
	}
}

// ledgers calls f with the ledger of every relation in every place that has a
// stock; stocks that the words of a target imply are among its own.
func (in *reconciliation) ledgers(f func(r StockFlow, l ledger)) {
	for _, r := range in.relations.StockFlow {
		for _, unit := range placesOf(in.moving[r.Stock]) {
			l := r.ledger(in.definitions, in.moving, unit)
			l.stock = append(in.implied(r.Stock, unit), l.stock...)
			f(r, l)
		}
	}
}

// implied returns the stock that the words of a target imply for a date: a number
// worked out from targets on the stock alone. It is as exact as those are.
func (in *reconciliation) implied(stock, unit string) []standing {
	wish := map[string]quantity.Quantity{}
	for _, o := range in.of(stock, wished) {
		q := o.Quantity
		q.Cmp = quantity.Equal // what it implies is said of the round number
		wish[o.Source.Figure] = q
	}
	var out []standing
	for _, o := range in.numbers {
		alone := !slices.ContainsFunc(o.Inputs, func(id string) bool { _, ok := wish[id]; return !ok })
		if o.Status != observation.Derived || o.Unit != unit || len(o.Inputs) == 0 || !alone || !o.Quantity.Unit.Same(in.definitions[stock].Unit) {
			continue
		}
		v, tolerance := o.Quantity.Base(), 0.0
		for _, id := range o.Inputs {
			s := extentOf(wish[id])
			tolerance += math.Abs(v) * (s.high - s.low) / (s.high + s.low)
		}
		out = append(out, standing{o, extent{low: v - tolerance, high: v + tolerance}})
	}
	return out
}

// stocksAndFlows finds stocks that their flows do not explain. Where the relation
// is not exact the rest may be what is not published; when it is more than half
// of what flowed, the flow says nothing about the stock.
func stocksAndFlows(in *reconciliation) []pack.Finding {
	var out []pack.Finding
	in.ledgers(func(r StockFlow, l ledger) {
		for _, b := range l.balances() {
			if !b.holds {
				out = append(out, in.unexplained(r, b))
			}
		}
	})
	return out
}

func (in *reconciliation) unexplained(r StockFlow, b balance) pack.Finding {
	var about []observation.Observation
	gross := 0.0
	for _, m := range b.moves {
		about = append(about, m.Observation)
		gross += math.Abs(m.Quantity.Base())
	}
	about = append(about, b.to.Observation, b.from.Observation)
	for _, id := range b.from.Inputs {
		about = append(about, in.of(r.Stock, func(o observation.Observation) bool { return o.Source.Figure == id })...)
	}
	said, severity := b.text(in.definitions), pack.Note
	switch {
	case r.Exact:
		severity = pack.Error
	case math.Abs(b.off) > gross/2:
		severity = pack.Warning
		said.ZH += ",所以这个流量不能当作存量的净变化,也不能用来给存量目标亮灯"
		said.EN += ", so the flow must not be read as the change of the stock nor light a target on it"
	}
	if b.from.Status == observation.Derived {
		said.ZH += "(起点由目标的措辞推算)"
		said.EN += " (the start is implied by the words of the target)"
	}
	said.ZH, said.EN = said.ZH+"。", said.EN+"."
	return in.find(severity, about, said)
}

// additions are words by which a text says that it counts what is new.
var additions = regexp.MustCompile(`新增|新建|新设|新认定|净增|增加`)

// unmarkedFlows finds a flow that a document prints beside the stock at the end
// of the same stretch, under the stock's name and without a word that says it is
// new. Stocks that stocksAndFlows can settle are left to it.
func unmarkedFlows(in *reconciliation) []pack.Finding {
	var out []pack.Finding
	in.ledgers(func(r StockFlow, l ledger) {
		settled := map[string]bool{}
		for _, b := range l.balances() {
			settled[b.to.Source.Figure] = true
		}
		for _, stock := range l.stock {
			for _, flow := range slices.Concat(l.flows[:len(r.In)]...) {
				if !settled[stock.Source.Figure] && stated(stock.Observation) && in.mistakable(flow, stock.Observation) {
					out = append(out, in.unmarked(flow, stock.Observation))
				}
			}
		}
	})
	return out
}

// mistakable reports whether a reader could take the flow for the stock.
func (in *reconciliation) mistakable(flow, stock observation.Observation) bool {
	name, _, _ := strings.Cut(in.definitions[stock.Indicator].ZH, "(")
	return flow.Source.Document == stock.Source.Document && flow.Period.Last().Equal(stock.Period.Last()) &&
		strings.Contains(flow.Source.Quote, name) && !additions.MatchString(flow.Source.Quote)
}

func (in *reconciliation) unmarked(flow, stock observation.Observation) pack.Finding {
	f, s := cite(flow), cite(stock)
	return in.find(pack.Note, []observation.Observation{flow, stock}, pack.Text{
		ZH: fmt.Sprintf("“%s”是当期的流量%s,“%s”是累计的存量%s:没有“新增”一类的词,两个数容易混为一谈。", flow.Source.Quote, f.ZH, stock.Source.Quote, s.ZH),
		EN: fmt.Sprintf("%q is a flow, %s, and %q a stock, %s: no word such as 新增 (new) tells them apart.", flow.Source.Quote, f.EN, stock.Source.Quote, s.EN),
	})
}
