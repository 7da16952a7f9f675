// Package apply carries a plan out. It walks the changes in the order in which
// they need each other, several at a time; writes down what it is about to do
// in an account before it does it; and commits each result to the state at
// once. What is killed in the middle, at any instruction, is finished by the
// next apply: nothing is created twice, nothing is forgotten.
//
// It does not compute what has to change (package plan), does not know YAML or
// vendors, and prints nothing: it reports to an observer and returns a receipt.
package apply

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-multierror"

	"accord/crm"
	"accord/plan"
	"accord/schema"
	"accord/state"
)

// DefaultParallelism is how many changes run at the same time where nothing is
// said.
const DefaultParallelism = 10

// Options are how a plan is carried out.
type Options struct {
	Parallelism     int // changes at the same time; 0: DefaultParallelism
	AllowMassDelete bool
	AllowEmpty      bool
	// Run is who applies, for the history: Operation, By, Host and Commit.
	Run state.Run
	// Open returns an account by its declared name.
	Open func(ctx context.Context, account string) (crm.Account, error)
	// Stop, when it is closed, lets the changes that run finish and starts no
	// other: the first interrupt. The second cancels the context.
	Stop <-chan struct{}
	// Observe is told what happens, one event at a time; nil: nobody is.
	Observe func(Event)
	// Now is the clock.
	Now func() time.Time
}

// Event is something that an observer may show.
type Event struct {
	Change  *plan.Change
	Phase   Phase
	Elapsed time.Duration // since the change began
	Err     error         // Failed, Unknown
	Done    int           // changes that are over, this one included
	Total   int
}

// Phase is where a change is.
type Phase int

// The phases.
const (
	Started Phase = iota
	Finished
	Failed
	Unknown // it was cut off, and whether it happened is not known
)

// StaleError says that the plan was made for another state.
type StaleError struct{ Plan, State state.Meta }

func (e *StaleError) Error() string {
	if e.Plan.Lineage != e.State.Lineage {
		return fmt.Sprintf("the plan is stale: it was made for another state (lineage %s, and this one is %s)", orNone(e.Plan.Lineage), orNone(e.State.Lineage))
	}
	return fmt.Sprintf("the plan is stale: it was made for serial %d of the state, which is at %d", e.Plan.Serial, e.State.Serial)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// ErrPlanErrored says that a plan has findings that are errors: nothing of it is
// carried out.
var ErrPlanErrored = errors.New("the plan has errors, and is not carried out")

// Run carries the plan out under a lease of the state's lock, and returns what
// came of it. The receipt is never nil. The error is ErrPlanErrored, a
// *StaleError or a *GuardError before anything was changed; and after that the
// failures of changes, each as a *ChangeError, or what kept the results from
// being committed. Changes that were not started because of Options.Stop are no
// error: the receipt says so.
func Run(ctx context.Context, store state.Store, lease state.Lease, p *plan.Plan, o Options) (*Receipt, error) {
	r := &runner{store: store, plan: p, Options: o, receipt: newReceipt(p, o.Now())}
	if p.Errored {
		return r.receipt, ErrPlanErrored
	}
	meta, err := store.Meta(ctx)
	if err != nil {
		return r.receipt, err
	}
	if meta != p.Base {
		return r.receipt, &StaleError{p.Base, meta}
	}
	if err := Guard(p, o); err != nil {
		return r.receipt, err
	}
	intents, err := store.Intents(ctx)
	if err != nil {
		return r.receipt, err
	}
	r.begun = make(map[string]bool, len(intents))
	for _, i := range intents {
		if i.Action == string(plan.CreateAsset) {
			r.begun[effectKey(i.Account, i.Kind, i.Key)] = true
		}
	}
	// The journal writes what is known even after the context is canceled: a
	// result that is not committed is work to do again.
	r.journal = newJournal(store, lease, meta)
	defer r.journal.close()
	if err := r.closeHistory(ctx); err != nil {
		return r.receipt, fmt.Errorf("write the history: %w", err)
	}
	run := o.Run
	run.Digest, run.Outcome = p.Digest, state.Running
	if err := r.journal.write(&state.Write{Run: &run, DeleteIntents: settled(intents, p)}); err != nil {
		return r.receipt, fmt.Errorf("write the history: %w", err)
	}
	r.receipt.began = true
	failures := r.walk(ctx)
	r.receipt.finish(o.Now(), stopped(o.Stop) || ctx.Err() != nil)
	run.Outcome = r.receipt.Outcome
	run.Added, run.Changed, run.Destroyed = r.receipt.Added, r.receipt.Changed, r.receipt.Destroyed
	run.Failed = len(r.receipt.Failed)
	if err := r.journal.write(&state.Write{Run: &run}); err != nil {
		failures = multierror.Append(failures, fmt.Errorf("write the history: %w", err))
	}
	r.receipt.Serial = r.journal.serial()
	if err := failures.ErrorOrNil(); err != nil {
		return r.receipt, err
	}
	return r.receipt, nil
}

// lookBack is how many entries of the history are looked at for applies that
// were killed. Each apply closes those before it, and there is one at a time.
const lookBack = 20

// closeHistory ends the entries of applies that were killed: nobody but this one
// runs under the lock.
func (r *runner) closeHistory(ctx context.Context) error {
	runs, err := r.store.History(ctx, lookBack)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if run.Outcome != state.Running {
			continue
		}
		run.Outcome = state.Interrupted
		if err := r.journal.write(&state.Write{Run: &run}); err != nil {
			return err
		}
	}
	return nil
}

// settled are the intents of an earlier apply that no change of this plan takes
// up: the plan has looked at the accounts and found nothing left to do.
func settled(intents []state.Intent, p *plan.Plan) []state.Intent {
	wanted := map[string]bool{}
	for _, c := range p.Changes {
		for _, e := range c.Effects {
			wanted[effectKey(e.Account, string(e.Kind), e.Key)] = true
		}
	}
	if !p.Complete || !p.Refreshed {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(intents), func(i state.Intent) bool {
		return wanted[effectKey(i.Account, i.Kind, i.Key)]
	})
}

func effectKey(account, kind, key string) string { return account + "\x00" + kind + "\x00" + key }

func stopped(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}

// runner is one run of apply.
type runner struct {
	Options
	store   state.Store
	plan    *plan.Plan
	journal *journal
	receipt *Receipt
	begun   map[string]bool // what an earlier apply was about to create

	mu   sync.Mutex
	over int // changes that are over
}

// ChangeError is the failure of one change.
type ChangeError struct {
	Ref schema.Ref
	Err error
}

func (e *ChangeError) Error() string { return fmt.Sprintf("%v: %v", e.Ref, e.Err) }

// Unwrap returns what went wrong.
func (e *ChangeError) Unwrap() error { return e.Err }

// errCutOff marks an effect of which it is not known whether it happened.
var errCutOff = errors.New("it was cut off, and whether it happened is not known")

// walk runs the changes, each after those it needs, and returns the failures.
func (r *runner) walk(ctx context.Context) *multierror.Error {
	type result struct {
		i   int
		err error
	}
	changes := r.plan.Changes
	index := make(map[schema.Ref]int, len(changes))
	waits := make([]int, len(changes)) // how many changes each still waits for
	next := make([][]int, len(changes))
	for i, c := range changes {
		index[c.Ref] = i
	}
	ready := &queue{}
	for i, c := range changes {
		for _, n := range c.Needs {
			if j, ok := index[n]; ok {
				next[j] = append(next[j], i)
				waits[i]++
			}
		}
		if waits[i] == 0 {
			*ready = append(*ready, i) // in ascending order, which is a heap
		}
	}
	parallel := r.Parallelism
	if parallel <= 0 {
		parallel = DefaultParallelism
	}
	results := make(chan result)
	running := 0
	var failures *multierror.Error
	for {
		for running < parallel && ready.Len() > 0 && !stopped(r.Stop) && ctx.Err() == nil && r.journal.err() == nil {
			i := heap.Pop(ready).(int)
			running++
			go func() { results <- result{i, r.change(ctx, &changes[i])} }()
		}
		if running == 0 {
			break
		}
		done := <-results
		running--
		if done.err != nil {
			failures = multierror.Append(failures, &ChangeError{changes[done.i].Ref, done.err})
			continue
		}
		for _, j := range next[done.i] {
			if waits[j]--; waits[j] == 0 {
				heap.Push(ready, j)
			}
		}
	}
	if err := context.Cause(ctx); err != nil && len(r.receipt.left)+len(r.receipt.Unknown) > 0 {
		failures = multierror.Append(failures, err)
	}
	return failures
}

// queue are the changes that wait for nothing but their turn: a heap, by their
// place in the plan.
type queue []int

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i] < q[j] }
func (q queue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)        { *q = append(*q, x.(int)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}

// change carries one change out: the intents, the effects, then the result.
func (r *runner) change(ctx context.Context, c *plan.Change) error {
	begin := r.Now()
	r.tell(Event{Change: c, Phase: Started})
	err := r.perform(ctx, c)
	e := Event{Change: c, Phase: Finished, Elapsed: r.Now().Sub(begin), Err: err}
	switch {
	case errors.Is(err, errCutOff):
		e.Phase = Unknown
	case err != nil:
		e.Phase = Failed
	}
	r.tell(e)
	return err
}

func (r *runner) tell(e Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e.Phase != Started {
		r.over++
		r.receipt.add(e)
	}
	e.Done, e.Total = r.over, len(r.plan.Changes)
	if r.Observe != nil {
		r.Observe(e)
	}
}

func (r *runner) perform(ctx context.Context, c *plan.Change) error {
	rec, err := record(c)
	if err != nil {
		return err
	}
	intents := make([]state.Intent, 0, len(c.Effects))
	for _, e := range c.Effects {
		intents = append(intents, state.Intent{
			Ref: c.Ref, Account: e.Account, Action: string(e.Action), Kind: string(e.Kind), Key: e.Key, Digest: rec.Digest,
		})
	}
	if len(intents) > 0 {
		if err := r.journal.write(&state.Write{PutIntents: intents}); err != nil {
			return fmt.Errorf("write down what is about to be done: %w", err)
		}
	}
	for i, e := range c.Effects {
		id, err := r.effect(ctx, &e)
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return fmt.Errorf("%s %s in %s: %w", e.Action, describe(&e), e.Account, errCutOff)
		default:
			// What was done before stays done and is found again by its
			// natural key; what was not begun, or was refused, needs no
			// intent. Of any other failure, such as an answer that did not
			// come, it is not known whether it happened all the same.
			if !refused(err) {
				i++
			}
			if werr := r.journal.write(&state.Write{DeleteIntents: intents[i:]}); werr != nil {
				err = errors.Join(err, werr)
			}
			return fmt.Errorf("%s %s in %s: %w", e.Action, describe(&e), e.Account, err)
		}
		note(&rec, &e, id)
	}
	w := &state.Write{DeleteIntents: intents}
	switch c.Action {
	case plan.Delete, plan.Forget:
		w.Delete = []schema.Ref{c.Ref}
	default:
		w.Put = []state.Record{rec}
		if !c.Previous.IsZero() {
			w.Delete = []schema.Ref{c.Previous}
		}
	}
	if err := r.journal.write(w); err != nil {
		return fmt.Errorf("commit the result: %w: %w", err, errCutOff)
	}
	return nil
}

// refused reports whether the account was not asked, or has refused to do what it
// was asked, so that it was not done.
func refused(err error) bool {
	var exists *crm.ExistsError
	var invalid *crm.InvalidError
	var unasked unaskedError
	return errors.As(err, &exists) || errors.As(err, &invalid) || errors.As(err, &unasked) ||
		errors.Is(err, crm.ErrNotFound) || errors.Is(err, crm.ErrUnsupported) || errors.Is(err, crm.ErrRefused)
}

// record is what the state will remember of the resource, as far as it is known
// before the effects.
func record(c *plan.Change) (state.Record, error) {
	rec := state.Record{Ref: c.Ref, Accounts: c.Accounts, IDs: maps.Clone(c.IDs), Implied: map[string]map[string]string{}}
	for account, ids := range c.Implied {
		rec.Implied[account] = maps.Clone(ids)
	}
	if c.Action == plan.Delete || c.Action == plan.Forget {
		return rec, nil
	}
	// A saved plan is laid out for readers; what is remembered is the
	// canonical form.
	res, err := schema.Parse(c.After)
	if err != nil {
		return rec, fmt.Errorf("the plan's content cannot be read: %w", err)
	}
	if res.Ref() != c.Ref {
		return rec, fmt.Errorf("the plan's content is of %v", res.Ref())
	}
	rec.Resource = res.Canonical()
	rec.Digest, rec.PreventDestroy = schema.Digest(rec.Resource), res.PreventDestroy
	return rec, nil
}

// note adds what an effect made to the record.
func note(rec *state.Record, e *plan.Effect, id string) {
	switch e.Action {
	case plan.CreateAsset, plan.AdoptAsset, plan.UpdateAsset:
	default:
		return
	}
	if !e.Implied {
		if rec.IDs == nil {
			rec.IDs = map[string]string{}
		}
		rec.IDs[e.Account] = id
		return
	}
	if rec.Implied[e.Account] == nil {
		rec.Implied[e.Account] = map[string]string{}
	}
	rec.Implied[e.Account][e.Key] = id
}

func describe(e *plan.Effect) string { return fmt.Sprintf("%s %q", e.Kind, e.Name) }
