package badgerkv

import (
	"context"
	"fmt"
	"sync"

	"github.com/dgraph-io/badger/v4"

	"accord/kv"
	"accord/kv/btree"
)

// maxGroup is how many operations one commit may hold.
const maxGroup = 256

// committer is the only one who writes. It takes the operations that wait, lets
// them run one after another, and commits what they have written as one Badger
// transaction with one sync:
//
//	Update ──submit──▶ queue ──▶ turn ──▶ ran ──┐ up to maxGroup times
//	                              ◀─────────────┘
//	Update ◀──────────── word ◀── commit
//
// An operation runs in the goroutine of its caller while the committer waits for
// it: a panic, a runtime.Goexit and the stack are the caller's, and cannot take
// the committer along.
//
// What a group has written is an ordered map over a snapshot of the store. An
// operation writes to a clone of that map. The group adopts the clone when the
// operation succeeds, and forgets it otherwise: so a failed operation leaves
// nothing behind, and later ones see the writes of those that succeeded.
//
// A group that has reached kv.MaxTxnBytes or kv.MaxTxnWrites takes no more
// operations. As no operation exceeds these bounds, no group exceeds twice as
// much, which is what one Badger transaction is made to hold.
type committer struct {
	db   *DB
	wake chan struct{} // has room for one: someone submitted, or closed
	done chan struct{} // closed when the committer has ended

	mu     sync.Mutex
	queue  []*operation
	closed bool
}

// operation is one call of Update, as the committer sees it.
type operation struct {
	ctx  context.Context
	turn chan *txn  // the committer's permission to run on this
	ran  chan bool  // the caller's answer: to be committed or not
	word chan error // the committer's last word; without a turn if it is refused
}

func newCommitter(db *DB) *committer {
	c := &committer{db: db, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go c.run()
	return c
}

// Update implements kv.DB.
func (db *DB) Update(ctx context.Context, fn func(kv.Txn) error) error {
	if err := db.state(); err != nil {
		return err
	}
	if db.commits == nil {
		return kv.ErrReadOnly
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	op := &operation{
		ctx:  ctx,
		turn: make(chan *txn, 1),
		ran:  make(chan bool, 1),
		word: make(chan error, 1),
	}
	if err := db.commits.submit(op); err != nil {
		return err
	}
	canceled := ctx.Done()
	for {
		select {
		case t := <-op.turn:
			if err := op.run(t, fn); err != nil {
				return err
			}
			return <-op.word
		case err := <-op.word:
			return err
		case <-canceled:
			if db.commits.withdraw(op) {
				return ctx.Err()
			}
			canceled = nil // its turn has come and must be answered
		}
	}
}

// run calls fn and tells the committer whether to keep what it has written, also
// when fn does not return.
func (op *operation) run(t *txn, fn func(kv.Txn) error) (err error) {
	keep := false
	defer func() {
		t.end()
		op.ran <- keep
	}()
	if err := op.ctx.Err(); err != nil {
		return err
	}
	if err := fn(t); err != nil {
		return err
	}
	if t.failed != nil {
		return t.failed
	}
	if err := op.ctx.Err(); err != nil {
		return err
	}
	keep = true
	return nil
}

func (c *committer) submit(op *operation) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return kv.ErrClosed
	}
	c.queue = append(c.queue, op)
	c.signal()
	return nil
}

// withdraw takes op out of the queue, and tells whether it was still there.
func (c *committer) withdraw(op *operation) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, o := range c.queue {
		if o == op {
			c.queue = append(c.queue[:i:i], c.queue[i+1:]...)
			return true
		}
	}
	return false
}

// next takes the operation that has waited longest, or nil if none waits.
func (c *committer) next() *operation {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.queue) == 0 {
		return nil
	}
	op := c.queue[0]
	c.queue[0] = nil
	c.queue = c.queue[1:]
	return op
}

// waiting tells whether operations wait, and otherwise whether there will be
// others.
func (c *committer) waiting() (some, closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue) > 0, c.closed
}

func (c *committer) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// close lets the committer finish what waits, takes nothing new, and returns
// when it has ended.
func (c *committer) close() {
	c.mu.Lock()
	c.closed = true
	c.signal()
	c.mu.Unlock()
	<-c.done
}

func (c *committer) run() {
	defer close(c.done)
	for {
		some, closed := c.waiting()
		switch {
		case some:
			c.group()
		case closed:
			return
		default:
			<-c.wake
		}
	}
}

// group runs operations that wait, commits them, and tells each.
func (c *committer) group() {
	if err := c.db.state(); err != nil {
		for op := c.next(); op != nil; op = c.next() {
			op.word <- err
		}
		return
	}
	stored := c.db.badger.NewTransaction(false)
	pending := new(btree.Map)
	var spent kv.Budget
	var kept []*operation
	for len(kept) < maxGroup && spent.Bytes < kv.MaxTxnBytes && spent.Writes < kv.MaxTxnWrites {
		op := c.next()
		if op == nil {
			break
		}
		t := &txn{reader: reader{ctx: op.ctx, stored: stored, pending: pending.Clone()}}
		op.turn <- t
		if <-op.ran {
			pending = t.pending
			spent.Bytes += t.budget.Bytes
			spent.Writes += t.budget.Writes
			kept = append(kept, op)
		}
	}
	stored.Discard()
	err := c.commit(pending)
	for _, op := range kept {
		op.word <- err
	}
}

// commit writes what is pending: values, and nil for what is to be deleted.
func (c *committer) commit(pending *btree.Map) error {
	if pending.Len() == 0 {
		return nil
	}
	if err := checkSpace(c.db.dir, c.db.free); err != nil {
		return err
	}
	t := c.db.badger.NewTransaction(true)
	defer t.Discard()
	for cur := pending.Cursor(nil, nil, false); cur.Next(); {
		var err error
		if key := storedKey(cur.Key()); cur.Value() == nil {
			err = t.Delete(key)
		} else {
			err = t.SetEntry(badger.NewEntry(key, cur.Value()))
		}
		if err != nil {
			return fmt.Errorf("prepare commit: %w", err)
		}
	}
	if err := t.Commit(); err != nil {
		return c.db.fail(err)
	}
	return nil
}
