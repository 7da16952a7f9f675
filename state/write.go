package state

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"accord/kv"
	"accord/schema"
)

// row is a change of one row of a generation, or a row of it. The key is the one
// behind the generation; a nil value deletes.
type row struct {
	key   string
	value []byte
}

// guard reads the head, and says ErrLeaseLost or ErrStale unless l may change
// the state that has the serial.
func (s *KV) guard(t kv.Reader, l Lease, serial uint64) (head, error) {
	if _, err := s.held(t, l); err != nil {
		return head{}, err
	}
	h, err := s.head(t)
	if err == nil && h.Serial != serial {
		err = fmt.Errorf("%w: it has serial %d, and the write was made for %d", ErrStale, h.Serial, serial)
	}
	return h, err
}

// Write implements Store.
func (s *KV) Write(ctx context.Context, l Lease, serial uint64, w *Write) (Meta, error) {
	rows, err := encodeWrite(w, serial+1)
	if err != nil {
		return Meta{}, err
	}
	lineage, err := s.token(16)
	if err != nil {
		return Meta{}, err
	}
	random, err := s.token(4)
	if err != nil {
		return Meta{}, err
	}
	var run *Run
	finish := func(t kv.Txn, h *head) error {
		h.Serial++
		h.Lineage = cmp.Or(h.Lineage, lineage)
		if w.Run != nil {
			stored, err := s.putRun(t, *w.Run, random, h.Serial)
			if err != nil {
				return err
			}
			run = stored
		}
		return s.put(t, "head", h)
	}

	var h head
	err = s.update(ctx, func(t kv.Txn) (err error) {
		if h, err = s.guard(t, l, serial); err != nil {
			return err
		}
		for _, r := range rows {
			if err := putRow(t, append(s.rows(h.Generation), r.key...), r.value); err != nil {
				return err
			}
		}
		return finish(t, &h)
	})
	if errors.Is(err, kv.ErrTxnTooLarge) {
		h, err = s.rebuild(ctx, l, serial, s.changed(ctx, rows), finish)
	}
	if err != nil {
		return Meta{}, err
	}
	if run != nil {
		*w.Run = *run
	}
	return h.Meta, nil
}

// encodeWrite returns the rows that w changes, each once.
func encodeWrite(w *Write, serial uint64) ([]row, error) {
	rows := make([]row, 0, len(w.Delete)+len(w.DeleteIntents)+len(w.Put)+len(w.PutIntents))
	at := make(map[string]int, cap(rows))
	set := func(key string, value []byte) {
		if i, ok := at[key]; ok {
			rows[i].value = value
			return
		}
		at[key] = len(rows)
		rows = append(rows, row{key, value})
	}
	for _, ref := range w.Delete {
		set(recordRow+ref.String(), nil)
	}
	for _, i := range w.DeleteIntents {
		set(intentKey(i), nil)
	}
	for _, r := range w.Put {
		if err := r.check(); err != nil {
			return nil, err
		}
		r.Serial = serial
		set(recordRow+r.Ref.String(), encodeRecord(&r))
	}
	for _, i := range w.PutIntents {
		value, err := json.Marshal(i)
		if err != nil {
			return nil, fmt.Errorf("intent of %v: %w", i.Ref, err)
		}
		set(intentKey(i), value)
	}
	if w.Run != nil && !slices.Contains([]string{Running, Done, Partial, Failed, Interrupted}, w.Run.Outcome) {
		return nil, fmt.Errorf("%q is not an outcome of a run", w.Run.Outcome)
	}
	return rows, nil
}

// intentKey is the row of an intent. A hash, because its parts may have any
// length and any bytes.
func intentKey(i Intent) string {
	h := sha256.New()
	for _, part := range []string{string(i.Ref.Kind), i.Ref.Name, i.Account, i.Kind, i.Key} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return fmt.Sprintf("%s%x", intentRow, h.Sum(nil))
}

// putRun creates or updates an entry of the history and returns it as it is
// stored. Ids are a number that grows and a random one, so that they sort and
// those of another state are others.
func (s *KV) putRun(t kv.Txn, r Run, random string, serial uint64) (*Run, error) {
	var old Run
	if r.ID == "" {
		last := 0
		for key, err := range t.Keys(kv.Prefix(s.key(runRow)).Backward()) {
			if err != nil {
				return nil, err
			}
			id := string(key[len(s.prefix)+len(runRow):])
			number, _, _ := strings.Cut(id, "-")
			if last, err = strconv.Atoi(number); err != nil {
				return nil, fmt.Errorf("%w: run %s: its id is not one", ErrCorrupt, id)
			}
			break
		}
		r.ID, old.Started = fmt.Sprintf("%08d-%s", last+1, random), s.time()
	} else {
		found, err := s.get(t, runRow+r.ID, &old)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, fmt.Errorf("run %s is %w", r.ID, ErrNotFound)
		}
	}
	r.Started, r.Finished, r.Serial = old.Started, old.Finished, serial
	switch {
	case r.Outcome == Running:
		r.Finished = time.Time{}
	case r.Finished.IsZero():
		r.Finished = s.time()
	}
	return &r, s.put(t, runRow+r.ID, r)
}

// Push implements Store.
func (s *KV) Push(ctx context.Context, l Lease, snap *Snapshot) (Meta, error) {
	for ref, r := range snap.Records {
		switch {
		case r.Ref != ref:
			return Meta{}, fmt.Errorf("the record at %v has the address %v", ref, r.Ref)
		case r.Serial > snap.Serial:
			return Meta{}, fmt.Errorf("%v was written at serial %d, and the snapshot has %d", ref, r.Serial, snap.Serial)
		}
		if err := r.check(); err != nil {
			return Meta{}, err
		}
	}
	lineage, err := s.token(16)
	if err != nil {
		return Meta{}, err
	}
	var old Meta
	err = s.view(ctx, func(t kv.Reader) error {
		if _, err := s.held(t, l); err != nil {
			return err
		}
		h, err := s.head(t)
		if err != nil {
			return err
		}
		old = h.Meta
		return s.takes(t, h, snap.Meta)
	})
	if err != nil {
		return Meta{}, err
	}
	serial := max(old.Serial, snap.Serial) + 1
	h, err := s.rebuild(ctx, l, old.Serial, s.pushed(ctx, snap, serial), func(t kv.Txn, h *head) error {
		h.Serial = serial
		h.Lineage = cmp.Or(snap.Lineage, h.Lineage, lineage)
		return s.put(t, "head", h)
	})
	return h.Meta, err
}

// takes says ErrStale unless a snapshot with the head m may replace the state.
func (s *KV) takes(t kv.Reader, h head, m Meta) error {
	if h.Lineage == m.Lineage && h.Lineage != "" {
		if m.Serial < h.Serial {
			return fmt.Errorf("%w: it has serial %d, and the snapshot is of serial %d", ErrStale, h.Serial, m.Serial)
		}
		return nil
	}
	for _, err := range t.Keys(kv.Prefix(s.rows(h.Generation))) {
		if err != nil {
			return err
		}
		return fmt.Errorf("%w: it has the lineage %s, and the snapshot %q: they have nothing to do with each other", ErrStale, h.Lineage, m.Lineage)
	}
	return nil
}

// pushed yields the rows of the generation that snap makes.
func (s *KV) pushed(ctx context.Context, snap *Snapshot, serial uint64) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		// Intents stay: what they are about happened in accounts or did not, and
		// a new state changes nothing of that.
		for r, err := range s.current(ctx, intentRow) {
			if !yield(r, err) || err != nil {
				return
			}
		}
		for _, ref := range slices.SortedFunc(maps.Keys(snap.Records), schema.Ref.Compare) {
			r := snap.Records[ref]
			if r.Serial == 0 {
				r.Serial = serial
			}
			if !yield(row{recordRow + ref.String(), encodeRecord(&r)}, nil) {
				return
			}
		}
	}
}

// changed yields the rows of the generation that changes make of the current
// one.
func (s *KV) changed(ctx context.Context, changes []row) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		skip := make(map[string]bool, len(changes))
		for _, r := range changes {
			skip[r.key] = true
		}
		for r, err := range s.current(ctx, "") {
			if err == nil && skip[r.key] {
				continue
			}
			if !yield(r, err) || err != nil {
				return
			}
		}
		for _, r := range changes {
			if r.value != nil && !yield(r, nil) {
				return
			}
		}
	}
}

// current yields the rows of the current generation that begin with begin.
func (s *KV) current(ctx context.Context, begin string) iter.Seq2[row, error] {
	return func(yield func(row, error) bool) {
		err := s.db.View(ctx, func(t kv.Reader) error {
			h, err := s.head(t)
			if err != nil {
				return err
			}
			base := s.rows(h.Generation)
			for e, err := range rowsIn(t, kv.Prefix(append(bytes.Clone(base), begin...)), len(base)) {
				if err != nil && e.Key != nil {
					err = fmt.Errorf("%w: row %s: %w", ErrCorrupt, e.Key, err)
				}
				if err != nil {
					return err
				}
				if !yield(row{string(e.Key), e.Value}, nil) {
					return errStopped
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(row{}, wrap("read the state", err))
		}
	}
}

// rebuild makes the state that has the serial one with the given rows. They are
// written beside those that count, in transactions of their own, and finish,
// which has to put the head, makes them count with the last.
func (s *KV) rebuild(ctx context.Context, l Lease, serial uint64, rows iter.Seq2[row, error], finish func(kv.Txn, *head) error) (head, error) {
	if err := s.sweep(ctx, l); err != nil {
		return head{}, err
	}
	var h head
	err := s.update(ctx, func(t kv.Txn) (err error) {
		if h, err = s.guard(t, l, serial); err != nil {
			return err
		}
		h.Dirty = true
		return s.put(t, "head", h)
	})
	if err != nil {
		return head{}, err
	}

	base := s.rows(h.Generation + 1)
	var batch []kv.Entry
	var budget kv.Budget
	flush := func() error {
		err := s.update(ctx, func(t kv.Txn) error {
			if _, err := s.guard(t, l, serial); err != nil {
				return err
			}
			for _, e := range batch {
				if err := t.Put(e.Key, e.Value); err != nil {
					return err
				}
			}
			return nil
		})
		batch, budget = batch[:0], kv.Budget{}
		return err
	}
	add := func(key, value []byte) error {
		if budget.Spend(key, value) != nil {
			if err := flush(); err != nil {
				return err
			}
			if err := budget.Spend(key, value); err != nil {
				return err
			}
		}
		batch = append(batch, kv.Entry{Key: key, Value: value})
		return nil
	}
	for r, err := range rows {
		if err == nil {
			err = newRow(add, append(bytes.Clone(base), r.key...), r.value)
		}
		if err != nil {
			return head{}, err
		}
	}
	if err := flush(); err != nil {
		return head{}, err
	}

	err = s.update(ctx, func(t kv.Txn) (err error) {
		if h, err = s.guard(t, l, serial); err != nil {
			return err
		}
		h.Generation++
		return finish(t, &h)
	})
	if err != nil {
		return head{}, err
	}
	// The write is done. What it replaced can wait for the next lock.
	_ = s.sweep(ctx, l)
	return h, nil
}

// sweep deletes the rows of all generations but the one that counts.
func (s *KV) sweep(ctx context.Context, l Lease) error {
	for clean := false; !clean; {
		err := s.update(ctx, func(t kv.Txn) error {
			if _, err := s.held(t, l); err != nil {
				return err
			}
			h, err := s.head(t)
			if err != nil || !h.Dirty {
				clean = true
				return err
			}
			h.Dirty = false
			if err := s.put(t, "head", h); err != nil {
				return err
			}
			all, counts := kv.Prefix(s.key("g")), kv.Prefix(s.rows(h.Generation))
			budget := kv.Budget{Writes: 2, Bytes: 4 << 10} // the head, twice
			for _, span := range []kv.Span{{From: all.From, To: counts.From}, {From: counts.To, To: all.To}} {
				for key, err := range t.Keys(span) {
					if err != nil {
						return err
					}
					if budget.Spend(key, nil) != nil {
						h.Dirty = true
						return s.put(t, "head", h)
					}
					if err := t.Delete(key); err != nil {
						return err
					}
				}
			}
			clean = true
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
