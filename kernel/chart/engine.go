package chart

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/dop251/goja"

	"yuzhou/kernel/fault"
	"yuzhou/kernel/web/assets"
)

// engine is ECharts in a JavaScript interpreter. It is for one goroutine at a time.
type engine struct {
	js             *goja.Runtime
	draw, register goja.Callable
	maps           map[string]key // the registered maps it knows, by their content
}

// program is ECharts, parsed once for all engines of the process.
var program = sync.OnceValues(func() (*goja.Program, error) { //nolint:gochecknoglobals // read once, never written
	source, err := assets.Read("echarts.min.js")
	if err != nil {
		return nil, err
	}
	return goja.Compile("echarts.min.js", string(source), false)
})

// glue is what ECharts needs of a browser, and the two functions we call. Timers
// do nothing: a picture is drawn at once and never moves.
const glue = `
var setTimeout = function () { return 0; }, clearTimeout = setTimeout, setInterval = setTimeout, clearInterval = setTimeout;
var draw = function (option, width, height) {
  var chart = echarts.init(null, null, {renderer: 'svg', ssr: true, width: width, height: height});
  try { chart.setOption(JSON.parse(option)); return chart.renderToSVGString({useViewBox: true}); }
  finally { chart.dispose(); }
};
var register = function (name, geo) { echarts.registerMap(name, JSON.parse(geo)); };`

// start makes an engine; it takes some 30 ms, and 0.4 s the first time.
func start() (*engine, error) {
	p, err := program()
	if err != nil {
		return nil, err
	}
	e := &engine{js: goja.New(), maps: map[string]key{}}
	if _, err := e.js.RunString(glue); err != nil {
		return nil, fmt.Errorf("start ECharts: %w", err)
	}
	if _, err := e.js.RunProgram(p); err != nil {
		return nil, fmt.Errorf("start ECharts: %w", err)
	}
	var isDraw, isRegister bool
	e.draw, isDraw = goja.AssertFunction(e.js.Get("draw"))
	e.register, isRegister = goja.AssertFunction(e.js.Get("register"))
	if !isDraw || !isRegister {
		return nil, errors.New("start ECharts: draw or register is not a function")
	}
	return e, nil
}

// run draws a chart. After an error, also when ctx ended first, the engine may be
// left half-way and must not be used again.
func (e *engine) run(ctx context.Context, c Chart, geo geography) (string, error) {
	stop := context.AfterFunc(ctx, func() { e.js.Interrupt(ctx.Err()) })
	svg, err := e.steps(c, geo)
	switch {
	case !stop(): // the interrupt is on its way, even when the drawing was done first
		return "", ctx.Err()
	case err != nil:
		return "", &fault.Fault{Kind: fault.Invalid, Text: "the chart cannot be drawn", Err: err}
	}
	return svg, nil
}

func (e *engine) steps(c Chart, geo geography) (string, error) {
	if c.Map != "" && e.maps[c.Map] != geo.digest {
		if _, err := e.register(nil, e.js.ToValue(c.Map), e.js.ToValue(string(geo.doc))); err != nil {
			return "", err
		}
		e.maps[c.Map] = geo.digest
	}
	option, err := json.Marshal(c.Option)
	if err != nil {
		return "", err
	}
	v, err := e.draw(nil, e.js.ToValue(string(option)), e.js.ToValue(c.Width), e.js.ToValue(c.Height))
	if err != nil {
		return "", err
	}
	return v.String(), nil
}
