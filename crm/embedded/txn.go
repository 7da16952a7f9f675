package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"accord/crm"
	"accord/kv"
)

// itemsPerTxn bounds a transaction, and how long others wait for it.
const itemsPerTxn = 100

// errFull ends a transaction before the item that does not fit any more.
var errFull = errors.New("the transaction is full")

// txn is a transaction on one account. What an item writes is held back until
// commitItem, so that an item that is refused midway leaves nothing; reads see
// what is held back, ranges do not.
type txn struct {
	kv.Txn
	account *Account
	catalog *catalog
	now     int64 // milliseconds since 1970

	next, was counters // as of the item, and before it
	begun     counters // as of the transaction

	held   map[string]held // by key
	order  []string        // of held
	budget kv.Budget
}

type held struct {
	value   []byte
	deleted bool
}

func (a *Account) begin(kt kv.Txn) (*txn, error) {
	c, err := a.catalog(kt)
	if err != nil {
		return nil, err
	}
	n, err := readCounters(kt, a.keys.counters())
	if err != nil {
		return nil, err
	}
	t := &txn{Txn: kt, account: a, catalog: c, next: n, was: n, begun: n, held: map[string]held{}}
	t.now = max(a.opts.Now().UnixMilli(), n.time, 1) // times are keys: none before 1970
	// What finish writes must still fit.
	return t, t.budget.Spend(a.keys.counters(), n.encode())
}

// update runs fn in a transaction.
func (a *Account) update(ctx context.Context, fn func(t *txn) error) error {
	return a.db.Update(ctx, func(kt kv.Txn) error {
		t, err := a.begin(kt)
		if err != nil {
			return err
		}
		if err := fn(t); err != nil {
			return err
		}
		return t.finish()
	})
}

// one runs an operation that stands alone, all or nothing.
func (a *Account) one(ctx context.Context, do func(t *txn) error) error {
	return a.update(ctx, func(t *txn) error {
		if err := do(t); err != nil {
			return err
		}
		err := t.commitItem()
		if errors.Is(err, errFull) {
			return errTooLarge
		}
		return err
	})
}

var errTooLarge = &crm.InvalidError{Reason: "what is written at once is too large"}

// batch carries out count items in order, as many in each transaction as fit.
// An item fails alone by an error in its result; do returns an error only for
// what makes it pointless to go on.
func (a *Account) batch(ctx context.Context, count int, do func(t *txn, i int) (crm.Result, error)) ([]crm.Result, error) {
	results := make([]crm.Result, 0, count)
	if count == 0 {
		return results, a.view(ctx, func(kv.Reader, *catalog) error { return nil })
	}
	for len(results) < count {
		part := make([]crm.Result, 0, min(itemsPerTxn, count-len(results)))
		err := a.update(ctx, func(t *txn) error {
			for len(part) < cap(part) {
				r, err := do(t, len(results)+len(part))
				if err != nil {
					return err
				}
				if r.Err == nil {
					err = t.commitItem()
				}
				switch {
				case errors.Is(err, errFull) && len(part) > 0:
					t.dropItem()
					return nil
				case errors.Is(err, errFull):
					r = crm.Result{Err: errTooLarge}
				case err != nil:
					return err
				}
				if r.Err != nil {
					t.dropItem()
					r = crm.Result{Err: r.Err}
				}
				part = append(part, r)
			}
			return nil
		})
		if err != nil {
			return results, err
		}
		results = append(results, part...)
	}
	return results, nil
}

// finish writes the counters, where they have moved.
func (t *txn) finish() error {
	if t.next == t.begun {
		return nil
	}
	return t.Txn.Put(t.account.keys.counters(), t.next.encode())
}

// commitItem writes what the item has held back, or returns errFull.
func (t *txn) commitItem() error {
	if len(t.order) == 0 {
		return nil
	}
	budget := t.budget
	for _, k := range t.order {
		if err := budget.Spend([]byte(k), t.held[k].value); err != nil {
			if errors.Is(err, kv.ErrTxnTooLarge) {
				return errFull
			}
			return err
		}
	}
	for _, k := range t.order {
		var err error
		if h := t.held[k]; h.deleted {
			err = t.Txn.Delete([]byte(k))
		} else {
			err = t.Txn.Put([]byte(k), h.value)
		}
		if err != nil {
			return err
		}
	}
	t.next.time = t.now
	t.budget, t.was = budget, t.next
	t.forget()
	return nil
}

// dropItem takes back what the item has held back.
func (t *txn) dropItem() {
	t.next = t.was
	t.forget()
}

func (t *txn) forget() {
	clear(t.held)
	t.order = t.order[:0]
}

// Get implements kv.Reader.
func (t *txn) Get(key []byte) ([]byte, error) {
	if h, ok := t.held[string(key)]; ok {
		if h.deleted {
			return nil, kv.ErrNotFound
		}
		return h.value, nil
	}
	return t.Txn.Get(key)
}

// Has implements kv.Reader.
func (t *txn) Has(key []byte) (bool, error) {
	if h, ok := t.held[string(key)]; ok {
		return !h.deleted, nil
	}
	return t.Txn.Has(key)
}

// put and del hold a write back until commitItem.
func (t *txn) put(key, value []byte) { t.hold(key, held{value: value}) }
func (t *txn) del(key []byte)        { t.hold(key, held{deleted: true}) }

func (t *txn) hold(key []byte, h held) {
	k := string(key)
	if _, ok := t.held[k]; !ok {
		t.order = append(t.order, k)
	}
	t.held[k] = h
}

func (t *txn) putJSON(key []byte, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %T: %w", v, err)
	}
	t.put(key, b)
	return nil
}

// id gives the next id.
func (t *txn) id() uint64 {
	t.next.id++
	return t.next.id
}

func (t *txn) time() time.Time { return millis(t.now) }

func millis(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// change puts an entry into the feed.
func (t *txn) change(c crm.Change) {
	if t.account.opts.Quiet {
		return
	}
	t.next.sequence++
	c.Sequence, c.OccurredAt = t.next.sequence, t.time()
	b, err := json.Marshal(&c)
	if err != nil {
		// A tree of strings, numbers and times of four-digit years.
		panic(fmt.Sprintf("embedded: a change is not JSON: %v", err))
	}
	t.put(t.account.keys.change(c.Sequence), b)
}

func isMissing(err error) bool { return errors.Is(err, kv.ErrNotFound) }
