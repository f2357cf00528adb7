package report

import (
	"math"
	"strconv"
)

// chart is drawn with lines and boxes, so that it stays sharp at any size.
type chart struct {
	title  string
	names  []string     // of the series, when there are several
	labels []string     // below
	values [][]*float64 // by series and label; nil for nothing
	rates  bool         // values are parts of one
}

// charts fill the rest of the first page: who recorded how well, what was built, and the
// months before.
func (p *paper) charts() {
	top, height := p.y, (bottom-p.y-4)/2
	left := inner*0.62 - 2
	list := p.charted()
	labels := make([]string, len(list))
	for i, r := range list {
		labels[i] = r.Name
	}
	p.bars(margin, top, inner, height, p.chart(labels, list, "continuity"))
	built := p.chart(labels, list, "planned", "built", "accepted")
	built.title = p.pick("规划、建成与验收", "Planned, built and accepted")
	p.bars(margin, top+height+4, left, height, built)
	p.recent(margin+left+4, top+height+4, inner-left-4, height)
}

// charted are the divisions; of a county, which has none below it, the classes.
func (p *paper) charted() []ReportRow {
	f := p.report.Figures
	if len(f.Rows) > 0 {
		return rows(f, p.language)[:len(f.Rows)]
	}
	var list []ReportRow
	for _, c := range f.Classes {
		list = append(list, ReportRow{Name: p.class(c.Key), Planned: c.Planned, Built: c.Built, Accepted: c.Accepted, Continuity: c.Continuity})
	}
	return list
}

// chart shows columns of rows.
func (p *paper) chart(labels []string, list []ReportRow, keys ...string) chart {
	c := chart{labels: labels, rates: find(keys[0]).format == whatRate}
	for _, key := range keys {
		column := find(key)
		c.names = append(c.names, p.pick(column.zh, column.en))
		values := make([]*float64, len(list))
		for i, r := range list {
			switch v := column.value(r).(type) {
			case int64:
				n := float64(v)
				values[i] = &n
			case float64:
				values[i] = &v
			}
		}
		c.values = append(c.values, values)
	}
	if len(keys) == 1 {
		c.title = c.names[0]
	}
	return c
}

// recent shows the rates of the last twelve months.
func (p *paper) recent(x, y, w, h float64) {
	f := p.report.Figures
	months := append(append([]ReportMonth{}, f.Months...), ReportMonth{Month: f.Month, Continuity: f.Total.Continuity, OnlineRate: f.Total.OnlineRate, WatchRate: f.Total.WatchRate})
	c := chart{title: p.pick("近十二个月", "Twelve months"), rates: true, values: make([][]*float64, 3)}
	for _, key := range []string{"continuity", "online_rate", "watch_rate"} {
		c.names = append(c.names, p.pick(find(key).zh, find(key).en))
	}
	for _, m := range months {
		c.labels = append(c.labels, m.Month)
		for i, rate := range []*int64{m.Continuity, m.OnlineRate, m.WatchRate} {
			var v *float64
			if rate != nil {
				n := float64(*rate) / whole
				v = &n
			}
			c.values[i] = append(c.values[i], v)
		}
	}
	p.curves(x, y, w, h, c)
}

// frame draws the title, the legend and the axis of a chart, and returns where its inside
// lies. Values go from low to high.
func (p *paper) frame(x, y, w, h float64, c chart, low, high float64) (left, top, width, height float64) {
	p.strong(x, y+4, w, 0, sizeText, c.title)
	if len(c.names) > 1 {
		at := x + w
		for i := len(c.names) - 1; i >= 0; i-- {
			at -= p.width(sizeCell, c.names[i]) + 6
			p.fill(series[i], at, y+1.6, 2.4, 2.4)
			p.text(at+3.4, y+4, sizeCell, ink, c.names[i])
		}
	}
	left, top, width, height = x+13, y+9, w-14, h-16
	const steps = 4
	for i := range steps + 1 {
		v := low + (high-low)*float64(i)/steps
		at := top + height*(1-float64(i)/steps)
		p.line(rule, 0.15, left, at, left+width, at)
		p.aligned(x, at+1, 11.5, 1, sizeCell, pale, c.number(v))
	}
	return left, top, width, height
}

func (c chart) number(v float64) string {
	if c.rates {
		return strconv.FormatFloat(math.Round(v*1e4)/100, 'f', -1, 64) + "%"
	}
	return grouped(strconv.FormatFloat(v, 'f', -1, 64))
}

// label writes below a place of the axis what lies there, and leaves labels out where
// there are too many to read.
func (p *paper) label(x, y, width float64, i int, c chart) {
	widest := 0.0
	for _, s := range c.labels {
		widest = max(widest, min(30, p.width(sizeCell, s)+1))
	}
	every := max(1, int(math.Ceil(widest/width)))
	if i%every == 0 {
		room := width * float64(every)
		p.aligned(x+width/2-room/2, y+3.5, room, 0.5, sizeCell, ink, p.cut(sizeCell, room, c.labels[i]))
	}
}

// bars stand beside one another at each label, and say their values where there is room for
// all of them.
func (p *paper) bars(x, y, w, h float64, c chart) {
	high := 1.0
	if !c.rates {
		high = c.most()
	}
	left, top, width, height := p.frame(x, y, w, h, c, 0, high)
	slot := width / float64(max(1, len(c.labels)))
	thick := min(12, slot*0.7/float64(len(c.values)))
	room := thick
	if len(c.values) == 1 {
		room = slot
	}
	said := p.widest(c) < room
	for i := range c.labels {
		from := left + slot*(float64(i)+0.5) - thick*float64(len(c.values))/2
		for j, values := range c.values {
			if values[i] == nil {
				continue
			}
			tall := height * *values[i] / high
			at := from + float64(j)*thick
			p.fill(series[j], at, top+height-tall, thick*0.94, tall)
			if said {
				p.above(at+thick*0.47, top+height-tall-1, c.number(*values[i]))
			}
		}
		p.label(left+slot*float64(i), top+height, slot, i, c)
	}
	p.line(ink, 0.3, left, top+height, left+width, top+height)
}

// above writes the value of a bar over its middle; no line of the frame runs through it.
func (p *paper) above(middle, y float64, s string) {
	wide := p.width(sizeCell, s)
	p.fill(white, middle-wide/2-0.3, y-2.3, wide+0.6, 2.7)
	p.text(middle-wide/2, y, sizeCell, ink, s)
}

// widest is the width of the longest value of a chart as it is written.
func (p *paper) widest(c chart) float64 {
	widest := 0.0
	for _, values := range c.values {
		for _, v := range values {
			if v != nil {
				widest = max(widest, p.width(sizeCell, c.number(*v)))
			}
		}
	}
	return widest
}

// curves go from label to label; each point is marked.
func (p *paper) curves(x, y, w, h float64, c chart) {
	low := 1.0
	for _, values := range c.values {
		for _, v := range values {
			if v != nil {
				low = min(low, *v)
			}
		}
	}
	low = max(0, math.Floor(min(low, 0.95)*10)/10)
	left, top, width, height := p.frame(x, y, w, h, c, low, 1)
	slot := width / float64(len(c.labels))
	for j, values := range c.values {
		px, py, drawn := 0.0, 0.0, false
		for i, v := range values {
			if v == nil {
				drawn = false
				continue
			}
			ax, ay := left+slot*(float64(i)+0.5), top+height*(1-(*v-low)/(1-low))
			if drawn {
				p.line(series[j], 0.5, px, py, ax, ay)
			}
			p.SetFillColor(series[j][0], series[j][1], series[j][2])
			p.Circle(ax, ay, 0.8, "F")
			px, py, drawn = ax, ay, true
		}
	}
	for i := range c.labels {
		p.label(left+slot*float64(i), top+height, slot, i, c)
	}
	p.line(ink, 0.3, left, top+height, left+width, top+height)
}

// most is a round number that no value is above, and a quarter of which is whole.
func (c chart) most() float64 {
	most := 4.0
	for _, values := range c.values {
		for _, v := range values {
			if v != nil {
				most = max(most, *v)
			}
		}
	}
	unit := math.Pow(10, math.Floor(math.Log10(most)))
	for _, step := range []float64{1.2, 2, 4, 8, 12} {
		if step*unit >= most {
			return step * unit
		}
	}
	return most
}
