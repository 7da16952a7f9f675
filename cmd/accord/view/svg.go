package view

import (
	"encoding/xml"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"accord/schema"
)

// The layout of the picture, in pixels. Organizations are boxes on shelves; the
// accounts of a small one stand on a circle, so that no connection runs through
// a third account, and those of a large one on a grid.
const (
	margin     = 24.0
	boxHeight  = 40.0
	titleSpace = 36.0
	leastShelf = 1600.0
	onCircle   = 12 // accounts; more stand on a grid
	bend       = 46 // between edges of the same two accounts
	fontSize   = 12.0
	lineHeight = 15.0
	maxLabeled = 60   // edges; with more, their labels have the name alone
	maxLetters = 40   // of a name
	maxPlaced  = 2000 // labels that are kept off each other
)

// GraphSVG writes the graph as a picture. The same graph makes the same bytes.
func GraphSVG(w io.Writer, g *schema.Graph) error {
	o := newOutput(w, Style{})
	newCanvas(pictureOf(g)).write(o)
	return o.Flush()
}

type point struct{ x, y float64 }

func (p point) plus(x, y float64) point { return point{p.x + x, p.y + y} }

// rect is a rectangle around its center.
type rect struct {
	point
	w, h float64
}

func (r rect) overlap(o rect) float64 {
	x := min(r.x+r.w/2, o.x+o.w/2) - max(r.x-r.w/2, o.x-o.w/2)
	y := min(r.y+r.h/2, o.y+o.h/2) - max(r.y-r.h/2, o.y-o.h/2)
	return max(0, x) * max(0, y)
}

// border is where the line from the center towards p leaves the rectangle.
func (r rect) border(p point) point {
	dx, dy := p.x-r.x, p.y-r.y
	if dx == 0 && dy == 0 {
		return r.point
	}
	t := math.Inf(1)
	if dx != 0 {
		t = min(t, r.w/2/math.Abs(dx))
	}
	if dy != 0 {
		t = min(t, r.h/2/math.Abs(dy))
	}
	return point{r.x + t*dx, r.y + t*dy}
}

// canvas is a picture with a place for everything.
type canvas struct {
	*picture
	w, h     float64
	groups   []rect
	accounts map[string]rect
	labels   []rect // that are placed already
}

func newCanvas(p *picture) *canvas {
	c := &canvas{picture: p, accounts: map[string]rect{}}
	sizes, places := make([]point, len(p.groups)), make([][]point, len(p.groups))
	area := 0.0
	for i, g := range p.groups {
		sizes[i], places[i] = layout(g)
		area += (sizes[i].x + margin) * (sizes[i].y + margin)
	}
	shelfWidth := max(leastShelf, math.Sqrt(1.6*area)) // about as wide as a screen
	x, y, shelf := margin, margin, 0.0
	for n, g := range p.groups {
		size := sizes[n]
		if x > margin && x+size.x > shelfWidth {
			x, y, shelf = margin, y+shelf+margin, 0
		}
		c.groups = append(c.groups, rect{point{x + size.x/2, y + size.y/2}, size.x, size.y})
		for i, a := range g.accounts {
			c.accounts[a.name] = rect{places[n][i].plus(x, y), boxWidth(g), boxHeight}
		}
		x += size.x + margin
		shelf = max(shelf, size.y)
		c.w = max(c.w, x)
	}
	c.h = y + shelf + margin + 2*lineHeight
	c.w = max(c.w, 640)
	return c
}

// boxWidth is the width of the accounts of a group.
func boxWidth(g group) float64 {
	widest := 0.0
	for _, a := range g.accounts {
		widest = max(widest, textWidth(shortened(a.name, maxLetters)), textWidth(a.caption())*10/fontSize)
	}
	return max(110, widest+28)
}

// textWidth is about the width of a text: what a letter takes on average.
func textWidth(s string) float64 { return float64(width(visible(s))) * fontSize * 0.6 }

// layout finds the size of a group and the places of its accounts in it.
func layout(g group) (size point, places []point) {
	n, w := len(g.accounts), boxWidth(g)
	if n > onCircle {
		columns := int(math.Ceil(math.Sqrt(float64(n))))
		rows := (n + columns - 1) / columns
		stepX, stepY := w+90, boxHeight+90
		for i := range n {
			places = append(places, point{margin + w/2 + float64(i%columns)*stepX, titleSpace + margin + boxHeight/2 + float64(i/columns)*stepY})
		}
		return point{2*margin + w + float64(columns-1)*stepX, titleSpace + 2*margin + boxHeight + float64(rows-1)*stepY}, places
	}
	// An ellipse, because labels are wider than high.
	ry := 0.0
	if n > 2 {
		ry = max(170, float64(n)*46)
	}
	rx := ry * 1.7
	if n == 2 {
		rx, ry = 250, 60
	}
	first := -math.Pi / 2 // above
	if n == 2 {
		first = math.Pi // side by side
	}
	low := 0.0
	for i := range n {
		angle := first + 2*math.Pi*float64(i)/float64(n)
		places = append(places, point{margin + w/2 + rx + rx*math.Cos(angle), titleSpace + margin + boxHeight/2 + ry + ry*math.Sin(angle)})
		low = max(low, places[i].y)
	}
	if n == 2 {
		low += ry // the edges between them are bent to either side
	}
	return point{2*margin + w + 2*rx, low + boxHeight/2 + margin}, places
}

func (c *canvas) write(o *output) {
	o.put(`<svg xmlns="http://www.w3.org/2000/svg" width="`, px(c.w), `" height="`, px(c.h), `" viewBox="0 0 `, px(c.w), " ", px(c.h),
		`" font-family="Helvetica, Arial, sans-serif" font-size="`, px(fontSize), `">`, "\n",
		`<title>Organizations, connections and workflows</title>`, "\n",
		`<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto-start-reverse">`,
		`<path d="M0 0 10 5 0 10z" fill="#57606a"/></marker>`,
		`<marker id="workflow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto-start-reverse">`,
		`<path d="M0 0 10 5 0 10z" fill="#8250df"/></marker></defs>`, "\n",
		`<rect width="100%" height="100%" fill="#ffffff"/>`, "\n")
	for i, r := range c.groups {
		name, stroke := c.picture.groups[i].name, "#d0d7de"
		if name == "" {
			name, stroke = "no organization", "#ffffff"
		}
		o.put(`<rect x="`, px(r.x-r.w/2), `" y="`, px(r.y-r.h/2), `" width="`, px(r.w), `" height="`, px(r.h),
			`" rx="10" fill="#f6f8fa" stroke="`, stroke, `"/>`, "\n",
			`<text x="`, px(r.x-r.w/2+14), `" y="`, px(r.y-r.h/2+24), `" font-size="15" font-weight="bold" fill="#24292f">`,
			svgText(shortened(name, maxLetters)), "</text>\n")
	}
	// Lines below accounts below labels, so that a label can always be read.
	var labels []func()
	pairs := map[[2]string]int{}
	for _, e := range c.edges {
		pairs[pairOf(e)]++
	}
	drawn := map[[2]string]int{}
	for _, g := range c.picture.groups {
		for _, a := range g.accounts {
			c.labels = append(c.labels, c.accounts[a.name])
		}
	}
	for _, e := range c.edges {
		k := pairOf(e)
		offset := bend * (float64(drawn[k]) - float64(pairs[k]-1)/2)
		drawn[k]++
		labels = append(labels, c.edge(o, e, offset))
	}
	for _, g := range c.picture.groups {
		for _, a := range g.accounts {
			c.account(o, a)
		}
	}
	for _, l := range labels {
		l()
	}
	y := c.h - lineHeight
	o.put(`<g fill="#57606a"><path d="M24 `, px(y-4), `H64" stroke="#57606a" stroke-width="1.5" marker-end="url(#head)"/><text x="72" y="`, px(y),
		`">connection</text><path d="M164 `, px(y-4), `H204" stroke="#8250df" stroke-width="1.5" stroke-dasharray="5 4" marker-end="url(#workflow)"/><text x="212" y="`,
		px(y), `">workflow that acts in another account</text><text x="460" y="`, px(y), `">thick border: primary account</text></g>`, "\n</svg>\n")
}

func pairOf(e edge) [2]string {
	k := [2]string{e.from, e.to}
	slices.Sort(k[:])
	return k
}

func (c *canvas) account(o *output, a accountBox) {
	r := c.accounts[a.name]
	stroke := "1.5"
	if a.primary {
		stroke = "3"
	}
	o.put(`<g><title>`, svgText(a.name), `</title><rect x="`, px(r.x-r.w/2), `" y="`, px(r.y-r.h/2), `" width="`, px(r.w), `" height="`, px(r.h),
		`" rx="6" fill="#ddf4ff" stroke="#0969da" stroke-width="`, stroke, `"/><text text-anchor="middle" x="`, px(r.x), `" y="`, px(r.y-1),
		`" font-weight="bold" fill="#24292f">`, svgText(shortened(a.name, maxLetters)), `</text><text text-anchor="middle" font-size="10" fill="#57606a" x="`,
		px(r.x), `" y="`, px(r.y+13), `">`, svgText(a.caption()), "</text></g>\n")
}

// edge draws an edge as a curve that is bent away from others between the same
// accounts, and returns how to draw its label.
func (c *canvas) edge(o *output, e edge, offset float64) (label func()) {
	from, to := c.accounts[e.from], c.accounts[e.to]
	// The normal has the same side whichever way the edge goes.
	first, second := from, to
	if e.from > e.to {
		first, second = to, from
	}
	dx, dy := second.x-first.x, second.y-first.y
	length := max(1, math.Hypot(dx, dy))
	control := point{(from.x + to.x) / 2, (from.y + to.y) / 2}.plus(-dy/length*offset*2, dx/length*offset*2)
	if e.from == e.to {
		control = from.plus(0, -2*boxHeight+offset)
	}
	start, end := from.border(control), to.border(control)
	o.put(`<path d="M`, px(start.x), " ", px(start.y), " Q", px(control.x), " ", px(control.y), " ", px(end.x), " ", px(end.y), `" fill="none"`)
	switch {
	case e.workflow:
		o.put(` stroke="#8250df" stroke-width="1.5" stroke-dasharray="5 4" marker-end="url(#workflow)"`)
	case e.both:
		o.put(` stroke="#57606a" stroke-width="1.5" marker-start="url(#head)" marker-end="url(#head)"`)
	case e.off:
		o.put(` stroke="#afb8c1" stroke-width="1.5"`)
	default:
		o.put(` stroke="#57606a" stroke-width="1.5" marker-end="url(#head)"`)
	}
	o.put(`><title>`, svgText(edgeTitle(e)), "</title></path>\n")
	lines := []string{shortened(e.label, maxLetters)}
	if len(c.edges) <= maxLabeled {
		lines = append(lines, e.features...)
	}
	at := c.place(lines, func(t float64) point {
		return point{
			(1-t)*(1-t)*start.x + 2*t*(1-t)*control.x + t*t*end.x,
			(1-t)*(1-t)*start.y + 2*t*(1-t)*control.y + t*t*end.y,
		}
	})
	color := "#24292f"
	if e.workflow {
		color = "#8250df"
	}
	return func() {
		o.put(`<rect x="`, px(at.x-at.w/2), `" y="`, px(at.y-at.h/2), `" width="`, px(at.w), `" height="`, px(at.h),
			`" rx="4" fill="#f6f8fa" fill-opacity="0.85"/><g text-anchor="middle" fill="`, color, `">`)
		y := at.y - at.h/2 + lineHeight - 4
		for i, l := range lines {
			weight, size := "normal", "11"
			if i == 0 && !e.workflow {
				weight, size = "bold", px(fontSize)
			}
			o.put(`<text x="`, px(at.x), `" y="`, px(y+float64(i)*lineHeight), `" font-size="`, size, `" font-weight="`, weight, `">`, svgText(l), `</text>`)
		}
		o.put("</g>\n")
	}
}

// place finds the place along a curve where a label covers the least of what is
// there already.
func (c *canvas) place(lines []string, at func(t float64) point) rect {
	box := rect{h: float64(len(lines)) * lineHeight}
	for _, l := range lines {
		box.w = max(box.w, textWidth(l)+4)
	}
	var best rect
	least := math.Inf(1)
	for _, t := range []float64{0.5, 0.42, 0.58, 0.34, 0.66, 0.27, 0.73} {
		box.point = at(t)
		covered := 0.0
		if len(c.labels) <= maxPlaced {
			for _, l := range c.labels {
				covered += box.overlap(l)
			}
		}
		if covered < least-0.5 {
			best, least = box, covered
		}
		if covered == 0 || len(c.labels) > maxPlaced {
			break
		}
	}
	c.labels = append(c.labels, best)
	return best
}

// edgeTitle is shown where the pointer rests on an edge.
func edgeTitle(e edge) string {
	if e.workflow {
		return "workflow " + e.label + ": " + e.from + " → " + e.to
	}
	return "connection " + e.label + ": " + strings.Join(e.features, ", ")
}

// px writes a length to a tenth of a pixel.
func px(v float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
}

// svgText escapes a text for XML.
func svgText(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(visible(s))) // a Builder takes everything
	return b.String()
}
