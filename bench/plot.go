package main

import (
	"errors"
	"fmt"
	"image/color"
	"os"

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

var shown = []series{
	{"ours", "ours", color.RGBA{R: 0x00, G: 0x72, B: 0xb2, A: 0xff}, draw.CircleGlyph{}},
	{"ours-release", "ours, with Release", color.RGBA{R: 0x56, G: 0xb4, B: 0xe9, A: 0xff}, draw.CircleGlyph{}},
	{"pebbe", "pebbe/zmq4", color.RGBA{R: 0xe6, G: 0x9f, B: 0x00, A: 0xff}, draw.BoxGlyph{}},
	{"gozeromq", "go-zeromq/zmq4", color.RGBA{R: 0xcc, G: 0x79, B: 0xa7, A: 0xff}, draw.PyramidGlyph{}},
	{"rawtcp", "raw Go TCP", color.RGBA{R: 0x55, G: 0x55, B: 0x55, A: 0xff}, draw.CrossGlyph{}},
}

// band is a series of points with horizontal error bars.
type band struct {
	plotter.XYs
	plotter.XErrors
}

// plotRatios plots, for each row, the factor by which each library is better
// than libzmq. Larger is better in every row.
func plotRatios(path string, r Report) error {
	p := plot.New()
	p.Title.Text = "Times better than libzmq, median and range of the pairs (" + r.Machine.Date[:dayForm] + ")"
	p.X.Label.Text = "worse than libzmq < 1 < better than libzmq (logarithmic)"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, factorTicks{}
	p.Add(verticals(), unity())

	rows := plotted(r)
	if len(rows) == 0 {
		return errNothingToPlot
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		names[len(rows)-1-i] = row.Name
	}
	low, high := 0.8, 1.25
	for i, s := range shown {
		b := bandOf(rows, s.lib, 0.16*(2-float64(i)))
		if len(b.XYs) == 0 {
			continue
		}
		for j, xy := range b.XYs {
			low, high = min(low, xy.X-b.XErrors[j].Low), max(high, xy.X+b.XErrors[j].High)
		}
		if err := addBand(p, s, b); err != nil {
			return err
		}
	}
	goals := goalsOf(rows)
	for _, g := range goals {
		high = max(high, g.X)
	}
	if err := addGoals(p, goals); err != nil {
		return err
	}
	p.NominalY(names...)
	p.X.Min, p.X.Max = low/1.3, high*1.3
	p.Y.Min, p.Y.Max = -0.6, float64(len(rows))-0.4
	p.Legend.Left, p.Legend.Padding = true, vg.Points(4)
	return save(p, path, vg.Length(len(rows))*1.4*vg.Centimeter+4*vg.Centimeter)
}

// save writes p as a PNG. A margin prevents package plot from cutting off long
// labels.
func save(p *plot.Plot, path string, height vg.Length) error {
	canvas := vgimg.PngCanvas{Canvas: vgimg.New(26*vg.Centimeter, height)}
	margin := vg.Points(12)
	p.Draw(draw.Crop(draw.New(canvas), 3*margin, -margin, margin, -margin))
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

func bandOf(rows []RowResult, lib string, offset float64) (b band) {
	for i, row := range rows {
		s := better(row, lib)
		if s.N == 0 || s.Min <= 0 {
			continue
		}
		b.XYs = append(b.XYs, plotter.XY{X: s.Median, Y: float64(len(rows)-1-i) + offset})
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
	dots.GlyphStyle = draw.GlyphStyle{Color: s.color, Radius: vg.Points(4), Shape: s.shape}
	p.Add(bars, dots)
	p.Legend.Add(s.label, dots)
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
			xys = append(xys, plotter.XY{X: x, Y: float64(len(rows) - 1 - i)})
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
	marks.GlyphStyle = draw.GlyphStyle{Color: color.RGBA{R: 0xd5, G: 0x2b, A: 0xff}, Radius: vg.Points(8), Shape: tick{}}
	p.Add(marks)
	p.Legend.Add("our goal", marks)
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

// unity returns the line at 1, the value of libzmq.
func unity() *plotter.Line {
	l, _ := plotter.NewLine(plotter.XYs{{X: 1, Y: -1e3}, {X: 1, Y: 1e3}}) // fails only on NaN and infinity
	l.Color = color.Gray{Y: 0x60}
	return l
}

// factorTicks labels 1, 2 and 5 of every power of ten.
type factorTicks struct{}

func (factorTicks) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for decade := 1e-4; decade < 1e5; decade *= 10 {
		for _, step := range []float64{1, 2, 5} {
			if v := decade * step; v >= low && v <= high {
				ticks = append(ticks, plot.Tick{Value: v, Label: fmt.Sprintf("%.4gx", v)})
			}
		}
	}
	return ticks
}
