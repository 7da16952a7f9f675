package view

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"accord/apply"
	"accord/plan"
)

// ProgressOptions are how the progress of an apply is shown.
type ProgressOptions struct {
	Style Style            // with a width: a line at the bottom says how far it is
	Total int              // changes
	Now   func() time.Time // the clock
}

// Progress shows the progress of an apply: a line when a change begins, every
// ten seconds while it goes on, and when it is over; on a terminal, below them
// one that is rewritten and says how far everything is. Its methods may be
// called from several goroutines.
type Progress struct {
	mu      sync.Mutex
	o       *output
	opts    ProgressOptions
	running []*runningChange
	done    int
	failed  int
	bar     bool      // the rewritten line is there
	drawn   time.Time // when it was drawn last
	closing chan struct{}
	closed  chan struct{}
}

type runningChange struct {
	change *plan.Change
	since  time.Time
	told   time.Time // when a line about it was written last
}

// How often things are shown.
const (
	stillEvery = 10 * time.Second       // a change that goes on
	tick       = time.Second            // looking whether there is one
	drawEvery  = 100 * time.Millisecond // the rewritten line
)

// NewProgress begins to show progress. Close ends it.
func NewProgress(w io.Writer, opts ProgressOptions) *Progress {
	p := &Progress{o: newOutput(w, opts.Style), opts: opts, closing: make(chan struct{}), closed: make(chan struct{})}
	go p.watch()
	return p
}

// watch tells every ten seconds that a change goes on.
func (p *Progress) watch() {
	defer close(p.closed)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-p.closing:
			return
		case <-ticker.C:
			p.still()
		}
	}
}

func (p *Progress) still() {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.opts.Now()
	for _, r := range p.running {
		if now.Sub(r.told) < stillEvery {
			continue
		}
		r.told = now
		p.line(r.change, fmt.Sprintf("Still %s... [%s elapsed]", strings.ToLower(gerund(r.change.Action)), elapsed(now.Sub(r.since))))
	}
	p.draw(true)
	p.flush()
}

// Observe takes an event of the apply.
func (p *Progress) Observe(e apply.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.opts.Now()
	if e.Phase == apply.Started {
		p.running = append(p.running, &runningChange{e.Change, now, now})
		p.line(e.Change, gerund(e.Change.Action)+"...")
	} else {
		p.running = slices.DeleteFunc(p.running, func(r *runningChange) bool { return r.change == e.Change })
		p.done = e.Done
		p.over(e)
	}
	p.draw(false)
	p.flush()
}

func (p *Progress) over(e apply.Event) {
	text := fmt.Sprintf("after %s", elapsed(e.Elapsed))
	switch e.Phase {
	case apply.Finished:
		p.line(e.Change, completed(e.Change.Action)+" complete "+text)
	case apply.Unknown:
		p.failed++
		p.line(e.Change, p.o.paint(completed(e.Change.Action)+" cut off "+text, bold, yellow)+", and whether it happened is not known")
	default:
		p.failed++
		why := ""
		if e.Err != nil {
			why = ": " + visible(e.Err.Error())
		}
		p.line(e.Change, p.o.paint(completed(e.Change.Action)+" failed "+text, bold, red)+why)
	}
}

// line writes a line about a change above the rewritten one.
func (p *Progress) line(c *plan.Change, text string) {
	p.erase()
	p.o.put(p.o.paint(visible(c.Ref.String())+":", bold), " ", text, "\n")
}

// erase takes the rewritten line away.
func (p *Progress) erase() {
	if p.bar {
		p.o.put("\r\x1b[K")
		p.bar = false
	}
}

// draw writes the line that says how far it is, on a terminal and not too often.
func (p *Progress) draw(now bool) {
	if p.opts.Style.Width == 0 || p.bar && !now {
		return
	}
	at := p.opts.Now()
	if !now && at.Sub(p.drawn) < drawEvery && p.done < p.opts.Total {
		return
	}
	p.drawn = at
	p.erase()
	p.o.put(bar(p.done, p.opts.Total, len(p.running), p.failed, p.opts.Style.Width-1))
	p.bar = true
}

// bar is the line that says how far it is, in at most width columns.
func bar(done, total, running, failed, width int) string {
	text := fmt.Sprintf(" %d/%d, %d running", done, total, running)
	if failed > 0 {
		text += fmt.Sprintf(", %d failed", failed)
	}
	if room := min(40, width-len(text)-2); room >= 4 && total > 0 {
		full := room * done / total
		text = "[" + strings.Repeat("#", full) + strings.Repeat("-", room-full) + "]" + text
	}
	return firstColumns(strings.TrimSpace(text), max(1, width))
}

// flush writes what there is; a progress that cannot be shown stops nothing.
func (p *Progress) flush() { _ = p.o.Flush() }

// Close ends the progress and takes the rewritten line away.
func (p *Progress) Close() {
	close(p.closing)
	<-p.closed
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
	p.flush()
}

// elapsed writes whole seconds, as terraform does: 1s, 1m10s.
func elapsed(d time.Duration) string { return d.Truncate(time.Second).String() }

// gerund is the word for a change that goes on.
func gerund(a plan.Action) string {
	switch a {
	case plan.Create:
		return "Creating"
	case plan.Update:
		return "Modifying"
	case plan.Delete:
		return "Destroying"
	case plan.Replace:
		return "Replacing"
	}
	return "Forgetting"
}

// completed is the word for one that is over.
func completed(a plan.Action) string {
	switch a {
	case plan.Create:
		return "Creation"
	case plan.Update:
		return "Modifications"
	case plan.Delete:
		return "Destruction"
	case plan.Replace:
		return "Replacement"
	}
	return "Forgetting"
}
