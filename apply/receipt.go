package apply

import (
	"slices"
	"time"

	"accord/plan"
	"accord/schema"
	"accord/state"
)

// Receipt says what came of each change of a plan. Its JSON is what a pipeline
// keeps.
type Receipt struct {
	FormatVersion string    `json:"format_version"`
	Digest        string    `json:"digest"`  // of the plan
	Outcome       string    `json:"outcome"` // done, partial, failed or interrupted, as in the history
	Started       time.Time `json:"started"`
	Finished      time.Time `json:"finished"`
	Imported      int       `json:"imported"` // taken under management, with nothing created
	Added         int       `json:"added"`
	Changed       int       `json:"changed"`
	Destroyed     int       `json:"destroyed"`
	Serial        uint64    `json:"serial"` // of the state afterwards

	// Next is the command that goes on where something is left. The caller sets
	// it: a run does not know how it was called.
	Next string `json:"next,omitempty"`

	Done       []Item `json:"done"`
	Failed     []Item `json:"failed"`
	Unknown    []Item `json:"unknown"`
	NotStarted []Item `json:"not_started"`

	left  map[schema.Ref]plan.Action
	began bool
}

// Began reports whether the run came so far that something may have changed.
func (r *Receipt) Began() bool { return r.began }

// Item is one change of a receipt.
type Item struct {
	Ref     schema.Ref  `json:"address"`
	Action  plan.Action `json:"action"`
	Seconds float64     `json:"seconds,omitempty"`
	Error   string      `json:"error,omitempty"`
}

func newReceipt(p *plan.Plan, now time.Time) *Receipt {
	r := &Receipt{
		FormatVersion: plan.FormatVersion, Digest: p.Digest, Started: now.UTC(), Outcome: state.Failed,
		Done: []Item{}, Failed: []Item{}, Unknown: []Item{}, NotStarted: []Item{},
		left: make(map[schema.Ref]plan.Action, len(p.Changes)),
	}
	for _, c := range p.Changes {
		r.left[c.Ref] = c.Action
	}
	return r
}

func (r *Receipt) add(e Event) {
	item := Item{Ref: e.Change.Ref, Action: e.Change.Action, Seconds: e.Elapsed.Seconds()}
	delete(r.left, e.Change.Ref)
	switch e.Phase {
	case Failed:
		item.Error = e.Err.Error()
		r.Failed = append(r.Failed, item)
		return
	case Unknown:
		item.Error = e.Err.Error()
		r.Unknown = append(r.Unknown, item)
		return
	}
	r.Done = append(r.Done, item)
	switch e.Change.Action {
	case plan.Create:
		if e.Change.Imports() {
			r.Imported++
		} else {
			r.Added++
		}
	case plan.Update:
		r.Changed++
	case plan.Delete, plan.Forget:
		r.Destroyed++
	case plan.Replace:
		r.Added++
		r.Destroyed++
	}
}

func (r *Receipt) finish(now time.Time, interrupted bool) {
	r.Finished = now.UTC()
	for ref, action := range r.left {
		r.NotStarted = append(r.NotStarted, Item{Ref: ref, Action: action})
	}
	byRef := func(a, b Item) int { return a.Ref.Compare(b.Ref) }
	for _, items := range [][]Item{r.Done, r.Failed, r.Unknown, r.NotStarted} {
		slices.SortFunc(items, byRef)
	}
	complete := len(r.Failed)+len(r.Unknown)+len(r.NotStarted) == 0
	switch {
	case complete:
		r.Outcome = state.Done
	case interrupted:
		r.Outcome = state.Interrupted
	case len(r.Done) == 0 && len(r.Unknown) == 0:
		r.Outcome = state.Failed
	default:
		r.Outcome = state.Partial
	}
}
