package main

import (
	"errors"
	"fmt"
	"image/color"
	"os"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

var errNothingToPlot = errors.New("no row has a ratio to libzmq")

// series is the style of a library in the plot.
type series struct {
	lib   string
	label string
	color color.RGBA
	shape draw.GlyphDrawer
}

// shown are the libraries of the plot, in the order in which they are drawn in a
// row, from its top down.
var shown = []series{
	{"ours", "ours", blue, draw.CircleGlyph{}},
	{"ours-batch", "ours, batches", blue, draw.BoxGlyph{}},
	{"ours-release", "ours, Release", light, draw.CircleGlyph{}},
	{"ours-own-release", "ours, SendMessage, Release", light, draw.BoxGlyph{}},
	{"ours-spin", "ours, Spin", light, draw.TriangleGlyph{}},
	{"pebbe", "pebbe/zmq4", color.RGBA{R: 0xe6, G: 0x9f, B: 0x00, A: 0xff}, draw.BoxGlyph{}},
	{"gozeromq", "go-zeromq/zmq4", color.RGBA{R: 0xcc, G: 0x79, B: 0xa7, A: 0xff}, draw.PyramidGlyph{}},
	{limit, "raw Go TCP", color.RGBA{R: 0x55, G: 0x55, B: 0x55, A: 0xff}, draw.CrossGlyph{}},
	{limitCopy, "raw Go TCP, copy", color.RGBA{R: 0x99, G: 0x99, B: 0x99, A: 0xff}, draw.RingGlyph{}},
}

var (
	blue  = color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}
	light = color.RGBA{R: 0x2c, G: 0xa0, B: 0x9c, A: 0xff}
	red   = color.RGBA{R: 0xd5, G: 0x2b, A: 0xff}
)

// named are the libraries to which a row compares one of our variants, if they
// are not ours and libzmq.
var named = map[string]string{"ours-curve": "ours", "libzmq-curve": "libzmq", "ours-hwm": "ours", "ours-batch-hwm": "ours-batch", "libzmq-hwm": "libzmq"}

// plain returns the row with its libraries under the names that the plot shows.
func plain(row RowResult) RowResult {
	samples := make(map[string][]Sample)
	for lib, s := range row.Samples {
		samples[orElse(named[lib], lib)] = s
	}
	row.Samples = samples
	goals := slices.Clone(row.Row.Goals)
	for i, g := range goals {
		goals[i].Ours, goals[i].Against = orElse(named[g.Ours], g.Ours), orElse(named[g.Against], g.Against)
	}
	row.Row.Goals = goals
	return row
}

// band is a series of points with horizontal error bars.
type band struct {
	plotter.XYs
	plotter.XErrors
}

// The size of the picture, which fits a screen: 1400 x 900 points of 1/96 inch.
const (
	pictureWidth  = 1400
	pictureHeight = 900
	headHeight    = 76 // of the title and the legend
	pixel         = vg.Inch / 96
)

// plotRatios plots, for each row, the factor by which each library is better
// than libzmq. Larger is better in every row. The throughput rows of one
// connection, which have the most libraries, are on the left.
func plotRatios(path string, r Report) error {
	var left, right []RowResult
	for _, row := range plotted(r) {
		if strings.HasPrefix(row.Name, "tcp") && strings.Contains(row.Name, "PUSH-PULL") {
			left = append(left, row)
		} else {
			right = append(right, row)
		}
	}
	if len(left)+len(right) == 0 {
		return errNothingToPlot
	}
	canvas := vgimg.PngCanvas{Canvas: vgimg.NewWith(
		vgimg.UseWH(pictureWidth*pixel, pictureHeight*pixel), vgimg.UseDPI(96), vgimg.UseBackgroundColor(color.White),
	)}
	whole := draw.New(canvas)
	drawHead(draw.Crop(whole, 16*pixel, -16*pixel, (pictureHeight-headHeight)*pixel, 0), r)
	panels := [][]RowResult{left, right}
	panels = slices.DeleteFunc(panels, func(rows []RowResult) bool { return len(rows) == 0 })
	width := pictureWidth / vg.Length(len(panels)) * pixel
	for i, rows := range panels {
		p, err := panel(rows)
		if err != nil {
			return err
		}
		x := vg.Length(i) * width
		// The margin prevents package plot from cutting off long labels.
		p.Draw(draw.Crop(whole, x+16*pixel, x+width-pictureWidth*pixel-16*pixel, 12*pixel, -headHeight*pixel))
	}
	return save(canvas, path)
}

// position returns the height of a library in row i from the top. The libraries
// of a row have the same distance from each other.
func position(rows []RowResult, i int, lib string) float64 {
	place, n := 0, 0
	for _, s := range shown {
		if s.lib == lib {
			place = n
		}
		if better(rows[i], s.lib).N > 0 {
			n++
		}
	}
	const used = 0.8 // of the height of a row
	return float64(len(rows)-1-i) + used*(0.5-(float64(place)+0.5)/float64(max(n, 1)))
}

// panel plots some of the rows.
func panel(rows []RowResult) (*plot.Plot, error) {
	p := plot.New()
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, factorTicks{}
	p.Add(verticals(), separators(len(rows)), unity())
	names := make([]string, len(rows))
	for i, row := range rows {
		names[len(rows)-1-i] = row.Name
	}
	low, high := 0.8, 1.25
	for _, s := range shown {
		b := bandOf(rows, s.lib)
		if len(b.XYs) == 0 {
			continue
		}
		for j, xy := range b.XYs {
			low, high = min(low, xy.X-b.XErrors[j].Low), max(high, xy.X+b.XErrors[j].High)
		}
		if err := addBand(p, s, b); err != nil {
			return nil, err
		}
	}
	goals := goalsOf(rows)
	for _, g := range goals {
		high = max(high, g.X)
	}
	if err := addGoals(p, goals); err != nil {
		return nil, err
	}
	p.NominalY(names...)
	p.X.Min, p.X.Max = low/1.3, high*1.3
	p.Y.Min, p.Y.Max = -0.5, float64(len(rows))-0.5
	return p, nil
}

// drawHead draws the title and, in a line below it, the legend.
func drawHead(c draw.Canvas, r Report) {
	style := plot.New().Title.TextStyle
	style.XAlign, style.YAlign = draw.XLeft, draw.YCenter
	style.Font.Size = vg.Points(13)
	c.FillText(style, vg.Point{X: c.Min.X, Y: c.Max.Y - 22*pixel},
		"Times better than libzmq (right of 1), median and range of the pairs, logarithmic. "+r.Machine.Date[:dayForm]+", commit "+r.Machine.Commit)
	style.Font.Size = vg.Points(10)
	at := vg.Point{X: c.Min.X + 8*pixel, Y: c.Max.Y - 54*pixel}
	entry := func(label string, g draw.GlyphStyle) {
		c.DrawGlyph(g, at)
		at.X += 12 * pixel
		c.FillText(style, at, label)
		at.X += style.Width(label) + 28*pixel
	}
	rows := plotted(r)
	for _, s := range shown {
		if slices.ContainsFunc(rows, func(row RowResult) bool { return better(row, s.lib).N > 0 }) {
			entry(s.label, s.glyph())
		}
	}
	entry("our goal", goalGlyph)
}

func (s series) glyph() draw.GlyphStyle {
	return draw.GlyphStyle{Color: s.color, Radius: vg.Points(3.5), Shape: s.shape}
}

var goalGlyph = draw.GlyphStyle{Color: red, Radius: vg.Points(6), Shape: tick{}}

// save writes a picture as a PNG file.
func save(canvas vgimg.PngCanvas, path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := canvas.WriteTo(f); err != nil {
		return err
	}
	return f.Close()
}

// plotted returns the rows in which a library has a ratio to libzmq.
func plotted(r Report) []RowResult {
	var rows []RowResult
	for _, row := range r.Rows {
		row = plain(row)
		for _, s := range shown {
			if len(ratios(row.Samples[s.lib], row.Samples["libzmq"])) > 0 {
				rows = append(rows, row)
				break
			}
		}
	}
	return rows
}

// better returns the ratio to libzmq, inverted if lower is better, so that a
// value above 1 is always better.
func better(row RowResult, lib string) Spread {
	rs := ratios(row.Samples[lib], row.Samples["libzmq"])
	if row.Row.Work.LowerBetter {
		rs = ratios(row.Samples["libzmq"], row.Samples[lib])
	}
	return spread(rs)
}

func bandOf(rows []RowResult, lib string) (b band) {
	for i, row := range rows {
		s := better(row, lib)
		if s.N == 0 || s.Min <= 0 {
			continue
		}
		b.XYs = append(b.XYs, plotter.XY{X: s.Median, Y: position(rows, i, lib)})
		b.XErrors = append(b.XErrors, struct{ Low, High float64 }{s.Median - s.Min, s.Max - s.Median})
	}
	return b
}

func addBand(p *plot.Plot, s series, b band) error {
	bars, err := plotter.NewXErrorBars(b)
	if err != nil {
		return err
	}
	bars.Color = s.color
	dots, err := plotter.NewScatter(b)
	if err != nil {
		return err
	}
	dots.GlyphStyle = s.glyph()
	p.Add(bars, dots)
	return nil
}

// goalsOf returns the goals that are ratios to libzmq, inverted if lower is
// better.
func goalsOf(rows []RowResult) (xys plotter.XYs) {
	for i, row := range rows {
		for _, g := range row.Row.Goals {
			if g.Against != "libzmq" {
				continue
			}
			x := g.Ratio
			if row.Row.Work.LowerBetter {
				x = 1 / x
			}
			xys = append(xys, plotter.XY{X: x, Y: position(rows, i, g.Ours)})
		}
	}
	return xys
}

func addGoals(p *plot.Plot, goals plotter.XYs) error {
	if len(goals) == 0 {
		return nil
	}
	marks, err := plotter.NewScatter(goals)
	if err != nil {
		return err
	}
	marks.GlyphStyle = goalGlyph
	p.Add(marks)
	return nil
}

// tick is a glyph: a vertical stroke.
type tick struct{}

func (tick) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	c.StrokeLine2(draw.LineStyle{Color: style.Color, Width: vg.Points(2)}, at.X, at.Y-style.Radius, at.X, at.Y+style.Radius)
}

// verticals returns the vertical grid lines.
func verticals() *plotter.Grid {
	g := plotter.NewGrid()
	g.Horizontal.Width = 0
	g.Vertical.Color = color.Gray{Y: 0xd0}
	return g
}

// separators draws lines between n rows.
type separators int

func (n separators) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	for i := range n + 1 {
		at := y(float64(i) - 0.5)
		c.StrokeLine2(draw.LineStyle{Color: color.Gray{Y: 0xb0}, Width: vg.Points(0.5)}, c.Min.X, at, c.Max.X, at)
	}
}

// unity returns the line at 1, the value of libzmq.
func unity() *plotter.Line {
	l, _ := plotter.NewLine(plotter.XYs{{X: 1, Y: -1e3}, {X: 1, Y: 1e3}}) // fails only on NaN and infinity
	l.Color = color.Gray{Y: 0x60}
	return l
}

// factorTicks labels 1, 2 and 5 of every power of ten, or only the powers of ten
// if there are many.
type factorTicks struct{}

func (factorTicks) Ticks(low, high float64) []plot.Tick {
	steps := []float64{1, 2, 5}
	if high/low > 2e3 {
		steps = steps[:1]
	}
	var ticks []plot.Tick
	for decade := 1e-4; decade < 1e5; decade *= 10 {
		for _, step := range steps {
			if v := decade * step; v >= low && v <= high {
				ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%.4gx", v)})
			}
		}
	}
	return ticks
}
